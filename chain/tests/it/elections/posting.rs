//! Batches of ballots and results, in both forms.

use super::settled::{
    ONE, OTHER, POSTER, TWO, batches, closed, id, opened, post_all, posted, refused, refused_from,
    result_calls, send, settled, stage, verifiers, view,
};
use crate::{
    chain::{Chain, START, Sent},
    election::{TIMES, contract},
};
use alloy::{primitives::U256, sol_types::SolCall};
use chain::{
    abi::{IElections, IGroth16Verifiers, Outcome, Stage},
    elections,
};
use circuits::{
    curve::Fr,
    tally::fingerprint,
    types::{BoardEntry, TallyProof, field_from_bytes, field_to_bytes},
};
use revm::primitives::Address;

fn batch(start: u32, entries: &[BoardEntry]) -> Vec<u8> {
    elections::post_batch(settled().election.id(), start, entries)
}

fn result(chain: &Chain) -> Outcome {
    view(chain, IElections::resultCall { electionId: id() })
}

fn is_invalid(sent: &Sent) {
    let _: IGroth16Verifiers::ProofInvalid = sent.error();
}

/// A call with an argument changed.
fn changed<C: SolCall>(call: &[u8], change: impl FnOnce(&mut C)) -> Vec<u8> {
    let mut decoded = C::abi_decode(call).unwrap();
    change(&mut decoded);
    decoded.abi_encode()
}

#[test]
fn a_posted_batch_keeps_the_point_and_fingerprint_of_the_protocol() {
    let (e, chain) = (&settled().election, posted(TWO));
    let points = e.points(TWO);
    for (i, ((entries, _), z)) in batches(&e.entries).zip(points).enumerate() {
        let index = u32::try_from(i).unwrap();
        let found = view(&chain, IElections::batchCall { electionId: id(), poster: POSTER, index });
        let field = |x: U256| field_from_bytes(&x.to_be_bytes::<32>()).unwrap();
        let rows: Vec<_> = entries.iter().map(BoardEntry::row).collect();
        assert_eq!((field(found.point), field(found.fingerprint)), (z, fingerprint(&rows, z)));
    }
    let posting = view(&chain, IElections::postingCall { electionId: id(), poster: POSTER });
    assert_eq!((posting.ballots, posting.chunks), (11, 0));
    let others = view(&chain, IElections::postingCall { electionId: id(), poster: OTHER });
    assert_eq!(others.ballots, 0);
}

/// The challenge of a batch is known before R is fixed if ballots are taken
/// before closing: then it could be forged.
#[test]
fn batches_before_closing_are_refused() {
    let e = &settled().election;
    let mut chain = opened();
    for time in [START, TIMES.closing, TIMES.root_deadline] {
        chain.time = time;
        let error: IElections::WrongStage = refused(&chain, batch(0, &e.entries[..4])).error();
        assert_eq!((error.expected, error.found), (Stage::Closed, Stage::Open));
    }
}

#[test]
fn a_batch_with_one_invalid_ballot_is_refused_wherever_it_is() {
    let (e, chain) = (&settled().election, closed(ONE));
    for at in 0..4 {
        let mut ballots = e.entries[..4].to_vec();
        // Another ballot's proof: points are fine, the statement differs.
        ballots[at].proof = e.entries[4].proof;
        is_invalid(&refused(&chain, batch(0, &ballots)));
        let mut ballots = e.entries[..4].to_vec();
        ballots[at].ticket = e.entries[5].ticket;
        is_invalid(&refused(&chain, batch(0, &ballots)));
    }
}

/// Two wrong proofs whose faults cancel without random factors.
#[test]
fn faults_of_two_ballots_do_not_cancel() {
    let (e, chain) = (&settled().election, closed(ONE));
    let mut ballots = e.entries[..4].to_vec();
    let (first, second) = (ballots[0].proof, ballots[1].proof);
    ballots[0].proof.0[192..].copy_from_slice(&second.0[192..]);
    ballots[1].proof.0[192..].copy_from_slice(&first.0[192..]);
    is_invalid(&refused(&chain, batch(0, &ballots)));
    ballots[0].proof = second;
    ballots[1].proof = first;
    is_invalid(&refused(&chain, batch(0, &ballots)));
}

#[test]
fn a1_scalars_of_ballots_that_are_not_below_r_are_refused() {
    let (e, chain) = (&settled().election, closed(ONE));
    let r = U256::from_be_bytes(field_to_bytes(-Fr::from(1u64))) + U256::ONE;
    for word in 0..4 {
        let call = changed::<IElections::postBatchCall>(&batch(0, &e.entries[..4]), |call| {
            let mut entries = call.entries.to_vec();
            let at = 384 + 32 * word;
            let value = U256::from_be_slice(&entries[at..at + 32]) + r;
            entries[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
            call.entries = entries.into();
        });
        let error: IGroth16Verifiers::InputNotCanonical = refused(&chain, call).error();
        assert_eq!(error.index, U256::from(4 + word));
    }
}

#[test]
fn a14_bad_points_in_a_batch_are_refused() {
    let (e, chain) = (&settled().election, closed(ONE));
    for at in [0, 63, 64, 191, 192, 255] {
        let mut ballots = e.entries[..4].to_vec();
        ballots[2].proof.0[at] ^= 1;
        let error: IGroth16Verifiers::PrecompileFailed = refused(&chain, batch(0, &ballots)).error();
        assert!([7, 8].map(U256::from).contains(&error.precompile));
    }
    let mut ballots = e.entries[..4].to_vec();
    ballots[2].proof.0 = [0; 256];
    is_invalid(&refused(&chain, batch(0, &ballots)));
}

#[test]
fn batches_have_their_place_and_their_length() {
    let (e, mut chain) = (&settled().election, closed(TWO));
    let error: IElections::WrongStart = refused(&chain, batch(4, &e.entries[4..8])).error();
    assert_eq!((error.expected, error.found), (0, 4));
    for count in [0, 1, 3, 5, 8] {
        let error: IElections::WrongLength = refused(&chain, batch(0, &e.entries[..count])).error();
        assert_eq!(error.expected, U256::from(4 * 384));
    }
    for (cut, more) in [(1, 0), (0, 1), (0, 32)] {
        let call = changed::<IElections::postBatchCall>(&batch(0, &e.entries[..4]), |call| {
            let mut entries = call.entries.to_vec();
            entries.truncate(entries.len() - cut);
            entries.extend(vec![0; more]);
            call.entries = entries.into();
        });
        let _: IElections::WrongLength = refused(&chain, call).error();
    }
    send(&mut chain, batch(0, &e.entries[..4])).gas();
    // Twice.
    let error: IElections::WrongStart = refused(&chain, batch(0, &e.entries[..4])).error();
    assert_eq!((error.expected, error.found), (4, 0));
    send(&mut chain, batch(4, &e.entries[4..8])).gas();
    // The last one is shorter, and nothing follows it.
    let error: IElections::WrongLength = refused(&chain, batch(8, &e.entries[7..11])).error();
    assert_eq!(error.expected, U256::from(3 * 384));
    send(&mut chain, batch(8, &e.entries[8..11])).gas();
    let _: IElections::WrongStart = refused(&chain, batch(11, &e.entries[..1])).error();
}

#[test]
fn one_proof_settles_a_board_that_fits() {
    let (s, mut chain) = (settled(), posted(ONE));
    let call = result_calls(&s.one).remove(0);
    let sent = send(&mut chain, call.clone());
    sent.gas();
    let found = result(&chain);
    assert_eq!(found.totals, s.election.totals(ONE));
    assert_eq!((found.size, found.slots, found.time), (8, 6, chain.time));
    assert!(found.passed);
    assert!(view(&chain, IElections::passedCall { electionId: id() }));
    // Once.
    let error: IElections::WrongStage = refused(&chain, call).error();
    assert_eq!(error.found, Stage::Finalised);
}

#[test]
fn chunks_and_a_final_proof_settle_a_longer_board() {
    let (s, mut chain) = (settled(), posted(TWO));
    let calls = result_calls(&s.two);
    assert_eq!(calls.len(), 3);
    calls.into_iter().for_each(|call| {
        send(&mut chain, call).gas();
    });
    let found = result(&chain);
    assert_eq!(found.totals, s.election.totals(TWO));
    assert_eq!((found.size, found.slots), (11, 7));
}

/// Others' batches count for themselves: neither does junk that one account
/// posts spoil another's, nor does one gain by naming another's.
#[test]
fn another_accounts_ballots_spoil_nothing() {
    let (s, mut chain) = (settled(), closed(ONE));
    let (first, second) = s.election.entries[..ONE].split_at(4);
    // Valid ballots of this election, in another order than the board's.
    let junk = [second, first].concat();
    post_all(&mut chain, OTHER, &junk);
    post_all(&mut chain, POSTER, &s.election.entries[..ONE]);
    let call = result_calls(&s.one).remove(0);
    let named = changed::<IElections::postTallyCall>(&call, |call| call.poster = OTHER);
    is_invalid(&refused_from(&chain, OTHER, named));
    // Whoever sends it: what is named is whose ballots count.
    chain.send(OTHER, contract(), call).gas();
    assert_eq!(stage(&chain), Stage::Finalised);
}

/// A batch of valid ballots that are not the board's can be posted, but no
/// result can be proven on top of it.
#[test]
fn a32_valid_ballots_other_than_the_boards_settle_nothing() {
    let (s, chain) = (settled(), closed(ONE));
    let entries = &s.election.entries;
    let boards: [Vec<BoardEntry>; 4] = [
        // Swapped, repeated, replaced by a later one, one dropped.
        [&entries[..2], &[entries[3].clone(), entries[2].clone()], &entries[4..8]].concat(),
        [&entries[..7], &entries[..1]].concat(),
        [&entries[..7], &entries[8..9]].concat(),
        [&entries[1..8], &entries[9..10]].concat(),
    ];
    for board in boards {
        let mut chain = chain.clone();
        post_all(&mut chain, POSTER, &board);
        is_invalid(&refused(&chain, result_calls(&s.one).remove(0)));
        // Nor with a proof that was made for the points of these batches.
        let points = s.election.closed(ONE).points(&board, 4);
        let forged = s.election.tally(ONE, &points);
        is_invalid(&refused(&chain, result_calls(&forged).remove(0)));
    }
}

#[test]
fn no_result_before_all_ballots_are_posted() {
    let (s, mut chain) = (settled(), closed(ONE));
    let call = result_calls(&s.one).remove(0);
    for posted in [0, 4] {
        let error: IElections::BallotsMissing = refused(&chain, call.clone()).error();
        assert_eq!((error.poster, error.posted, error.size), (POSTER, posted, 8));
        let start = usize::try_from(posted).unwrap();
        send(&mut chain, batch(posted, &s.election.entries[start..start + 4])).gas();
    }
    // Nor for whom has posted none.
    let other = changed::<IElections::postTallyCall>(&call, |call| call.poster = OTHER);
    let error: IElections::BallotsMissing = refused(&chain, other).error();
    assert_eq!(error.posted, 0);
    send(&mut chain, call).gas();
}

/// The proof that a record holds is for (0, 0): it binds no ballot.
#[test]
fn a_proof_that_binds_no_ballots_settles_nothing() {
    let (s, chain) = (settled(), posted(ONE));
    let unbound = s.election.tally(ONE, &[]);
    is_invalid(&refused(&chain, result_calls(&unbound).remove(0)));
    let half = s.election.tally(ONE, &s.election.points(ONE)[..1]);
    is_invalid(&refused(&chain, result_calls(&half).remove(0)));
}

/// Shows that a proof is valid for its own inputs under a key of the election
/// (0 ballot, 1 tally, 2 chunk, 3 final): what refuses it is none of it.
fn is_valid(chain: &Chain, key: usize, proven: &TallyProof) {
    let call = IGroth16Verifiers::verifyCall {
        keyHash: settled().election.verifying[key].hash().0.into(),
        inputs: proven.inputs.iter().map(|x| U256::from_be_bytes(field_to_bytes(*x))).collect(),
        proof: proven.proof.0.to_vec().into(),
    };
    chain.call(verifiers(chain), call.abi_encode()).gas();
}

/// Where the board has a batch that is not posted, (0, 0) would stand in its
/// place, and for (0, 0) any rows are proven: that it is missing is all that
/// refuses such a proof.
#[test]
fn a32_a_proof_that_binds_no_ballots_is_refused_where_they_are_missing() {
    let (s, mut chain) = (settled(), closed(ONE));
    let missing = |chain: &Chain, posted: u32| {
        let bound = usize::try_from(posted / 4).unwrap();
        let tally = s.election.tally(ONE, &s.election.points(ONE)[..bound]);
        is_valid(chain, 1, &tally.proofs[0]);
        let error: IElections::BallotsMissing = refused(chain, result_calls(&tally).remove(0)).error();
        assert_eq!((error.posted, error.size), (posted, 8));
    };
    missing(&chain, 0);
    send(&mut chain, batch(0, &s.election.entries[..4])).gas();
    missing(&chain, 4);
    let mut chain = closed(TWO);
    let tally = s.election.tally(TWO, &s.election.points(TWO)[..1]);
    let calls = result_calls(&tally);
    tally.proofs[..2].iter().for_each(|proof| is_valid(&chain, 2, proof));
    send(&mut chain, batch(0, &s.election.entries[..4])).gas();
    let error: IElections::BallotsMissing = refused(&chain, calls[0].clone()).error();
    assert_eq!((error.posted, error.size), (4, 8));
    send(&mut chain, batch(4, &s.election.entries[4..8])).gas();
    // The true one takes its place.
    send(&mut chain, result_calls(&s.two).remove(0)).gas();
    let error: IElections::BallotsMissing = refused(&chain, calls[1].clone()).error();
    assert_eq!((error.posted, error.size), (8, 11));
}

#[test]
fn a_changed_result_is_refused() {
    let (s, chain) = (settled(), posted(ONE));
    let call = result_calls(&s.one).remove(0);
    for option in 0..3 {
        for change in [1u64, 1 << 43] {
            let call = changed::<IElections::postTallyCall>(&call, |call| call.totals[option] ^= change);
            is_invalid(&refused(&chain, call));
        }
    }
    is_invalid(&refused(&chain, changed::<IElections::postTallyCall>(&call, |call| call.slots += 1)));
    is_invalid(&refused(&chain, changed::<IElections::postTallyCall>(&call, |call| call.totals.swap(0, 1))));
    let swapped = changed::<IElections::postTallyCall>(&call, |call| {
        call.proof = s.two.proofs[2].proof.0.to_vec().into();
    });
    is_invalid(&refused(&chain, swapped));
    for length in [0, 255, 257, 512] {
        let cut = changed::<IElections::postTallyCall>(&call, |call| call.proof = vec![1; length].into());
        let error: IGroth16Verifiers::WrongProofLength = refused(&chain, cut).error();
        assert_eq!(error.found, U256::from(length));
    }
}

/// All units of an option as higher bits of the one before: the packing would
/// be the same number.
#[test]
fn a30_a66_totals_of_2_to_the_44_and_more_are_refused() {
    let (s, chain) = (settled(), posted(ONE));
    let call = result_calls(&s.one).remove(0);
    let aliased = changed::<IElections::postTallyCall>(&call, |call| {
        call.totals[0] += call.totals[1] << 44;
        call.totals[1] = 0;
    });
    let error: IElections::TotalTooLarge = refused(&chain, aliased).error();
    assert_eq!(error.option, U256::ZERO);
    for length in [0, 2, 4] {
        let other = changed::<IElections::postTallyCall>(&call, |call| call.totals.resize(length, 0));
        let error: IElections::WrongTotals = refused(&chain, other).error();
        assert_eq!((error.expected, error.found), (U256::from(3), U256::from(length)));
    }
}

#[test]
fn a_result_with_fewer_slots_than_the_draft_demands_is_refused() {
    let (s, chain) = (settled(), posted(ONE));
    let call = result_calls(&s.one).remove(0);
    let few = changed::<IElections::postTallyCall>(&call, |call| call.slots = 2);
    let error: IElections::TooFewSlots = refused(&chain, few).error();
    assert_eq!((error.slots, error.minBallots), (2, 3));
    // Two slots, honestly: the board's first two entries.
    let mut small = closed(2);
    post_all(&mut small, POSTER, &s.election.entries[..2]);
    let honest = s.election.tally(2, &s.election.points(2));
    let error: IElections::TooFewSlots = refused(&small, result_calls(&honest).remove(0)).error();
    assert_eq!(error.slots, 2);
}

/// A proof for other public inputs than the contract computes: another
/// board of this election, another form.
#[test]
fn a53_results_of_another_board_or_form_are_refused() {
    let s = settled();
    let chain = posted(ONE);
    for call in result_calls(&s.two) {
        let error: IElections::WrongForm = refused(&chain, call).error();
        assert_eq!((error.size, error.rows), (8, 8));
    }
    let longer = posted(TWO);
    let error: IElections::WrongForm = refused(&longer, result_calls(&s.one).remove(0)).error();
    assert_eq!((error.size, error.rows), (11, 8));
    // The same entries up to the last but one: R and N are others.
    let mut shorter = closed(7);
    post_all(&mut shorter, POSTER, &s.election.entries[..7]);
    is_invalid(&refused(&shorter, result_calls(&s.one).remove(0)));
}

/// The same contract and election on another chain: batches have other
/// points there, so no proof made here fits.
#[test]
fn a53_a_result_is_bound_to_its_chain() {
    let (s, mut chain) = (settled(), closed(ONE));
    chain.id += 1;
    post_all(&mut chain, POSTER, &s.election.entries[..ONE]);
    is_invalid(&refused(&chain, result_calls(&s.one).remove(0)));
}

/// Two elections with the same people: neither ballots nor results of one
/// are worth anything in the other.
#[test]
fn a12_a53_ballots_and_results_of_another_election_are_refused() {
    let s = settled();
    let other = crate::election::Election::new(super::settled::layout(), 4);
    let chain = closed(ONE);
    is_invalid(&refused(&chain, batch(0, &other.entries)));
    let mut chain = posted(ONE);
    chain.time = START;
    send(&mut chain, elections::open(&other.draft, &other.key)).gas();
    chain.time = TIMES.closing;
    send(&mut chain, elections::close(&other.head(4, START, true), None)).gas();
    chain.send(POSTER, contract(), elections::post_batch(other.id(), 0, &other.entries)).gas();
    let call = result_calls(&s.one).remove(0);
    let moved =
        changed::<IElections::postTallyCall>(&call, |call| call.electionId = elections::id(other.id()));
    is_invalid(&refused(&chain, moved));
    let foreign = other.tally(4, &other.points(4));
    is_invalid(&refused(&chain, result_calls(&foreign).remove(0)));
}

// --- Chunks

fn chunked() -> (Chain, Vec<Vec<u8>>) {
    (posted(TWO), result_calls(&settled().two))
}

#[test]
fn a31_skipped_repeated_and_restarted_chunks_are_refused() {
    let (mut chain, calls) = chunked();
    // Skipped.
    let error: IElections::WrongStart = refused(&chain, calls[1].clone()).error();
    assert_eq!((error.expected, error.found), (0, 8));
    let error: IElections::ChunksMissing = refused(&chain, calls[2].clone()).error();
    assert_eq!((error.posted, error.needed), (0, 2));
    send(&mut chain, calls[0].clone()).gas();
    // Repeated, also under the name of the next one.
    let error: IElections::WrongStart = refused(&chain, calls[0].clone()).error();
    assert_eq!((error.expected, error.found), (8, 0));
    let renamed = changed::<IElections::postChunkCall>(&calls[0], |call| call.start = 8);
    let _: IElections::WrongState = refused(&chain, renamed).error();
    let error: IElections::ChunksMissing = refused(&chain, calls[2].clone()).error();
    assert_eq!((error.posted, error.needed), (1, 2));
    send(&mut chain, calls[1].clone()).gas();
    // Started again after the last one.
    for call in &calls[..2] {
        let _: IElections::WrongStart = refused(&chain, call.clone()).error();
    }
    let more = changed::<IElections::postChunkCall>(&calls[1], |call| call.start = 16);
    let _: IElections::WrongStart = refused(&chain, more).error();
    send(&mut chain, calls[2].clone()).gas();
    assert_eq!(stage(&chain), Stage::Finalised);
}

#[test]
fn a31_a_chunk_continues_the_state_before_it() {
    let (mut chain, calls) = chunked();
    send(&mut chain, calls[0].clone()).gas();
    let other = changed::<IElections::postChunkCall>(&calls[1], |call| call.stateIn += U256::ONE);
    let _: IElections::WrongState = refused(&chain, other).error();
    let out = changed::<IElections::postChunkCall>(&calls[1], |call| call.stateOut += U256::ONE);
    is_invalid(&refused(&chain, out));
    // The first chunk's state is fixed by its circuit.
    let first = changed::<IElections::postChunkCall>(&calls[0], |call| call.stateIn += U256::ONE);
    is_invalid(&refused_from(&chain, OTHER, first));
    let r = U256::from_be_bytes(field_to_bytes(-Fr::from(1u64))) + U256::ONE;
    let aliased = changed::<IElections::postChunkCall>(&calls[1], |call| call.stateOut += r);
    let _: IElections::NotCanonical = refused(&chain, aliased).error();
    let aliased = changed::<IElections::postChunkCall>(&calls[0], |call| call.stateIn += r);
    let _: IElections::NotCanonical = refused_from(&chain, OTHER, aliased).error();
}

/// More slots than were begun, from the second chunk on: every proof is valid
/// by itself. The chain of states is all that refuses it.
#[test]
fn a31_a_valid_chunk_from_a_state_that_none_left_is_refused() {
    let (s, mut chain) = (settled(), posted(TWO));
    let forged = s.election.chunked(TWO, &s.election.points(TWO), |chunks, last| {
        let (chunk, after) = (&mut chunks[1], &mut last.witness.state);
        chunk.witness.state.slots += 5;
        after.slots += 5;
        last.statement.outcome.slots += 5;
        chunk.statement.state_in = chunk.witness.state.digest();
        chunk.statement.state_out = after.digest();
        last.statement.state_in = after.digest();
    });
    for (key, proof) in [2, 2, 3].into_iter().zip(&forged.proofs) {
        is_valid(&chain, key, proof);
    }
    assert_eq!(forged.slots, 12);
    let calls = result_calls(&forged);
    send(&mut chain, calls[0].clone()).gas();
    let _: IElections::WrongState = refused(&chain, calls[1].clone()).error();
    send(&mut chain, result_calls(&s.two).remove(1)).gas();
    is_invalid(&refused(&chain, calls[2].clone()));
}

#[test]
fn a_chunk_needs_its_ballots_and_binds_them() {
    let (s, mut chain) = (settled(), closed(TWO));
    let calls = result_calls(&s.two);
    send(&mut chain, batch(0, &s.election.entries[..4])).gas();
    let error: IElections::BallotsMissing = refused(&chain, calls[0].clone()).error();
    assert_eq!((error.posted, error.size), (4, 8));
    send(&mut chain, batch(4, &s.election.entries[4..8])).gas();
    send(&mut chain, calls[0].clone()).gas();
    let error: IElections::BallotsMissing = refused(&chain, calls[1].clone()).error();
    assert_eq!((error.posted, error.size), (8, 11));
    send(&mut chain, batch(8, &s.election.entries[8..11])).gas();
    // Another account posts the right ballots first, then wrong ones.
    let entries = &s.election.entries;
    let wrong = [&entries[..8], &[entries[9].clone(), entries[8].clone(), entries[10].clone()]].concat();
    post_all(&mut chain, OTHER, &wrong);
    let named = changed::<IElections::postChunkCall>(&calls[1], |call| call.poster = OTHER);
    is_invalid(&refused(&chain, named));
    send(&mut chain, calls[1].clone()).gas();
    send(&mut chain, calls[2].clone()).gas();
}

/// Chunks, too, are kept per account: others can neither use up a place nor
/// carry on in another's name.
#[test]
fn chunks_of_another_account_spoil_nothing() {
    let (mut chain, calls) = chunked();
    chain.send(OTHER, contract(), calls[0].clone()).gas();
    let error: IElections::WrongStart = refused(&chain, calls[1].clone()).error();
    assert_eq!(error.expected, 0);
    let strange = changed::<IElections::postFinalCall>(&calls[2], |call| call.poster = OTHER);
    let error: IElections::ChunksMissing = refused(&chain, strange).error();
    assert_eq!(error.posted, 1);
    calls.into_iter().for_each(|call| {
        send(&mut chain, call).gas();
    });
    assert_eq!(stage(&chain), Stage::Finalised);
}

/// Each chunk names whose ballots it binds. One account has posted part of
/// the board, another all of it, but part in another order.
#[test]
fn ballots_of_several_accounts_settle_a_board() {
    let (s, mut chain) = (settled(), closed(TWO));
    let (entries, calls) = (&s.election.entries, result_calls(&s.two));
    post_all(&mut chain, OTHER, &entries[..8]);
    post_all(&mut chain, POSTER, &[&entries[4..8], &entries[..4], &entries[8..]].concat());
    is_invalid(&refused(&chain, calls[0].clone()));
    let mixed = changed::<IElections::postChunkCall>(&calls[0], |call| call.poster = OTHER);
    send(&mut chain, mixed).gas();
    let missing = changed::<IElections::postChunkCall>(&calls[1], |call| call.poster = OTHER);
    let error: IElections::BallotsMissing = refused(&chain, missing).error();
    assert_eq!((error.poster, error.posted, error.size), (OTHER, 8, 11));
    send(&mut chain, calls[1].clone()).gas();
    send(&mut chain, calls[2].clone()).gas();
    assert_eq!(result(&chain).totals, s.election.totals(TWO));
}

#[test]
fn a_changed_result_of_chunks_is_refused() {
    let (mut chain, calls) = chunked();
    calls[..2].iter().for_each(|call| {
        send(&mut chain, call.clone()).gas();
    });
    let last = &calls[2];
    is_invalid(&refused(&chain, changed::<IElections::postFinalCall>(last, |call| call.totals[1] += 1)));
    is_invalid(&refused(&chain, changed::<IElections::postFinalCall>(last, |call| call.slots -= 1)));
    let large = changed::<IElections::postFinalCall>(last, |call| call.totals[2] = 1 << 44);
    let _: IElections::TotalTooLarge = refused(&chain, large).error();
    let none = changed::<IElections::postFinalCall>(last, |call| call.poster = Address::ZERO);
    let error: IElections::ChunksMissing = refused(&chain, none).error();
    assert_eq!(error.posted, 0);
    send(&mut chain, last.clone()).gas();
}
