use super::fixture::Fixture;
use crate::organiser::status::Awaited;
use circuits::types::*;
use proto::v1::Phase;

/// The fixture's draft, with trustees whose keys are known here.
fn draft() -> Draft {
    let mut draft = Fixture::new(RuleKind::SingleChoice).election.draft().clone();
    for (trustee, i) in draft.trustees.iter_mut().zip(1..) {
        trustee.signer = account(i).address();
    }
    draft
}

fn account(i: u8) -> AccountKey {
    AccountKey::from_bytes(&[i; 32]).unwrap()
}

fn message(draft: &Draft, round: u8, from: u8, to: u8) -> TrusteeMessage {
    let signature = account(9).sign([0; 32]);
    let mut message = TrusteeMessage { draft_id: draft.id(), round, from, to, body: vec![round], signature };
    message.signature = account(from).sign(message.hash(draft));
    message
}

fn awaited(draft: &Draft, phase: Phase, messages: &[TrusteeMessage]) -> Awaited {
    Awaited::of(phase, draft, messages, draft.times.opening)
}

#[test]
fn key_generation_names_the_trustees_of_the_first_unfinished_round() {
    let draft = &draft();
    let key = |messages: &[TrusteeMessage]| awaited(draft, Phase::KeyGeneration, messages);
    let all = |round| [1, 2, 3].map(|from| message(draft, round, from, 0));
    assert_eq!(key(&[]), Awaited::Key { round: 1, missing: vec![1, 2, 3] });
    let mut log: Vec<TrusteeMessage> = [all(1), all(2)].concat();
    let shares = |from: u8| (1..=3).filter(move |to| *to != from).map(move |to| (from, to));
    log.extend([shares(1), shares(3)].into_iter().flatten().map(|(f, t)| message(draft, 3, f, t)));
    log.push(message(draft, 3, 2, 1));
    log.push(message(draft, 3, 2, 1));
    assert_eq!(key(&log), Awaited::Key { round: 3, missing: vec![2] });
    log.push(message(draft, 3, 2, 3));
    log.push(message(draft, 4, 1, 0));
    assert_eq!(key(&log), Awaited::Key { round: 4, missing: vec![2, 3] });
    assert_eq!(key(&log).missing(), [2, 3]);
    let mut forged = message(draft, 255, 1, 0);
    forged.from = 2;
    log.push(forged);
    assert_eq!(key(&log), Awaited::Key { round: 4, missing: vec![2, 3] }, "nobody signed this abort");
    log.push(message(draft, 255, 2, 0));
    assert_eq!(key(&log), Awaited::NewDraft { aborted_by: vec![2] });
}

/// A33: with fewer than the threshold the missing ones are named.
#[test]
fn a33_decryption_names_who_is_missing() {
    let draft = &draft();
    let closed = |messages: &[TrusteeMessage]| awaited(draft, Phase::Closed, messages);
    let first = message(draft, ROUND_DECRYPTION, 3, 0);
    let expected = Awaited::Decryption { sent: vec![3], missing: vec![1, 2], needed: 1 };
    assert_eq!(closed(std::slice::from_ref(&first)), expected);
    assert_eq!(closed(&[first, message(draft, ROUND_DECRYPTION, 1, 0)]), Awaited::Proof);
}

#[test]
fn voting_waits_for_its_times() {
    let draft = &draft();
    let times = draft.times;
    let at = |now| Awaited::of(Phase::Voting, draft, &[], now);
    assert_eq!(at(times.opening - 1), Awaited::Opening(times.opening));
    assert_eq!(at(times.opening), Awaited::Ballots(times.closing));
    assert_eq!(at(times.closing), Awaited::Close);
    assert_eq!(awaited(draft, Phase::Draft, &[]), Awaited::Census);
    assert_eq!(awaited(draft, Phase::Keyed, &[]), Awaited::Open);
    assert_eq!(awaited(draft, Phase::Tallied, &[]), Awaited::Nothing);
}
