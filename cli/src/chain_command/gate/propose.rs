//! `tabella chain gate approve | sanction`: calls for an election file.

use crate::audit::{self as files, bytes32};
use anyhow::{Context, Result};
use audit::attestation::Attestation;
use chain::gate::{Demand, Proposal};
use circuits::types::{Address, Call};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;

/// Where the call goes, and how it is printed.
#[derive(Clone, Debug, Args)]
struct CallOptions {
    /// The gate.
    #[arg(long, env = "TABELLA_GATE", value_name = "ADDRESS")]
    gate: Address,
    /// Print one JSON object, {target, data}, instead of lines for the
    /// election file.
    #[arg(long)]
    json: bool,
}

/// What a vote asks of the audit's verdicts.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DemandArgument {
    /// Every check passes.
    AllPass,
    /// No check fails; some may not be assessable.
    NoneFails,
    /// Anything: there is a valid audit.
    Any,
}

/// `tabella chain gate approve`
#[derive(Clone, Debug, Args)]
pub struct ApproveOptions {
    /// The attestation that has to be valid: the model may be used as long as
    /// one with exactly its model, policy, auditor, records and expiry is.
    #[arg(value_name = "ATTESTATION")]
    attestation: PathBuf,
    /// What its verdicts have to be.
    #[arg(long, value_enum, default_value = "all-pass")]
    demand: DemandArgument,
    #[command(flatten)]
    call: CallOptions,
}

/// `tabella chain gate sanction`
#[derive(Clone, Debug, Args)]
pub struct SanctionOptions {
    /// Commitment to the model: 0x and 64 hexadecimal digits.
    #[arg(value_name = "MODEL", value_parser = bytes32)]
    model: [u8; 32],
    #[command(flatten)]
    call: CallOptions,
}

/// Prints the call.
///
/// # Errors
/// If the attestation cannot be read.
pub fn approve(options: &ApproveOptions) -> Result<()> {
    let path = &options.attestation;
    let attestation = Attestation::from_bytes(&files::read(path)?);
    let claim = attestation.with_context(|| path.display().to_string())?.claim;
    let proposal = Proposal::Approve {
        model: claim.model_commitment,
        policy_hash: claim.policy_hash,
        auditor: claim.auditor,
        data_root: claim.data_root,
        expires: claim.expires,
        demand: match options.demand {
            DemandArgument::AllPass => Demand::AllPass,
            DemandArgument::NoneFails => Demand::NoneFails,
            DemandArgument::Any => Demand::AnyVerdict,
        },
    };
    options.call.print(&proposal);
    Ok(())
}

/// Prints the call.
///
/// # Errors
/// Never.
pub fn sanction(options: &SanctionOptions) -> Result<()> {
    options.call.print(&Proposal::Sanction { model: options.model });
    Ok(())
}

impl CallOptions {
    fn print(&self, proposal: &Proposal) {
        let Call { target, data, .. } = proposal.call(self.gate);
        let data = format!("0x{}", hex::encode(data));
        if self.json {
            println!("{}", json!({ "target": target, "data": data }));
        } else {
            println!("[[calls]]\ntarget = \"{target}\"\ndata = \"{data}\"");
        }
    }
}
