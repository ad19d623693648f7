//! Both forms of a tally with real proofs on small circuits: they agree, and
//! a chunk left out, repeated or moved is refused (A31), as is a proof for
//! another board, result or key.
#![allow(clippy::unwrap_used, missing_docs)]

use circuits::{
    tally::{
        Board, Layout,
        testing::{DealtKey, Log},
    },
    types::{BallotShape, ElectionId, Slot, Tally},
};
use prover::{
    ProvingKey, development_key, shape,
    tally::{Job, prove_tally},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc};
use verifier::{
    CircuitId, PreparedVerifyingKey,
    tally::{ClosedBoard, InvalidTally, check_proofs},
};

const SEED: u64 = 31;
const T: usize = 2;

struct Fixture {
    board: Board,
    closed: ClosedBoard,
    dealt: DealtKey,
    rng: ChaCha20Rng,
    keys: BTreeMap<CircuitId, Arc<ProvingKey>>,
}

/// Ten entries in seven slots; totals 19 and 10.
fn fixture() -> Fixture {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let dealt = DealtKey::random(T, 3, &mut rng);
    let mut log = Log::new(BallotShape::Shape4);
    let slot = |i: u64| Slot::from_field((i * 1_000_003).into());
    for i in [5u64, 2, 7, 1, 4, 3, 6] {
        log.vote(dealt.public_key, slot(i), &[1, 2], &mut rng);
    }
    for i in [2u64, 5, 2] {
        log.vote(dealt.public_key, slot(i), &[7, 0], &mut rng);
    }
    let board = log.board(ElectionId::from_field(9u64.into()));
    let closed = ClosedBoard {
        election_id: board.election_id(),
        public_key: dealt.public_key,
        root: board.root(),
        rows: board.rows().to_vec(),
        slots: board.slots(),
        sums: board.sums(),
    };
    Fixture { board, closed, dealt, rng, keys: BTreeMap::new() }
}

impl Fixture {
    fn prove(&mut self, layout: Layout) -> Tally {
        let opened = self.dealt.open(&self.board, &[19, 10, 0, 0], &mut self.rng);
        let keys = &mut self.keys;
        let key = |id| {
            let make = || Arc::new(development_key(&shape(id).unwrap()).unwrap());
            Ok::<_, Infallible>(keys.entry(id).or_insert_with(make).clone())
        };
        let job = Job { layout, board: &self.board, options: 2, opened, points: &[] };
        prove_tally(job, key, &mut self.rng, |_, _| {}).unwrap()
    }

    fn check(&self, layout: Layout, tally: &Tally) -> Result<(), InvalidTally> {
        let prepared: BTreeMap<CircuitId, PreparedVerifyingKey> =
            self.keys.iter().map(|(id, key)| (*id, key.verifying_key().prepare())).collect();
        check_proofs(layout, T, 2, &self.closed, tally, |id| prepared.get(&id))
    }
}

fn layout(rows: usize) -> Layout {
    Layout::new(BallotShape::Shape4, rows).unwrap()
}

#[test]
fn one_proof_and_chunks_agree_and_their_forgeries_are_refused() {
    let mut f = fixture();
    let one = f.prove(layout(16));
    let chunked = f.prove(layout(4));
    assert_eq!((one.proofs.len(), chunked.proofs.len()), (1, 4));
    assert_eq!((&one.totals, one.slots), (&chunked.totals, chunked.slots));
    assert_eq!(f.check(layout(16), &one), Ok(()));
    assert_eq!(f.check(layout(4), &chunked), Ok(()));

    let refused = |what: &str, edit: &dyn Fn(&mut Tally)| {
        let mut edited = chunked.clone();
        edit(&mut edited);
        let result = f.check(layout(4), &edited);
        assert!(result.is_err(), "{what}");
        result.unwrap_err()
    };
    let count = refused("a chunk left out", &|t| drop(t.proofs.remove(1)));
    assert!(matches!(count, InvalidTally::Count { .. }), "{count}");
    refused("a chunk twice", &|t| t.proofs[1] = t.proofs[0].clone());
    refused("chunks swapped", &|t| t.proofs.swap(0, 1));
    refused("another chunk's proof", &|t| t.proofs[1].proof = t.proofs[0].proof);
    refused("the one proof instead", &|t| t.proofs = one.proofs.clone());
    refused("a unit moved", &|t| t.totals = vec![18, 11]);
    refused("a slot more", &|t| t.slots += 1);
    refused("an input more", &|t| t.proofs[0].inputs.push(1u64.into()));
    refused("an input less", &|t| {
        t.proofs[0].inputs.pop();
    });
    refused("another state", &|t| t.proofs[0].inputs[5] = 1u64.into());
    refused("a byte of a proof", &|t| t.proofs[2].proof.0[7] ^= 1);
    refused("another circuit's name", &|t| t.proofs[3].circuit = "tally/4/rows=4/t=2".into());

    // A32: the same proofs for a board with a row dropped or two exchanged.
    for edit in [|rows: &mut Vec<_>| rows.truncate(9), |rows: &mut Vec<_>| rows.swap(0, 1)] {
        let mut closed = f.closed.clone();
        edit(&mut closed.rows);
        closed.root = circuits::types::board_root(&closed.rows);
        let other = Fixture { closed, ..fixture() };
        let other = Fixture { keys: f.keys.clone(), ..other };
        assert!(other.check(layout(16), &one).is_err());
        assert!(other.check(layout(4), &chunked).is_err());
    }
}
