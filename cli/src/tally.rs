//! Recovers and proves results, for a node and for a chain.

use circuits::{
    curve::Fr,
    decryption::dlog::Solver,
    tally::{Board, Decryption, Layout, Opened, Trustee},
    types::{BoardEntry, Ciphertexts, Draft, ElectionId, SignedElectionKey, Slot, Tally, TrusteeMessage},
};
use node::{TallyCase, TallyFailure, TallyProver};
use prover::{
    KeyStore,
    tally::{Job, prove_tally},
};
use rand_core::OsRng;
use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};
use trustee::{CheckedBoard, CombineError, Decrypted, Message, combine};

/// Hears how far a result is: what is done, how much of how much.
pub type Report = Arc<dyn Fn(&str, u64, u64) + Send + Sync>;

/// Proves results with the keys of a store.
pub struct Prover {
    keys: Arc<KeyStore>,
    report: Report,
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prover({:?})", self.keys)
    }
}

/// A closed board and what the trustees decrypted of it.
#[derive(Debug)]
pub struct Closed<'c> {
    /// The draft.
    pub draft: &'c Draft,
    /// The key that all trustees signed.
    pub key: &'c SignedElectionKey,
    /// The election.
    pub election_id: ElectionId,
    /// The whole board; every proof of it was verified.
    pub entries: Vec<BoardEntry>,
    /// The trustees' decryptions; those that are wrong are left out.
    pub decryptions: &'c [TrusteeMessage],
    /// The points at which a chain binds the ballots; none for a record.
    /// spec: `settlement.point`
    pub points: &'c [Fr],
}

impl Prover {
    /// Proves with `keys` and tells `report` how far it is.
    pub fn new(keys: Arc<KeyStore>, report: Report) -> Self {
        Self { keys, report }
    }

    fn combine(&self, closed: &Closed<'_>, board: &CheckedBoard) -> Result<Decrypted, TallyFailure> {
        let messages: Vec<Message> =
            closed.decryptions.iter().filter_map(|m| Message::try_from(m.clone()).ok()).collect();
        let options = closed.draft.options.len() as u64;
        let solver = Solver::new();
        let progress = |option: usize, done: u64, all: u64| {
            (self.report)("recovering totals", option as u64 * all + done, options * all);
        };
        combine(closed.draft, closed.key, board, &messages, &solver, progress).map_err(|e| match e {
            CombineError::TooFew { needed, faults, .. } => TallyFailure::NotEnough {
                valid: (1..=u8::try_from(closed.draft.trustees.len()).expect("at most 16"))
                    .filter(|i| faults.iter().all(|(bad, _)| bad != i))
                    .collect(),
                needed: u8::try_from(needed).expect("at most 16"),
            },
            other => failed(other),
        })
    }

    /// Recovers and proves the result of a closed board.
    ///
    /// # Errors
    /// If too few decryptions are valid, or a proof cannot be made.
    pub fn result(&self, closed: Closed<'_>) -> Result<Tally, TallyFailure> {
        let (draft, election_id) = (closed.draft, closed.election_id);
        let shape = draft.rule.shape();
        let checked =
            CheckedBoard::replay(election_id, shape, &closed.entries, &|_| Ok(())).map_err(failed)?;
        let decrypted = self.combine(&closed, &checked)?;
        let rows = closed.entries.iter().map(BoardEntry::row).collect();
        let openings: BTreeMap<Slot, Ciphertexts> =
            closed.entries.into_iter().map(|e| (e.slot, e.ciphertexts)).collect();
        let board = Board::new(shape, election_id, rows, openings).map_err(failed)?;
        let share = |index: u8| closed.key.key.verification_shares[usize::from(index) - 1];
        let trustees = decrypted
            .partials
            .into_iter()
            .map(|partial| Trustee { verification_share: share(partial.index), partial })
            .collect();
        let mut totals = decrypted.totals;
        totals.resize(shape.options(), 0);
        let opened = Opened {
            public_key: closed.key.key.public_key,
            decryption: Decryption::new(trustees).map_err(failed)?,
            totals,
        };
        let progress = |done: usize, all: usize| (self.report)("proving the tally", done as u64, all as u64);
        (self.report)("proving the tally", 0, 1);
        let key = |id| self.keys.get(id, &|_| {});
        let (layout, options) = (Layout::standard(shape), draft.options.len());
        let job = Job { layout, board: &board, options, opened, points: closed.points };
        prove_tally(job, key, &mut OsRng, progress).map_err(failed)
    }
}

fn failed(e: impl Error + Send + Sync + 'static) -> TallyFailure {
    TallyFailure::Failed(Box::new(e))
}

impl TallyProver for Prover {
    fn prove(&self, case: &TallyCase) -> Result<Tally, TallyFailure> {
        self.result(Closed {
            draft: &case.draft.draft,
            key: &case.key,
            election_id: case.head.head.election_id,
            entries: case.entries.read(0, case.entries.size()).map_err(failed)?,
            decryptions: &case.decryptions,
            points: &[],
        })
    }
}
