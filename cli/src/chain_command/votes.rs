//! Whose votes a contract obeys: those of an election file, or those like a
//! record's.

use crate::{election::ElectionFile, options::read_text, record};
use anyhow::{Context, Result, ensure};
use chain::{Backend, Chain, gate::Mandate, settlement::Elections};
use circuits::types::{Address, Call, Domain};
use clap::Args;
use std::path::{Path, PathBuf};

/// Whose votes.
#[derive(Clone, Debug, Args)]
pub struct VotesOptions {
    /// Votes like the one of this election file: of its organisation and
    /// trustees, settled on its chain, under at least its pass rule.
    #[arg(long, value_name = "FILE", required_unless_present = "record", requires = "organiser")]
    file: Option<PathBuf>,
    /// The organiser's account, which signs drafts; with --file.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    /// Votes like the one of this record, instead of --file.
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    record: Option<PathBuf>,
}

/// Votes of one kind.
#[derive(Clone, Debug)]
pub struct Votes {
    /// Whose they are.
    pub mandate: Mandate,
    /// Chain and contract of settlement.
    pub domain: Domain,
    /// What they call.
    pub calls: Vec<Call>,
}

impl VotesOptions {
    /// Reads file or record; it must be settled on this chain.
    ///
    /// # Errors
    /// If it cannot be read, or is settled elsewhere.
    pub async fn on(&self, chain: &Chain) -> Result<Votes> {
        let votes = self.read()?;
        let Domain { chain_id, contract } = votes.domain;
        let found = chain.chain_id().await?;
        ensure!(found == chain_id, "the votes are settled on chain {chain_id}, this is chain {found}");
        Elections::at(chain, contract).await?;
        Ok(votes)
    }

    fn read(&self) -> Result<Votes> {
        match (&self.record, &self.file, self.organiser) {
            (Some(directory), ..) => {
                let draft = record::open(directory)?.election.draft.draft;
                Ok(Votes { mandate: Mandate::like(&draft), domain: draft.domain(), calls: draft.calls })
            }
            (None, Some(path), Some(organiser)) => {
                from_file(path, organiser).with_context(|| path.display().to_string())
            }
            _ => anyhow::bail!("name an election file and the organiser's account, or a record"),
        }
    }
}

fn from_file(path: &Path, organiser: Address) -> Result<Votes> {
    let base = path.parent().unwrap_or_else(|| Path::new(""));
    let votes = ElectionFile::parse(&read_text(path)?)?.votes(base)?;
    let rule = votes.pass_rule;
    let mandate = Mandate {
        elections: votes.settlement.domain.contract,
        organisation: votes.organisation,
        organiser,
        trustees: votes.trustees.iter().map(|trustee| trustee.signer).collect(),
        threshold: votes.threshold,
        quorum: rule.quorum,
        majority_numerator: rule.majority_numerator,
        majority_denominator: rule.majority_denominator,
    };
    Ok(Votes { mandate, domain: votes.settlement.domain, calls: votes.settlement.calls })
}
