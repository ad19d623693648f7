//! Forged witnesses in real proofs: what the mock prover refuses, the proof
//! system refuses too. It never looks at a witness; copies, ends of sums and
//! inputs are arguments of their own, which the mock prover checks otherwise.

use super::{
    forgery::{padding_outside_of_the_table, stray_records},
    *,
};
use crate::curve::plonk::{Bn256, G1Affine};
use halo2_proofs::{
    plonk::{ProvingKey, create_proof, keygen_pk2, verify_proof},
    poly::{
        commitment::ParamsProver,
        kzg::{
            commitment::{KZGCommitmentScheme, ParamsKZG},
            multiopen::{ProverSHPLONK, VerifierSHPLONK},
            strategy::SingleStrategy,
        },
    },
    transcript::{Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer},
};
use rand_core::OsRng;
use std::sync::OnceLock;

fn parameters() -> &'static ParamsKZG<Bn256> {
    static PARAMETERS: OnceLock<ParamsKZG<Bn256>> = OnceLock::new();
    PARAMETERS.get_or_init(|| ParamsKZG::setup(K, OsRng))
}

fn key(shape: &Shape) -> ProvingKey<G1Affine> {
    keygen_pk2(parameters(), &AttestationCircuit::blank(shape).unwrap(), false).unwrap()
}

/// Proves whatever the witness says, and verifies that.
fn is_accepted(key: &ProvingKey<G1Affine>, circuit: &AttestationCircuit, public: &[Fr]) -> bool {
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<Bn256>, _, _, _, _>(
        parameters(),
        key,
        std::slice::from_ref(circuit),
        &[&[public]],
        OsRng,
        &mut transcript,
    )
    .unwrap();
    let proof = transcript.finalize();
    let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof.as_slice());
    verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<Bn256>, _, _, _>(
        parameters().verifier_params(),
        key.get_vk(),
        SingleStrategy::new(parameters()),
        &[&[public]],
        &mut transcript,
    )
    .is_ok()
}

/// Both refuse, and the mock prover for these reasons alone.
fn assert_refused(
    key: &ProvingKey<G1Affine>,
    name: &str,
    circuit: &AttestationCircuit,
    public: &[Fr],
    reasons: &[&str],
) {
    let failed = failing_gates(&failures(circuit, public.to_vec()));
    let known = |gate: &String| reasons.iter().any(|reason| gate.contains(reason));
    assert!(failed.len() == reasons.len() && failed.iter().all(known), "{name}: {failed:?}");
    assert!(!is_accepted(key, circuit, public), "{name}");
}

/// The first range of a value other than zero becomes that of zero.
fn another_range(circuit: &mut AttestationCircuit) {
    let cells = &mut circuit.lanes[0].cells;
    let start = (0..cells.len())
        .find(|row| cells[*row].0 != Fr::ZERO && (*row == 0 || !cells[row - 1].1))
        .expect("some value is not zero");
    cells[start..].iter_mut().take_while(|(_, active)| *active).for_each(|(z, _)| *z = Fr::ZERO);
}

/// The cell's record becomes a number that no code is.
fn no_code(circuit: &mut AttestationCircuit) {
    circuit.data.0[0][0] = 1 << 30;
}

#[test]
fn a60_real_proofs_of_forged_witnesses_are_refused() {
    for shape in shapes().into_iter().take(2) {
        let key = key(&shape);
        let (statement, witness) = example(&shape);
        let honest = public(&statement);
        assert!(is_accepted(&key, &circuit_of(&statement, &witness), &honest));
        let forged = |change: fn(&mut AttestationCircuit)| {
            let mut circuit = circuit_of(&statement, &witness);
            change(&mut circuit);
            circuit
        };
        assert_refused(&key, "copy", &forged(another_range), &honest, &["copy"]);
        assert_refused(&key, "cell", &forged(no_code), &honest, &["ends: phi"]);
        for index in [RECORDS, honest.len() - 3, honest.len() - 1] {
            let mut other = honest.clone();
            other[index] += Fr::ONE;
            assert_refused(&key, "input", &circuit_of(&statement, &witness), &other, &["copy"]);
        }
        let (statement, witness) = stray_records(&shape);
        let circuit = circuit_of(&statement, &witness);
        assert_refused(&key, "stray records", &circuit, &public(&statement), &["copy"]);
    }
}

#[test]
fn a56_a_real_proof_with_padding_outside_of_the_table_is_refused() {
    let (circuit, statement) = padding_outside_of_the_table();
    let reasons = ["no counts outside the table"];
    assert_refused(&key(&statement.shape), "padding", &circuit, &public(&statement), &reasons);
}
