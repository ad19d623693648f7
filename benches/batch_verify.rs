//! Verification of ballots: one by one, in batches with point checks, and
//! batches with bad proofs in them. The proofs have a ballot's nine public
//! inputs; nothing else of the circuit matters to the verifier.

use ark_ff::UniformRand;
use benches::{NineInputs, report, wall_and_cpu};
use circuits::{
    curve::Fr,
    r1cs::{Circuit, Cs},
};
use prover::{development_key, prove};
use rand_core::OsRng;
use verifier::{Claim, Proof, verify, verify_batch};

/// Distinct proofs; batches repeat them, which helps no one: coefficients
/// are drawn per claim.
const DISTINCT: u64 = 64;
const RUNS: u32 = 5;

fn main() {
    let circuit = || NineInputs(Fr::rand(&mut OsRng));
    let key = development_key(&Cs::shape(&circuit())).expect("a sound circuit");
    let claim = |c: NineInputs| Claim {
        inputs: c.public_inputs(),
        proof: prove(&key, &c, &mut OsRng).expect("satisfied"),
    };
    let claims: Vec<Claim> = (0..DISTINCT).map(|_| claim(circuit())).collect();
    let prepared = key.verifying_key().prepare();

    let (single, _) = wall_and_cpu(RUNS, || {
        for claim in &claims {
            let proof = Proof::from_bytes(&claim.proof).expect("a proof");
            verify(&prepared, &claim.inputs, &proof).expect("valid");
        }
    });
    report("verify::single", single / DISTINCT as f64 * 1e3, "ms");

    for n in [128usize, 1024, 4096] {
        let batch: Vec<Claim> = claims.iter().cycle().take(n).cloned().collect();
        let (good, cpu) = wall_and_cpu(RUNS, || verify_batch(&prepared, &batch).expect("valid"));
        report(&format!("verify::batch/n={n}"), n as f64 / good, "ballots/s");
        report(&format!("verify::batch/n={n} cpu"), cpu / n as f64 * 1e3, "ms/ballot");

        for bad in [1, n / 2] {
            let mut spoiled = batch.clone();
            for claim in spoiled.iter_mut().step_by(n / bad) {
                claim.inputs[0] += Fr::from(1u64);
            }
            let (time, _) = wall_and_cpu(1, || {
                let refused = verify_batch(&prepared, &spoiled).expect_err("spoiled");
                assert_eq!(refused.0.len(), bad);
            });
            report(&format!("verify::batch/n={n} bad={bad}"), n as f64 / time, "ballots/s");
        }
    }
}
