//! Drafts, elections and their phases. spec: `election.phases`.

use super::{
    Event, Rejection, Rules, State,
    trustee::{Place, place},
};
use circuits::{
    primitives::merkle::BoardTree,
    types::{
        CensusEntry, CensusStatement, Draft, DraftId, ElectionId, Head, Holder, InvalidSignedDraft, Order,
        Signature, SignedDraft, SignedElectionKey, SignedHead, Tally, TrusteeMessage,
    },
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Where an election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Members register; the census is not frozen.
    Draft,
    /// Census frozen; trustees generate the key.
    KeyGeneration,
    /// All trustees have signed; the organiser may open.
    Keyed,
    /// Opened; entries are accepted between opening and closing time.
    Voting,
    /// The board has its last head; trustees decrypt.
    Closed,
    /// The result is proven.
    Tallied,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 6] =
        [Phase::Draft, Phase::KeyGeneration, Phase::Keyed, Phase::Voting, Phase::Closed, Phase::Tallied];

    /// One word, for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Draft => "draft",
            Phase::KeyGeneration => "key_generation",
            Phase::Keyed => "keyed",
            Phase::Voting => "voting",
            Phase::Closed => "closed",
            Phase::Tallied => "tallied",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Draft => "a draft whose census is not frozen",
            Phase::KeyGeneration => "in key generation",
            Phase::Keyed => "keyed and not open",
            Phase::Voting => "open for voting",
            Phase::Closed => "closed",
            Phase::Tallied => "tallied",
        })
    }
}

/// A census that registration no longer changes.
#[derive(Clone, Debug)]
pub struct FrozenCensus {
    /// Root and total.
    pub statement: CensusStatement,
    /// By the organiser.
    pub signature: Signature,
    /// The table of holders.
    pub holders: Arc<[Holder]>,
    /// The leaves' content, in order.
    pub entries: Arc<[CensusEntry]>,
}

/// The board of an election. The tree may already hold entries that are on
/// their way to the disk; the head says which are acknowledged.
#[derive(Debug, Default)]
pub struct Board {
    /// Leaves of all entries.
    pub tree: BoardTree,
    /// The newest signed head.
    pub head: Option<SignedHead>,
}

impl Board {
    /// Number of acknowledged entries.
    pub fn size(&self) -> u32 {
        self.head.map_or(0, |h| h.head.size)
    }
}

/// An election from its draft on.
#[derive(Debug)]
pub struct Election {
    signed: SignedDraft,
    id: DraftId,
    holders: Vec<Holder>,
    messages: Vec<TrusteeMessage>,
    places: BTreeMap<Place, usize>,
    conflicts: BTreeMap<Place, TrusteeMessage>,
    /// From KEY_GENERATION on.
    pub census: Option<FrozenCensus>,
    /// From KEYED on.
    pub key: Option<SignedElectionKey>,
    /// The organiser's signature over Open, from VOTING on.
    pub opened: Option<Signature>,
    /// The entries.
    pub board: Board,
    /// The organiser's signature over Close, if closed early.
    pub close_signature: Option<Signature>,
    /// The result, once proven.
    pub tally: Option<Arc<Tally>>,
}

impl Election {
    pub(super) fn new(signed: SignedDraft) -> Self {
        let id = signed.draft.id();
        Self {
            signed,
            id,
            holders: Vec::new(),
            messages: Vec::new(),
            places: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            census: None,
            key: None,
            opened: None,
            board: Board::default(),
            close_signature: None,
            tally: None,
        }
    }

    /// The draft's id.
    pub fn id(&self) -> DraftId {
        self.id
    }

    /// The election's id, from KEYED on.
    pub fn election_id(&self) -> Option<ElectionId> {
        self.key.as_ref().map(|k| k.key.election_id())
    }

    /// The draft.
    pub fn draft(&self) -> &Draft {
        &self.signed.draft
    }

    /// The draft with text and signature.
    pub fn signed_draft(&self) -> &SignedDraft {
        &self.signed
    }

    /// The trustees' messages, in log order.
    pub fn messages(&self) -> &[TrusteeMessage] {
        &self.messages
    }

    /// The first refused second message of each place.
    pub fn conflicts(&self) -> impl Iterator<Item = &TrusteeMessage> {
        self.conflicts.values()
    }

    /// Where the election stands.
    pub fn phase(&self) -> Phase {
        let closed = self.board.head.is_some_and(|h| h.head.closed);
        match self {
            Self { tally: Some(_), .. } => Phase::Tallied,
            _ if closed => Phase::Closed,
            Self { opened: Some(_), .. } => Phase::Voting,
            Self { key: Some(_), .. } => Phase::Keyed,
            Self { census: Some(_), .. } => Phase::KeyGeneration,
            _ => Phase::Draft,
        }
    }

    pub(super) fn require(&self, needed: Phase) -> Result<(), Rejection> {
        let found = self.phase();
        if found == needed { Ok(()) } else { Err(Rejection::Phase { found, needed }) }
    }

    /// The key, which exists from KEYED on.
    pub(super) fn require_key(&self) -> Result<&SignedElectionKey, Rejection> {
        let missing = Rejection::Phase { found: self.phase(), needed: Phase::Keyed };
        self.key.as_ref().ok_or(missing)
    }

    /// The head that the board has now, all entries included, unsigned. Its
    /// time never falls.
    pub fn next_head(&self, id: ElectionId, now: u64, closed: bool) -> Head {
        let time = now.max(self.board.head.map_or(0, |h| h.head.time));
        let (size, root) = (self.board.tree.len(), self.board.tree.root());
        Head { election_id: id, size, root, time, closed }
    }

    pub(super) fn add_holders(&mut self, start: u64, holders: &[Holder]) -> Option<()> {
        if start == 0 {
            self.holders.clear();
        }
        (self.holders.len() as u64 == start).then(|| self.holders.extend_from_slice(holders))
    }

    pub(super) fn take_holders(&mut self) -> Vec<Holder> {
        std::mem::take(&mut self.holders)
    }

    pub(super) fn message(&self, place: Place) -> Option<&TrusteeMessage> {
        self.places.get(&place).map(|i| &self.messages[*i])
    }

    pub(super) fn push_message(&mut self, m: TrusteeMessage) {
        self.places.insert(place(&m), self.messages.len());
        self.messages.push(m);
    }

    pub(super) fn has_conflict(&self, place: Place) -> bool {
        self.conflicts.contains_key(&place)
    }

    pub(super) fn add_conflict(&mut self, m: TrusteeMessage) {
        self.conflicts.insert(place(&m), m);
    }
}

impl State {
    /// Checks a draft. A repeat makes no event. spec: `election.draft`
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_draft(
        &self,
        rules: &Rules,
        now: u64,
        signed: &SignedDraft,
    ) -> Result<Vec<Event>, Rejection> {
        let draft = &signed.draft;
        if self.draft(draft.id()).is_ok() {
            return Ok(Vec::new());
        }
        signed.check().map_err(Rejection::Draft)?;
        if draft.operator != rules.operator {
            return Err(Rejection::Operator { own: rules.operator, found: draft.operator });
        }
        if !rules.organisers.is_empty() && !rules.organisers.contains(&draft.organiser) {
            return Err(Rejection::Organiser(draft.organiser));
        }
        let (shape, threshold) = (draft.rule.shape(), draft.threshold);
        if rules.keys.election(shape, threshold).is_none() {
            return Err(Rejection::NoKeys { shape, threshold });
        }
        let closing = draft.times.closing;
        if closing <= now {
            return Err(Rejection::ClosingPast { closing, now });
        }
        Ok(vec![Event::Draft(signed.clone())])
    }

    /// Checks the order to open. Voting is accepted between the opening and
    /// the closing time only, whenever the order was given.
    /// spec: `election.orders`
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_open(&self, id: DraftId, now: u64, signature: Signature) -> Result<Vec<Event>, Rejection> {
        let election = self.draft(id)?;
        if election.opened.is_some() {
            return Ok(Vec::new());
        }
        if election.phase() == Phase::KeyGeneration {
            election.assemble_key()?;
        }
        let key = election.require_key()?;
        let draft = election.draft();
        let order = Order::Open(key.key.election_id());
        let check = signature.verify(order.signing_hash(&draft.domain()), draft.organiser);
        check.map_err(|cause| Rejection::Signature { what: "organiser's order to open", cause })?;
        let closing = draft.times.closing;
        if now >= closing {
            return Err(Rejection::ClosingPast { closing, now });
        }
        Ok(vec![Event::Opened { draft_id: id, signature }])
    }

    /// Checks that voting may end now. `None`: it has ended before.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn check_close(
        &self,
        id: ElectionId,
        now: u64,
        signature: Option<Signature>,
    ) -> Result<Option<Head>, Rejection> {
        let election = self.election(id)?;
        if election.phase() > Phase::Voting {
            return Ok(None);
        }
        election.require(Phase::Voting)?;
        let draft = election.draft();
        let closing = draft.times.closing;
        if now < closing {
            let signature = signature.ok_or(Rejection::TooEarly { closing, now })?;
            if !draft.early_close {
                return Err(Rejection::NoEarlyClose(closing));
            }
            let hash = Order::Close(id).signing_hash(&draft.domain());
            let check = signature.verify(hash, draft.organiser);
            check.map_err(|cause| Rejection::Signature { what: "organiser's order to close", cause })?;
        }
        Ok(Some(election.next_head(id, now, true)))
    }

    /// Checks that a result may be logged.
    ///
    /// # Errors
    /// If the election has one, or is not closed.
    pub fn check_tally(&self, id: ElectionId, tally: &Tally) -> Result<Vec<Event>, Rejection> {
        let election = self.election(id)?;
        if election.phase() == Phase::Tallied {
            return Err(Rejection::Tallied);
        }
        election.require(Phase::Closed)?;
        Ok(vec![Event::Tally { election_id: id, tally: tally.clone() }])
    }
}

impl From<InvalidSignedDraft> for Rejection {
    fn from(e: InvalidSignedDraft) -> Self {
        Rejection::Draft(e)
    }
}
