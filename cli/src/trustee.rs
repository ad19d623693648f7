//! A trustee against a node: carries messages between the two, and gives the
//! trustee what it checks by itself.

use anyhow::{Context, Result, bail, ensure};
use circuits::types::{
    Address, Census, CensusStatement, Draft, DraftId, Signature, SignedDraft, TypedData, VERIFYING_KEYS,
};
use client::{
    Node, census,
    election::{self, Reference},
    registration::{self, Registered},
};
use proto::v1::{GetElectionResponse, Phase as ElectionPhase};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trustee::{CheckedBoard, Closing, Message, Phase, Storage, Trustee, TrusteeKeys};
use verifier::{
    PreparedVerifyingKey,
    board::{ballot_context, check_proofs},
};

/// Time between two looks at the node.
const POLL: Duration = Duration::from_millis(200);

/// What a trustee knows without the node.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// The organiser's account.
    pub organiser: Address,
    /// Verifies registrations.
    pub registration: PreparedVerifyingKey,
    /// Verifies ballots.
    pub ballot: PreparedVerifyingKey,
    /// The keys that the election must pin.
    pub verifying_keys: [[u8; 32]; VERIFYING_KEYS],
}

/// Takes part in the key generation of a draft and, once the election is
/// closed, decrypts its board. Returns after the decryption is posted.
///
/// # Errors
/// If the node cannot be reached, the key generation is aborted, or something
/// that the trustee checks does not hold.
pub async fn run<S: Storage>(
    node: Node,
    keys: TrusteeKeys,
    draft_id: DraftId,
    trusted: Trusted,
    storage: S,
) -> Result<()> {
    let draft = election::fetch_draft(&node, draft_id, trusted.organiser).await?;
    let trustee = Trustee::new(keys, &draft, storage)?;
    Session { node, trustee, draft, trusted, cursor: 0 }.run().await
}

struct Session<S: Storage> {
    node: Node,
    trustee: Trustee<S>,
    draft: SignedDraft,
    trusted: Trusted,
    cursor: u32,
}

impl<S: Storage> Session<S> {
    async fn run(mut self) -> Result<()> {
        self.post(self.trustee.outgoing()).await?;
        loop {
            self.receive().await?;
            match self.trustee.phase() {
                Phase::Waiting(..) => {}
                Phase::Census => self.sign_key().await?,
                Phase::Ready => {
                    if self.decrypt().await? {
                        return Ok(());
                    }
                }
                Phase::Decrypted => return self.post(self.trustee.outgoing()).await,
                Phase::Aborted(aborts) => {
                    let named: Vec<String> =
                        aborts.iter().map(|a| format!("trustee {}: {:?}", a.culprit, a.reason)).collect();
                    bail!("the key generation was aborted ({}); restart under a new draft", named.join("; "))
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn receive(&mut self) -> Result<()> {
        loop {
            let page = client::trustees::list(&self.node, self.draft.draft.id(), self.cursor).await?;
            if page.is_empty() {
                return Ok(());
            }
            for message in page {
                self.cursor += 1;
                let answers = self.trustee.handle(&Message::try_from(message)?)?;
                self.post(answers).await?;
            }
        }
    }

    async fn post(&self, messages: Vec<Message>) -> Result<()> {
        for message in &messages {
            client::trustees::post(&self.node, &message.into()).await?;
        }
        Ok(())
    }

    fn draft(&self) -> &Draft {
        &self.draft.draft
    }

    async fn election(&self) -> Result<GetElectionResponse> {
        Ok(election::fetch_raw(&self.node, Reference::Draft(self.draft().id())).await?)
    }

    /// Rebuilds the census from holders and registrations, all checked here.
    async fn sign_key(&mut self) -> Result<()> {
        let census = self.census().await?;
        let messages = self.trustee.sign_key(&census, self.trusted.verifying_keys)?;
        self.post(messages).await
    }

    async fn census(&self) -> Result<Census> {
        let (draft, raw) = (self.draft(), self.election().await?);
        let statement = CensusStatement::try_from(raw.census.context("the node shows no census")?)?;
        let signature = Signature::from_bytes(&raw.census_signature).context("the organiser's signature")?;
        signature.verify(statement.signing_hash(&draft.domain()), draft.organiser)?;
        let registrations = registration::fetch(&self.node, &draft.organisation).await?;
        let (key, chain_id) = (&self.trusted.registration, draft.registration_chain_id);
        let registered = Registered::check(key, &registrations, chain_id, &draft.organisation)?;
        let holders = census::fetch_holders(&self.node, draft.id()).await?;
        let census = Census::of_registered(&draft.census, &holders, |a| registered.identity(a))?;
        let same = (census.root(), census.total()) == (statement.root, statement.total);
        ensure!(same, "holders and registrations give another census than the organiser signed");
        Ok(census)
    }

    /// Decrypts if the election is closed; says whether it was.
    async fn decrypt(&mut self) -> Result<bool> {
        let raw = self.election().await?;
        if !matches!(raw.phase(), ElectionPhase::Closed | ElectionPhase::Tallied) {
            return Ok(false);
        }
        let key = self.trustee.election_key().context("the key is complete in this phase")?;
        let id = key.key.election_id();
        let head = client::record::fetch_head(&self.node, id).await?;
        let entries = client::record::fetch_entries(&self.node, id, head.head.size).await?;
        let context = ballot_context(self.draft(), &key.key);
        let proofs =
            |entries: &[_]| check_proofs(&self.trusted.ballot, &context, entries).map_err(|bad| bad[0].0);
        let board = CheckedBoard::replay(id, self.draft().rule.shape(), &entries, &proofs)?;
        let order = Some(&raw.close_signature).filter(|s| !s.is_empty());
        let order = order.map(|s| Signature::from_bytes(s)).transpose().context("order to close")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
        let message = self.trustee.decrypt(&board, &Closing { head, order, anchored: None, now })?;
        self.post(vec![message]).await?;
        Ok(true)
    }
}
