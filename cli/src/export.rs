//! `tabella export snarkjs`: every proof in the forms that
//! `snarkjs groth16 verify` reads. spec: `record.snarkjs`.

use crate::record;
use anyhow::{Context, Result};
use circuits::{curve::Fr, types::ProofBytes};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};
use verifier::{
    CircuitId, Proof, VerifyingKey,
    board::{ballot_context, claim},
    record::Record,
    snarkjs as forms,
};

/// `tabella export ..`
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write every proof of a record in snarkjs's JSON.
    Snarkjs(SnarkjsOptions),
}

/// `tabella export snarkjs`
#[derive(Clone, Debug, Args)]
pub struct SnarkjsOptions {
    /// Directory of the record.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// Directory to write; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: ExportCommand) -> Result<()> {
    match command {
        ExportCommand::Snarkjs(options) => snarkjs(&options),
    }
}

#[derive(Serialize)]
struct Item {
    name: String,
    vkey: String,
    proof: String,
    public: String,
}

/// Writes `index.json` and the files that it lists.
///
/// # Errors
/// If the record cannot be decoded, or a file cannot be written.
pub fn snarkjs(options: &SnarkjsOptions) -> Result<()> {
    let record = record::load(&options.record)?;
    let mut export = Export { record: &record, files: BTreeMap::new(), index: Vec::new() };
    export.tally()?;
    export.ballots()?;
    let count = export.index.len();
    let index = serde_json::to_vec_pretty(&export.index)?;
    export.files.insert("index.json".into(), index);
    record::write(&options.out, &export.files)?;
    eprintln!("{count} proofs written to {}", options.out.display());
    Ok(())
}

struct Export<'r> {
    record: &'r Record,
    files: BTreeMap<String, Vec<u8>>,
    index: Vec<Item>,
}

impl Export<'_> {
    fn tally(&mut self) -> Result<()> {
        for (i, proof) in self.record.tally.proofs.iter().enumerate() {
            let circuit = proof.circuit.parse().with_context(|| format!("tally.json, proof {i}"))?;
            self.add(format!("tally-{i}"), circuit, &proof.inputs, &proof.proof)?;
        }
        Ok(())
    }

    fn ballots(&mut self) -> Result<()> {
        let election = &self.record.election;
        let draft = &election.draft.draft;
        let context = ballot_context(draft, &election.key.key);
        let circuit = CircuitId::Ballot(draft.rule.shape());
        for (seq, entry) in self.record.entries.iter().enumerate() {
            self.add(format!("ballot-{seq}"), circuit, &claim(&context, entry).inputs, &entry.proof)?;
        }
        Ok(())
    }

    fn add(&mut self, name: String, circuit: CircuitId, inputs: &[Fr], proof: &ProofBytes) -> Result<()> {
        let key = self.record.keys.iter().find(|k| k.id() == circuit);
        let key = key.with_context(|| format!("{name}: the record has no key for {circuit}"))?;
        let vkey = self.key(key)?;
        let decoded = Proof::from_bytes(proof).with_context(|| name.clone())?;
        let (proof, public) = (format!("proofs/{name}.json"), format!("public/{name}.json"));
        self.files.insert(proof.clone(), serde_json::to_vec_pretty(&forms::proof(&decoded))?);
        self.files.insert(public.clone(), serde_json::to_vec_pretty(&forms::public_inputs(inputs))?);
        self.index.push(Item { name, vkey, proof, public });
        Ok(())
    }

    fn key(&mut self, key: &VerifyingKey) -> Result<String> {
        let path = format!("vkeys/{}.json", hex::encode(key.hash().0));
        if !self.files.contains_key(&path) {
            self.files.insert(path.clone(), serde_json::to_vec_pretty(&forms::verifying_key(key))?);
        }
        Ok(path)
    }
}
