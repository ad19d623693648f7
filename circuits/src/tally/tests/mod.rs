#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
//! Boards right and wrong. Each wrong one breaks a single condition.

#[cfg(feature = "r1cs")]
mod agreement;
mod boards;
mod chunks;
#[cfg(feature = "r1cs")]
mod shapes;
#[cfg(feature = "r1cs")]
mod tamper;

use super::{testing::*, *};
use crate::{
    curve::Fr,
    types::{BallotShape, BoardRow, Ciphertexts, ElectionId, Slot, board_root},
};
use ark_ff::UniformRand;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

fn layout(rows: usize) -> Layout {
    Layout::new(BallotShape::Shape4, rows).unwrap()
}

fn election() -> ElectionId {
    ElectionId::from_field(Fr::from(0xe1ec7104u64))
}

/// `count` random slots in ascending order.
fn ascending_slots(count: usize, rng: &mut ChaCha20Rng) -> Vec<Slot> {
    let mut slots: Vec<Slot> = (0..count).map(|_| Slot::from_field(Fr::rand(rng))).collect();
    slots.sort();
    slots
}

/// A 4-entry election: slots A < B < C; A votes and is masked, B and C vote.
struct Sample {
    rng: ChaCha20Rng,
    key: DealtKey,
    slots: Vec<Slot>,
    log: Log,
    z: Vec<Fr>,
}

const TOTALS: [u64; 4] = [6, 1, 0, 5];

impl Sample {
    fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let key = DealtKey::random(2, 3, &mut rng);
        let slots = ascending_slots(3, &mut rng);
        let mut log = Log::new(BallotShape::Shape4);
        let pk = key.public_key;
        log.vote(pk, slots[0], &[5, 0, 0, 0], &mut rng);
        log.vote(pk, slots[1], &[0, 1, 0, 5], &mut rng);
        log.mask(pk, slots[0], &mut rng);
        log.vote(pk, slots[2], &[1, 0, 0, 0], &mut rng);
        let z = (0..4).map(|_| Fr::rand(&mut rng)).collect();
        Self { rng, key, slots, log, z }
    }

    fn honest(&mut self) -> OneProof {
        let board = self.log.board(election());
        let opened = self.key.open(&board, &TOTALS, &mut self.rng);
        match plan(layout(4), &board, opened, &self.z) {
            Plan::One(one) => *one,
            Plan::Chunked(_) => panic!("four entries fit into one proof"),
        }
    }

    /// What a prover claims who has these lists and openings, and trustees
    /// who decrypt whatever the openings add up to: consistent but for the
    /// lists themselves.
    fn claim(
        &mut self,
        log: Vec<BoardRow>,
        sorted: Vec<SortedRow>,
        mut openings: Vec<Ciphertexts>,
        totals: [u64; 4],
    ) -> OneProof {
        let root = board_root(&log);
        let last_opening = openings.pop().unwrap();
        let mut sums = last_opening.clone();
        let mut slots = 1;
        for (pair, opening) in sorted.windows(2).zip(&openings[1..]) {
            if pair[0].slot != pair[1].slot {
                slots += 1;
                sums = sums.add(opening);
            }
        }
        let size = log.len() as u32;
        let about = (election(), root, size);
        let trustees = vec![
            self.key.partial(1, about, &sums, &mut self.rng),
            self.key.partial(3, about, &sums, &mut self.rng),
        ];
        let statement = Statement {
            election_id: election(),
            root,
            outcome: Outcome { size, slots, totals: totals.to_vec() },
            public_key: self.key.public_key,
            batches: BatchBinding::of_segment(layout(4), &log, &self.z),
        };
        let decryption = Decryption::new(trustees).unwrap();
        let segment = Segment { log, sorted, openings };
        OneProof { statement, witness: Witness { segment, last_opening, decryption } }
    }

    /// Sorted rows by their seqs.
    fn sorted(&self, seqs: [u32; 4]) -> Vec<SortedRow> {
        seqs.iter().map(|i| SortedRow::new(*i, &self.log.rows[*i as usize])).collect()
    }

    /// Openings by seq; `None` where nothing is opened.
    fn openings(&self, seqs: [Option<usize>; 5]) -> Vec<Ciphertexts> {
        let none = Ciphertexts::identity(BallotShape::Shape4);
        seqs.iter().map(|i| i.map_or(none.clone(), |i| self.log.contents[i].clone())).collect()
    }
}

/// The conditions that the circuit refuses, without repetition.
#[cfg(feature = "r1cs")]
fn refused_by<C: crate::r1cs::Circuit>(circuit: &C) -> Vec<&'static str> {
    let (shape, z) = crate::r1cs::Cs::shape_and_assignment(circuit);
    crate::testing::failing_conditions(&shape, &z)
}

/// Relation and circuit agree, and refuse `condition` alone; `None` accepts.
fn expect(one: &OneProof, condition: Option<&str>) {
    let verdict = relation::check(layout(4), &one.statement, &one.witness);
    assert_condition(verdict, condition);
    #[cfg(feature = "r1cs")]
    {
        let circuit = TallyCircuit::new(layout(4), one.statement.clone(), one.witness.clone()).unwrap();
        assert_eq!(refused_by(&circuit), Vec::from_iter(condition));
    }
}

fn assert_condition(verdict: Result<(), Unsatisfied>, condition: Option<&str>) {
    match (&verdict, condition) {
        (Ok(()), None) => (),
        (Err(e), Some(c)) if e.to_string().starts_with(c) => (),
        _ => panic!("{verdict:?} instead of {condition:?}"),
    }
}
