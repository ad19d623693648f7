//! The one-proof form: each kind of wrong board fails its condition alone.
//! A32: an operator who drops, adds or swaps entries finds no proof.

use super::*;
use crate::{
    curve::{GENERATOR, Scalar},
    types::{CiphertextDigest, CurvePoint},
};
use ark_ff::{Field, PrimeField};

#[test]
fn an_honest_board_is_accepted() {
    let mut s = Sample::new(1);
    let honest = s.honest();
    expect(&honest, None);
    let claimed = s.claim(
        s.log.rows.clone(),
        s.sorted([0, 2, 1, 3]),
        s.openings([None, None, Some(2), Some(1), Some(3)]),
        TOTALS,
    );
    expect(&claimed, None);
    assert_eq!(claimed.statement, honest.statement);
}

#[test]
fn y1_another_root_is_refused() {
    let mut s = Sample::new(2);
    let mut log = s.log.rows.clone();
    // The decryption, the challenges and the claimed root are about a board
    // that differs in a ticket, which nothing but the leaf mentions.
    let honest = log[1].ticket;
    log[1].ticket = crate::types::Ticket::random(&mut s.rng);
    let mut one =
        s.claim(log, s.sorted([0, 2, 1, 3]), s.openings([None, None, Some(2), Some(1), Some(3)]), TOTALS);
    one.witness.segment.log[1].ticket = honest;
    expect(&one, Some("Y1 log"));
}

/// The last vote is dropped, and one that nobody cast stands in its place.
#[test]
fn y3_a_dropped_or_invented_row_is_refused() {
    let mut s = Sample::new(3);
    let mut other = Log::new(BallotShape::Shape4);
    let later = Slot::from_field(s.slots[2].field() + Fr::ONE);
    other.vote(s.key.public_key, later, &[100], &mut s.rng);
    let mut sorted = s.sorted([0, 2, 1, 3]);
    sorted[3] = SortedRow::new(3, &other.rows[0]);
    let mut openings = s.openings([None, None, Some(2), Some(1), None]);
    openings[4] = other.contents[0].clone();
    let one = s.claim(s.log.rows.clone(), sorted, openings, [105, 1, 0, 5]);
    expect(&one, Some("Y3 same rows"));
}

/// B's vote counts twice, the second time in a slot of its own.
#[test]
fn y3_a_doubled_row_is_refused() {
    let mut s = Sample::new(4);
    let mut sorted = s.sorted([0, 2, 1, 1]);
    sorted[3].seq = 3;
    sorted[3].slot = s.slots[2];
    let openings = s.openings([None, None, Some(2), Some(1), Some(1)]);
    let one = s.claim(s.log.rows.clone(), sorted, openings, [5, 2, 0, 10]);
    expect(&one, Some("Y3 same rows"));
}

/// Any one value of a sorted row.
#[test]
fn y3_a_changed_value_is_refused() {
    for value in 0..2 {
        let mut s = Sample::new(5);
        let mut sorted = s.sorted([0, 2, 1, 3]);
        match value {
            0 => sorted[1].seq = 7,
            _ => sorted[3].slot = Slot::from_field(sorted[3].slot.field() + Fr::ONE),
        }
        let openings = s.openings([None, None, Some(2), Some(1), Some(3)]);
        let one = s.claim(s.log.rows.clone(), sorted, openings, TOTALS);
        expect(&one, Some("Y3 same rows"));
    }
}

/// A slot that comes back later in the list counts twice.
#[test]
fn y4_slots_out_of_order_are_refused() {
    let mut s = Sample::new(6);
    let openings = s.openings([None, Some(1), None, Some(2), Some(3)]);
    let one = s.claim(s.log.rows.clone(), s.sorted([1, 0, 2, 3]), openings, TOTALS);
    expect(&one, Some("Y4 order"));
}

/// The board holds the successor before its predecessor.
#[test]
fn y4_entries_out_of_order_are_refused() {
    let mut s = Sample::new(7);
    s.log.rows.swap(0, 2);
    s.log.contents.swap(0, 2);
    let openings = s.openings([None, None, Some(0), Some(1), Some(3)]);
    let one = s.claim(s.log.rows.clone(), s.sorted([2, 0, 1, 3]), openings, TOTALS);
    expect(&one, Some("Y4 order"));
}

#[test]
fn y5_a_broken_chain_is_refused() {
    // In a slot, and at its beginning.
    for row in [2, 3] {
        let mut s = Sample::new(8);
        s.log.rows[row].prev_digest = CiphertextDigest::from_field(Fr::from(99u64));
        let openings = s.openings([None, None, Some(2), Some(1), Some(3)]);
        let one = s.claim(s.log.rows.clone(), s.sorted([0, 2, 1, 3]), openings, TOTALS);
        expect(&one, Some("Y5 chain"));
    }
}

/// A slot that starts again from EMPTY would drop what it held.
#[test]
fn y5_a_slot_restarted_from_empty_is_refused() {
    let mut s = Sample::new(9);
    s.log.rows[2].prev_digest = CiphertextDigest::empty();
    let openings = s.openings([None, None, Some(2), Some(1), Some(3)]);
    let one = s.claim(s.log.rows.clone(), s.sorted([0, 2, 1, 3]), openings, TOTALS);
    expect(&one, Some("Y5 chain"));
}

#[test]
fn y6_a_slot_that_is_not_flushed_is_refused() {
    // The first slot, one in the middle, and the last one.
    let cases = [
        ([None, None, None, Some(1), Some(3)], [1, 1, 0, 5]),
        ([None, None, Some(2), None, Some(3)], [6, 0, 0, 0]),
        ([None, None, Some(2), Some(1), None], [5, 1, 0, 5]),
    ];
    for (openings, totals) in cases {
        let mut s = Sample::new(10);
        let one = s.claim(s.log.rows.clone(), s.sorted([0, 2, 1, 3]), s.openings(openings), totals);
        expect(&one, Some("Y6 sum"));
    }
}

#[test]
fn y6_other_ciphertexts_are_refused() {
    let mut s = Sample::new(11);
    // A's first vote instead of its last content: the mask would be undone.
    let one = s.claim(
        s.log.rows.clone(),
        s.sorted([0, 2, 1, 3]),
        s.openings([None, None, Some(0), Some(1), Some(3)]),
        TOTALS,
    );
    expect(&one, Some("Y6 sum"));
}

#[test]
fn y7_wrong_totals_are_refused() {
    for totals in [[7, 1, 0, 5], [1, 6, 0, 5], [6, 1, 1, 4]] {
        let mut s = Sample::new(12);
        let mut one = s.honest();
        one.statement.outcome.totals = totals.to_vec();
        expect(&one, Some("Y7 decryption"));
    }
}

/// A30: the largest total is accepted, the next one is refused.
#[test]
fn y7_totals_end_at_the_limit() {
    let limit = 1u64 << 44;
    for (total, condition) in [(limit - 1, None), (limit, Some("Y7 decryption"))] {
        let mut s = Sample::new(13);
        let pk = s.key.public_key;
        let mut log = Log::new(BallotShape::Shape4);
        log.vote(pk, s.slots[0], &[0, limit - 2, 0, 0], &mut s.rng);
        log.vote(pk, s.slots[1], &[0, total - (limit - 2), 0, 0], &mut s.rng);
        let board = log.board(election());
        let opened = s.key.open(&board, &[0, total, 0, 0], &mut s.rng);
        let Plan::One(one) = plan(layout(4), &board, opened, &s.z) else { panic!("two entries") };
        expect(&one, condition);
    }
}

#[test]
fn y7_wrong_shares_and_proofs_are_refused() {
    let change: [fn(&mut Trustee); 5] = [
        |t| t.partial.shares[2] = (t.partial.shares[2].affine() + GENERATOR).into(),
        |t| t.partial.shares.swap(0, 1),
        |t| t.partial.proof.challenge ^= 1,
        |t| t.partial.proof.response += Scalar::ONE,
        |t| t.verification_share = crate::types::GroupElement::generator(),
    ];
    for change in change {
        let mut s = Sample::new(14);
        let mut one = s.honest();
        change(&mut one.witness.decryption.trustees[1]);
        expect(&one, Some("Y7 decryption"));
    }
}

/// A14: a share with a component of low order.
#[test]
fn y7_a_share_outside_the_subgroup_is_refused() {
    let mut s = Sample::new(15);
    let mut one = s.honest();
    let order_two = crate::curve::Affine2::new_unchecked(Fr::from(0u64), -Fr::ONE);
    let share = &mut one.witness.decryption.trustees[0].partial.shares[0];
    *share = CurvePoint::from(share.affine() + order_two);
    expect(&one, Some("Y7 decryption"));
}

/// Right shares, but of another board, size or election.
#[test]
fn y7_shares_of_another_statement_are_refused() {
    for item in 0..3 {
        let mut s = Sample::new(16);
        let mut one = s.honest();
        let board = s.log.board(election());
        let (mut id, mut root, mut size) = (election(), board.root(), board.size());
        match item {
            0 => id = ElectionId::from_field(Fr::from(1u64)),
            1 => root = crate::types::BoardRoot::from_field(Fr::from(1u64)),
            _ => size += 1,
        }
        let trustees =
            (1..=2).map(|i| s.key.partial(i, (id, root, size), &board.sums(), &mut s.rng)).collect();
        one.witness.decryption = Decryption::new(trustees).unwrap();
        expect(&one, Some("Y7 decryption"));
    }
}

/// A66, A33: one trustee twice, with any coefficients, is not two trustees.
#[test]
fn y7_repeated_or_missing_trustees_are_refused() {
    for (numerators, denominator) in [(vec![2, -1], 1), (vec![1, 1], 2), (vec![1, 0], 1), (vec![0, 0], 1)] {
        let mut s = Sample::new(17);
        let mut one = s.honest();
        let decryption = &mut one.witness.decryption;
        decryption.trustees[1] = decryption.trustees[0].clone();
        (decryption.numerators, decryption.denominator) = (numerators, denominator);
        expect(&one, Some("Y7 decryption"));
    }
}

#[test]
fn y7_wrong_coefficients_are_refused() {
    let cases =
        [(vec![2, 1], 1), (vec![2, -1], 2), (vec![0, 0], 0), (vec![1 << 24, -1], 1), (vec![2, -1], 1 << 24)];
    for (numerators, denominator) in cases {
        let mut s = Sample::new(18);
        let mut one = s.honest();
        let decryption = &mut one.witness.decryption;
        (decryption.numerators, decryption.denominator) = (numerators, denominator);
        expect(&one, Some("Y7 decryption"));
    }
    // A multiple of both is as good.
    let mut s = Sample::new(18);
    let mut one = s.honest();
    (one.witness.decryption.numerators, one.witness.decryption.denominator) = (vec![6, -3], 3);
    expect(&one, None);
}

#[test]
fn y8_another_fingerprint_is_refused() {
    for batch in 0..2 {
        let mut s = Sample::new(19);
        let mut one = s.honest();
        one.statement.batches[batch].f += Fr::ONE;
        expect(&one, Some("Y8 fingerprint"));
        // The batches' fingerprints are of their own rows.
        let mut one = s.honest();
        one.statement.batches.swap(0, 1);
        expect(&one, Some("Y8 fingerprint"));
    }
}

#[test]
fn y8_without_settlement_is_zero() {
    let mut s = Sample::new(20);
    s.z = vec![];
    let one = s.honest();
    assert_eq!(one.statement.batches, [BatchBinding::default(); 2]);
    expect(&one, None);
}

/// The fingerprint is the sum of its definition.
#[test]
fn fingerprint_is_the_polynomial() {
    let s = Sample::new(21);
    let z = s.z[0];
    let terms = s.log.rows.iter().zip(0u64..).map(|(r, e)| {
        r.slot.field() * z.pow([3 * e + 1])
            + r.prev_digest.field() * z.pow([3 * e + 2])
            + r.next_digest.field() * z.pow([3 * e + 3])
    });
    assert_eq!(fingerprint(&s.log.rows, z), terms.sum::<Fr>());
}

#[test]
fn counts_of_another_board_are_refused() {
    let change: [fn(&mut Outcome); 4] =
        [|o| o.slots += 1, |o| o.slots -= 1, |o| o.size += 1, |o| (o.size, o.slots) = (3, 2)];
    for change in change {
        let mut s = Sample::new(22);
        let mut one = s.honest();
        change(&mut one.statement.outcome);
        expect(&one, Some("counts"));
    }
}

/// Rows that do not fill the layout, down to a single one.
#[test]
fn boards_of_every_size_are_accepted() {
    for n in 1..=4 {
        let mut s = Sample::new(24);
        let mut log = Log::new(BallotShape::Shape4);
        for i in 0..n {
            log.vote(s.key.public_key, s.slots[i % 3], &[1, 0, 0, 2], &mut s.rng);
        }
        let board = log.board(election());
        let slots = board.slots();
        let opened = s.key.open(&board, &[u64::from(slots), 0, 0, 2 * u64::from(slots)], &mut s.rng);
        let Plan::One(one) = plan(layout(4), &board, opened, &s.z) else { panic!("at most four entries") };
        assert_eq!((one.statement.outcome.size, slots), (n as u32, n.min(3) as u32));
        expect(&one, None);
    }
}

#[test]
fn shape_16_is_accepted_and_packs_four_totals_per_input() {
    let mut rng = rng(25);
    let key = DealtKey::random(2, 2, &mut rng);
    let slots = ascending_slots(2, &mut rng);
    let mut log = Log::new(BallotShape::Shape16);
    let votes: Vec<u64> = (0..16).collect();
    log.vote(key.public_key, slots[1], &votes, &mut rng);
    log.vote(key.public_key, slots[0], &[3; 16], &mut rng);
    log.mask(key.public_key, slots[1], &mut rng);
    let board = log.board(election());
    let totals: Vec<u64> = votes.iter().map(|v| v + 3).collect();
    let opened = key.open(&board, &totals, &mut rng);
    let layout = Layout::new(BallotShape::Shape16, 4).unwrap();
    let Plan::One(one) = plan(layout, &board, opened, &[]) else { panic!("three entries") };
    assert_eq!(relation::check(layout, &one.statement, &one.witness), Ok(()));
    let inputs = one.statement.encode();
    assert_eq!(inputs.len(), 10);
    let read = |input: Fr, bit: usize, bits: usize| {
        let all = ark_ff::BigInteger::to_bits_le(&input.into_bigint());
        all[bit..bit + bits].iter().rev().fold(0u64, |acc, b| 2 * acc + u64::from(*b))
    };
    assert_eq!((read(inputs[2], 0, 32), read(inputs[2], 32, 32)), (3, 2));
    assert_eq!([3, 6].map(|k| read(inputs[3], (k - 3) * 44, 44)), [totals[4], totals[7]]);
    assert_eq!([64, 108, 152, 196].map(|bit| read(inputs[2], bit, 44)), totals[..4]);
    assert_eq!([0, 44, 88, 132].map(|bit| read(inputs[5], bit, 44)), totals[12..]);
    #[cfg(feature = "r1cs")]
    {
        let circuit = TallyCircuit::new(layout, one.statement, one.witness).unwrap();
        assert_eq!(refused_by(&circuit), Vec::<&str>::new());
    }
}

#[test]
fn boards_with_wrong_contents_are_refused() {
    let s = Sample::new(26);
    let shape = BallotShape::Shape4;
    let right: std::collections::BTreeMap<_, _> = [(0, 2), (1, 1), (2, 3)]
        .map(|(slot, i): (usize, usize)| (s.slots[slot], s.log.contents[i].clone()))
        .into();
    let board =
        |rows: &[BoardRow], openings| Board::new(shape, election(), rows.to_vec(), openings).map(|_| ());
    assert_eq!(board(&s.log.rows, right.clone()), Ok(()));
    assert_eq!(board(&[], right.clone()), Err(InvalidBoard::Empty));
    let mut missing = right.clone();
    missing.remove(&s.slots[2]);
    assert_eq!(board(&s.log.rows, missing), Err(InvalidBoard::Opening { slot: s.slots[2], seq: 3 }));
    let mut stale = right.clone();
    stale.insert(s.slots[0], s.log.contents[0].clone());
    assert_eq!(board(&s.log.rows, stale), Err(InvalidBoard::Opening { slot: s.slots[0], seq: 2 }));
    assert_eq!(board(&s.log.rows[..3], right), Err(InvalidBoard::Slots { found: 3, expected: 2 }));
}
