//! The steps of an audit, as the commands and the demo make them.

use super::{inputs::Inputs, parameters::ParameterOptions};
use anyhow::{Context, Result, ensure};
use audit::{
    attestation::{Attestation, Proven, Terms},
    commitment::{Commitment, Secrets, Vault, reading_digest},
    receipt::log_root,
};
use circuits::{
    attestation::{DataDescription, Packing, Shape, Statement, Subject, circuit::AttestationCircuit},
    types::AccountKey,
};
use prover::attestation::{CommitmentSeed, Dataset, ProofPermit, ProvingKey, prove as make_proof};
use std::time::Instant;
use verifier::attestation::SrsOrigin;

/// Which circuit takes the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The one that proves them at the least cost.
    Smallest(Packing),
    /// The one whose verifier is a contract. spec: `attestation.evm`
    OnChain,
}

/// Commits to records.
///
/// # Errors
/// If no circuit takes them, or parameters are missing.
pub fn commit(
    inputs: &Inputs,
    secrets: &Secrets,
    form: Form,
    parameters: &ParameterOptions,
) -> Result<Commitment> {
    let records = inputs.dataset.codes.len() as u64;
    let (layout, views) = (inputs.dataset.layout, capacities(inputs));
    let shape = match form {
        Form::Smallest(packing) => {
            AttestationCircuit::smallest_shape(layout, &views, packing, records).with_context(|| {
                format!(
                    "no circuit takes {records} records with {} codes; use fewer groups or score bins, one record \
                     per cell, or split the records",
                    layout.codes()
                )
            })?
        }
        Form::OnChain => on_chain(inputs)?,
    };
    let srs = parameters.srs(shape.k())?;
    let columns = committed(inputs, &shape, secrets)?.commit(&srs)?;
    let mapping = inputs.mapping.digest();
    let data = DataDescription {
        shape,
        mapping: reading_digest(&inputs.policy.attributes, mapping),
        srs: srs.verifier().id(),
        records,
        data: columns.digest(),
        file: inputs.dataset.file_hash(secrets.salt()),
        receipts: log_root(&inputs.dataset.nonces),
    };
    Ok(Commitment { data, mapping, origin: srs.verifier().origin, columns })
}

/// The records with the secrets of their commitment.
///
/// # Errors
/// If they do not fit the shape.
pub fn committed(inputs: &Inputs, shape: &Shape, secrets: &Secrets) -> Result<Dataset> {
    let seed = CommitmentSeed::from_bytes(secrets.seed())?;
    Ok(Dataset::new(shape, inputs.dataset.codes.clone(), &seed)?)
}

/// Whether inputs and vault are those of a commitment.
///
/// # Errors
/// What differs.
pub fn check_inputs(inputs: &Inputs, commitment: &Commitment, vault: &Vault) -> Result<()> {
    ensure!(vault.root() == commitment.data.root(), "the sealed secrets are those of another commitment");
    ensure!(
        inputs.mapping.digest() == commitment.mapping,
        "the mapping is not the one that the records were committed with"
    );
    ensure!(
        reading_digest(&inputs.policy.attributes, commitment.mapping) == commitment.data.mapping,
        "the policy's attributes or groups are not those that the records were committed with"
    );
    ensure!(
        inputs.dataset.file_hash(vault.secrets().salt()) == commitment.data.file,
        "the records are not those of the commitment: a row was edited, dropped, added or moved"
    );
    ensure!(
        log_root(&inputs.dataset.nonces) == commitment.data.receipts,
        "the nonces are not those of the commitment"
    );
    Ok(())
}

/// An attestation and how long its parts took, in milliseconds.
#[derive(Debug)]
pub struct Made {
    /// What was made.
    pub attestation: Attestation,
    /// Making of the proving key.
    pub key_ms: u64,
    /// Making of the proof.
    pub prove_ms: u64,
}

/// Proves and signs.
///
/// # Errors
/// Which condition fails, before a proof is counted; or why the proof cannot
/// be made.
pub fn prove(
    inputs: Inputs,
    commitment: &Commitment,
    vault: &mut Vault,
    subject: Subject,
    terms: &Terms,
    auditor: &AccountKey,
    parameters: &ParameterOptions,
) -> Result<Made> {
    terms.check()?;
    check_inputs(&inputs, commitment, vault)?;
    let shape = shape_for(&inputs, &commitment.data.shape)?;
    let table = inputs.dataset.table()?;
    let statement = Statement::of(&shape, &inputs.policy.numbers, subject, terms.epoch(), &table)
        .context("nothing can be proven")?;
    let srs = parameters.srs(shape.k())?;
    ensure!(srs.verifier().id() == commitment.data.srs, "the commitment was made with other parameters");
    let dataset = committed(&inputs, &shape, vault.secrets())?;
    ensure!(dataset.commit(&srs)? == commitment.columns, "records and secrets give another commitment");
    let start = Instant::now();
    let key = ProvingKey::make(&srs, &shape)?;
    let key_ms = milliseconds(start);
    let permit = ProofPermit::after(vault.proofs())?;
    // On disk before the proof is made, so that no proof is ever uncounted.
    ensure!(vault.begin_proof()? == permit.number(), "the count of proofs is not the vault's");
    let start = Instant::now();
    let proof = make_proof(&srs, &key, &statement, &dataset, &commitment.columns, permit)?;
    let prove_ms = milliseconds(start);
    let proven = Proven {
        policy: inputs.policy,
        mapping: commitment.mapping,
        data: DataDescription { shape, ..commitment.data.clone() },
        statement,
        key_hash: key.verifying().hash().0,
        insecure: srs.verifier().origin == SrsOrigin::Development,
        proof,
    };
    let attestation = Attestation::sign(terms, proven, auditor)?;
    Ok(Made { attestation, key_ms, prove_ms })
}

/// The committed columns, with room for the views of this policy: views are
/// no part of the data root.
fn shape_for(inputs: &Inputs, committed: &Shape) -> Result<Shape> {
    if *committed == Shape::on_chain() {
        return on_chain(inputs);
    }
    let (views, layout) = (capacities(inputs), committed.layout());
    ensure!(
        layout == inputs.dataset.layout,
        "the records have other labels or score bins than the commitment"
    );
    Ok(Shape::new(committed.k(), committed.columns(), committed.packing(), layout, views)?)
}

/// The shape of the contract, if records and policy fit it.
fn on_chain(inputs: &Inputs) -> Result<Shape> {
    let shape = Shape::on_chain();
    let (layout, groups) = (inputs.dataset.layout, capacities(inputs));
    let fits = layout == shape.layout()
        && groups.len() == shape.views().len()
        && groups.iter().zip(shape.views()).all(|(groups, room)| groups <= room);
    ensure!(
        fits,
        "the contract's circuit takes labelled records without scores, attributes of 24 combinations, and views of \
         up to {:?} groups in this order; the policy has views of {groups:?}",
        shape.views()
    );
    ensure!(
        inputs.dataset.nonces.is_empty(),
        "the contract's circuit has no receipts, and the mapping has nonces"
    );
    Ok(shape)
}

fn capacities(inputs: &Inputs) -> Vec<usize> {
    inputs.policy.numbers.views.iter().map(|view| view.groups).collect()
}

/// Milliseconds since `start`.
pub fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
