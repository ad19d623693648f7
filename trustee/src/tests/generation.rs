use super::*;
use crate::{ciphersuite::PrimeSubgroup, envelope};
use ark_ff::{AdditiveGroup, UniformRand};
use circuits::{
    curve::{GENERATOR, Projective2, Scalar},
    decryption::Lagrange,
};
use frost_core::Group;

/// Everybody is ready, with one key that passes every check.
fn assert_ready(network: &Network) {
    let key = network.key();
    key.check(&network.fixture.draft.draft).unwrap();
    assert_eq!(key.key.census_root, network.fixture.census.root());
    assert_eq!(key.key.verifying_keys, KEY_HASHES);
    for (index, trustee) in (1u8..).zip(&network.trustees) {
        assert_eq!(trustee.phase(), Phase::Ready);
        assert_eq!(trustee.election_key().unwrap(), key);
        let share = network.state(index).share.unwrap();
        assert_eq!(share.verification_share(), Some(key.key.verification_shares[usize::from(index) - 1]));
    }
}

#[test]
fn two_of_three_generate_a_key_in_any_order_with_duplicates() {
    for _ in 0..4 {
        assert_ready(&Network::ready(3, 2, seeded("2 of 3")));
    }
}

#[test]
fn three_of_five_generate_a_key() {
    assert_ready(&Network::ready(5, 3, seeded("3 of 5")));
}

#[test]
fn two_of_two_generate_a_key() {
    assert_ready(&Network::ready(2, 2, seeded("2 of 2")));
}

#[test]
fn sixteen_of_sixteen_generate_a_key() {
    assert_ready(&Network::ready(16, 16, seeded("16 of 16")));
}

/// A kill loses at most what was not yet released: the trustee resumes from
/// storage and sends the same again.
#[test]
fn trustees_killed_at_any_step_resume() {
    for restarts in [10, 20, 40] {
        let mut rng = seeded("restarts");
        let mut network = Network::new(Fixture::new(3, 2, &mut rng), rng);
        network.restarts = restarts;
        network.start(&mut honest);
        for index in 1..=3 {
            assert_eq!(network.trustees[usize::from(index) - 1].phase(), Phase::Census);
            network.restart(index);
        }
        network.sign_keys(&mut honest);
        assert_ready(&network);
        (1..=3).for_each(|index| network.restart(index));
        assert_ready(&network);
    }
}

/// A25: nobody reveals before all n commits are there.
#[test]
fn no_trustee_reveals_before_all_have_committed() {
    let mut rng = seeded("commit first");
    let fixture = Fixture::new(3, 2, &mut rng);
    let (mut one, two, three) = (fixture.trustee(1), fixture.trustee(2), fixture.trustee(3));
    assert_eq!(one.phase(), Phase::Waiting(Round::Commit, vec![2, 3]));
    assert!(one.handle(&two.outgoing()[0]).unwrap().is_empty());
    // A reveal that comes early changes nothing.
    let early = fixture.forge(Route { round: Round::Reveal, from: 2, to: 0 }, vec![0; 32 + 2 * 64 + 96]);
    let out = one.handle(&early).unwrap();
    assert_eq!(out.len(), 1, "it is malformed, and named at once");
    let mut one = fixture.trustee(1);
    assert!(one.handle(&two.outgoing()[0]).unwrap().is_empty());
    let out = one.handle(&three.outgoing()[0]).unwrap();
    assert_eq!(out.iter().map(|m| m.route.round).collect::<Vec<_>>(), [Round::Reveal]);
    // Nor does a commit show its reveal.
    assert_eq!(one.outgoing()[0].body.len(), 32);
}

/// A62: what a node carries holds no share, and opens with no other key and
/// along no other route.
#[test]
fn the_node_learns_neither_shares_nor_key() {
    let network = Network::ready(3, 2, seeded("A62"));
    let mut guesses = seeded("A62 guesses");
    let (keys, draft) = (&network.fixture.keys, network.fixture.draft.draft.id());
    let view = network.wire.concat();
    let hidden = |secret: &[u8]| {
        let mut reversed = secret.to_vec();
        reversed.reverse();
        !view.windows(secret.len()).any(|w| w == secret || w == reversed)
    };
    let mut envelopes = 0;
    for bytes in &network.wire {
        let message = Message::from_bytes(bytes).unwrap();
        let route = message.route;
        if route.round != Round::Share {
            continue;
        }
        envelopes += 1;
        let key = |index: u8| *keys[usize::from(index) - 1].encryption();
        let share = envelope::open(draft, route, &key(route.to), &message.body).unwrap();
        assert!(hidden(share.as_slice()));
        for other in (1..=3).filter(|i| *i != route.to) {
            assert!(envelope::open(draft, route, &key(other), &message.body).is_none());
        }
        let guess = *TrusteeKeys::random(&mut guesses).encryption();
        assert!(envelope::open(draft, route, &guess, &message.body).is_none());
        let other = 6 - route.from - route.to;
        let moved = Route { from: other, ..route };
        assert!(envelope::open(draft, moved, &key(route.to), &message.body).is_none());
        let another = DraftId::from_field(fr(7));
        assert!(envelope::open(another, route, &key(route.to), &message.body).is_none());
    }
    assert_eq!(envelopes, 6);
    // With two shares the key is known, and it is nowhere in the view.
    let shares: Vec<Scalar> = (1..=2).map(|i| network.state(i).share.unwrap().scalar()).collect();
    let lagrange = Lagrange::new(&[1, 2]).unwrap().scalars();
    let sk = shares.iter().zip(&lagrange).fold(Scalar::ZERO, |sum, (s, l)| sum + *s * l);
    assert_eq!(GroupElement::mul_generator(sk), Some(network.key().key.public_key));
    for secret in shares.iter().chain([&sk]) {
        assert!(hidden(&scalar_to_bytes(*secret)));
    }
}

/// The same share sealed twice differs: nothing repeats on the wire.
#[test]
fn envelopes_are_randomised() {
    let mut rng = seeded("envelopes");
    let key = TrusteeKeys::random(&mut rng).identity().encryption_key;
    let route = Route { round: Round::Share, from: 1, to: 2 };
    let seal = || envelope::seal(DraftId::from_field(fr(1)), route, &key, &[7; 32]).unwrap();
    assert_ne!(seal(), seal());
    assert_eq!(seal().len(), ENVELOPE_BYTES);
}

/// A14: the ciphersuite refuses every bad element and scalar.
#[test]
fn ciphersuite_refuses_bad_points_and_scalars() {
    use crate::ciphersuite::ScalarField;
    use ark_ff::PrimeField;
    use frost_core::{Field, FieldError, GroupError};
    let mut rng = seeded("ciphersuite");
    let point = GENERATOR * Scalar::rand(&mut rng);
    let bytes = PrimeSubgroup::serialize(&point).unwrap();
    assert_eq!(PrimeSubgroup::deserialize(&bytes).unwrap(), point);
    let identity = CurvePoint::identity().to_bytes();
    assert_eq!(PrimeSubgroup::deserialize(&identity), Err(GroupError::InvalidIdentityElement));
    assert_eq!(PrimeSubgroup::serialize(&Projective2::ZERO), Err(GroupError::InvalidIdentityElement));
    // (0, -1) has order 2.
    let order_2 = CurvePoint::from_xy(fr(0), -fr(1)).unwrap();
    assert_eq!(PrimeSubgroup::deserialize(&order_2.to_bytes()), Err(GroupError::InvalidNonPrimeOrderElement));
    let shifted = CurvePoint::from(point + order_2.affine()).to_bytes();
    assert_eq!(PrimeSubgroup::deserialize(&shifted), Err(GroupError::InvalidNonPrimeOrderElement));
    let mut off = bytes;
    off[63] ^= 1;
    assert_eq!(PrimeSubgroup::deserialize(&off), Err(GroupError::MalformedElement));
    assert_eq!(PrimeSubgroup::deserialize(&[0xff; 64]), Err(GroupError::MalformedElement));
    let modulus: num::Bytes = num::modulus(Scalar::MODULUS);
    assert_eq!(ScalarField::deserialize(&modulus), Err(FieldError::MalformedScalar));
    let scalar = Scalar::rand(&mut rng);
    assert_eq!(ScalarField::deserialize(&ScalarField::serialize(&scalar)), Ok(scalar));
}

mod num {
    use ark_ff::{BigInteger, BigInteger256};
    pub(super) type Bytes = [u8; 32];
    pub(super) fn modulus(m: BigInteger256) -> Bytes {
        m.to_bytes_be().try_into().unwrap()
    }
}

#[test]
fn keys_round_trip_and_hide_in_debug() {
    let mut rng = seeded("keys");
    let keys = TrusteeKeys::random(&mut rng);
    let bytes = keys.to_bytes();
    let again = TrusteeKeys::from_bytes(&bytes).unwrap();
    assert_eq!(again.identity(), keys.identity());
    assert!(!format!("{keys:?}").contains(&hex(&bytes[1..33])));
    assert_eq!(
        TrusteeKeys::from_bytes(&bytes[..64]).unwrap_err(),
        InvalidKeys::Bytes(Unreadable::Truncated(64))
    );
    let mut long = bytes.to_vec();
    long.push(0);
    assert_eq!(TrusteeKeys::from_bytes(&long).unwrap_err(), InvalidKeys::Bytes(Unreadable::Trailing(1)));
    let mut zero = bytes.to_vec();
    zero[1..33].fill(0);
    assert_eq!(TrusteeKeys::from_bytes(&zero).unwrap_err(), InvalidKeys::Account);
    zero[0] = 2;
    assert_eq!(TrusteeKeys::from_bytes(&zero).unwrap_err(), InvalidKeys::Version(2));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The longest abort, over two reveals of 16 of 16, fits the limits.
#[test]
fn longest_abort_fits_its_limits() {
    let mut rng = seeded("long abort");
    let fixture = Fixture::new(16, 16, &mut rng);
    let route = Route { round: Round::Key, from: 2, to: 0 };
    let evidence = [1u8, 2].map(|x| fixture.forge(route, vec![x; 4096])).to_vec();
    let abort = Abort { by: 1, culprit: 2, reason: Reason::Equivocation, evidence };
    let message = fixture.forge(Route { round: Round::Abort, from: 1, to: 0 }, abort.to_body());
    let bytes = message.to_bytes();
    assert!(bytes.len() <= MESSAGE_MAX);
    let message = Message::from_bytes(&bytes).unwrap();
    message.check(&fixture.draft.draft).unwrap();
    assert_eq!(Abort::from_message(&fixture.draft.draft, &message), Ok(abort));
}
