//! What a trustee decrypts, and what t of them find out together.
//! spec: `trustee.decrypt`, `decryption`.

use crate::{
    board::CheckedBoard,
    message::{InvalidMessage, Message, Round, Route},
};
use circuits::{
    decryption::{
        self, Invalid, InvalidQuorum, Malformed, PartialDecryption, Statement, choose,
        dlog::{NotBelowLimit, Solver},
        unmask,
    },
    types::{
        BoardRoot, Domain, Draft, ElectionId, GroupElement, InvalidSignature, NonCanonical, Order,
        SettlementMode, Signature, SignedElectionKey, SignedHead,
    },
};

/// How a board was closed, as shown to a trustee who is asked to decrypt.
#[derive(Clone, Copy, Debug)]
pub struct Closing {
    /// The operator's last head.
    pub head: SignedHead,
    /// The organiser's order to close, needed before the closing time only.
    pub order: Option<Signature>,
    /// The final root as read from the chain by the trustee itself, after
    /// finality; needed when the election is settled on a chain.
    pub anchored: Option<BoardRoot>,
    /// The trustee's own clock: Unix time in seconds.
    pub now: u64,
}

/// Why a trustee does not decrypt (A29).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// See the message.
    #[error("the key of this draft is not complete: all trustees' key statements are needed first")]
    NoKey,
    /// See the message.
    #[error("the board or head belongs to election {found}, this is election {expected}")]
    Election {
        /// This election.
        expected: ElectionId,
        /// The board's or the head's.
        found: ElectionId,
    },
    /// See the message.
    #[error("the last head is not signed by the draft's operator: {0}")]
    Head(InvalidSignature),
    /// See the message.
    #[error("the operator's head does not say that the board is closed; close it first")]
    Open,
    /// See the message.
    #[error("voting ends at {closing}, it is {now}; this draft does not allow an early end")]
    Early {
        /// Unix time in seconds.
        closing: u64,
        /// Unix time in seconds, by the trustee's clock.
        now: u64,
    },
    /// See the message.
    #[error("voting ends at {0}; before that the organiser's signed order to close is needed")]
    NoOrder(u64),
    /// See the message.
    #[error("the order to close is not signed by the draft's organiser: {0}")]
    Order(InvalidSignature),
    /// See the message.
    #[error(
        "the checked board has size {found} and root {root}, the head is over size {size} and another root"
    )]
    Board {
        /// Entries given.
        found: u32,
        /// Their root.
        root: BoardRoot,
        /// The head's size.
        size: u32,
    },
    /// See the message.
    #[error("the election is settled on a chain; read the final root from there")]
    NotAnchored,
    /// See the message.
    #[error("the root on the chain is {anchored}, the board's is {root}")]
    Anchor {
        /// On the chain.
        anchored: BoardRoot,
        /// Of the entries.
        root: BoardRoot,
    },
    /// See the message.
    #[error("{slots} slots hold a ballot; this draft asks for at least {min}")]
    TooFew {
        /// On the board.
        slots: u32,
        /// In the draft.
        min: u32,
    },
    /// See the message.
    #[error("this trustee has decrypted root {0} under this draft; it decrypts one root per draft")]
    Decrypted(BoardRoot),
    /// See [`decryption::Refused`].
    #[error(transparent)]
    Share(#[from] decryption::Refused),
}

/// The one board that a key decrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoardPoint {
    pub(crate) root: BoardRoot,
    pub(crate) size: u32,
}

impl BoardPoint {
    pub(crate) fn of(board: &CheckedBoard) -> Self {
        Self { root: board.root(), size: board.size() }
    }

    pub(crate) fn to_bytes(self) -> [u8; 36] {
        let mut out = [0; 36];
        out[..32].copy_from_slice(&self.root.to_bytes());
        out[32..].copy_from_slice(&self.size.to_be_bytes());
        out
    }

    pub(crate) fn from_bytes(bytes: [u8; 36]) -> Result<Self, NonCanonical> {
        let size = bytes[32..].iter().fold(0, |acc, b| (acc << 8) | u32::from(*b));
        Ok(Self { root: BoardRoot::from_bytes(&bytes[..32])?, size })
    }
}

/// Checks everything that must hold before a trustee decrypts `board`, but
/// that it has not decrypted another one.
pub(crate) fn check_closing(
    draft: &Draft,
    election_id: ElectionId,
    board: &CheckedBoard,
    closing: &Closing,
) -> Result<(), Refused> {
    let head = &closing.head.head;
    for found in [board.election_id(), head.election_id] {
        if found != election_id {
            return Err(Refused::Election { expected: election_id, found });
        }
    }
    closing.head.check(&draft.domain(), draft.operator).map_err(Refused::Head)?;
    if !head.closed {
        return Err(Refused::Open);
    }
    check_time(draft, election_id, closing)?;
    if (head.size, head.root) != (board.size(), board.root()) {
        return Err(Refused::Board { found: board.size(), root: board.root(), size: head.size });
    }
    match (draft.settlement, closing.anchored) {
        (_, Some(anchored)) if anchored != board.root() => {
            return Err(Refused::Anchor { anchored, root: board.root() });
        }
        (SettlementMode::None, _) | (SettlementMode::Validity, Some(_)) => {}
        (SettlementMode::Validity, None) => return Err(Refused::NotAnchored),
    }
    match board.slots() {
        slots if slots < draft.min_ballots => Err(Refused::TooFew { slots, min: draft.min_ballots }),
        _ => Ok(()),
    }
}

fn check_time(draft: &Draft, election_id: ElectionId, closing: &Closing) -> Result<(), Refused> {
    let (end, now) = (draft.times.closing, closing.now);
    if now >= end {
        return Ok(());
    }
    if !draft.early_close {
        return Err(Refused::Early { closing: end, now });
    }
    let order = closing.order.ok_or(Refused::NoOrder(end))?;
    let domain: Domain = draft.domain();
    order.verify(Order::Close(election_id).signing_hash(&domain), draft.organiser).map_err(Refused::Order)
}

/// Bytes of a decryption message's body.
pub(crate) fn body_bytes(draft: &Draft) -> usize {
    PartialDecryption::encoded_len(draft.rule.shape())
}

/// The statement that a trustee's partial decryption of `board` proves.
pub fn statement(board: &CheckedBoard, verification_share: GroupElement) -> Statement<'_> {
    Statement {
        election_id: board.election_id(),
        root: board.root(),
        size: board.size(),
        verification_share,
        sums: board.sums(),
    }
}

/// What is wrong with one trustee's decryption.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// See the message.
    #[error("no decryption; ask for it")]
    Missing,
    /// See [`InvalidMessage`].
    #[error("{0}")]
    Message(#[from] InvalidMessage),
    /// See [`Malformed`].
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// See the message.
    #[error("the decryption carries index {0}, not its sender's")]
    Index(u8),
    /// See [`Invalid`].
    #[error("{0}")]
    Invalid(#[from] Invalid),
}

/// Why there are no totals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// Fewer than t valid decryptions (A33).
    #[error("{valid} of {needed} decryptions are valid; {faults}", faults = list(.faults))]
    TooFew {
        /// Valid decryptions.
        valid: usize,
        /// The draft's threshold.
        needed: usize,
        /// The other trustees, by index, and what is wrong.
        faults: Vec<(u8, Fault)>,
    },
    /// See the message.
    #[error("the board belongs to election {found}, the key to election {expected}")]
    Election {
        /// The key's.
        expected: ElectionId,
        /// The board's.
        found: ElectionId,
    },
    /// See [`InvalidQuorum`].
    #[error(transparent)]
    Quorum(#[from] InvalidQuorum),
    /// A total is not below the limit: some ballot is invalid.
    #[error("option {option}: {cause}")]
    Total {
        /// Position of the option.
        option: usize,
        /// What is wrong.
        cause: NotBelowLimit,
    },
}

fn list(faults: &[(u8, Fault)]) -> String {
    faults.iter().map(|(i, f)| format!("trustee {i}: {f}")).collect::<Vec<_>>().join("; ")
}

/// The outcome of a decryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decrypted {
    /// Totals in census units, one per option of the rule.
    pub totals: Vec<u64>,
    /// The t partial decryptions that give them, by index.
    pub partials: Vec<PartialDecryption>,
    /// Trustees whose decryption is missing or invalid, and why.
    pub faults: Vec<(u8, Fault)>,
}

/// Checks every trustee's decryption and finds the totals from t valid ones,
/// whichever they are. `progress` is told the option, steps done and steps in
/// all; `key` was checked against `draft` before.
///
/// # Errors
/// If fewer than t are valid: names every other trustee and the reason.
pub fn combine(
    draft: &Draft,
    key: &SignedElectionKey,
    board: &CheckedBoard,
    messages: &[Message],
    solver: &Solver,
    mut progress: impl FnMut(usize, u64, u64),
) -> Result<Decrypted, CombineError> {
    let (expected, found) = (key.key.election_id(), board.election_id());
    if expected != found {
        return Err(CombineError::Election { expected, found });
    }
    let (mut valid, mut faults) = (Vec::new(), Vec::new());
    for (index, share) in (1u8..).zip(&key.key.verification_shares) {
        match decryption_of(draft, board, index, *share, messages) {
            Ok(partial) => valid.push(partial),
            Err(fault) => faults.push((index, fault)),
        }
    }
    let needed = usize::from(draft.threshold);
    if valid.len() < needed {
        return Err(CombineError::TooFew { valid: valid.len(), needed, faults });
    }
    let partials: Vec<PartialDecryption> = choose(&valid, needed)?.into_iter().cloned().collect();
    let points = unmask(board.sums(), &decryption::combine(&partials, needed)?);
    let options = draft.rule.options();
    let totals = points.iter().enumerate().map(|(option, point)| {
        // Under any rule an option gets at most every voter's whole weight;
        // a position beyond the options gets nothing.
        let limit = if option < options { key.key.census_total.saturating_add(1) } else { 1 };
        let total = solver.solve(*point, limit, |done, all| progress(option, done, all));
        total.map_err(|cause| CombineError::Total { option, cause })
    });
    let mut totals = totals.collect::<Result<Vec<u64>, _>>()?;
    totals.truncate(options);
    Ok(Decrypted { totals, partials, faults })
}

/// The first valid decryption among `messages` of one trustee: whoever adds
/// messages cannot keep a valid one from counting. If there is none, what is
/// wrong with the first.
fn decryption_of(
    draft: &Draft,
    board: &CheckedBoard,
    index: u8,
    share: GroupElement,
    messages: &[Message],
) -> Result<PartialDecryption, Fault> {
    let mut first = Fault::Missing;
    for message in
        messages.iter().filter(|m| m.route == (Route { round: Round::Decryption, from: index, to: 0 }))
    {
        match check_decryption(draft, board, share, message) {
            Err(fault) if first == Fault::Missing => first = fault,
            Err(_) => {}
            valid => return valid,
        }
    }
    Err(first)
}

fn check_decryption(
    draft: &Draft,
    board: &CheckedBoard,
    share: GroupElement,
    message: &Message,
) -> Result<PartialDecryption, Fault> {
    message.check(draft)?;
    let partial = PartialDecryption::from_bytes(draft.rule.shape(), &message.body)?;
    if partial.index != message.route.from {
        return Err(Fault::Index(partial.index));
    }
    partial.verify(&statement(board, share))?;
    Ok(partial)
}
