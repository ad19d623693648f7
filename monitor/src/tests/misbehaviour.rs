//! Dishonest operators and trustees: each is named, with evidence that holds
//! by itself.

use super::{
    fixture::{Fixture, fixture},
    following::{config, once, open},
    operator::FakeNode,
};
use crate::{Evidence, Kind, Monitor, Pass, Recorded, evidence::Culprit};
use circuits::types::*;
use client::receipt::{Document, Receipts};
use prometheus_client::registry::Registry;
use std::{collections::BTreeSet, fs};

fn kinds(pass: &Pass) -> BTreeSet<Kind> {
    pass.findings.iter().map(|f| f.kind).collect()
}

fn read(finding: &Recorded) -> Evidence {
    Evidence::from_json(&fs::read(&finding.evidence).unwrap()).unwrap()
}

/// Every finding's file convicts the operator, unless it says it does not.
fn convicts(pass: &Pass, fixture: &Fixture) {
    for finding in &pass.findings {
        let checked = read(finding).check();
        assert_eq!(checked.is_ok(), finding.proof, "{finding:?}: {checked:?}");
        if let Ok(verdict) = checked {
            assert_eq!(verdict.culprit, Culprit::Operator(fixture.operator.address()));
            assert_eq!(verdict.election, Some(fixture.election.id));
        }
    }
}

fn proven(pass: &Pass, kind: Kind) -> bool {
    pass.findings.iter().any(|f| f.kind == kind && f.proof)
}

/// A board with the same first entry and another history: entry 1 has a
/// proof that does not hold.
fn forged(fixture: &Fixture, honest: &[BoardEntry]) -> Vec<BoardEntry> {
    let mut mirror = client::board::Mirror::new(&fixture.election);
    mirror.extend(&honest[..1]).unwrap();
    let mut entry = fixture.vote(1, &mirror);
    entry.proof = honest[0].proof;
    mirror.extend(std::slice::from_ref(&entry)).unwrap();
    let next = fixture.vote(2, &mirror);
    vec![honest[0].clone(), entry, next]
}

/// A35, A32: two nodes of one operator show two views, one of which has an
/// invalid entry. Both are named, whichever node is asked first.
#[tokio::test(flavor = "multi_thread")]
async fn a35_two_views_and_an_invalid_entry_are_both_named() {
    let fixture = fixture();
    let honest = fixture.votes(4);
    let (a, _a) = FakeNode::start(&fixture, &honest).await;
    let (b, _b) = FakeNode::start(&fixture, &forged(&fixture, &honest)).await;
    for nodes in [[&a, &b], [&b, &a]] {
        let directory = tempfile::tempdir().unwrap();
        let pass = once(directory.path(), &fixture, &nodes).await;
        assert_eq!(kinds(&pass), BTreeSet::from([Kind::SplitView, Kind::InvalidEntry]), "{pass:?}");
        convicts(&pass, &fixture);
        assert!(proven(&pass, Kind::SplitView) && proven(&pass, Kind::InvalidEntry));
        assert!(pass.findings.iter().any(|f| f.detail.contains("entry 1")));
        // A second look finds the same things, and writes nothing new.
        let again = once(directory.path(), &fixture, &nodes).await;
        assert_eq!(again.findings, pass.findings);
    }
}

/// A35: the same with views of every pair of sizes.
#[tokio::test(flavor = "multi_thread")]
async fn a35_views_of_any_sizes_are_told_apart() {
    let fixture = fixture();
    let (honest, other) = (fixture.votes(4), fixture.others(3));
    for (m, n) in [(1, 1), (4, 1), (1, 3), (4, 3), (2, 3)] {
        let directory = tempfile::tempdir().unwrap();
        let (a, _a) = FakeNode::start(&fixture, &honest[..m]).await;
        let (b, _b) = FakeNode::start(&fixture, &other[..n]).await;
        let pass = once(directory.path(), &fixture, &[&a, &b]).await;
        assert_eq!(kinds(&pass), BTreeSet::from([Kind::SplitView]), "{m} {n}: {pass:?}");
        convicts(&pass, &fixture);
        assert!(proven(&pass, Kind::SplitView), "{m} {n}: {pass:?}");
    }
}

/// Every bad proof of one board is named; the good ones around them are not.
#[tokio::test(flavor = "multi_thread")]
async fn every_entry_with_a_false_proof_is_named() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let mut entries = fixture.votes(6);
    (entries[1].proof, entries[4].proof) = (entries[4].proof, entries[1].proof);
    let (node, _serving) = FakeNode::start(&fixture, &entries).await;
    let pass = once(directory.path(), &fixture, &[&node]).await;
    let named: Vec<&str> = pass.findings.iter().map(|f| f.detail.as_str()).collect();
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named[0].contains("entry 1 ") && named[1].contains("entry 4 "), "{named:?}");
    assert_eq!(pass.elections[0].verified, 6);
    convicts(&pass, &fixture);
    assert!(proven(&pass, Kind::InvalidEntry));
}

/// A3: entries that exclude one another, or build on nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a3_entries_that_break_a_rule_are_named() {
    type Break = fn(&mut Vec<BoardEntry>);
    let cases: [(&str, Break, bool); 5] = [
        ("stale", |e| e[3].prev_digest = CiphertextDigest::empty(), true),
        ("ticket", |e| e[3].ticket = e[0].ticket, true),
        ("repeated", |e| e[3].next_digest = e[0].next_digest, true),
        ("nothing", |e| e[3].prev_digest = e[1].next_digest, true),
        ("digest", |e| e[3].ciphertexts = e[0].ciphertexts.clone(), false),
    ];
    let fixture = fixture();
    let honest = fixture.votes(5);
    for (name, change, proof) in cases {
        let directory = tempfile::tempdir().unwrap();
        let mut entries = honest.clone();
        change(&mut entries);
        let (node, _serving) = FakeNode::start(&fixture, &entries).await;
        let pass = once(directory.path(), &fixture, &[&node]).await;
        assert!(kinds(&pass).contains(&Kind::InvalidEntry), "{name}: {pass:?}");
        convicts(&pass, &fixture);
        let rule = |f: &Recorded| f.proof && !f.detail.contains("prove this statement");
        assert_eq!(pass.findings.iter().any(rule), proof, "{name}: {pass:?}");
    }
}

/// A37: a node that shows less than it has shown; with a later signature the
/// two heads are proof, without one the monitor's memory is.
#[tokio::test(flavor = "multi_thread")]
async fn a37_a_rolled_back_node_is_named() {
    let fixture = fixture();
    let all = fixture.votes(3);
    for later in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let (node, _serving) = FakeNode::start(&fixture, &all[..2]).await;
        assert!(once(directory.path(), &fixture, &[&node]).await.is_ok());
        node.view().time = 20;
        node.view().entries = all.clone();
        assert!(once(directory.path(), &fixture, &[&node]).await.is_ok());
        node.view().time = if later { 30 } else { 10 };
        node.view().entries.truncate(2);
        let pass = once(directory.path(), &fixture, &[&node]).await;
        assert_eq!(kinds(&pass), BTreeSet::from([Kind::Rollback]), "{pass:?}");
        assert_eq!(proven(&pass, Kind::Rollback), later);
        assert_eq!(pass.findings.len(), 1);
        convicts(&pass, &fixture);
    }
}

/// A36: a receipt for an entry that another took the place of, or that the
/// closed board does not have.
#[tokio::test(flavor = "multi_thread")]
async fn a36_receipts_that_are_not_honoured_are_evidence() {
    let fixture = fixture();
    let (promised, shown) = (fixture.votes(3), fixture.others(4));
    for closed in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let receipts = directory.path().join("receipts");
        fs::create_dir(&receipts).unwrap();
        let document = Document::new(fixture.election.draft(), fixture.receipt(&promised, 2, 5));
        fs::write(receipts.join("mine.json"), document.to_json()).unwrap();
        fs::write(receipts.join("other"), b"no receipt").unwrap();
        let entries = if closed { &promised[..2] } else { &shown[..] };
        let (node, _serving) = FakeNode::start(&fixture, entries).await;
        (node.view().closed, node.view().time) = (closed, if closed { 5 } else { 10 });
        let mut config = config(&directory.path().join("state"), &fixture, &[&node]);
        config.receipts = Some(receipts);
        let pass = Monitor::open(config, &mut Registry::default()).unwrap().pass().await.unwrap();
        assert!(proven(&pass, Kind::BrokenReceipt), "{pass:?}");
        assert_eq!(pass.problems.len(), 1, "the file that is no receipt: {pass:?}");
        convicts(&pass, &fixture);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honoured_receipts_are_no_finding() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let all = fixture.votes(3);
    let receipts = directory.path().join("receipts");
    fs::create_dir(&receipts).unwrap();
    let mut kept = Receipts::default();
    (0..2).for_each(|i| drop(kept.add(fixture.receipt(&all[..2], i, 5))));
    kept.save(&receipts.join("mine")).unwrap();
    let (node, _serving) = FakeNode::start(&fixture, &all).await;
    let mut config = config(&directory.path().join("state"), &fixture, &[&node]);
    config.receipts = Some(receipts);
    let pass = Monitor::open(config, &mut Registry::default()).unwrap().pass().await.unwrap();
    assert!(pass.is_ok(), "{pass:?}");
}

/// A35: heads that another monitor has seen are compared, without its entries.
#[tokio::test(flavor = "multi_thread")]
async fn a35_heads_of_other_monitors_are_compared() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (honest, other) = (fixture.votes(4), fixture.others(2));
    let (node, _serving) = FakeNode::start(&fixture, &honest).await;
    let peers = directory.path().join("heads.jsonl");
    let pass = |lines: String| {
        fs::write(&peers, lines).unwrap();
        let state = tempfile::tempdir().unwrap();
        let mut config = config(state.path(), &fixture, &[&node]);
        config.peer_heads = vec![peers.clone()];
        async move { Monitor::open(config, &mut Registry::default()).unwrap().pass().await.unwrap() }
    };
    let line = |head: &SignedHead| serde_json::to_string(head).unwrap() + "\n";
    let same = line(&fixture.head(&honest[..2], 7, false)) + &line(&fixture.head(&honest, 9, false));
    assert!(pass(same).await.is_ok());
    let split = pass(line(&fixture.head(&other, 7, false))).await;
    assert_eq!(kinds(&split), BTreeSet::from([Kind::SplitView]), "{split:?}");
    let mut forged = fixture.head(&other, 7, false);
    forged.head.time = 8;
    let unusable = pass(line(&forged)).await;
    assert!(unusable.findings.is_empty() && unusable.problems.len() == 1, "{unusable:?}");
}

/// A signed head whose entries are not shown, and one that nobody signed.
#[tokio::test(flavor = "multi_thread")]
async fn heads_without_their_entries_are_named() {
    let fixture = fixture();
    let (all, other) = (fixture.votes(3), fixture.others(3));
    let shown = |head: SignedHead| {
        let (fixture, all) = (fixture.clone(), all.clone());
        async move {
            let directory = tempfile::tempdir().unwrap();
            let (node, _serving) = FakeNode::start(&fixture, &all).await;
            node.view().head = Some(head);
            let mut monitor = open(directory.path(), &fixture, &[&node]);
            let first = monitor.pass().await.unwrap();
            (first, monitor.pass().await.unwrap())
        }
    };
    let (withheld, again) = shown(fixture.head(&other, 10, false)).await;
    assert_eq!(withheld.findings, again.findings);
    assert_eq!(kinds(&withheld), BTreeSet::from([Kind::Withheld]), "{withheld:?}");
    assert_eq!(withheld.elections[0].verified, 0);
    let mut unsigned = fixture.head(&all, 10, false);
    unsigned.head.time = 11;
    assert_eq!(kinds(&shown(unsigned).await.0), BTreeSet::from([Kind::Malformed]));
    // A node that breaks off once may be going down.
    let longer = fixture.others(5);
    let (first, second) = shown(fixture.head(&longer, 10, false)).await;
    assert!(first.findings.is_empty() && first.problems.len() == 1, "{first:?}");
    assert_eq!(kinds(&second), BTreeSet::from([Kind::Withheld]), "{second:?}");
}

/// A32, A65: a census that registrations do not give, and a registration
/// with somebody else's proof.
#[tokio::test(flavor = "multi_thread")]
async fn a32_a_census_that_does_not_follow_is_named() {
    let fixture = fixture();
    type Break = fn(&mut Vec<Registration>);
    let cases: [(Break, Kind); 3] = [
        (|r| drop(r.pop()), Kind::Census),
        (|r| r[1].proof = r[0].proof, Kind::Registration),
        (|r| r[0].message.counter += 1, Kind::Registration),
    ];
    for (change, kind) in cases {
        let directory = tempfile::tempdir().unwrap();
        let (node, _serving) = FakeNode::start(&fixture, &[]).await;
        change(&mut node.view().registrations);
        let pass = once(directory.path(), &fixture, &[&node]).await;
        assert_eq!(kinds(&pass), BTreeSet::from([kind]), "{pass:?}");
    }
}

/// A27: two messages of one trustee for one place are proof against it.
#[tokio::test(flavor = "multi_thread")]
async fn a27_a_trustee_who_signs_two_messages_is_named() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, _serving) = FakeNode::start(&fixture, &[]).await;
    node.view().messages = vec![fixture.message(1, 1, vec![1; 32]), fixture.message(2, 1, vec![1; 32])];
    node.view().conflicts = vec![fixture.message(2, 1, vec![2; 32])];
    let pass = once(directory.path(), &fixture, &[&node]).await;
    assert_eq!(kinds(&pass), BTreeSet::from([Kind::Equivocation]), "{pass:?}");
    let verdict = read(&pass.findings[0]).check().unwrap();
    let address = fixture.trustees[1].address();
    assert_eq!(verdict.culprit, Culprit::Trustee { index: 2, address });
}

/// A28, A32: a decryption of another board, a result that was not decrypted,
/// and a board that was closed before its time.
#[tokio::test(flavor = "multi_thread")]
async fn a28_a32_a66_a_false_end_is_named() {
    let fixture = fixture();
    let all = fixture.votes(3);
    let tally = Tally { totals: vec![112, 0], slots: 3, quorum: vec![1, 2], proofs: Vec::new() };
    let end = |change: fn(&Fixture, &mut super::operator::View)| {
        let (fixture, all, tally) = (fixture.clone(), all.clone(), tally.clone());
        async move {
            let directory = tempfile::tempdir().unwrap();
            let (node, _serving) = FakeNode::start(&fixture, &all).await;
            {
                let mut view = node.view();
                (view.closed, view.time, view.tally) = (true, 1_000, Some(tally));
                view.messages = (1..=2).map(|i| fixture.decryption(i, &all)).collect();
                change(&fixture, &mut view);
            }
            once(directory.path(), &fixture, &[&node]).await
        }
    };
    // The totals are right; the test operator has no key of tallies.
    let right = end(|_, _| {}).await;
    assert!(right.findings.is_empty() && right.problems.len() == 1, "{right:?}");
    let wrong = end(|_, view| view.tally.as_mut().unwrap().totals = vec![111, 1]).await;
    assert_eq!(kinds(&wrong), BTreeSet::from([Kind::Tally]), "{wrong:?}");
    let other = end(|f, view| view.messages[0] = f.decryption(1, &view.entries[..2])).await;
    assert_eq!(kinds(&other), BTreeSet::from([Kind::Decryption, Kind::Tally]), "{other:?}");
    // A66: a trustee that counts twice, and totals beside the decrypted ones.
    let repeated = end(|_, view| view.tally.as_mut().unwrap().quorum = vec![1, 1]).await;
    assert_eq!(kinds(&repeated), BTreeSet::from([Kind::Tally]), "{repeated:?}");
    let aliased = end(|_, view| view.tally.as_mut().unwrap().totals = vec![112 + (1 << 44), 0]).await;
    assert_eq!(kinds(&aliased), BTreeSet::from([Kind::Tally]), "{aliased:?}");
    let early = end(|_, view| (view.time, view.tally) = (999, None)).await;
    assert_eq!(kinds(&early), BTreeSet::from([Kind::Closing]), "{early:?}");
    let ordered = end(|f, view| {
        let hash = Order::Close(f.election.id).signing_hash(&f.election.domain());
        view.close_signature = f.organiser.sign(hash).to_bytes().to_vec();
        view.tally = None;
    });
    assert_eq!(kinds(&ordered.await), BTreeSet::from([Kind::Closing]), "the draft does not allow it");
}

/// A61: an election whose key its trustees did not sign is not taken up.
#[tokio::test(flavor = "multi_thread")]
async fn a61_an_election_that_is_not_in_order_is_named() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let mut forged = Fixture::clone(&fixture);
    forged.election.key.signatures.swap(0, 1);
    let forged = std::sync::Arc::new(forged);
    let (node, _serving) = FakeNode::start(&forged, &[]).await;
    let pass = once(directory.path(), &fixture, &[&node]).await;
    assert_eq!(kinds(&pass), BTreeSet::from([Kind::Election]), "{pass:?}");
    assert!(pass.elections.is_empty());
}
