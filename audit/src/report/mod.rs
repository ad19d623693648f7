//! Reports: what an auditor publishes. Rendered from an attestation and its
//! checklist, nothing else. spec: `audit.report`.

mod charts;
mod checks;
mod csv;
mod html;
mod numbers;
mod page;
mod tables;
mod text;

pub use csv::{groups_csv, verdicts_csv};
pub use page::html;

use crate::attestation::{Attestation, Checklist};

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What it reports.
    pub attestation: &'a Attestation,
    /// Its checks.
    pub checklist: &'a Checklist,
}

#[cfg(test)]
mod tests;
