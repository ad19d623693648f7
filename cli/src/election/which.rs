//! An election by its id or by that of its draft.

use anyhow::{Context, Result, ensure};
use circuits::types::{
    Address, CensusStatement, Draft, DraftId, ElectionId, Signature, SignedDraft, TypedData,
};
use clap::Args;
use client::{
    Error, Node,
    election::{self, Reference},
};
use proto::v1::{GetElectionResponse, Phase};

/// Which election.
#[derive(Clone, Copy, Debug, Args)]
pub struct ElectionOptions {
    /// Id of the election, or of its draft.
    #[arg(long = "election", visible_alias = "draft", env = "TABELLA_ELECTION", value_name = "ID", value_parser = parse)]
    pub id: Id,
}

/// 32 bytes that are the id of a draft or of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id([u8; 32]);

fn parse(text: &str) -> Result<Id, String> {
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    let bytes = bytes.and_then(|b| <[u8; 32]>::try_from(b).ok());
    bytes.map(Id).ok_or_else(|| "an id is 0x and 64 hexadecimal digits".into())
}

/// An election as the node shows it; draft and census are checked.
#[derive(Clone, Debug)]
pub struct Found {
    /// With the proposal's text, signed by the organiser that it names.
    pub signed: SignedDraft,
    /// Where the election stands.
    pub phase: Phase,
    /// Signed by the organiser; from the frozen census on.
    pub census: Option<CensusStatement>,
    /// As the node says; once the key is complete.
    pub election_id: Option<ElectionId>,
    /// All that the node says.
    pub raw: GetElectionResponse,
}

impl Found {
    /// The draft.
    pub fn draft(&self) -> &Draft {
        &self.signed.draft
    }

    /// The draft's id.
    pub fn draft_id(&self) -> DraftId {
        self.draft().id()
    }

    /// The id of the election.
    ///
    /// # Errors
    /// If there is none yet.
    pub fn require_id(&self) -> Result<ElectionId> {
        self.election_id
            .context("the election has no key yet, hence no id; wait until the trustees have made it")
    }
}

impl ElectionOptions {
    /// Finds the election, whichever id was given.
    ///
    /// # Errors
    /// If the node knows neither, or shows another draft, or one that is not
    /// signed by the organiser it names.
    pub async fn find(self, node: &Node) -> Result<Found> {
        let Id(bytes) = self.id;
        let election = ElectionId::from_bytes(&bytes).context("--election")?;
        let draft = DraftId::from_bytes(&bytes).context("--election")?;
        let found = match election::fetch_raw(node, Reference::Election(election)).await {
            Err(e) if is_unknown(&e) => election::fetch_raw(node, Reference::Draft(draft)).await,
            other => other,
        };
        let found = match found {
            Err(e) if is_unknown(&e) => {
                anyhow::bail!(
                    "this node knows no election or draft {election}; `tabella election list` shows those it knows"
                )
            }
            other => read(other?)?,
        };
        let same = found.election_id == Some(election) || found.draft_id() == draft;
        ensure!(same, "the node answered with another election than asked for; do not trust it");
        Ok(found)
    }

    /// [`ElectionOptions::find`], of this organiser.
    ///
    /// # Errors
    /// As there, or if the draft is another organiser's.
    pub async fn find_of(self, node: &Node, organiser: Address) -> Result<Found> {
        let found = self.find(node).await?;
        let named = found.draft().organiser;
        ensure!(named == organiser, "the election is organised by {named}, not by {organiser}");
        Ok(found)
    }
}

fn is_unknown(e: &Error) -> bool {
    matches!(e, Error::Refused { refusal, .. } if refusal.code == tonic::Code::NotFound)
}

fn read(raw: GetElectionResponse) -> Result<Found> {
    let signed = raw.draft.clone().context("the node's answer lacks the draft")?;
    let signed = SignedDraft::try_from(signed).context("the node's answer is malformed")?;
    signed.check().context("the node shows a draft that is refused")?;
    let census = raw.census.clone().map(CensusStatement::try_from).transpose();
    let census = census.context("the node's answer is malformed")?;
    if let Some(census) = &census {
        check_census(&signed.draft, census, &raw.census_signature)?;
    }
    let id = (!raw.election_id.is_empty()).then(|| ElectionId::from_bytes(&raw.election_id));
    let election_id = id.transpose().context("the node's answer is malformed")?;
    Ok(Found { signed, phase: raw.phase(), census, election_id, raw })
}

fn check_census(draft: &Draft, census: &CensusStatement, signature: &[u8]) -> Result<()> {
    let signature = Signature::from_bytes(signature).context("the organiser's signature over the census")?;
    let check = signature.verify(census.signing_hash(&draft.domain()), draft.organiser);
    check.context("the organiser's signature over the census")?;
    ensure!(census.draft_id == draft.id(), "the node shows the census of another draft; do not trust it");
    Ok(())
}
