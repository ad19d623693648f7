#![allow(clippy::unwrap_used)]
use super::*;
use crate::{
    curve::{Fr, Scalar},
    r1cs::{Cs, Shape},
    testing::{check_snapshot, failing_conditions, free_variables, tamper},
    types::{IdentityCommitment, MemberSecret, RegistrationContext, Slot, field_to_bytes, scalar_to_bytes},
};
use ark_ff::{BigInteger, Field, PrimeField, UniformRand};
use proptest::prelude::*;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::sync::LazyLock;

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Cs::shape(&RegistrationCircuit::dummy()));

fn sample(seed: u64) -> (Statement, Witness) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let sk = MemberSecret::random(&mut rng);
    let context = RegistrationContext::from_field(Fr::rand(&mut rng));
    (Statement { identity: IdentityCommitment::derive(&sk), context }, Witness { sk })
}

fn conditions(statement: Statement, witness: &Witness) -> Vec<&'static str> {
    let circuit = RegistrationCircuit::new(statement, witness.clone());
    failing_conditions(&SHAPE, &Cs::assignment(&circuit))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn registration_relation_and_circuit_agree(seed: u64, other: u64, tweak in 0..4) {
        let (mut statement, mut witness) = sample(seed);
        match tweak {
            1 => statement.identity = IdentityCommitment::from_field(Fr::from(other)),
            2 => witness = sample(other).1,
            3 => statement.context = sample(other).0.context,
            _ => {}
        }
        let relation = check(&statement, &witness);
        let expected = if relation.is_ok() { vec![] } else { vec!["R1 identity"] };
        prop_assert_eq!(conditions(statement, &witness), expected);
    }
}

/// Who sees a public identity cannot register it: only its secret satisfies R1.
#[test]
fn registration_r1_a65_anothers_identity_is_rejected() {
    let (victim, _) = sample(1);
    let (own, thief) = sample(2);
    let stolen = Statement { identity: victim.identity, context: own.context };
    assert_eq!(check(&stolen, &thief), Err(Unsatisfied::Identity));
    assert_eq!(conditions(stolen, &thief), ["R1 identity"]);
}

/// No second secret has one identity: secrets are field elements, not scalars
/// of a curve, and their bytes have one form.
#[test]
fn registration_r1_a2_aliases_of_a_secret_are_rejected() {
    let (statement, witness) = sample(3);
    let l = Fr::from_be_bytes_mod_order(&scalar_to_bytes(-Scalar::ONE)) + Fr::ONE;
    for shifted in [witness.sk.field() + l, witness.sk.field() - l, -witness.sk.field()] {
        let alias = Witness { sk: MemberSecret::from_bytes(&field_to_bytes(shifted)).unwrap() };
        assert_eq!(conditions(statement, &alias), ["R1 identity"]);
    }
    let mut integer = Fr::from(5u64).into_bigint();
    integer.add_with_carry(&Fr::MODULUS);
    assert!(MemberSecret::from_bytes(&integer.to_bytes_be()).is_err());
}

/// A slot, hashed from the same secret, is no identity.
#[test]
fn registration_r1_a19_a_slot_is_not_an_identity() {
    let (statement, witness) = sample(4);
    let slot = Slot::derive(&witness.sk, crate::types::ElectionId::from_field(Fr::ONE));
    let confused = Statement { identity: IdentityCommitment::from_field(slot.field()), ..statement };
    assert_eq!(conditions(confused, &witness), ["R1 identity"]);
}

/// Every input is in some constraint, so none has a zero IC point.
#[test]
fn registration_r2_every_public_input_is_constrained() {
    let rows = SHAPE.rows_by_variable();
    assert!((1..SHAPE.num_inputs()).all(|input| !rows[input].is_empty()));
    // The prover sets the square; with it fixed, another context fails.
    let (statement, witness) = sample(5);
    let mut z = Cs::assignment(&RegistrationCircuit::new(statement, witness));
    z[2] += Fr::ONE;
    assert_eq!(failing_conditions(&SHAPE, &z), ["R2 context"]);
}

#[test]
fn registration_a18_no_changed_witness_value_survives() {
    let (statement, witness) = sample(6);
    let z = Cs::assignment(&RegistrationCircuit::new(statement, witness));
    let survivors = tamper(&SHAPE, &z, 10_000, 6);
    assert!(survivors.is_empty(), "{}", survivors[0]);
}

/// Everything but the secret itself follows from the secret.
#[test]
fn registration_a18_the_prover_chooses_the_secret_only() {
    let (statement, witness) = sample(8);
    let circuit = RegistrationCircuit::new(statement, witness);
    let free = free_variables(&SHAPE, &circuit, &["H_id(sk) = idc"], usize::MAX, 8);
    assert_eq!(free, [SHAPE.num_inputs()]);
}

#[test]
fn registration_shape_equals_its_snapshot() {
    check_snapshot("registration/shape.snap", [&*SHAPE]);
    let (statement, witness) = sample(7);
    assert_eq!(Cs::shape(&RegistrationCircuit::new(statement, witness)).digest(), SHAPE.digest());
}
