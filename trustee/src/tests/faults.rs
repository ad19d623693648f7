use super::*;
use crate::{
    ciphersuite::BabyJubjub,
    envelope,
    package::{commit_body, identifier, reveal_body},
};
use ark_ff::UniformRand;
use circuits::curve::Scalar;
use frost_core::keys::{VerifiableSecretSharingCommitment, dkg};

const CULPRIT: u8 = 3;

type Change<'a> = &'a dyn Fn(&mut ElectionKey);

/// Runs 2 of 3 with trustee 3's messages changed; both others must name it
/// for this reason, and nobody has a key.
fn assert_named(reason: Reason, proven: bool, mut evil: impl FnMut(&Fixture, &Message) -> Message) {
    let mut rng = seeded(&format!("{reason:?}"));
    let mut network = Network::new(Fixture::new(3, 2, &mut rng), rng);
    let fixture = network.fixture.clone();
    let mut tamper = |m: &Message| match m.route.from {
        CULPRIT if m.route.round != Round::Abort => vec![(None, evil(&fixture, m))],
        _ => honest(m),
    };
    network.start(&mut tamper);
    if network.trustees.iter().all(|t| t.phase() == Phase::Census) {
        network.sign_keys(&mut tamper);
    }
    for honest in &network.trustees[..2] {
        assert!(honest.election_key().is_none());
        let aborts = aborts(honest);
        let named = aborts.iter().find(|a| a.reason == reason).unwrap();
        assert_eq!((named.culprit, named.is_proven(&network.fixture.draft.draft)), (CULPRIT, proven));
        assert!(named.to_string().contains("trustee 3"));
    }
    // Nothing comes after an abort.
    let census = network.fixture.census.clone();
    let signed = network.trustees[0].outgoing().iter().any(|m| m.route.round == Round::Key);
    let again = network.trustees[0].sign_key(&census, KEY_HASHES);
    assert!(signed || matches!(again, Err(Error::Aborted)));
}

/// Replaces commit and reveal of the culprit by those of `package`.
fn with_package(package: dkg::round1::Package<BabyJubjub>) -> impl FnMut(&Fixture, &Message) -> Message {
    let reveal = reveal_body(&[9; 32], &package).unwrap();
    move |fixture, m| match m.route.round {
        Round::Commit => {
            let draft = fixture.draft.draft.id().to_bytes();
            fixture.forge(m.route, commit_body(draft, CULPRIT, &reveal).to_vec())
        }
        Round::Reveal => fixture.forge(m.route, reveal.clone()),
        _ => m.clone(),
    }
}

/// A24: a package whose proof of possession another trustee made.
#[test]
fn package_of_another_trustee_is_named() {
    let rng = seeded("A24");
    let (_, package) = dkg::part1::<BabyJubjub, _>(identifier(1), 3, 2, rng).unwrap();
    assert_named(Reason::Possession, true, with_package(package));
}

/// A24: a coefficient chosen from the others' without knowing its logarithm.
#[test]
fn rogue_key_is_named() {
    let mut rng = seeded("A24 rogue");
    let (_, victim) = dkg::part1::<BabyJubjub, _>(identifier(1), 3, 2, &mut rng).unwrap();
    let (_, own) = dkg::part1::<BabyJubjub, _>(identifier(CULPRIT), 3, 2, &mut rng).unwrap();
    let constant = |p: &dkg::round1::Package<BabyJubjub>| p.commitment().coefficients()[0].value();
    let rogue = CurvePoint::from(constant(&own) - constant(&victim)).to_bytes().to_vec();
    let second = own.commitment().coefficients()[1].serialize().unwrap();
    let commitment = VerifiableSecretSharingCommitment::deserialize([rogue, second]).unwrap();
    let package = dkg::round1::Package::new(commitment, *own.proof_of_knowledge());
    assert_named(Reason::Possession, true, with_package(package));
}

/// A24: a message of another draft is refused before anything else, and with
/// this draft's identifier its signature no longer fits.
#[test]
fn messages_of_another_draft_are_refused() {
    let mut rng = seeded("A24 replay");
    let fixture = Fixture::new(3, 2, &mut rng);
    let (mut one, two) = (fixture.trustee(1), fixture.trustee(2));
    let mut other = fixture.draft.draft.clone();
    other.nonce[0] ^= 1;
    let other = sign_draft(other, &fixture.organiser);
    let elsewhere = Trustee::new(fixture.keys[1].clone(), &other, MemoryStorage::new()).unwrap();
    let mut replay = elsewhere.outgoing()[0].clone();
    assert!(matches!(one.handle(&replay), Err(Error::Message(InvalidMessage::Draft { .. }))));
    replay.draft_id = fixture.draft.draft.id();
    assert!(matches!(one.handle(&replay), Err(Error::Message(InvalidMessage::Signature { from: 2, .. }))));
    assert!(one.handle(&two.outgoing()[0]).is_ok());
}

/// A25: something else is revealed than was committed to.
#[test]
fn reveal_that_was_not_committed_to_is_named() {
    let rng = seeded("A25");
    let (_, package) = dkg::part1::<BabyJubjub, _>(identifier(CULPRIT), 3, 2, rng).unwrap();
    let mut with = with_package(package);
    assert_named(Reason::Commitment, true, |fixture, m| match m.route.round {
        Round::Reveal => with(fixture, m),
        _ => m.clone(),
    });
}

/// A26: t + 1 and t - 1 coefficient commitments.
#[test]
fn polynomial_of_the_wrong_degree_is_named() {
    let mut rng = seeded("A26");
    let (_, above) = dkg::part1::<BabyJubjub, _>(identifier(CULPRIT), 3, 3, &mut rng).unwrap();
    assert_named(Reason::Malformed, true, with_package(above.clone()));
    let first = above.commitment().coefficients()[0].serialize().unwrap();
    let commitment = VerifiableSecretSharingCommitment::deserialize([first]).unwrap();
    let below = dkg::round1::Package::new(commitment, *above.proof_of_knowledge());
    assert_named(Reason::Malformed, true, with_package(below));
}

/// A27: a share that opens but does not fit.
#[test]
fn share_that_does_not_fit_is_named() {
    let mut rng = seeded("A27");
    let scalar = scalar_to_bytes(Scalar::rand(&mut rng));
    assert_named(Reason::Share, false, |fixture, m| match m.route.round {
        Round::Share => {
            let key = fixture.draft.draft.trustees[usize::from(m.route.to) - 1].encryption_key;
            let body = envelope::seal(m.draft_id, m.route, &key, &scalar).unwrap();
            fixture.forge(m.route, body)
        }
        _ => m.clone(),
    });
}

/// A27: an envelope that does not open; one that holds no scalar.
#[test]
fn envelope_that_does_not_open_is_named() {
    assert_named(Reason::Share, false, |fixture, m| match m.route.round {
        Round::Share => fixture.forge(m.route, vec![5; ENVELOPE_BYTES]),
        _ => m.clone(),
    });
    assert_named(Reason::Share, false, |fixture, m| match m.route.round {
        Round::Share => {
            let key = fixture.draft.draft.trustees[usize::from(m.route.to) - 1].encryption_key;
            fixture.forge(m.route, envelope::seal(m.draft_id, m.route, &key, &[0xff; 32]).unwrap())
        }
        _ => m.clone(),
    });
}

#[test]
fn malformed_bodies_are_named() {
    for round in [Round::Commit, Round::Reveal, Round::Share, Round::Key] {
        assert_named(Reason::Malformed, true, |fixture, m| {
            if m.route.round == round { fixture.forge(m.route, vec![1; 31]) } else { m.clone() }
        });
    }
}

/// A61: a key statement with another PK, VKs, or signature.
#[test]
fn statement_over_another_key_is_named() {
    let change = |fixture: &Fixture, m: &Message, change: Change<'_>| {
        let draft = &fixture.draft.draft;
        let mut key = KeyStatement::from_body(draft, &m.body).unwrap().key;
        change(&mut key);
        fixture.forge(m.route, KeyStatement::sign(draft, key, fixture.account(CULPRIT)).to_body())
    };
    let swap: [(Reason, Change<'_>); 5] = [
        (Reason::Statement, &|key| key.public_key = GroupElement::generator()),
        (Reason::Statement, &|key| key.verification_shares[0] = GroupElement::generator()),
        (Reason::Disagreement, &|key| key.transcript[0] ^= 1),
        (Reason::Disagreement, &|key| key.census_total += 1),
        (Reason::Disagreement, &|key| key.verifying_keys[2][5] ^= 1),
    ];
    for (reason, swap) in swap {
        assert_named(reason, false, |fixture, m| match m.route.round {
            Round::Key => change(fixture, m, swap),
            _ => m.clone(),
        });
    }
    assert_named(Reason::Statement, false, |fixture, m| match m.route.round {
        Round::Key => {
            let draft = &fixture.draft.draft;
            let key = KeyStatement::from_body(draft, &m.body).unwrap().key;
            fixture.forge(m.route, KeyStatement::sign(draft, key, fixture.account(1)).to_body())
        }
        _ => m.clone(),
    });
}

/// A61: the key needs the signature of each trustee.
#[test]
fn key_without_one_signature_is_no_key() {
    let mut rng = seeded("A61");
    let mut network = Network::new(Fixture::new(3, 2, &mut rng), rng);
    network.start(&mut honest);
    network.sign_keys(&mut |m| match m.route {
        Route { round: Round::Key, from: CULPRIT, .. } => vec![],
        _ => honest(m),
    });
    assert_eq!(network.trustees[0].phase(), Phase::Waiting(Round::Key, vec![CULPRIT]));
    assert!(network.trustees[0].election_key().is_none());
    let mut key = network.trustees[2].election_key().unwrap();
    key.check(&network.fixture.draft.draft).unwrap();
    key.signatures[0] = key.signatures[1];
    assert!(key.check(&network.fixture.draft.draft).is_err());
}

/// A27: two different signed messages of one round, at one trustee.
#[test]
fn equivocation_is_named_with_both_messages() {
    let mut rng = seeded("A27 equivocation");
    let fixture = Fixture::new(3, 2, &mut rng);
    let mut one = fixture.trustee(1);
    let (a, b) = (fixture.trustee(3).outgoing()[0].clone(), fixture.trustee(3).outgoing()[0].clone());
    assert!(one.handle(&a).unwrap().is_empty());
    assert!(one.handle(&a).unwrap().is_empty(), "a repeat is no fault");
    let out = one.handle(&b).unwrap();
    let abort = Abort::from_message(&fixture.draft.draft, &out[0]).unwrap();
    assert_eq!((abort.culprit, abort.reason), (3, Reason::Equivocation));
    assert_eq!(abort.evidence, [a.clone(), b]);
    assert!(abort.is_proven(&fixture.draft.draft));
    // Another trustee believes it by the evidence, not by the word.
    let mut two = fixture.trustee(2);
    two.handle(&out[0]).unwrap();
    assert!(aborts(&two)[0].is_proven(&fixture.draft.draft));
    let claim = Abort { evidence: vec![a.clone(), a], ..abort };
    let claim = fixture.forge(Route { round: Round::Abort, from: 1, to: 0 }, claim.to_body());
    assert!(!Abort::from_message(&fixture.draft.draft, &claim).unwrap().is_proven(&fixture.draft.draft));
}

/// A27: a trustee that shows each of the others a self-consistent run of its
/// own. Transcripts disagree, so no key exists; comparing messages convicts.
#[test]
fn two_faced_trustee_gets_no_key_and_is_convicted() {
    let mut rng = seeded("A27 two faces");
    let fixture = Fixture::new(3, 2, &mut rng);
    let mut honest = [fixture.trustee(1), fixture.trustee(2)];
    let mut faces = [fixture.trustee(3), fixture.trustee(3)];
    let mut queue: Vec<(usize, Message)> = Vec::new();
    let post = |queue: &mut Vec<(usize, Message)>, from: usize, messages: Vec<Message>| {
        for m in messages {
            match from {
                // Honest messages go to the other and to both faces.
                0 | 1 => queue.extend([1 - from, 2, 3].map(|to| (to, m.clone()))),
                face => queue.push((face - 2, m)),
            }
        }
    };
    for i in 0..2 {
        post(&mut queue, i, honest[i].outgoing());
        post(&mut queue, i + 2, faces[i].outgoing());
    }
    while let Some((to, m)) = queue.pop() {
        let out = if to < 2 { honest[to].handle(&m) } else { faces[to - 2].handle(&m) };
        // Each face sees the honest trustees' shares of both views; what it
        // thinks of them does not matter.
        post(
            &mut queue,
            to,
            out.unwrap().into_iter().filter(|m| to < 2 || m.route.round != Round::Abort).collect(),
        );
    }
    for i in 0..2 {
        let out = honest[i].sign_key(&fixture.census, KEY_HASHES).unwrap();
        out.iter().for_each(|m| drop(honest[1 - i].handle(m).unwrap()));
    }
    for (i, trustee) in honest.iter().enumerate() {
        assert!(trustee.election_key().is_none());
        assert!(aborts(trustee).iter().any(|a| a.reason == Reason::Disagreement), "trustee {}", i + 1);
    }
    let [one, two] = &mut honest;
    let shown_to_two = faces[1].outgoing();
    let out: Vec<Message> = shown_to_two.iter().flat_map(|m| one.handle(m).unwrap()).collect();
    let abort = Abort::from_message(&fixture.draft.draft, &out[0]).unwrap();
    assert_eq!((abort.by, abort.culprit, abort.reason), (1, 3, Reason::Equivocation));
    two.handle(&out[0]).unwrap();
    assert!(aborts(two).iter().any(|a| a.culprit == 3 && a.is_proven(&fixture.draft.draft)));
}

/// Whoever has all n signatures keeps the key: a late abort ends nothing.
#[test]
fn abort_after_all_have_signed_changes_nothing() {
    let mut network = Network::ready(3, 2, seeded("late abort"));
    let abort = Abort { by: 3, culprit: 1, reason: Reason::Share, evidence: vec![] };
    let route = Route { round: Round::Abort, from: 3, to: 0 };
    let message = network.fixture.forge(route, abort.to_body());
    assert!(network.trustees[0].handle(&message).unwrap().is_empty());
    assert_eq!(network.trustees[0].phase(), Phase::Ready);
}

/// A trustee whose state was lost does not go on under the same draft.
#[test]
fn trustee_with_a_lost_state_notices() {
    let mut rng = seeded("lost state");
    let fixture = Fixture::new(3, 2, &mut rng);
    let (before, mut after) = (fixture.trustee(1), fixture.trustee(1));
    assert!(matches!(after.handle(&before.outgoing()[0]), Err(Error::Impostor)));
}

/// A10, A15, A50: every changed, missing or added byte of a message is
/// refused, without a panic.
#[test]
fn changed_messages_are_refused() {
    let mut rng = seeded("bytes");
    let fixture = Fixture::new(3, 2, &mut rng);
    let mut one = fixture.trustee(1);
    let good = fixture.trustee(2).outgoing()[0].to_bytes();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << rng.gen_range(0..8);
        if let Ok(message) = Message::from_bytes(&bytes) {
            assert!(one.handle(&message).is_err(), "byte {at}");
        }
    }
    for length in 0..good.len() {
        assert!(Message::from_bytes(&good[..length]).is_err());
    }
    let mut long = good.clone();
    long.push(0);
    assert_eq!(Message::from_bytes(&long), Err(InvalidMessage::Bytes(Unreadable::Trailing(1))));
    assert!(one.handle(&Message::from_bytes(&good).unwrap()).is_ok());
    let wrong = |route| Message::sign(&fixture.draft.draft, route, vec![0; 32], fixture.account(2));
    let to_one = wrong(Route { round: Round::Commit, from: 2, to: 1 });
    assert!(matches!(one.handle(&to_one), Err(Error::Message(InvalidMessage::Recipient { to: 1 }))));
    let to_self = wrong(Route { round: Round::Share, from: 2, to: 2 });
    assert!(matches!(one.handle(&to_self), Err(Error::Message(InvalidMessage::Recipient { to: 2 }))));
    for from in [0, 4] {
        let stranger = Message { route: Route { round: Round::Commit, from, to: 0 }, ..to_one.clone() };
        assert!(matches!(one.handle(&stranger), Err(Error::Message(InvalidMessage::Sender { .. }))));
    }
}

#[test]
fn drafts_that_do_not_fit_are_refused() {
    let mut rng = seeded("drafts");
    let fixture = Fixture::new(3, 2, &mut rng);
    let stranger = TrusteeKeys::random(&mut rng);
    let refused = Trustee::new(stranger, &fixture.draft, MemoryStorage::new());
    assert!(matches!(refused, Err(Error::NotATrustee)));
    let mut unsigned = fixture.draft.clone();
    unsigned.draft.min_ballots += 1;
    let refused = Trustee::new(fixture.keys[0].clone(), &unsigned, MemoryStorage::new());
    assert!(matches!(refused, Err(Error::Draft(_))));
    // The all-zero X25519 key gives a shared secret that everybody knows.
    let weak = Fixture::with(3, 2, &mut rng, |d| d.trustees[1].encryption_key = [0; 32]);
    let refused = Trustee::new(weak.keys[0].clone(), &weak.draft, MemoryStorage::new());
    assert!(matches!(refused, Err(Error::EncryptionKey(2))));
}
