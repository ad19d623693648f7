//! Public inputs, and the only order in which they are written.
//! spec: `attestation.public_inputs`.

use super::{
    Counts, Disclosure, InvalidPolicy, MAX_RECORDS, Misfit, Policy, Shape, Table, ViewOutcome,
    encoding::{self, Word},
    relation::{self, EmptySample},
};
use crate::curve::Fr;
use ark_ff::PrimeField;
use sha3::{Digest, Keccak256};

/// keccak256 of the data columns' commitments: what names the data.
/// spec: `attestation.commitment`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataDigest(pub [u8; 32]);

/// The commitment to the audited model. The proof carries it and is bound to
/// it; it proves **nothing** about the model. spec: `attestation.subject`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject(pub [u8; 32]);

/// The counts that the policy makes public. spec: `attestation.disclosure`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosed {
    /// The highest score bin that is not above the sample's median.
    pub edge: usize,
    /// For every cell of the shape's layout.
    pub counts: Vec<Counts>,
}

/// Why there is no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStatement {
    /// The policy breaks its own rules.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    /// The policy does not fit the shape.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The table was made with another layout than the shape's.
    #[error(
        "the table has another layout than the circuit's shape; code the records with the shape's layout"
    )]
    Layout,
    /// More records than the shape holds.
    #[error("{records} records, and the circuit's shape holds {capacity}; choose a larger shape")]
    Capacity {
        /// Given.
        records: u64,
        /// Of the shape.
        capacity: u64,
    },
    /// Records that the policy has no cell for.
    #[error(
        "{found} records are in group cell {cell} (from 0), and the policy has {cells} cells; code the records \
         with the policy's cells"
    )]
    Cell {
        /// The cell.
        cell: usize,
        /// Its records.
        found: u64,
        /// Of the policy.
        cells: usize,
    },
    /// Nothing to measure.
    #[error(transparent)]
    Sample(#[from] EmptySample),
    /// A cell of the table is too small to be published.
    #[error(
        "cell {cell} (from 0) has {found} records, and the policy discloses cells of {minimum} or more; \
         merge cells, or disclose verdicts only"
    )]
    TooSmall {
        /// The cell.
        cell: usize,
        /// Its records.
        found: u64,
        /// Of the policy.
        minimum: u32,
    },
}

/// What is proven. spec: `attestation.statement`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The circuit.
    pub shape: Shape,
    /// What was checked.
    pub policy: Policy,
    /// The audited model.
    pub subject: Subject,
    /// The period of the audit, or any number that keeps a proof from
    /// serving twice; bound, and given no meaning here.
    pub epoch: u64,
    /// n: records behind the commitment.
    pub records: u64,
    /// For each view of the policy.
    pub outcome: Vec<ViewOutcome>,
    /// The counts, if the policy discloses them.
    pub disclosed: Option<Disclosed>,
}

impl Disclosed {
    /// The counts that `policy` makes public, whatever their size.
    pub fn of(policy: &Policy, table: &Table, edge: usize) -> Option<Self> {
        let counts = || (0..table.layout().cells()).map(|cell| table.counts(cell, edge)).collect();
        match policy.disclosure {
            Disclosure::Table { .. } => Some(Self { edge, counts: counts() }),
            Disclosure::VerdictsOnly => None,
        }
    }

    /// Edge and counts as numbers.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        let edge = u64::try_from(self.edge).unwrap_or(u64::MAX);
        std::iter::once(edge).chain(self.counts.iter().flat_map(|counts| counts.to_array()))
    }

    /// Cells of 1 to `minimum - 1` records.
    pub fn too_small(&self, minimum: u32) -> Option<(usize, u64)> {
        let sizes = self.counts.iter().map(Counts::records).enumerate();
        sizes.into_iter().find(|(_, n)| (1..u64::from(minimum)).contains(n))
    }

    /// The point at which the circuit evaluates the polynomial of the
    /// counts: keccak256 of data and counts, so that neither can be chosen
    /// after it. 248 bits. spec: `attestation.disclosure`
    fn point(&self, data: &DataDigest) -> Fr {
        let mut hash = Keccak256::new();
        hash.update(TABLE_TAG);
        hash.update(data.0);
        self.values().for_each(|value| hash.update(value.to_be_bytes()));
        Fr::from_be_bytes_mod_order(&hash.finalize()[1..])
    }
}

/// Prefix of the hash that gives the evaluation point of a disclosed table.
pub const TABLE_TAG: &[u8] = b"tabella.v1.attestation-table";

/// `(..(v_0 x + v_1) x + ..) x + v_last`
fn horner(values: impl Iterator<Item = u64>, x: Fr) -> Fr {
    values.fold(Fr::from(0u64), |sum, value| sum * x + Fr::from(value))
}

impl Statement {
    /// What can be proven of a table.
    ///
    /// # Errors
    /// Why nothing can.
    pub fn of(
        shape: &Shape,
        policy: &Policy,
        subject: Subject,
        epoch: u64,
        table: &Table,
    ) -> Result<Self, InvalidStatement> {
        policy.validate()?;
        shape.fits(policy)?;
        if table.layout() != shape.layout() {
            return Err(InvalidStatement::Layout);
        }
        let (records, capacity) = (table.records(), shape.capacity());
        if records > capacity {
            return Err(InvalidStatement::Capacity { records, capacity });
        }
        if let Some((cell, found)) = relation::stray(policy, table) {
            return Err(InvalidStatement::Cell { cell, found, cells: policy.cells });
        }
        let outcome = relation::verdicts(policy, table)?;
        let edge = relation::edge(policy, table).ok_or(EmptySample)?;
        let disclosed = Disclosed::of(policy, table, edge);
        let statement = Self {
            shape: shape.clone(),
            policy: policy.clone(),
            subject,
            epoch,
            records,
            outcome,
            disclosed,
        };
        statement.minimum_is_kept().map(|()| statement)
    }

    /// The public inputs, for the data that the proof begins with.
    pub fn encode(&self, data: &DataDigest) -> Vec<Fr> {
        let (high, low) = self.subject.0.split_at(16);
        let mut out = vec![Fr::from_be_bytes_mod_order(high), Fr::from_be_bytes_mod_order(low)];
        out.extend([Fr::from(self.epoch), Fr::from(self.records)]);
        let words = encoding::policy_words(&self.shape, &self.policy)
            .into_iter()
            .chain(encoding::outcome_words(&self.shape, &self.outcome));
        out.extend(words.map(Word::field));
        let point = self.point(data);
        let value = self.disclosed.as_ref().map_or(Fr::from(0u64), |it| horner(it.values(), point));
        out.extend([point, value]);
        out
    }

    /// Where the disclosed counts are evaluated; 0 if none are disclosed.
    pub fn point(&self, data: &DataDigest) -> Fr {
        self.disclosed.as_ref().map_or(Fr::from(0u64), |disclosed| disclosed.point(data))
    }

    /// Whether policy, outcome and disclosed table have the form that the
    /// shape asks for, and the policy keeps its rules. A verifier must ask
    /// this before it looks at a proof. spec: `attestation.outside`
    pub fn has_form(&self) -> bool {
        let layout = self.shape.layout();
        let outcome_fits = |(outcome, capacity): (&ViewOutcome, &usize)| {
            outcome.unknown <= MAX_RECORDS
                && outcome
                    .compared
                    .iter()
                    .chain(&outcome.failing)
                    .chain([&outcome.unassessed])
                    .all(|set| set.is_below(*capacity))
        };
        let disclosed_fits = |disclosed: &Disclosed| {
            disclosed.edge < layout.bins()
                && disclosed.counts.len() == layout.cells()
                && disclosed.values().all(|value| value <= MAX_RECORDS)
        };
        self.policy.validate().is_ok()
            && self.shape.fits(&self.policy).is_ok()
            && self.records <= self.shape.capacity()
            && self.outcome.len() == self.shape.views().len()
            && self.outcome.iter().zip(self.shape.views()).all(outcome_fits)
            && self.outcome.iter().all(ViewOutcome::names_groups_in_order)
            && self.disclosed.is_some() == matches!(self.policy.disclosure, Disclosure::Table { .. })
            && self.disclosed.as_ref().is_none_or(disclosed_fits)
            && self.minimum_is_kept().is_ok()
    }

    fn minimum_is_kept(&self) -> Result<(), InvalidStatement> {
        let Disclosure::Table { minimum } = self.policy.disclosure else { return Ok(()) };
        match self.disclosed.as_ref().and_then(|disclosed| disclosed.too_small(minimum)) {
            Some((cell, found)) => Err(InvalidStatement::TooSmall { cell, found, minimum }),
            None => Ok(()),
        }
    }
}
