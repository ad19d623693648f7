//! Data sets and their commitments. spec: `attestation.commitment`.

use super::{srs::Srs, tape::Tape};
use circuits::{
    attestation::{
        Code, InvalidTable, PROOFS_PER_COMMITMENT, SALT_ROWS, Shape, Table, Unsatisfied, Witness,
        circuit::{AttestationCircuit, DataColumns, NoCircuit, Salt, column_values},
    },
    curve::plonk::{Fr, G1Affine, ff::Field, group::Curve},
};
use halo2_proofs::poly::{
    EvaluationDomain, LagrangeCoeff, Polynomial,
    commitment::{Blind, Params},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};
use std::fmt;
use verifier::attestation::{DataCommitment, InvalidCommitment};
use zeroize::{Zeroize, Zeroizing};

/// Prefix of the hash that makes the tape of seed and data.
const TAPE_TAG: &[u8] = b"tabella.v1.attestation-tape";

/// The secret of a commitment: without it no further proof and no receipt
/// can be made. `Debug` is redacted, memory is cleared on drop.
#[derive(Clone)]
pub struct CommitmentSeed([u8; 32]);

/// Not 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a commitment's seed has 32 bytes, not {0}")]
pub struct InvalidSeed(pub usize);

impl CommitmentSeed {
    /// A new seed.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self(seed)
    }

    /// From 32 bytes.
    ///
    /// # Errors
    /// If there are more or fewer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSeed> {
        bytes.try_into().map(Self).map_err(|_| InvalidSeed(bytes.len()))
    }

    /// The 32 bytes: keep them encrypted, and a copy of them.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }
}

impl fmt::Debug for CommitmentSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitmentSeed(..)")
    }
}

impl Drop for CommitmentSeed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Records with the secrets of their commitment.
#[derive(Debug)]
pub struct Dataset {
    shape: Shape,
    witness: Witness,
    columns: DataColumns,
    salt: Salt,
    /// What follows the salt on the tape.
    blinding: ChaCha20Rng,
    /// Scalars that the proof system blinds each column with.
    blinding_rows: usize,
}

/// Why there is no commitment.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A record has no code, or there are too many.
    #[error(transparent)]
    Records(#[from] InvalidTable),
    /// The records do not fit the shape.
    #[error("{records} records, and the circuit's shape holds {capacity}; choose a larger shape")]
    Capacity {
        /// Given.
        records: usize,
        /// Of the shape.
        capacity: u64,
    },
    /// The shape has no circuit.
    #[error(transparent)]
    Shape(#[from] NoCircuit),
    /// Parameters for other rows.
    #[error("the parameters are for 2^{srs} rows, the circuit's shape has 2^{shape}")]
    Rows {
        /// Of the parameters.
        srs: u32,
        /// Of the shape.
        shape: u32,
    },
    /// A commitment is infinity: with random salt this does not happen.
    #[error(transparent)]
    Commitment(#[from] InvalidCommitment),
}

impl Dataset {
    /// The records `codes`, in the order of their rows, for a shape. Salt and
    /// blinding follow from seed **and** data, so that one seed under two
    /// data sets gives unrelated commitments: the difference of two would
    /// be unblinded otherwise. spec: `attestation.blinding`
    ///
    /// # Errors
    /// If the records do not fit.
    pub fn new(shape: &Shape, codes: Vec<Code>, seed: &CommitmentSeed) -> Result<Self, CommitError> {
        Table::new(shape.layout(), &codes)?;
        let (records, capacity) = (codes.len(), shape.capacity());
        let columns = DataColumns::new(shape, &codes)
            .map_err(|_: Unsatisfied| CommitError::Capacity { records, capacity })?;
        let blinding_rows = AttestationCircuit::blank(shape)?.blinding_rows();
        let mut blinding = tape(seed, shape, &codes);
        let mut salt = Salt(vec![[Fr::ZERO; SALT_ROWS]; shape.columns()]);
        salt.0.iter_mut().flatten().for_each(|value| *value = Fr::random(&mut blinding));
        let witness = Witness { codes };
        Ok(Self { shape: shape.clone(), witness, columns, salt, blinding, blinding_rows })
    }

    /// The commitment.
    ///
    /// # Errors
    /// If the parameters are of another size.
    pub fn commit(&self, srs: &Srs) -> Result<DataCommitment, CommitError> {
        if srs.k() != self.shape.k() {
            return Err(CommitError::Rows { srs: srs.k(), shape: self.shape.k() });
        }
        let domain = EvaluationDomain::new(1, self.shape.k());
        let mut blinding = self.blinding.clone();
        let points: Vec<G1Affine> = (0..self.shape.columns())
            .map(|column| {
                let values = self.values(&domain, column, &mut blinding);
                srs.inner().commit_lagrange(&values, Blind::default()).to_affine()
            })
            .collect();
        Ok(DataCommitment::new(&points)?)
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The records.
    pub fn codes(&self) -> &[Code] {
        &self.witness.codes
    }

    pub(super) fn witness(&self) -> &Witness {
        &self.witness
    }

    pub(super) fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Randomness for a proof: exactly the data columns' blinding repeats.
    pub(super) fn tape(&self) -> Tape {
        Tape::new(self.blinding.clone(), self.shape.columns() * self.blinding_rows)
    }

    /// All values of a column as the proof system commits to them.
    pub(super) fn column(
        &self,
        domain: &EvaluationDomain<Fr>,
        column: usize,
    ) -> Polynomial<Fr, LagrangeCoeff> {
        let mut blinding = self.blinding.clone();
        for _ in 0..column * self.blinding_rows {
            Fr::random(&mut blinding);
        }
        self.values(domain, column, &mut blinding)
    }

    fn values(
        &self,
        domain: &EvaluationDomain<Fr>,
        column: usize,
        blinding: &mut ChaCha20Rng,
    ) -> Polynomial<Fr, LagrangeCoeff> {
        let usable = (1 << self.shape.k()) - self.blinding_rows;
        let mut values = column_values(&self.columns.columns()[column], &self.salt.0[column], usable);
        values.extend((0..self.blinding_rows).map(|_| Fr::random(&mut *blinding)));
        domain.lagrange_from_vec(values)
    }
}

/// The secret tape of seed and data.
fn tape(seed: &CommitmentSeed, shape: &Shape, codes: &[Code]) -> ChaCha20Rng {
    let mut hash = Sha256::new().chain_update(TAPE_TAG).chain_update(seed.0);
    let layout = shape.layout();
    let numbers = [
        shape.k() as usize,
        shape.columns(),
        shape.packing().records(),
        layout.cells(),
        layout.classes(),
        layout.bins(),
        codes.len(),
    ];
    numbers.into_iter().for_each(|number| hash.update((number as u64).to_be_bytes()));
    codes.iter().for_each(|code| hash.update(code.0.to_be_bytes()));
    ChaCha20Rng::from_seed(hash.finalize().into())
}

/// The right to make one more proof over a commitment. Whoever keeps the
/// seed stores the number of proofs made, and stores it **before** a proof
/// leaves. spec: `attestation.proof_limit`
#[derive(Debug)]
pub struct ProofPermit(u32);

/// Sixteen proofs have been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{PROOFS_PER_COMMITMENT} proofs have been made over this commitment, and more would weaken its \
     secrecy; commit to the records again, with a new seed"
)]
pub struct SpentCommitment;

impl ProofPermit {
    /// The permit for the next proof, if `made` proofs have been made.
    ///
    /// # Errors
    /// [`SpentCommitment`].
    pub fn after(made: u32) -> Result<Self, SpentCommitment> {
        if made < PROOFS_PER_COMMITMENT { Ok(Self(made + 1)) } else { Err(SpentCommitment) }
    }

    /// The number of proofs to store before this one leaves.
    pub fn number(&self) -> u32 {
        self.0
    }
}
