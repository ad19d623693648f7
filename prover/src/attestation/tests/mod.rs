//! Real proofs, commitments, receipts and parameters of small audits.
#![allow(clippy::unwrap_used)]

mod parameters;
mod proofs;
mod ptau;
mod receipts;

use super::*;
use circuits::attestation::{Packing, Policy, Shape, Statement, testing};
use rand_core::OsRng;
use std::sync::OnceLock;
use verifier::attestation::DataCommitment;

/// Rows of the small circuits.
const K: u32 = 12;
const COLUMNS: usize = 2;

fn srs() -> &'static Srs {
    static SRS: OnceLock<Srs> = OnceLock::new();
    SRS.get_or_init(|| Srs::development(K).unwrap())
}

fn shape(packing: Packing) -> Shape {
    testing::shape(K, COLUMNS, packing, testing::layout(true, 1))
}

/// An audit that is ready to be proven.
struct Audit {
    statement: Statement,
    data: Dataset,
    commitment: DataCommitment,
    key: ProvingKey,
}

impl Audit {
    fn new(packing: Packing) -> Self {
        let shape = shape(packing);
        let policy: Policy = testing::policy(shape.layout());
        let codes = testing::codes(shape.layout(), 700);
        let statement = testing::statement(&shape, &policy, &codes);
        let data = Dataset::new(&shape, codes, &CommitmentSeed::random(&mut OsRng)).unwrap();
        let commitment = data.commit(srs()).unwrap();
        let key = ProvingKey::make(srs(), &shape).unwrap();
        Self { statement, data, commitment, key }
    }

    fn prove(&self) -> Vec<u8> {
        let permit = ProofPermit::after(0).unwrap();
        prove(srs(), &self.key, &self.statement, &self.data, &self.commitment, permit).unwrap()
    }

    fn verify(&self, proof: &[u8]) -> Result<(), verifier::attestation::VerifyError> {
        verifier::attestation::verify(self.key.verifying(), &self.statement, &self.commitment, proof)
    }
}

/// One audit with its proof, for all tests.
fn audit() -> &'static (Audit, Vec<u8>) {
    static AUDIT: OnceLock<(Audit, Vec<u8>)> = OnceLock::new();
    AUDIT.get_or_init(|| {
        let audit = Audit::new(Packing::One);
        let proof = audit.prove();
        (audit, proof)
    })
}
