//! The chunked form: it agrees with the one-proof form, and no chunk can be
//! skipped, repeated or restarted (A31).

use super::*;
use ark_ff::{AdditiveGroup, Field};

const ROWS: usize = 4;

/// Ten entries in six slots: three chunks of 4, 4 and 2 rows, with slots that
/// cross the chunks' borders in both lists.
struct Long {
    board: Board,
    opened: Opened,
    z: Vec<Fr>,
}

impl Long {
    fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let key = DealtKey::random(2, 3, &mut rng);
        let slots = ascending_slots(6, &mut rng);
        let mut log = Log::new(BallotShape::Shape4);
        let pk = key.public_key;
        for (i, slot) in [(1, 3), (2, 0), (4, 1), (8, 5)] {
            log.vote(pk, slots[slot], &[i, 0, 1, 0], &mut rng);
        }
        log.mask(pk, slots[1], &mut rng);
        log.vote(pk, slots[1], &[16, 0, 1, 0], &mut rng);
        log.vote(pk, slots[4], &[32, 0, 1, 0], &mut rng);
        log.mask(pk, slots[3], &mut rng);
        log.mask(pk, slots[1], &mut rng);
        log.vote(pk, slots[2], &[64, 0, 1, 0], &mut rng);
        let board = log.board(election());
        let opened = key.open(&board, &[1 + 2 + 8 + 16 + 32 + 64, 0, 6, 0], &mut rng);
        let z = (0..6).map(|_| Fr::rand(&mut rng)).collect();
        Self { board, opened, z }
    }

    fn chunks(&self) -> Box<Chunks<'_>> {
        match plan(layout(ROWS), &self.board, self.opened.clone(), &self.z) {
            Plan::Chunked(chunks) => chunks,
            Plan::One(_) => panic!("ten entries do not fit into one proof of four"),
        }
    }

    fn all(&self) -> (Vec<Chunk>, Final) {
        let chunks = self.chunks();
        (chunks.clone().map(Result::unwrap).collect(), chunks.finish().unwrap())
    }
}

fn expect_chunk(chunk: &Chunk, condition: Option<&str>) {
    assert_condition(relation::check_chunk(layout(ROWS), &chunk.statement, &chunk.witness), condition);
    #[cfg(feature = "r1cs")]
    {
        let circuit = ChunkCircuit::new(layout(ROWS), chunk.statement.clone(), chunk.witness.clone());
        assert_eq!(refused_by(&circuit.unwrap()), Vec::from_iter(condition));
    }
}

fn expect_final(last: &Final, condition: Option<&str>) {
    assert_condition(relation::check_final(layout(ROWS), &last.statement, &last.witness), condition);
    #[cfg(feature = "r1cs")]
    {
        let circuit = FinalCircuit::new(layout(ROWS), last.statement.clone(), last.witness.clone());
        assert_eq!(refused_by(&circuit.unwrap()), Vec::from_iter(condition));
    }
}

#[test]
fn both_forms_agree() {
    let long = Long::new(40);
    let (chunks, last) = long.all();
    assert_eq!((chunks.len(), long.chunks().count_all()), (3, 3));
    chunks.iter().for_each(|c| expect_chunk(c, None));
    expect_final(&last, None);
    let statements: Vec<ChunkStatement> = chunks.iter().map(|c| c.statement.clone()).collect();
    assert_eq!(check_chain(layout(ROWS), &statements, &last.statement), Ok(()));

    let wide = layout(16);
    let Plan::One(one) = plan(wide, &long.board, long.opened.clone(), &long.z) else { panic!("ten entries") };
    assert_eq!(relation::check(wide, &one.statement, &one.witness), Ok(()));
    assert_eq!(one.statement.outcome, last.statement.outcome);
    assert_eq!((one.statement.outcome.size, one.statement.outcome.slots), (10, 6));
    #[cfg(feature = "r1cs")]
    {
        let circuit = TallyCircuit::new(wide, one.statement, one.witness).unwrap();
        assert_eq!(refused_by(&circuit), Vec::<&str>::new());
    }
}

/// A31: chunks that start where others do, or nowhere.
#[test]
fn skipped_repeated_and_restarted_chunks_break_the_chain() {
    let (chunks, last) = Long::new(41).all();
    let all: Vec<ChunkStatement> = chunks.into_iter().map(|c| c.statement).collect();
    let check = |order: &[usize]| {
        let chosen: Vec<ChunkStatement> = order.iter().map(|i| all[*i].clone()).collect();
        check_chain(layout(ROWS), &chosen, &last.statement)
    };
    assert_eq!(check(&[0, 1, 2]), Ok(()));
    assert_eq!(check(&[]), Err(BrokenChain::Count { found: 0, expected: 3 }));
    assert_eq!(check(&[0, 2]), Err(BrokenChain::Count { found: 2, expected: 3 }));
    assert_eq!(check(&[0, 1, 1, 2]), Err(BrokenChain::Count { found: 4, expected: 3 }));
    assert_eq!(check(&[0, 1, 1]), Err(BrokenChain::Start { chunk: 2, found: 4, expected: 8 }));
    assert_eq!(check(&[0, 2, 1]), Err(BrokenChain::Start { chunk: 1, found: 8, expected: 4 }));
    let mut other = all.clone();
    other[1].size += 1;
    assert_eq!(check_chain(layout(ROWS), &other, &last.statement), Err(BrokenChain::Board(1)));
    for broken in 1..4 {
        let (mut other, mut last) = (all.clone(), last.statement.clone());
        let state = if broken == 3 { &mut last.state_in } else { &mut other[broken].state_in };
        *state = StateDigest::from_field(Fr::ONE);
        assert_eq!(check_chain(layout(ROWS), &other, &last), Err(BrokenChain::State(broken)));
    }
}

/// A chunk whose public start is not the index of its state: a skipped or
/// repeated one.
#[test]
fn a_chunk_at_another_start_is_refused() {
    let (mut chunks, _) = Long::new(42).all();
    for start in [0, 8, 5] {
        chunks[1].statement.start = start;
        assert!(relation::check_chunk(layout(ROWS), &chunks[1].statement, &chunks[1].witness).is_err());
        #[cfg(feature = "r1cs")]
        {
            let Chunk { statement, witness } = chunks[1].clone();
            let circuit = ChunkCircuit::new(layout(ROWS), statement, witness).unwrap();
            assert!(refused_by(&circuit).contains(&"state"));
        }
    }
}

/// A first chunk that starts from anything but the initial state: each field
/// of the state in turn, everything after it computed from the forged state.
#[test]
fn a_first_chunk_from_a_forged_state_is_refused() {
    let forge: [fn(&mut State); 8] = [
        |s| s.product_log += Fr::ONE,
        |s| s.product_sorted += Fr::ONE,
        |s| s.slots += 1,
        |s| s.last.next += Fr::ONE,
        |s| s.last.seq += 1,
        |s| s.sorted += Fr::ONE,
        |s| s.filled[3] += Fr::ONE,
        |s| s.sums = s.sums.add(&Ciphertexts::new(BallotShape::Shape4, vec![stuffed(); 4]).unwrap()),
    ];
    for forge in forge {
        let long = Long::new(43);
        let mut chunk = long.chunks().next().unwrap().unwrap();
        forge(&mut chunk.witness.state);
        rehash(&mut chunk);
        expect_chunk(&chunk, Some("state"));
    }
}

/// An encryption of 1000 that nobody cast.
fn stuffed() -> crate::types::Ciphertext {
    let pk = crate::types::GroupElement::generator();
    crate::types::Ciphertext::encrypt(pk, 1000, crate::curve::Scalar::from(3u64))
}

/// The digests that follow from the witness.
fn rehash(chunk: &mut Chunk) {
    chunk.statement.state_in = chunk.witness.state.digest();
    if let Ok(after) = relation::advance(layout(ROWS), chunk.witness.state.clone(), &chunk.witness.segment) {
        chunk.statement.state_out = after.digest();
    }
}

/// A short chunk that is not the last leaves an index at which no chunk can
/// start.
#[test]
fn a_chunk_after_a_short_one_is_refused() {
    let long = Long::new(44);
    let mut chunk = long.all().0.remove(1);
    chunk.witness.state.index = 3;
    chunk.statement.start = 3;
    chunk.statement.state_in = chunk.witness.state.digest();
    assert_eq!(
        relation::check_chunk(layout(ROWS), &chunk.statement, &chunk.witness),
        Err(Unsatisfied::State)
    );
    #[cfg(feature = "r1cs")]
    {
        let Chunk { statement, witness } = chunk;
        let circuit = ChunkCircuit::new(layout(ROWS), statement, witness).unwrap();
        assert!(refused_by(&circuit).contains(&"state"));
    }
}

#[test]
fn a_chunk_with_wrong_digests_or_names_is_refused() {
    let change: [fn(&mut ChunkStatement); 5] = [
        |s| s.state_in = StateDigest::from_field(Fr::ONE),
        |s| s.state_out = StateDigest::from_field(Fr::ONE),
        |s| s.election_id = ElectionId::from_field(Fr::ONE),
        |s| s.root = crate::types::BoardRoot::from_field(Fr::ONE),
        |s| s.size += 1,
    ];
    for change in change {
        let (mut chunks, _) = Long::new(45).all();
        change(&mut chunks[1].statement);
        expect_chunk(&chunks[1], Some("state"));
    }
    let (mut chunks, _) = Long::new(45).all();
    chunks[2].statement.batches[0].f += Fr::ONE;
    expect_chunk(&chunks[2], Some("Y8 fingerprint"));
}

/// A change of one field of a state.
type Forge = fn(&mut State);

/// Order, chain and flush across the border of two chunks.
#[test]
fn wrong_rows_at_the_border_of_chunks_are_refused() {
    let cases: [(Forge, &str); 4] = [
        (|s| s.last.slot = -Fr::ONE, "Y4 order"),
        (|s| s.last.seq = 100, "Y4 order"),
        (|s| s.last.next += Fr::ONE, "Y5 chain"),
        (|s| s.last.slot -= Fr::ONE, "Y5 chain"),
    ];
    // The second chunk goes on in the slot where the first one ended.
    let (chunks, _) = Long::new(46).all();
    assert_eq!(chunks[1].witness.state.last.slot, chunks[1].witness.segment.sorted[0].slot.field());
    for (forge, condition) in cases {
        let mut chunk = chunks[1].clone();
        forge(&mut chunk.witness.state);
        chunk.statement.state_in = chunk.witness.state.digest();
        assert_condition(
            relation::check_chunk(layout(ROWS), &chunk.statement, &chunk.witness),
            Some(condition),
        );
        #[cfg(feature = "r1cs")]
        {
            let Chunk { statement, witness } = chunk;
            let circuit = ChunkCircuit::new(layout(ROWS), statement, witness).unwrap();
            assert!(refused_by(&circuit).contains(&condition));
        }
    }
}

/// The last row of a chunk ends its slot, and the next chunk does not add it.
#[test]
fn y6_a_slot_that_is_not_flushed_at_the_border_is_refused() {
    let mut chunk = Long::new(53).all().0.remove(2);
    let Chunk { statement, witness } = &mut chunk;
    let first = &witness.segment.sorted[0];
    assert_ne!(first.slot.field(), witness.state.last.slot);
    // What the circuit computes without the opening: the state of the honest
    // chunk, but for the sums.
    let mut after = relation::advance(layout(ROWS), witness.state.clone(), &witness.segment).unwrap();
    witness.segment.openings[0] = Ciphertexts::identity(BallotShape::Shape4);
    after.sums = witness.segment.openings.iter().fold(witness.state.sums.clone(), |sum, o| sum.add(o));
    statement.state_out = after.digest();
    expect_chunk(&chunk, Some("Y6 sum"));
}

/// A witness of the other shape is an error, not a panic.
#[test]
fn witnesses_of_another_shape_are_refused() {
    let (chunks, mut last) = Long::new(54).all();
    let other = Ciphertexts::identity(BallotShape::Shape16);
    let mut chunk = chunks[2].clone();
    chunk.witness.segment.openings[0] = other.clone();
    let refused = Err(Unsatisfied::Layout { rows: ROWS });
    assert_eq!(relation::check_chunk(layout(ROWS), &chunk.statement, &chunk.witness), refused);
    last.witness.last_opening = other.clone();
    assert_eq!(relation::check_final(layout(ROWS), &last.statement, &last.witness), refused);
    let mut chunk = chunks[1].clone();
    chunk.witness.state.sums = other;
    chunk.statement.state_in = chunk.witness.state.digest();
    assert_eq!(relation::check_chunk(layout(ROWS), &chunk.statement, &chunk.witness), refused);
    let mut chunk = chunks[1].clone();
    chunk.witness.state.slots = u32::MAX;
    chunk.statement.state_in = chunk.witness.state.digest();
    let verdict = relation::check_chunk(layout(ROWS), &chunk.statement, &chunk.witness);
    assert_eq!(verdict, Err(Unsatisfied::Counts));
}

/// The final proof before the last chunk, or without any.
#[test]
fn a_final_proof_of_an_unfinished_board_is_refused() {
    let long = Long::new(47);
    let (chunks, mut last) = long.all();
    for state in [&chunks[2].witness.state, &chunks[0].witness.state] {
        last.witness.state = state.clone();
        last.statement.state_in = state.digest();
        assert!(relation::check_final(layout(ROWS), &last.statement, &last.witness).is_err());
        #[cfg(feature = "r1cs")]
        {
            let circuit = FinalCircuit::new(layout(ROWS), last.statement.clone(), last.witness.clone());
            assert!(refused_by(&circuit.unwrap()).contains(&"counts"));
        }
    }
}

/// Each field that the final proof compares, alone.
#[test]
fn a_final_proof_from_a_forged_state_is_refused() {
    let cases: [(Forge, &str); 8] = [
        (|s| s.tree += Fr::ONE, "Y1 log"),
        (|s| s.sorted += Fr::ONE, "Y2 sorted commitment"),
        (|s| s.product_log += Fr::ONE, "Y3 same rows"),
        (|s| s.product_sorted = Fr::ZERO, "Y3 same rows"),
        (|s| s.last.next += Fr::ONE, "Y6 sum"),
        (|s| s.sums = s.sums.add(&s.sums), "Y7 decryption"),
        (|s| s.slots += 1, "counts"),
        (|s| s.index -= 1, "counts"),
    ];
    for (forge, condition) in cases {
        let mut last = Long::new(48).all().1;
        forge(&mut last.witness.state);
        last.statement.state_in = last.witness.state.digest();
        expect_final(&last, Some(condition));
    }
}

/// Challenges chosen by the prover, with all chunks computed from them.
#[test]
fn y3_challenges_of_the_provers_choice_are_refused() {
    for item in 0..2 {
        let long = Long::new(49);
        let (chunks, mut last) = long.all();
        let mut context = chunks[0].witness.state.context;
        match item {
            0 => context.beta = Fr::ZERO,
            _ => context.gamma = Fr::from(5u64),
        }
        last.witness.state = replay(context, &chunks);
        last.statement.state_in = last.witness.state.digest();
        assert!(relation::check_final(layout(ROWS), &last.statement, &last.witness).is_err());
        #[cfg(feature = "r1cs")]
        {
            let circuit = FinalCircuit::new(layout(ROWS), last.statement, last.witness).unwrap();
            assert_eq!(refused_by(&circuit), ["Y3 same rows"]);
        }
    }
}

/// A commitment S to other rows than the chunks absorb.
#[test]
fn y2_another_sorted_commitment_is_refused() {
    let long = Long::new(50);
    let (chunks, mut last) = long.all();
    let c = chunks[0].witness.state.context;
    let context = Context::new(c.election_id, c.root, c.size, c.sorted + Fr::ONE);
    last.witness.state = replay(context, &chunks);
    last.statement.state_in = last.witness.state.digest();
    expect_final(&last, Some("Y2 sorted commitment"));
}

/// The state after all chunks in another context.
fn replay(context: Context, chunks: &[Chunk]) -> State {
    let start = State::initial(layout(ROWS), context);
    chunks.iter().fold(start, |s, c| relation::advance(layout(ROWS), s, &c.witness.segment).unwrap())
}

/// The final statement's own items.
#[test]
fn a_final_proof_of_another_statement_is_refused() {
    let mut last = Long::new(51).all().1;
    last.statement.outcome.totals[1] += 1;
    expect_final(&last, Some("Y7 decryption"));
    let mut last = Long::new(51).all().1;
    last.statement.outcome.slots -= 1;
    expect_final(&last, Some("counts"));
    let mut last = Long::new(51).all().1;
    last.statement.state_in = StateDigest::from_field(Fr::ONE);
    expect_final(&last, Some("state"));
    let mut last = Long::new(51).all().1;
    last.witness.last_opening = Ciphertexts::identity(BallotShape::Shape4);
    assert!(relation::check_final(layout(ROWS), &last.statement, &last.witness).is_err());
}

/// A board that breaks a condition has no chunk there, and no final proof.
#[test]
fn the_plan_of_a_broken_board_stops() {
    let mut s = Sample::new(52);
    s.log.rows[2].prev_digest = crate::types::CiphertextDigest::from_field(Fr::ONE);
    let slot = s.slots[1];
    s.log.vote(s.key.public_key, slot, &[1], &mut s.rng);
    let board = s.log.board(election());
    let opened = s.key.open(&board, &[7, 0, 0, 0], &mut s.rng);
    let Plan::Chunked(mut chunks) = plan(layout(ROWS), &board, opened, &[]) else { panic!("five entries") };
    assert!(matches!(chunks.next(), Some(Err(Unsatisfied::Chain(1)))));
    assert!(chunks.next().is_none());
    assert!(matches!(chunks.finish(), Err(Unsatisfied::Chain(1))));
}
