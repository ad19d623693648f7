//! More than four options: `Shape16`, whose results take four words and
//! whose proofs bind one batch each.

use super::settled::{POSTER, deployed, election_on, send, view};
use crate::{
    chain::{Chain, START},
    election::{Election, TIMES},
};
use chain::{
    abi::{IElections, IGroth16Verifiers},
    elections,
};
use circuits::{tally::Layout, types::BallotShape};
use std::sync::OnceLock;

fn wide() -> &'static Election {
    static WIDE: OnceLock<Election> = OnceLock::new();
    let layout = Layout::new(BallotShape::Shape16, 4).unwrap();
    WIDE.get_or_init(|| Election::new(layout, 5))
}

/// The chain with all ballots of a board posted.
fn posted(size: usize) -> Chain {
    let e = wide();
    let mut chain = deployed(&e.verifying);
    send(&mut chain, elections::open(&e.draft, &e.key)).gas();
    chain.time = TIMES.closing;
    send(&mut chain, elections::close(&e.head(size, START, true), None)).gas();
    let starts = (0u32..).step_by(4);
    for (batch, start) in e.entries[..size].chunks(4).zip(starts) {
        send(&mut chain, elections::post_batch(e.id(), start, batch)).gas();
    }
    chain
}

/// One proof for four entries; two chunks and a final one for five.
#[test]
fn both_forms_settle_elections_with_more_than_four_options() {
    let e = wide();
    let id = elections::id(e.id());
    for size in [4, 5] {
        let mut chain = posted(size);
        assert_eq!(election_on(&chain, id).batchRows, 4);
        let tally = e.tally(size, &e.points(size));
        let calls = elections::post_result(e.id(), POSTER, 4, &tally);
        assert_eq!(calls.len(), if size == 4 { 1 } else { 3 });
        let (last, chunks) = calls.split_last().unwrap();
        for call in chunks {
            send(&mut chain, call.clone()).gas();
        }
        // A total of another word than the first.
        let mut other = tally.clone();
        other.totals[5] += 1;
        let forged = elections::post_result(e.id(), POSTER, 4, &other).pop().unwrap();
        let _: IGroth16Verifiers::ProofInvalid = send(&mut chain, forged).error();
        let gas = send(&mut chain, last.clone()).gas();
        println!("result of {} options, {size} entries: {gas} gas", tally.totals.len());
        let found = view(&chain, IElections::resultCall { electionId: id });
        assert_eq!(found.totals, e.totals(size));
        assert!(found.totals[5] > 0 || size == 4);
    }
}
