//! A result whose totals leave their 44 bits packs to the public inputs of
//! another result: `check_proofs` must refuse it.
#![allow(clippy::unwrap_used)]

use circuits::{
    curve::Fr,
    r1cs::Cs,
    tally::{
        Layout, Plan, TallyCircuit, plan,
        testing::{DealtKey, Log},
    },
    types::{BallotShape, ElectionId, Slot, Tally, TallyProof},
};
use prover::{development_key, prove};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use verifier::{
    CircuitId,
    tally::{ClosedBoard, check_proofs},
};

#[test]
fn totals_beyond_44_bits_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let layout = Layout::new(BallotShape::Shape4, 4).unwrap();
    let key = DealtKey::random(2, 3, &mut rng);
    let mut log = Log::new(BallotShape::Shape4);
    log.vote(key.public_key, Slot::from_field(Fr::from(1u64)), &[5], &mut rng);
    log.vote(key.public_key, Slot::from_field(Fr::from(2u64)), &[0, 7], &mut rng);
    let board = log.board(ElectionId::from_field(Fr::from(9u64)));
    let opened = key.open(&board, &[5, 7, 0, 0], &mut rng);
    let Plan::One(one) = plan(layout, &board, opened, &[]) else { panic!("two entries") };
    let inputs = one.statement.encode();
    let circuit = TallyCircuit::new(layout, one.statement, one.witness).unwrap();
    let proving = development_key(&Cs::shape(&circuit)).unwrap();
    let proof = prove(&proving, &circuit, &mut rng).unwrap();
    let prepared = proving.verifying_key().prepare();

    let id = CircuitId::Tally { shape: BallotShape::Shape4, rows: 4, t: 2 };
    let closed = ClosedBoard {
        election_id: board.election_id(),
        public_key: key.public_key,
        root: board.root(),
        rows: board.rows().to_vec(),
        slots: board.slots(),
        sums: board.sums(),
    };
    let check = |totals: Vec<u64>| {
        let proofs = vec![TallyProof { circuit: id.to_string(), inputs: inputs.clone(), proof }];
        let tally = Tally { totals, slots: 2, quorum: vec![1, 2], proofs };
        check_proofs(layout, 2, 2, &closed, &tally, |_| Some(&prepared))
    };
    assert_eq!(check(vec![5, 7]), Ok(()));
    // 7 to 5 for the second option becomes 2^44 + 5 to 6 for the first.
    assert!(check(vec![5 + (1 << 44), 6]).is_err(), "one proof, two results");
}
