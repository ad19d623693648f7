//! Policy, mapping and records, with all their errors.

use anyhow::{Context, Result};
use audit::{
    data::{Dataset, InvalidData, RowErrors},
    mapping::Mapping,
    policy::Policy,
};
use clap::Args;
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

/// What is audited, against what.
#[derive(Clone, Debug, Args)]
pub struct InputOptions {
    /// Records: CSV, plain or gzipped.
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Policy (TOML): attributes, groups, views, checks, thresholds.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Mapping (TOML): which column is what.
    #[arg(long, value_name = "FILE")]
    pub mapping: PathBuf,
    /// How many errors of rows are printed; all are counted.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub errors: usize,
}

/// All inputs, without errors.
#[derive(Debug)]
pub struct Inputs {
    /// The policy.
    pub policy: Policy,
    /// The mapping.
    pub mapping: Mapping,
    /// The records.
    pub dataset: Dataset,
}

/// Inputs, or the errors of the rows, which are a result of their own.
pub enum Loaded {
    /// Everything can be read.
    Good(Box<Inputs>),
    /// Some rows cannot.
    Bad(RowErrors),
}

impl InputOptions {
    /// Policy and mapping.
    ///
    /// # Errors
    /// If one has faults.
    pub fn texts(&self) -> Result<(Policy, Mapping)> {
        let policy = Policy::open(&self.policy).context("the policy has faults")?;
        let mapping = Mapping::open(&self.mapping, &policy).context("the mapping has faults")?;
        Ok((policy, mapping))
    }

    /// Reads everything.
    ///
    /// # Errors
    /// If a file cannot be read, or policy or mapping have faults.
    pub fn load(&self) -> Result<Loaded> {
        let (policy, mapping) = self.texts()?;
        match Dataset::open(&self.data, &policy, &mapping) {
            Ok(dataset) => Ok(Loaded::Good(Box::new(Inputs { policy, mapping, dataset }))),
            Err(InvalidData::Rows { errors, .. }) => Ok(Loaded::Bad(errors)),
            Err(e) => Err(e.into()),
        }
    }

    /// Prints the errors of rows; exit code 1.
    pub fn refuse(&self, mut errors: RowErrors, json: bool) -> ExitCode {
        errors.listed.truncate(self.errors);
        if json {
            println!("{}", json!({ "ok": false, "errors": rows(&errors), "total_errors": errors.total }));
        } else {
            println!("{}: {errors}", self.data.display());
        }
        ExitCode::FAILURE
    }
}

fn rows(errors: &RowErrors) -> Vec<Value> {
    let row = |e: &audit::data::RowError| json!({ "row": e.row, "column": e.column, "problem": e.problem.to_string() });
    errors.listed.iter().map(row).collect()
}
