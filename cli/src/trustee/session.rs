//! A trustee under one draft, from the frozen census to its decryption:
//! carries messages between trustee and node, and gives the trustee what it
//! checks by itself.
//!
//! Every step can be repeated: it fetches what the node holds, takes it in,
//! and posts what the node lacks. So a trustee that is killed, or that lost
//! the node for a while, goes on where it was.

use super::directory::{Directory, Store};
use crate::{chain_command::ChainOptions, options::NodeOptions};
use anyhow::{Context, Result, anyhow, bail, ensure};
use chain::{
    Backend, Policy,
    settlement::{Elections, Stage},
};
use circuits::types::{
    Address, BoardRoot, CensusStatement, Draft, DraftId, ElectionId, SettlementMode, Signature, SignedDraft,
    TypedData, VERIFYING_KEYS,
};
use client::{
    Node, census,
    election::{self, Reference},
    trustees,
};
use proto::v1::{GetElectionResponse, Phase as ElectionPhase};
use prover::{KeyStore, pinned_hashes};
use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};
use tonic::Code;
use trustee::{CheckedBoard, Closing, Error, Message, Phase, Refused, Round, Trustee};
use verifier::{
    CircuitId, PreparedVerifyingKey,
    board::{ballot_context, check_proofs},
};

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to do until something changes at the node.
    Wait,
    /// Something has changed: go on at once.
    Again,
    /// The decryption is posted; nothing remains to be done.
    Done,
}

/// What a trustee knows without the node.
#[derive(Clone, Debug)]
struct Trusted {
    registration: PreparedVerifyingKey,
    ballot: PreparedVerifyingKey,
    verifying_keys: [[u8; 32]; VERIFYING_KEYS],
}

impl Trusted {
    /// This machine's keys for the draft's circuits. A trustee verifies no
    /// tally: of those keys it knows the hashes. spec: `setup.pinned_keys`
    async fn load(draft: &Draft) -> Result<Self> {
        let (shape, threshold) = (draft.rule.shape(), usize::from(draft.threshold));
        let load = move || -> Result<Self> {
            let store = KeyStore::of_circuits(KeyStore::default_directory()?);
            let key = |id| -> Result<PreparedVerifyingKey> {
                let key = store.verifying_key(id, &|p| tracing::info!("{p}"));
                Ok(key.with_context(|| format!("key of {id}"))?.prepare())
            };
            let hashes = pinned_hashes(shape, threshold).context("no election has this many trustees")?;
            Ok(Self {
                registration: key(CircuitId::Registration)?,
                ballot: key(CircuitId::Ballot(shape))?,
                verifying_keys: hashes.map(|h| h.0),
            })
        };
        tokio::task::spawn_blocking(load).await.context("loading the keys")?
    }
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    node: Node,
    chain: ChainOptions,
    trustee: Trustee<Store>,
    draft: SignedDraft,
    trusted: Trusted,
    /// The final root on the chain, if the draft is settled there.
    seen: Seen,
    /// What was said already.
    said: BTreeSet<String>,
}

/// A root on a chain, and the block since which it has been seen there.
#[derive(Debug, Default)]
struct Seen(Option<(BoardRoot, u64)>);

impl Seen {
    /// For how many blocks the root has been there, the newest included.
    fn depth(&mut self, root: BoardRoot, newest: u64) -> u64 {
        let since = match self.0 {
            Some((known, since)) if known == root => since.min(newest),
            _ => newest,
        };
        self.0 = Some((root, since));
        newest - since + 1
    }
}

/// What the node holds of a draft.
struct Held {
    messages: Vec<Message>,
    /// Refused second messages.
    conflicts: Vec<Message>,
}

impl Session {
    /// Takes up a draft that the organiser has signed, or resumes it.
    ///
    /// # Errors
    /// If the node cannot be reached, the draft is refused or does not name
    /// this trustee, or the node holds something of this trustee that its
    /// directory does not know.
    pub async fn open(
        node: &NodeOptions,
        chain: &ChainOptions,
        organiser: Address,
        directory: &Directory,
        id: DraftId,
    ) -> Result<Self> {
        let node = node.connect().await?;
        let draft = election::fetch_draft(&node, id, organiser).await?;
        let held = fetch(&node, id).await?;
        let (keys, store) = (directory.keys.clone(), directory.store.clone());
        let trustee = Trustee::resume(keys, &draft, store, &held.messages)?;
        directory.keep_draft(&draft)?;
        let trusted = Trusted::load(&draft.draft).await?;
        let chain = chain.clone();
        let (seen, said) = (Seen::default(), BTreeSet::new());
        let mut session = Self { node, chain, trustee, draft, trusted, seen, said };
        session.introduce();
        Ok(session)
    }

    fn introduce(&mut self) {
        let Draft { organisation, threshold, trustees, .. } = self.draft();
        let (index, n) = (self.trustee.index(), trustees.len());
        let text = format!("trustee {index} of {n}, {threshold} decrypt; {organisation}");
        self.say(format!("{text}: {:?}", first_line(&self.draft.proposal)));
    }

    fn draft(&self) -> &Draft {
        &self.draft.draft
    }

    /// Says something that was not said before.
    fn say(&mut self, text: String) {
        if !self.said.contains(&text) {
            tracing::info!(draft = %self.draft().id(), "{text}");
            self.said.insert(text);
        }
    }

    fn warn(&mut self, text: String) {
        if !self.said.contains(&text) {
            tracing::warn!(draft = %self.draft().id(), "{text}");
            self.said.insert(text);
        }
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// If the node does not answer, which [`is_transient`] tells, or something
    /// that the trustee checks does not hold.
    pub async fn step(&mut self) -> Result<Step> {
        match self.trustee.phase() {
            Phase::Waiting(..) | Phase::Census => self.make_key().await,
            Phase::Ready => self.decrypt().await,
            Phase::Decrypted => self.finish().await,
            Phase::Aborted(aborts) => {
                let held = fetch(&self.node, self.draft().id()).await?;
                self.post_lacking(&held).await?;
                let proven = |a: &trustee::Abort| if a.is_proven(self.draft()) { " (proven)" } else { "" };
                let all: Vec<String> = aborts.iter().map(|a| format!("{a}{}", proven(a))).collect();
                bail!("the key generation was aborted: {}; restart under a new draft", all.join("; "))
            }
        }
    }

    /// A step of the key generation.
    async fn make_key(&mut self) -> Result<Step> {
        let election = self.election().await?;
        if election.phase() == ElectionPhase::Draft {
            self.say("waits for the organiser to freeze the census".into());
            return Ok(Step::Wait);
        }
        let held = fetch(&self.node, self.draft().id()).await?;
        let before = self.trustee.phase();
        self.take_in(&held)?;
        if self.trustee.phase() == Phase::Census {
            self.sign_key(&election).await?;
        }
        let posted = self.post_lacking(&held).await?;
        let after = self.trustee.phase();
        if posted || after != before {
            return Ok(Step::Again);
        }
        if let Phase::Waiting(round, missing) = after {
            self.say(format!("waits for the {} of {}", name(round), trustees_named(&missing)));
        }
        Ok(Step::Wait)
    }

    /// Everything that the node holds, in log order, and others' refused
    /// second messages, which show equivocation (A27).
    fn take_in(&mut self, held: &Held) -> Result<()> {
        self.trustee.check_sent(&held.messages)?;
        let own = self.trustee.index();
        if held.conflicts.iter().any(|m| m.route.from == own) {
            self.warn(
                "the node has refused a second message under this trustee's key: the key runs in two places, \
                 or its directory was put back to an older copy; stop one of them"
                    .into(),
            );
        }
        let others = held.conflicts.iter().filter(|m| m.route.from != own);
        for message in held.messages.iter().chain(others) {
            match self.trustee.handle(message) {
                Ok(_) => {}
                // A message that no trustee sends is as good as none.
                Err(cause @ (Error::Message(_) | Error::Abort(_))) => {
                    let (round, from) = (name(message.route.round), message.route.from);
                    self.warn(format!("the {round} of trustee {from} is refused: {cause}"));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Posts what the node lacks; says whether there was something.
    async fn post_lacking(&mut self, held: &Held) -> Result<bool> {
        let lacking = |m: &Message| held.messages.iter().all(|h| h.route != m.route);
        let lacking: Vec<Message> = self.trustee.outgoing().into_iter().filter(lacking).collect();
        for message in &lacking {
            match trustees::post(&self.node, &message.into()).await {
                Ok(()) => {}
                Err(client::Error::Refused { refusal, .. }) if refusal.code == Code::AlreadyExists => {
                    return Err(Error::Impostor.into());
                }
                // The key is complete: an abort comes too late and ends nothing.
                Err(client::Error::Refused { refusal, .. })
                    if refusal.code == Code::FailedPrecondition && message.route.round == Round::Abort => {}
                Err(other) => return Err(other.into()),
            }
            self.say(format!("sent its {}", sent_name(message)));
        }
        Ok(!lacking.is_empty())
    }

    async fn election(&self) -> Result<GetElectionResponse> {
        Ok(election::fetch_raw(&self.node, Reference::Draft(self.draft().id())).await?)
    }

    /// Signs the key over the census that it has rebuilt from holders and
    /// registrations, all checked here (A61).
    async fn sign_key(&mut self, election: &GetElectionResponse) -> Result<()> {
        let (draft, ours) = (self.draft().clone(), self.trusted.verifying_keys);
        ensure!(
            election.verifying_keys.iter().eq(ours.iter()),
            "the node uses other verifying keys than this machine (A17); use the version of the software that \
             the organiser names. Nothing was signed"
        );
        let statement = election.census.clone().context("the node shows no census")?;
        let statement = CensusStatement::try_from(statement).context("the census of the node")?;
        let signature =
            Signature::from_bytes(&election.census_signature).context("signature of the census")?;
        let signed = signature.verify(statement.signing_hash(&draft.domain()), draft.organiser);
        signed.context("the census is not signed by the organiser")?;
        ensure!(statement.draft_id == draft.id(), "the signed census is that of another draft");
        let key = &self.trusted.registration;
        let census = census::rebuild(&self.node, &draft, &statement, key).await?;
        self.trustee.sign_key(&census, ours)?;
        let (members, total) = (census.entries().len(), census.total());
        self.say(format!("rebuilt the census of {members} members and {total} units, and signed the key"));
        Ok(())
    }

    /// Decrypts once the election is closed and everything about it holds.
    async fn decrypt(&mut self) -> Result<Step> {
        let key = self.trustee.election_key().context("a complete key")?;
        let id = key.key.election_id();
        self.say(format!("all trustees have signed the key of election {id}; waits for its closing"));
        let election = self.election().await?;
        if !is_closed(&election) {
            return Ok(Step::Wait);
        }
        let anchored = match self.draft().settlement {
            SettlementMode::None => None,
            SettlementMode::Validity => match self.final_root(id).await? {
                Some(root) => Some(root),
                None => return Ok(Step::Wait),
            },
        };
        self.trustee.check_sent(&fetch(&self.node, self.draft().id()).await?.messages)?;
        let head = client::record::fetch_head(&self.node, id).await?;
        let entries = client::record::fetch_entries(&self.node, id, head.head.size).await?;
        let context = ballot_context(self.draft(), &key.key);
        let proofs =
            |entries: &[_]| check_proofs(&self.trusted.ballot, &context, entries).map_err(|bad| bad[0].0);
        let shape = self.draft().rule.shape();
        let board = tokio::task::block_in_place(|| CheckedBoard::replay(id, shape, &entries, &proofs))
            .context("the node's board is refused, and nothing was decrypted; tell organiser and monitors")?;
        let order = Some(&election.close_signature).filter(|s| !s.is_empty());
        let order = order.map(|s| Signature::from_bytes(s)).transpose().context("order to close")?;
        let closing = Closing { head, order, anchored, now: now()? };
        match self.trustee.decrypt(&board, &closing) {
            Ok(_) => Ok(Step::Again),
            // Time mends these.
            Err(Error::Refused(why @ (Refused::Early { closing, .. } | Refused::NoOrder(closing)))) => {
                self.warn_early(closing, &why);
                Ok(Step::Wait)
            }
            Err(other) => Err(other.into()),
        }
    }

    /// The root under which the chain of settlement has closed the election,
    /// once it has been there for as many blocks as a poster waits: only that
    /// one is decrypted (A29). A chain that does not answer is asked again.
    async fn final_root(&mut self, id: ElectionId) -> Result<Option<BoardRoot>> {
        let chain = self.chain.open().context("the draft is settled on a chain")?;
        let ask = async || -> Result<_, chain::settlement::Error> {
            let found = Elections::of_draft(&chain, self.draft()).await?.election(id).await?;
            Ok((found, chain.latest().await?.number))
        };
        let (found, newest) = match ask().await {
            Err(chain::settlement::Error::Chain(why)) if why.is_transient() => {
                self.say(format!("{why}"));
                return Ok(None);
            }
            other => other.context("the chain of settlement; --chain names it")?,
        };
        let closed = found.filter(|e| matches!(e.stage, Stage::Closed | Stage::Finalised));
        let Some(root) = closed.and_then(|e| e.root) else {
            self.seen = Seen::default();
            self.say("waits for the final root on the chain".into());
            return Ok(None);
        };
        let needed = Policy::of_chain(self.draft().chain_id).confirmations;
        if self.seen.depth(root, newest) < needed {
            self.say(format!("the chain has closed the board under root {root}; waits for {needed} blocks"));
            return Ok(None);
        }
        Ok(Some(root))
    }

    /// The reason holds the time, which must not make it a new one.
    fn warn_early(&mut self, closing: u64, why: &Refused) {
        if self.said.insert(format!("early {closing}")) {
            tracing::warn!(draft = %self.draft().id(), "decryption refused: {why}; waits until then");
        }
    }

    /// Sees to it that the node has the decryption, and that it shows the
    /// board that was decrypted (A67).
    async fn finish(&mut self) -> Result<Step> {
        let key = self.trustee.election_key().context("a complete key")?;
        let head = client::record::fetch_head(&self.node, key.key.election_id()).await?.head;
        let (root, size) = self.trustee.decrypted().context("a decrypted board")?;
        ensure!(
            (head.root, head.size) == (root, size),
            "{}; the node now shows size {} and root {}: it was rolled back, or shows different boards. Nothing \
             was sent; tell organiser and monitors",
            Refused::Decrypted(root),
            head.size,
            head.root
        );
        let held = fetch(&self.node, self.draft().id()).await?;
        self.trustee.check_sent(&held.messages)?;
        self.post_lacking(&held).await?;
        self.say(format!(
            "decrypted the sums of {size} entries under root {root}; nothing remains to be done"
        ));
        Ok(Step::Done)
    }
}

/// Whether a failure may pass by itself: the node does not answer, or asks to
/// wait.
pub fn is_transient(failure: &anyhow::Error) -> bool {
    failure.downcast_ref::<client::Error>().is_some_and(client::Error::is_transient)
}

fn is_closed(election: &GetElectionResponse) -> bool {
    matches!(election.phase(), ElectionPhase::Closed | ElectionPhase::Tallied)
}

async fn fetch(node: &Node, draft: DraftId) -> Result<Held> {
    let (messages, conflicts) = trustees::fetch(node, draft).await?;
    let typed = |all: Vec<circuits::types::TrusteeMessage>| {
        all.into_iter().map(Message::try_from).collect::<Result<Vec<_>, _>>()
    };
    let faulty = |e| anyhow!("{e}; no honest node takes such a message: tell its operator");
    Ok(Held { messages: typed(messages).map_err(faulty)?, conflicts: typed(conflicts).map_err(faulty)? })
}

/// What people call the message of a round.
pub fn name(round: Round) -> &'static str {
    match round {
        Round::Commit => "commitment",
        Round::Reveal => "reveal",
        Round::Share => "shares",
        Round::Key => "signature of the key",
        Round::Decryption => "decryption",
        Round::Abort => "abort",
    }
}

fn sent_name(message: &Message) -> String {
    match message.route.round {
        Round::Share => format!("encrypted share for trustee {}", message.route.to),
        other => name(other).to_owned(),
    }
}

/// Trustees by their indices.
pub fn trustees_named(indices: &[u8]) -> String {
    let all: Vec<String> = indices.iter().map(u8::to_string).collect();
    format!("trustee{} {}", if all.len() == 1 { "" } else { "s" }, all.join(", "))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(120).collect()
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A29: a reorganisation may put another root in the place of a new one.
    #[test]
    fn a29_blocks_are_counted_anew_for_another_root() {
        let [first, second] = [1u64, 2].map(|x| BoardRoot::from_field(x.into()));
        let mut seen = Seen::default();
        assert_eq!([100, 100, 105].map(|block| seen.depth(first, block)), [1, 1, 6]);
        assert_eq!([105, 106].map(|block| seen.depth(second, block)), [1, 2]);
        assert_eq!(seen.depth(first, 116), 1);
        // A node that is behind.
        assert_eq!([110, 111].map(|block| seen.depth(first, block)), [1, 2]);
    }
}
