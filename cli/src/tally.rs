//! Recovers and proves results for a node.

use circuits::{
    decryption::dlog::Solver,
    tally::{Board, Decryption, Layout, Opened, Trustee},
    types::{BoardEntry, Ciphertexts, Slot, Tally},
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

impl Prover {
    /// Proves with `keys` and tells `report` how far it is.
    pub fn new(keys: Arc<KeyStore>, report: Report) -> Self {
        Self { keys, report }
    }

    fn combine(&self, case: &TallyCase, board: &CheckedBoard) -> Result<Decrypted, TallyFailure> {
        let messages: Vec<Message> =
            case.decryptions.iter().filter_map(|m| Message::try_from(m.clone()).ok()).collect();
        let options = case.draft.draft.options.len() as u64;
        let solver = Solver::new();
        let progress = |option: usize, done: u64, all: u64| {
            (self.report)("recovering totals", option as u64 * all + done, options * all);
        };
        combine(&case.draft.draft, &case.key, board, &messages, &solver, progress).map_err(|e| match e {
            CombineError::TooFew { needed, faults, .. } => TallyFailure::NotEnough {
                valid: (1..=u8::try_from(case.draft.draft.trustees.len()).expect("at most 16"))
                    .filter(|i| faults.iter().all(|(bad, _)| bad != i))
                    .collect(),
                needed: u8::try_from(needed).expect("at most 16"),
            },
            other => failed(other),
        })
    }
}

fn failed(e: impl Error + Send + Sync + 'static) -> TallyFailure {
    TallyFailure::Failed(Box::new(e))
}

impl TallyProver for Prover {
    fn prove(&self, case: &TallyCase) -> Result<Tally, TallyFailure> {
        let draft = &case.draft.draft;
        let (shape, election_id) = (draft.rule.shape(), case.head.head.election_id);
        let entries = case.entries.read(0, case.entries.size()).map_err(failed)?;
        // The node verified every proof before it accepted the entry.
        let checked = CheckedBoard::replay(election_id, shape, &entries, &|_| Ok(())).map_err(failed)?;
        let decrypted = self.combine(case, &checked)?;
        let rows = entries.iter().map(BoardEntry::row).collect();
        let openings: BTreeMap<Slot, Ciphertexts> =
            entries.into_iter().map(|e| (e.slot, e.ciphertexts)).collect();
        let board = Board::new(shape, election_id, rows, openings).map_err(failed)?;
        let share = |index: u8| case.key.key.verification_shares[usize::from(index) - 1];
        let trustees = decrypted
            .partials
            .into_iter()
            .map(|partial| Trustee { verification_share: share(partial.index), partial })
            .collect();
        let mut totals = decrypted.totals;
        totals.resize(shape.options(), 0);
        let opened = Opened {
            public_key: case.key.key.public_key,
            decryption: Decryption::new(trustees).map_err(failed)?,
            totals,
        };
        let progress = |done: usize, all: usize| (self.report)("proving the tally", done as u64, all as u64);
        (self.report)("proving the tally", 0, 1);
        let key = |id| self.keys.get(id, &|_| {});
        let (layout, options) = (Layout::standard(shape), draft.options.len());
        let job = Job { layout, board: &board, options, opened, points: &[] };
        prove_tally(job, key, &mut OsRng, progress).map_err(failed)
    }
}
