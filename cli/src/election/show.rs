//! `tabella election show`: where an election stands, and what it waits for.

use super::which::{ElectionOptions, Found};
use crate::{options::NodeOptions, text, times};
use anyhow::{Result, ensure};
use circuits::types::{Address, Draft};
use clap::Args;
use client::{Error, Node, info, organiser::status::Awaited, record};
use proto::v1::Phase;
use serde_json::{Value, json};

/// `tabella election show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// Refuse an election of anybody but this organiser.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    #[command(flatten)]
    node: NodeOptions,
    /// Print one JSON object: {draft_id, election_id, phase, awaited, missing, ..}.
    #[arg(long)]
    json: bool,
}

/// An election and what it waits for.
#[derive(Clone, Debug)]
pub struct Status {
    found: Found,
    awaited: Awaited,
    entries: Option<u32>,
}

impl Status {
    /// Asks the node for the trustees' messages, the newest head and the time.
    ///
    /// # Errors
    /// If the node refuses.
    pub async fn fetch(node: &Node, found: Found) -> Result<Self> {
        let (messages, _) = match found.phase {
            Phase::KeyGeneration | Phase::Closed => record::fetch_messages(node, found.draft_id()).await?,
            _ => Default::default(),
        };
        let now = info::fetch(node).await?.time;
        let awaited = Awaited::of(found.phase, found.draft(), &messages, now);
        let entries = entries(node, &found).await?;
        Ok(Self { found, awaited, entries })
    }

    /// Whether the election will never go on.
    pub fn is_dead(&self) -> bool {
        matches!(self.awaited, Awaited::NewDraft { .. })
    }

    /// What is awaited, in words.
    pub fn awaited(&self) -> String {
        let (draft, names) = (self.found.draft(), |indices: &[u8]| name(self.found.draft(), indices));
        match &self.awaited {
            Awaited::Unknown => "the node is of another version than this program".into(),
            Awaited::Census => "registrations, until the organiser freezes the census".into(),
            Awaited::Key { round, missing } => {
                let what = match round {
                    1 => "commitment",
                    2 => "opened commitment",
                    3 => "shares for the others",
                    _ => "signature over the key",
                };
                format!("the {what} of {}", names(missing))
            }
            Awaited::NewDraft { aborted_by } if aborted_by.is_empty() => {
                "a new draft: all trustees have signed, but not the same key".into()
            }
            Awaited::NewDraft { aborted_by } => {
                format!("a new draft: the key generation was aborted by {}", names(aborted_by))
            }
            Awaited::Open => "the organiser's order to open (`tabella election open`)".into(),
            Awaited::Opening(time) => format!("the opening time, {}", times::show(*time)),
            Awaited::Ballots(time) => format!("ballots, until {}", times::show(*time)),
            Awaited::Close => {
                "the node to close: the closing time has passed (`tabella election close`)".into()
            }
            Awaited::Decryption { sent, missing, needed } => format!(
                "{needed} more of {} to decrypt; {} of the {} needed have",
                names(missing),
                sent.len(),
                draft.threshold
            ),
            Awaited::Proof => "the node's proof of the result".into(),
            Awaited::Nothing => "nothing: the result is there (`tabella tally`)".into(),
        }
    }

    fn print(&self) {
        let found = &self.found;
        let draft = found.draft();
        if found.raw.insecure_development_keys {
            println!("{}\n", super::INSECURE);
        }
        println!("{}\n", text::plain(&found.signed.proposal).trim_end());
        super::print_terms(draft);
        println!("\nDraft         {}", found.draft_id());
        if let Some(id) = found.election_id {
            println!("Election      {id}");
        }
        if let Some(census) = &found.census {
            let total = crate::chart::units(census.total, draft.census.decimals);
            println!("Frozen        root {}, {total} tokens", census.root);
        }
        if let Some(entries) = self.entries {
            println!("Board         {entries} entries");
        }
        println!("Phase         {}", super::phase(found.phase));
        println!("Waits for     {}", self.awaited());
    }

    fn object(&self) -> Value {
        let (found, draft) = (&self.found, self.found.draft());
        json!({
            "draft_id": found.draft_id(),
            "election_id": found.election_id,
            "phase": super::phase(found.phase),
            "awaited": self.awaited(),
            "missing": self.awaited.missing(),
            "organisation": draft.organisation,
            "organiser": draft.organiser,
            "operator": draft.operator,
            "proposal": found.signed.proposal,
            "options": draft.options,
            "rule": draft.rule.kind().name(),
            "times": draft.times,
            "early_close": draft.early_close,
            "trustees": draft.trustees,
            "threshold": draft.threshold,
            "min_ballots": draft.min_ballots,
            "census": found.census,
            "entries": self.entries,
            "insecure_development_keys": found.raw.insecure_development_keys,
        })
    }
}

fn name(draft: &Draft, indices: &[u8]) -> String {
    let signer = |i: u8| draft.trustees.get(usize::from(i).wrapping_sub(1)).map(|t| t.signer.to_string());
    let one = |i: &u8| format!("trustee {i} ({})", signer(*i).unwrap_or_else(|| "unknown".into()));
    indices.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Acknowledged entries, if the board is open or closed.
async fn entries(node: &Node, found: &Found) -> Result<Option<u32>> {
    let open = matches!(found.phase, Phase::Voting | Phase::Closed | Phase::Tallied);
    let Some(id) = found.election_id.filter(|_| open) else { return Ok(None) };
    match record::fetch_head(node, id).await {
        Ok(head) => {
            let check = head.check(&found.draft().domain(), found.draft().operator);
            check.map_err(client::board::InvalidBoard::from)?;
            Ok(Some(head.head.size))
        }
        // Without an entry there may be no head yet.
        Err(Error::Refused { refusal, .. }) if refusal.code == tonic::Code::NotFound => Ok(Some(0)),
        Err(e) => Err(e.into()),
    }
}

/// Shows an election.
///
/// # Errors
/// If the node refuses, or draft, census or head are not signed as they must
/// be.
pub async fn run(options: &ShowOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let found = options.election.find(&node).await?;
    if let Some(organiser) = options.organiser {
        let named = found.draft().organiser;
        ensure!(named == organiser, "the election is organised by {named}, not by {organiser}");
    }
    let status = Status::fetch(&node, found).await?;
    if options.json {
        println!("{}", status.object());
    } else {
        status.print();
    }
    Ok(())
}
