//! Evidence is believed only if it holds by itself.

use super::fixture::fixture;
use crate::evidence::{Claim, Culprit, Evidence, HeadConflict, InvalidEvidence, head_conflict, row_conflict};
use circuits::{
    primitives::merkle::BoardTree,
    types::{BoardEntry, Head},
};

fn tree(entries: &[BoardEntry]) -> BoardTree {
    let mut tree = BoardTree::new();
    entries.iter().for_each(|e| assert!(tree.append(e.leaf()).is_some()));
    tree
}

fn evidence(claim: Claim) -> Evidence {
    let election = &fixture().election;
    Evidence::new(election.signed_draft.clone(), Some(election.key.clone()), claim)
}

/// Claims that hold, one of each kind that convicts the operator.
fn claims() -> Vec<Claim> {
    let fixture = fixture();
    let (ours, other) = (fixture.votes(4), fixture.others(2));
    let receipt = |entries: &[BoardEntry], seq| (&fixture.receipt(entries, seq, 5)).into();
    let mut bad = ours.clone();
    bad[2].proof = bad[1].proof;
    let mut twice = ours.clone();
    twice[3].ticket = twice[0].ticket;
    let mut loose = ours.clone();
    loose[2].prev_digest = ours[1].next_digest;
    let (longer, shorter) = (fixture.head(&ours, 5, false), fixture.head(&other, 4, false));
    vec![
        Claim::TwoLeaves { first: receipt(&ours, 1), second: receipt(&other, 1) },
        Claim::TwoHeads { first: fixture.head(&ours, 5, true), second: fixture.head(&ours[..2], 6, false) },
        Claim::other_prefix(&tree(&ours), longer, shorter).unwrap(),
        Claim::Dropped { receipt: receipt(&ours, 3), last: fixture.head(&ours[..3], 5, true) },
        Claim::InvalidProof {
            receipt: receipt(&bad, 2),
            proof: bad[2].proof,
            key: super::fixture::ballot_key().verifying_key().to_bytes(),
        },
        Claim::Conflict { first: receipt(&twice, 0), second: receipt(&twice, 3) },
        Claim::Unfounded {
            head: fixture.head(&loose, 5, false),
            rows: loose.iter().map(BoardEntry::row).collect(),
            seq: 2,
        },
    ]
}

#[test]
fn every_kind_of_evidence_holds_and_comes_back_from_json() {
    for claim in claims() {
        let evidence = evidence(claim);
        let verdict = evidence.check().unwrap();
        assert_eq!(verdict.culprit, Culprit::Operator(fixture().operator.address()));
        let again = Evidence::from_json(&evidence.to_json()).unwrap();
        assert_eq!(again, evidence);
    }
}

/// What honest operators sign convicts nobody.
#[test]
fn honest_heads_receipts_and_entries_are_no_evidence() {
    let fixture = fixture();
    let all = fixture.votes(4);
    let receipt = |entries: &[BoardEntry], seq| (&fixture.receipt(entries, seq, 5)).into();
    let (long, short) = (fixture.head(&all, 5, false), fixture.head(&all[..2], 4, false));
    let harmless = [
        Claim::TwoLeaves { first: receipt(&all, 1), second: receipt(&all[..2], 1) },
        Claim::TwoHeads { first: long, second: short },
        Claim::other_prefix(&tree(&all), long, short).unwrap(),
        Claim::Dropped { receipt: receipt(&all, 1), last: fixture.head(&all[..2], 5, true) },
        Claim::InvalidProof {
            receipt: receipt(&all, 2),
            proof: all[2].proof,
            key: super::fixture::ballot_key().verifying_key().to_bytes(),
        },
        Claim::Conflict { first: receipt(&all, 0), second: receipt(&all, 3) },
        Claim::Conflict { first: receipt(&all, 3), second: receipt(&all, 3) },
        Claim::Unfounded { head: long, rows: all.iter().map(BoardEntry::row).collect(), seq: 3 },
    ];
    for claim in harmless {
        assert_eq!(evidence(claim.clone()).check(), Err(InvalidEvidence::Harmless), "{claim:?}");
    }
}

/// One changed digit anywhere, and the file proves nothing.
#[test]
fn a10_changed_evidence_is_refused() {
    for claim in claims() {
        let text = String::from_utf8(evidence(claim).to_json()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut hex = Vec::new();
        collect(&value["claim"], &mut hex);
        hex.sort();
        hex.dedup();
        for word in &hex {
            let last = word.chars().last().unwrap();
            let changed = format!("{}{}", &word[..word.len() - 1], if last == '0' { '1' } else { '0' });
            let changed = text.replace(word.as_str(), &changed);
            let accepted = Evidence::from_json(changed.as_bytes()).is_ok_and(|e| e.check().is_ok());
            assert!(!accepted, "{word} in {value:#}");
        }
    }
}

/// All values of the claim that are hexadecimal; those of proofs, whose
/// change leaves an invalid proof invalid, have a hash in the leaf.
fn collect(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(s) if s.starts_with("0x") => out.push(s.clone()),
        serde_json::Value::Array(list) => list.iter().for_each(|v| collect(v, out)),
        serde_json::Value::Object(map) => map.values().for_each(|v| collect(v, out)),
        _ => {}
    }
}

#[test]
fn reports_foreign_elections_and_other_formats_prove_nothing() {
    let report = Claim::Report { node: "here".into(), saw: "something".into(), head: None };
    assert!(matches!(evidence(report).check(), Err(InvalidEvidence::Report(_))));
    let good = evidence(claims().remove(0));
    let keyless = Evidence { key: None, ..good.clone() };
    assert_eq!(keyless.check(), Err(InvalidEvidence::NoElectionKey));
    let other = Evidence { version: 2, ..good.clone() };
    assert!(matches!(other.check(), Err(InvalidEvidence::Format { version: 2, .. })));
    let mut forged = good.clone();
    forged.key.as_mut().unwrap().key.census_total += 1;
    assert!(matches!(forged.check(), Err(InvalidEvidence::ElectionKey(_))));
    let mut forged = good;
    forged.draft.draft.operator = fixture().organiser.address();
    assert!(matches!(forged.check(), Err(InvalidEvidence::Draft(_))));
}

/// A35, A37: which pairs of heads exclude one another, in both orders.
#[test]
fn a35_a37_pairs_of_heads() {
    let fixture = fixture();
    let (all, other) = (fixture.votes(3), fixture.others(3));
    let head = |entries: &[BoardEntry], time, closed| fixture.head(entries, time, closed).head;
    let cases: [(Head, Head, Option<HeadConflict>); 8] = [
        (head(&all, 5, false), head(&all[..2], 4, false), None),
        (head(&all, 5, false), head(&all[..2], 5, false), None),
        (head(&all, 5, false), head(&all[..2], 6, false), Some(HeadConflict::Shrunk)),
        (head(&all, 5, false), head(&other, 5, false), Some(HeadConflict::Roots)),
        (head(&all, 5, true), head(&all, 5, false), None),
        (head(&all, 5, true), head(&all, 6, false), Some(HeadConflict::AfterClosing)),
        (head(&all[..2], 5, true), head(&all, 5, false), Some(HeadConflict::AfterClosing)),
        (head(&all, 5, true), head(&all, 6, true), None),
    ];
    for (a, b, conflict) in cases {
        assert_eq!(head_conflict(&a, &b), conflict, "{a:?} {b:?}");
        assert_eq!(head_conflict(&b, &a), conflict, "{b:?} {a:?}");
    }
    assert_eq!(row_conflict(&all[0].row(), &all[1].row()), None);
}
