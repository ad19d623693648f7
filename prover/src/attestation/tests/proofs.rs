//! Proofs that hold, and all that must not.

use super::*;
use circuits::attestation::{
    CellSet, Code, Metric, PROOFS_PER_COMMITMENT, Unsatisfied, Verdict, circuit::NoCircuit,
};
use verifier::attestation::{POINT_BYTES, VerifyError, VerifyingKey, proof_bytes, verify};

#[test]
fn proofs_verify_with_one_and_with_two_records_per_cell() {
    let (audit, proof) = audit();
    assert_eq!(audit.verify(proof), Ok(()));
    let packed = Audit::new(Packing::Two);
    let proof = packed.prove();
    assert_eq!(packed.verify(&proof), Ok(()));
    assert_eq!(proof.len(), proof_bytes(packed.key.verifying()));
}

#[test]
fn a56_proofs_are_about_the_committed_data_only() {
    let (audit, proof) = audit();
    let codes = audit.data.codes().to_vec();
    let other = |codes: Vec<Code>| {
        let data = Dataset::new(audit.data.shape(), codes, &CommitmentSeed::random(&mut OsRng)).unwrap();
        data.commit(srs()).unwrap()
    };
    // The same records under another seed, and one record edited.
    let mut edited = codes.clone();
    edited.swap(0, 1);
    for commitment in [other(codes.clone()), other(edited)] {
        let found = verify(audit.key.verifying(), &audit.statement, &commitment, proof);
        assert_eq!(found, Err(VerifyError::Data));
    }
    let short = DataCommitment::new(&audit.commitment.points()[..1]).unwrap();
    let found = verify(audit.key.verifying(), &audit.statement, &short, proof);
    assert_eq!(found, Err(VerifyError::Columns { expected: COLUMNS, found: 1 }));
    // A commitment swapped into the proof does not save it.
    let commitment = other(codes);
    let mut forged = commitment.to_bytes();
    forged.extend(&proof[forged.len()..]);
    let found = verify(audit.key.verifying(), &audit.statement, &commitment, &forged);
    assert_eq!(found, Err(VerifyError::Proof));
}

#[test]
fn every_part_of_a_statement_is_bound_subject_and_epoch_too() {
    let (audit, proof) = audit();
    type Change = fn(&mut Statement);
    let changes: [Change; 12] = [
        |s| s.subject.0[0] ^= 1,
        |s| s.subject.0[31] ^= 1,
        |s| s.epoch ^= 1,
        |s| s.records += 1,
        |s| s.policy.minimum_cell += 1,
        |s| s.policy.minimum_share.num += 1,
        |s| s.policy.sample = CellSet::first(5),
        |s| s.policy.thresholds[Metric::ImpactRatio.index()].num -= 1,
        |s| s.policy.views[0].checks.truncate(2),
        |s| s.outcome[1].unknown += 1,
        |s| {
            let verdict = s.outcome[2].verdicts.iter_mut().flatten().next().unwrap();
            *verdict = if *verdict == Verdict::Pass { Verdict::Fail } else { Verdict::Pass };
        },
        |s| s.disclosed.as_mut().unwrap().counts.swap(0, 1),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut statement = audit.statement.clone();
        change(&mut statement);
        assert_ne!(statement, audit.statement, "change {i}");
        let found = verify(audit.key.verifying(), &statement, &audit.commitment, proof);
        assert_eq!(found, Err(VerifyError::Proof), "change {i}");
    }
    let mut malformed = audit.statement.clone();
    malformed.policy.minimum_cell = 0;
    let found = verify(audit.key.verifying(), &malformed, &audit.commitment, proof);
    assert_eq!(found, Err(VerifyError::Form));
}

#[test]
fn damaged_truncated_and_extended_proofs_are_refused() {
    let (audit, proof) = audit();
    let prefix = COLUMNS * POINT_BYTES;
    for at in (0..proof.len()).step_by(37) {
        let mut damaged = proof.clone();
        damaged[at] ^= 1 << (at % 8);
        let expected = if at < prefix { VerifyError::Data } else { VerifyError::Proof };
        assert_eq!(audit.verify(&damaged), Err(expected), "byte {at}");
    }
    for length in [0, prefix - 1, prefix, proof.len() / 2, proof.len() - 1] {
        assert!(audit.verify(&proof[..length]).is_err(), "{length} bytes");
    }
    let mut longer = proof.clone();
    longer.push(0);
    assert_eq!(audit.verify(&longer), Err(VerifyError::Trailing(1)));
}

#[test]
fn scalars_that_are_not_reduced_and_points_at_infinity_are_refused() {
    let (audit, proof) = audit();
    // r added to the last scalar before the two points of the opening.
    let at = proof.len() - 2 * POINT_BYTES - 32;
    let r = hex::decode("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001").unwrap();
    let mut aliased = proof.clone();
    let mut carry = 0;
    for i in (0..32).rev() {
        let sum = u16::from(aliased[at + i]) + u16::from(r[i]) + carry;
        aliased[at + i] = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
    assert_eq!(audit.verify(&aliased), Err(VerifyError::Proof));
    let mut infinite = proof.clone();
    let end = infinite.len();
    infinite[end - POINT_BYTES..].fill(0);
    assert_eq!(audit.verify(&infinite), Err(VerifyError::Proof));
}

#[test]
fn keys_of_other_shapes_and_parameters_refuse_the_proof() {
    let (audit, proof) = audit();
    let other = ProvingKey::make_verifying(srs(), &shape(Packing::Two)).unwrap();
    let found = verify(&other, &audit.statement, &audit.commitment, proof);
    assert_eq!(found, Err(VerifyError::Shape));
    // The same circuit under another tau.
    let mut parameters = *srs().verifier();
    parameters.tau_g2 = circuits::curve::plonk::G2Affine::generator();
    let bytes = audit.key.verifying().to_bytes();
    let key = VerifyingKey::from_bytes(shape(Packing::One), parameters, &bytes).unwrap();
    assert_ne!(key.hash(), audit.key.verifying().hash());
    assert_eq!(verify(&key, &audit.statement, &audit.commitment, proof), Err(VerifyError::Proof));
    // A key with one damaged commitment either does not read or refuses.
    let mut damaged = bytes.clone();
    let end = damaged.len();
    damaged[end - 40] ^= 1;
    if let Ok(key) = VerifyingKey::from_bytes(shape(Packing::One), *srs().verifier(), &damaged) {
        assert!(verify(&key, &audit.statement, &audit.commitment, proof).is_err());
    }
}

#[test]
fn verifying_keys_survive_their_encoding() {
    let (audit, proof) = audit();
    let key = audit.key.verifying();
    let (shape, bytes) = (shape(Packing::One), key.to_bytes());
    let read = VerifyingKey::from_bytes(shape.clone(), *key.srs(), &bytes).unwrap();
    assert_eq!(read.hash(), key.hash());
    assert_eq!(verify(&read, &audit.statement, &audit.commitment, proof), Ok(()));
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(VerifyingKey::from_bytes(shape.clone(), *key.srs(), &longer).is_err());
    for length in [0, 4, 5, bytes.len() / 2, bytes.len() - 1] {
        assert!(VerifyingKey::from_bytes(shape.clone(), *key.srs(), &bytes[..length]).is_err());
    }
    let mut rows = bytes;
    rows[1] ^= 1;
    assert!(VerifyingKey::from_bytes(shape, *key.srs(), &rows).is_err());
}

/// Both begin with the same J points, and no other point is in both.
#[test]
fn two_proofs_of_one_commitment_share_no_other_commitment() {
    let (audit, first) = audit();
    let second = audit.prove();
    assert_eq!(audit.verify(&second), Ok(()));
    let prefix = COLUMNS * POINT_BYTES;
    assert_eq!(first[..prefix], second[..prefix]);
    // All advice columns stand at the front; scalars may repeat nowhere.
    let parts = |proof: &[u8]| -> Vec<Vec<u8>> { proof[prefix..].chunks(32).map(<[u8]>::to_vec).collect() };
    let second = parts(&second);
    for (i, part) in parts(first).iter().enumerate() {
        assert!(!second.contains(part), "32 bytes number {i} after the commitment are in both proofs");
    }
}

#[test]
fn commitments_follow_from_seed_and_data() {
    let (audit, _) = audit();
    let seed = CommitmentSeed::random(&mut OsRng);
    let again = CommitmentSeed::from_bytes(&*seed.to_bytes()).unwrap();
    let codes = audit.data.codes().to_vec();
    let commit = |codes: Vec<Code>, seed: &CommitmentSeed| {
        Dataset::new(audit.data.shape(), codes, seed).unwrap().commit(srs()).unwrap()
    };
    let first = commit(codes.clone(), &seed);
    assert_eq!(first, commit(codes.clone(), &again));
    assert_eq!(first.points().len(), COLUMNS);
    // Other data under the same seed: no column keeps its blinding, not
    // even one whose records are the same.
    let mut edited = codes;
    edited[0] = if edited[0] == Code(1) { Code(2) } else { Code(1) };
    let second = commit(edited, &seed);
    assert!(first.points().iter().zip(second.points()).all(|(a, b)| a != b));
    assert!(CommitmentSeed::from_bytes(&[0; 31]).is_err());
    assert_eq!(format!("{seed:?}"), "CommitmentSeed(..)");
}

#[test]
fn proofs_from_another_seed_or_of_false_statements_are_not_made() {
    let (audit, _) = audit();
    let shape = shape(Packing::One);
    let codes = audit.data.codes().to_vec();
    let other = Dataset::new(&shape, codes, &CommitmentSeed::random(&mut OsRng)).unwrap();
    let permit = || ProofPermit::after(0).unwrap();
    let found = prove(srs(), &audit.key, &audit.statement, &other, &audit.commitment, permit());
    assert!(matches!(found, Err(ProveError::Commitment)));
    let mut wrong = audit.statement.clone();
    wrong.outcome[0].unknown += 1;
    let found = prove(srs(), &audit.key, &wrong, &audit.data, &audit.commitment, permit());
    let unknown = NoCircuit::Unsatisfied(Unsatisfied::Unknown { view: 0 });
    assert!(matches!(found, Err(ProveError::Unsatisfied(why)) if why == unknown));
    let packed = ProvingKey::make(srs(), &super::shape(Packing::Two)).unwrap();
    let found = prove(srs(), &packed, &audit.statement, &audit.data, &audit.commitment, permit());
    assert!(matches!(found, Err(ProveError::Shape)));
}

#[test]
fn sixteen_proofs_are_permitted() {
    for made in 0..PROOFS_PER_COMMITMENT {
        assert_eq!(ProofPermit::after(made).unwrap().number(), made + 1);
    }
    assert!(ProofPermit::after(PROOFS_PER_COMMITMENT).is_err());
    assert!(ProofPermit::after(u32::MAX).is_err());
}
