//! `tabella chain audit`: audits in a contract. spec: `cli.chain.audit`

mod anchor;
mod attest;
mod deploy;
mod register;
mod revoke;
mod show;

use super::options::PosterOptions;
use anyhow::Result;
use chain::{Chain, Poster, audits::Attestations};
use circuits::types::{Address, Domain};
use clap::{Args, Subcommand};

/// `tabella chain audit ..`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Create the contract of an organisation's attestations, with its verifier.
    Deploy(deploy::DeployOptions),
    /// Name an auditor, signed by the organiser.
    Register(register::RegisterOptions),
    /// Bind committed records to a block, before the audit is recorded.
    Anchor(anchor::AnchorOptions),
    /// Record an attestation, which the contract checks completely.
    Attest(attest::AttestOptions),
    /// Withdraw an attestation: by its auditor or the organiser.
    Revoke(revoke::RevokeOptions),
    /// What the contract says of an attestation.
    Show(show::ShowOptions),
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub async fn run(command: AuditCommand) -> Result<()> {
    match command {
        AuditCommand::Deploy(options) => deploy::run(&options).await,
        AuditCommand::Register(options) => register::run(&options).await,
        AuditCommand::Anchor(options) => anchor::run(&options).await,
        AuditCommand::Attest(options) => attest::run(&options).await,
        AuditCommand::Revoke(options) => revoke::run(&options).await,
        AuditCommand::Show(options) => show::run(&options).await,
    }
}

/// Which contract.
#[derive(Clone, Copy, Debug, Args)]
struct ContractOptions {
    /// The contract of attestations.
    #[arg(long, env = "TABELLA_ATTESTATIONS", value_name = "ADDRESS")]
    contract: Address,
}

impl ContractOptions {
    /// A poster to the contract, and what is signed for it.
    async fn open(self, poster: &PosterOptions) -> Result<(Poster<Chain>, Domain)> {
        let poster = poster.open().await?;
        Attestations::at(poster.chain(), self.contract).await?;
        let domain = Domain { chain_id: poster.chain_id(), contract: self.contract };
        Ok((poster, domain))
    }
}
