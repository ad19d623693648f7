//! Attestations with real proofs: what is honest passes, and nothing else.

use crate::proven::{ATTESTATION, AUDITOR, EXPIRES, ISSUED, check, check_at, failing, terms};
use audit::attestation::{Attestation, Expected, FormatFault, Proven, State, Terms};
use circuits::{
    attestation::{Metric, Statement, Subject, Verdict},
    types::{AccountKey, TypedData},
};

#[test]
fn an_honest_attestation_passes_every_check_that_can_be_made() {
    let list = check(&ATTESTATION);
    assert!(list.ok, "{list}");
    let not_made: Vec<_> = list.checks.iter().filter(|c| c.state == State::NotMade).map(|c| c.id).collect();
    assert_eq!(not_made, ["audit.auditor", "audit.expected"]);
    assert!(list.warnings.iter().any(|warning| warning.contains("INSECURE")));
    assert!(list.warnings.iter().any(|warning| warning.contains("data root was not compared")));
}

#[test]
fn the_file_has_one_byte_form() {
    let bytes = ATTESTATION.to_bytes();
    assert_eq!(Attestation::from_bytes(&bytes), Ok(ATTESTATION.clone()));
    let text = String::from_utf8(bytes).unwrap();
    let other: [String; 5] = [
        text.replace("  \"version\": 1", " \"version\": 1"),
        text.replacen("\"chain_id\": 0", "\"chain_id\": 00", 1),
        text.replacen("0xd", "0xD", 1),
        format!("{text}\n"),
        text.replacen("\"1/50\"", "\"2/100\"", 1),
    ];
    for other in other {
        assert_ne!(other, text);
        let fault = Attestation::from_bytes(other.as_bytes()).unwrap_err();
        assert!(matches!(fault, FormatFault::NotCanonical | FormatFault::Json(_)), "{fault}");
    }
    assert!(matches!(Attestation::from_bytes(&vec![b' '; (1 << 20) + 1]), Err(FormatFault::Length(_))));
}

/// One byte changed anywhere is refused: as malformed, or by a check.
#[test]
fn a10_every_changed_byte_of_the_file_is_refused() {
    let bytes = ATTESTATION.to_bytes();
    // Every byte up to the proof, and every 97th of the rest.
    let proof = bytes.windows(9).position(|w| w == b"\"proof\": ").unwrap();
    let positions = (0..proof + 64).chain((proof + 64..bytes.len()).step_by(97));
    for at in positions {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(attestation) = Attestation::from_bytes(&changed) {
            assert!(attestation != *ATTESTATION);
            let signed =
                attestation.claim == ATTESTATION.claim && attestation.signature == ATTESTATION.signature;
            // Key and proof need not be looked at where a hash already differs.
            if signed && failing(&cheap(&attestation)).is_empty() {
                assert!(!failing(&check(&attestation)).is_empty(), "byte {at} of {}", bytes.len());
            }
        }
    }
}

/// The checks without key and proof.
fn cheap(attestation: &Attestation) -> audit::attestation::Checklist {
    use audit::attestation::{Trust, verify};
    let keys = |_: &_, _| Err("not here".to_owned());
    let trust = Trust {
        now: ISSUED,
        keys: &keys,
        expected: Expected::default(),
        organiser: None,
        registrations: &[],
        revocations: &[],
        others: &[],
    };
    let mut list = verify(&attestation.to_bytes(), &trust).1;
    list.checks.retain(|check| check.id != "audit.key" && check.id != "audit.proof");
    list
}

/// An auditor who signs what was not proven.
fn lie(change: impl FnOnce(&mut Proven, &mut Terms)) -> Vec<&'static str> {
    let (mut proven, mut terms) = (AUDITOR.proven(), terms());
    change(&mut proven, &mut terms);
    failing(&check(&AUDITOR.sign(proven, &terms)))
}

#[test]
fn a_verdict_that_was_not_proven_is_refused_whoever_signs_it() {
    let failing = lie(|proven, _| {
        let view = &mut proven.statement.outcome[0];
        assert_eq!(view.verdict(Metric::ImpactRatio), Some(Verdict::Fail));
        view.verdicts[Metric::ImpactRatio.index()] = Some(Verdict::Pass);
        view.failing[Metric::ImpactRatio.index()] = Default::default();
    });
    assert_eq!(failing, ["audit.proof"]);
}

#[test]
fn counts_that_were_not_proven_are_refused() {
    let failing = lie(|proven, _| {
        let counts = &mut proven.statement.disclosed.as_mut().unwrap().counts[0];
        counts.true_positives += 1;
        counts.true_negatives -= 1;
    });
    assert_eq!(failing, ["audit.proof"]);
}

/// A56: the proof is about this model, these records and this many of them.
#[test]
fn a56_another_model_or_another_number_of_records_is_refused() {
    assert_eq!(lie(|proven, _| proven.statement.subject = Subject([6; 32])), ["audit.proof"]);
    let fewer = lie(|proven, _| {
        proven.statement.records -= 1;
        proven.data.records -= 1;
    });
    assert_eq!(fewer, ["audit.proof"]);
    let unequal = lie(|proven, _| proven.statement.records -= 1);
    assert_eq!(unequal, ["audit.statement", "audit.key", "audit.proof"]);
}

/// A57: a proof does not serve for another period.
#[test]
fn a57_a_replayed_proof_for_another_period_is_refused() {
    let later = lie(|_, terms| terms.to = "2015-12-31".parse().unwrap());
    assert_eq!(later, ["audit.proof"]);
}

/// A57: the proof is bound to days. Another hour, or a number of days that the
/// epoch has no room for, would be another period for the same proof.
#[test]
fn a57_periods_that_are_not_of_whole_days_are_refused() {
    let with = |from: u64, to: u64| {
        let mut forged = ATTESTATION.clone();
        forged.claim.from += from;
        forged.claim.to += to;
        forged.signature = AUDITOR.key.sign(forged.claim.signing_hash(&forged.domain));
        assert_eq!(forged.statement(), AUDITOR.statement);
        failing(&check(&forged))
    };
    let aliased = (1 << 32) * 24 * 60 * 60;
    for (from, to) in [(1, 0), (0, 1), (3600, 3600), (0, aliased)] {
        assert_eq!(with(from, to), ["audit.statement", "audit.key", "audit.proof"], "{from} {to}");
    }
    assert_eq!(with(0, 0), [""; 0]);
}

/// A50: sums of counts, in a report for instance, must not overflow.
#[test]
fn a50_counts_beyond_a_proofs_are_no_attestation() {
    let text = String::from_utf8(ATTESTATION.to_bytes()).unwrap();
    let start = text.find("\"true_positives\": ").unwrap() + 18;
    let end = start + text[start..].find(',').unwrap();
    let with = |count: u64| format!("{}{count}{}", &text[..start], &text[end..]);
    assert!(Attestation::from_bytes(with((1 << 24) - 1).as_bytes()).is_ok());
    for count in [1 << 24, u64::MAX] {
        assert_eq!(Attestation::from_bytes(with(count).as_bytes()), Err(FormatFault::Count(count)));
    }
}

/// A58: thresholds and minimum cells are public; another policy is another
/// statement.
#[test]
fn a58_another_threshold_than_the_proven_one_is_refused() {
    let failing = lie(|proven, _| {
        let mut file = proven.policy.to_file();
        file.thresholds.insert("impact_ratio".into(), "1/2".parse().unwrap());
        proven.policy = audit::policy::Policy::from_file(&file).unwrap();
    });
    assert_eq!(failing, ["audit.proof"]);
}

/// The names of groups are bound to the anchored root: without that, an
/// auditor could exchange two groups after the fact.
#[test]
fn exchanged_group_names_are_refused() {
    let failing = lie(|proven, _| {
        let mut file = proven.policy.to_file();
        file.attributes[0].groups.swap(0, 2);
        proven.policy = audit::policy::Policy::from_file(&file).unwrap();
    });
    assert_eq!(failing, ["audit.data_root", "audit.key", "audit.proof"]);
}

#[test]
fn a17_a_key_of_another_circuit_or_an_untrue_mark_is_refused() {
    assert_eq!(lie(|proven, _| proven.key_hash[0] ^= 1), ["audit.key", "audit.proof"]);
    assert_eq!(lie(|proven, _| proven.insecure = false), ["audit.key", "audit.proof"]);
    assert_eq!(lie(|proven, _| proven.data.srs.0[0] ^= 1), ["audit.key", "audit.proof"]);
}

#[test]
fn commitments_of_other_records_are_refused() {
    let data = lie(|proven, _| proven.data.data.0[0] ^= 1);
    let mapping = lie(|proven, _| proven.mapping[0] ^= 1);
    for failing in [data, mapping] {
        assert_eq!(failing, ["audit.data_root", "audit.key", "audit.proof"]);
    }
}

#[test]
fn proofs_that_are_cut_or_lengthened_are_refused() {
    assert_eq!(
        lie(|proven, _| {
            proven.proof.pop();
        }),
        ["audit.proof"]
    );
    assert_eq!(lie(|proven, _| proven.proof.push(0)), ["audit.proof"]);
    assert_eq!(lie(|proven, _| proven.proof.truncate(10)), ["audit.data_root", "audit.key", "audit.proof"]);
}

#[test]
fn another_signer_is_refused() {
    let mut forged = ATTESTATION.clone();
    let stranger = AccountKey::from_bytes(&[2; 32]).unwrap();
    forged.claim.auditor = stranger.address();
    assert_eq!(failing(&check(&forged)), ["audit.signature", "audit.key", "audit.proof"]);
}

#[test]
fn what_the_reader_expects_is_compared() {
    let claim = &ATTESTATION.claim;
    let right = Expected {
        policy_hash: Some(claim.policy_hash),
        data_root: Some(claim.data_root),
        model_commitment: Some(claim.model_commitment),
    };
    let bytes = ATTESTATION.to_bytes();
    let list = check_at(&bytes, ISSUED, right);
    assert!(list.ok && !list.warnings.iter().any(|warning| warning.contains("data root")));
    for wrong in [
        Expected { policy_hash: Some([0; 32]), ..right },
        Expected { data_root: Some([0; 32]), ..right },
        Expected { model_commitment: Some([0; 32]), ..right },
    ] {
        assert_eq!(failing(&check_at(&bytes, ISSUED, wrong)), ["audit.expected"]);
    }
}

#[test]
fn it_expires_to_the_second() {
    let bytes = ATTESTATION.to_bytes();
    assert!(check_at(&bytes, EXPIRES - 1, Expected::default()).ok);
    assert_eq!(failing(&check_at(&bytes, EXPIRES, Expected::default())), ["audit.status"]);
}

#[test]
fn terms_that_are_not_possible_are_not_signed() {
    let sign = |change: fn(&mut Terms)| {
        let mut terms = terms();
        change(&mut terms);
        Attestation::sign(&terms, AUDITOR.proven(), &AUDITOR.key).unwrap_err().to_string()
    };
    assert!(sign(|t| t.system = String::new()).contains("the system needs"));
    assert!(sign(|t| t.organisation = "a\nb".into()).contains("the organisation needs"));
    assert!(sign(|t| t.to = "2012-12-31".parse().unwrap()).contains("before it starts"));
    assert!(sign(|t| t.expires = t.issued).contains("expire"));
}

#[test]
fn the_statement_is_that_of_the_prover() {
    let statement: Statement = ATTESTATION.statement();
    assert_eq!(statement, AUDITOR.statement);
}

#[test]
fn unreadable_bytes_fail_every_check() {
    let list = check_at(b"{}", ISSUED, Expected::default());
    assert!(!list.ok && list.checks.iter().all(|check| !check.ok));
}
