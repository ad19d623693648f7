//! An election of the size that clients accept: batches of 128 ballots, each
//! ballot another one, and one proof of 256 rows over two batches.

use super::settled::{OTHER, POSTER, deployed, refused, refused_from, send, verifiers, view};
use crate::{
    chain::{Chain, START, Sent},
    election::{Election, Parties, SHAPE, Script, TIMES, contract},
};
use alloy::{
    primitives::{Address, B256, U256},
    sol_types::SolCall,
};
use chain::{
    abi::{IElections, IGroth16Verifiers, Stage},
    elections,
};
use circuits::{
    curve::Fr,
    params::BATCH_ROWS,
    tally::{Layout, fingerprint},
    types::{BoardEntry, BoardRow, Tally, field_to_bytes},
};
use std::{collections::BTreeSet, sync::LazyLock};

/// Entries of the board: a full batch and one of two.
pub const SIZE: usize = BATCH_ROWS + 2;

/// The election and its result.
struct Full {
    /// Votes, votes again and masks, each with a proof of its own.
    election: Election,
    /// Proven for the points of the two batches.
    tally: Tally,
}

/// Made once: 130 ballots and a proof of 256 rows, a minute on two cores.
static FULL: LazyLock<Full> = LazyLock::new(|| {
    let layout = Layout::standard(SHAPE);
    let election = Election::of(layout, &Script::long(SIZE), Parties::random(), |_| ());
    let tally = election.tally(SIZE, &election.points(SIZE));
    Full { election, tally }
});

/// The chain on which the board is closed.
pub fn closed() -> Chain {
    static CLOSED: LazyLock<Chain> = LazyLock::new(|| {
        let e = &FULL.election;
        let mut chain = deployed(&e.verifying);
        send(&mut chain, elections::open(&e.draft, &e.key)).gas();
        chain.time = TIMES.closing;
        send(&mut chain, elections::close(&e.head(SIZE, START, true), None)).gas();
        chain
    });
    CLOSED.clone()
}

/// The chain on which all ballots are posted.
pub fn posted() -> Chain {
    static POSTED: LazyLock<Chain> = LazyLock::new(|| {
        let mut chain = closed();
        post(&mut chain, POSTER, &FULL.election.entries);
        chain
    });
    POSTED.clone()
}

/// The calls that post the board.
pub fn batch_calls() -> Vec<Vec<u8>> {
    calls(&FULL.election.entries)
}

/// The call that settles the result, with the ballots of [`POSTER`].
pub fn result_call() -> Vec<u8> {
    result_of(POSTER)
}

fn result_of(poster: Address) -> Vec<u8> {
    let calls = elections::post_result(FULL.election.id(), poster, 256, &FULL.tally);
    let [call] = calls.try_into().unwrap();
    call
}

fn calls(ballots: &[BoardEntry]) -> Vec<Vec<u8>> {
    let batches = ballots.chunks(BATCH_ROWS).zip((0u32..).step_by(BATCH_ROWS));
    batches.map(|(batch, start)| elections::post_batch(FULL.election.id(), start, batch)).collect()
}

fn post(chain: &mut Chain, poster: Address, ballots: &[BoardEntry]) {
    for call in calls(ballots) {
        chain.send(poster, contract(), call).gas();
    }
}

fn id() -> B256 {
    elections::id(FULL.election.id())
}

fn is_invalid(sent: &Sent) {
    let _: IGroth16Verifiers::ProofInvalid = sent.error();
}

#[test]
fn two_batches_and_one_proof_settle_an_election_of_full_size() {
    let (e, mut chain) = (&FULL.election, posted());
    let proofs: BTreeSet<_> = e.entries.iter().map(|entry| entry.proof.0).collect();
    assert_eq!((e.entries.len(), proofs.len()), (SIZE, SIZE), "no ballot is there twice");
    send(&mut chain, result_call()).gas();
    let found = view(&chain, IElections::resultCall { electionId: id() });
    let totals = e.totals(SIZE);
    assert!(totals.iter().all(|total| *total > 0), "{totals:?}");
    assert_eq!(found.passed, e.draft.draft.pass_rule.passed(&totals));
    assert_eq!((found.totals, found.size, found.slots), (totals, 130, 120));
    // Once.
    let error: IElections::WrongStage = refused(&chain, result_call()).error();
    assert_eq!(error.found, Stage::Finalised);
}

/// Another's proof, whose points are fine, or another's ticket.
#[test]
fn one_invalid_ballot_among_128_refuses_the_batch_wherever_it_is() {
    let (entries, chain) = (&FULL.election.entries, closed());
    let other = &entries[BATCH_ROWS];
    for at in [0, BATCH_ROWS / 2, BATCH_ROWS - 1] {
        let mut ballots = entries[..BATCH_ROWS].to_vec();
        ballots[at].proof = other.proof;
        is_invalid(&refused(&chain, calls(&ballots).remove(0)));
        ballots[at] = BoardEntry { ticket: other.ticket, ..entries[at].clone() };
        is_invalid(&refused(&chain, calls(&ballots).remove(0)));
    }
}

#[test]
fn one_of_two_batches_settles_nothing() {
    let mut chain = closed();
    let [first, second] = batch_calls().try_into().unwrap();
    // The second one first.
    let error: IElections::WrongStart = refused(&chain, second).error();
    assert_eq!((error.expected, error.found), (0, 128));
    send(&mut chain, first).gas();
    let error: IElections::BallotsMissing = refused(&chain, result_call()).error();
    assert_eq!((error.poster, error.posted, error.size), (POSTER, 128, 130));
}

/// The ballots of the second batch before those of the first: all valid.
#[test]
fn a32_swapped_batches_settle_nothing_and_spoil_nothing() {
    let (first, second) = FULL.election.entries.split_at(BATCH_ROWS);
    let mut chain = closed();
    post(&mut chain, OTHER, &[second, first].concat());
    is_invalid(&refused_from(&chain, OTHER, result_of(OTHER)));
    post(&mut chain, POSTER, &FULL.election.entries);
    is_invalid(&refused(&chain, result_of(OTHER)));
    chain.send(OTHER, contract(), result_call()).gas();
}

/// The same election and ballots on another chain: z is another one there.
#[test]
fn a53_a_result_of_full_size_is_bound_to_its_chain() {
    let mut chain = closed();
    chain.id += 1;
    post(&mut chain, POSTER, &FULL.election.entries);
    is_invalid(&refused(&chain, result_call()));
}

/// What the contract keeps of the batches is what the proof is for, and it
/// holds for nothing else.
#[test]
fn a_proof_holds_for_the_points_and_fingerprints_of_the_posted_batches_alone() {
    let (e, chain) = (&FULL.election, posted());
    let [proof] = FULL.tally.proofs.as_slice() else { panic!("more than one proof") };
    let word = |x: Fr| U256::from_be_bytes(field_to_bytes(x));
    let (before, batches) = proof.inputs.split_at(proof.inputs.len() - 4);
    for (index, pair) in (0u32..).zip(batches.chunks(2)) {
        let found = view(&chain, IElections::batchCall { electionId: id(), poster: POSTER, index });
        assert_eq!([found.point, found.fingerprint], [word(pair[0]), word(pair[1])]);
    }
    let verify = |batches: [Fr; 4]| {
        let call = IGroth16Verifiers::verifyCall {
            keyHash: e.key.key.verifying_keys[2].into(),
            inputs: before.iter().chain(&batches).map(|x| word(*x)).collect(),
            proof: proof.proof.0.to_vec().into(),
        };
        chain.call(verifiers(&chain), call.abi_encode())
    };
    let [z, f, y, g] = batches.try_into().unwrap();
    assert!(verify([z, f, y, g]).is_done());
    let (one, none) = (Fr::from(1u64), Fr::from(0u64));
    let rows: Vec<BoardRow> = e.rows(BATCH_ROWS);
    let consistent = fingerprint(&rows, z + one);
    for wrong in [
        [z + one, f, y, g],
        [z + one, consistent, y, g],
        [z, f + one, y, g],
        [z, f, y + one, g],
        [z, f, none, none],
        [none, none, y, g],
        [y, g, z, f],
    ] {
        is_invalid(&verify(wrong));
    }
}
