//! Random sequences of calls, honest and not, by two accounts: a result that
//! stands is the board's, and every ballot of it has been posted.

use super::settled::{ONE, OTHER, POSTER, TWO, batches, election_on, id, keyed, post_all, settled, view};
use crate::{
    chain::{Chain, START},
    election::{TIMES, contract},
};
use alloy::sol_types::SolCall;
use chain::{
    abi::{IElections, Stage},
    elections,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_core::OsRng;
use revm::primitives::{Address, B256};
use std::collections::BTreeMap;

const SEQUENCES: usize = 12;
const STEPS: usize = 40;

/// What the test knows: by account and first entry, whether the batch that
/// the contract took was the board's.
struct Model {
    chain: Chain,
    honest: BTreeMap<(Address, u32), bool>,
    closed: Option<usize>,
    outcome: Option<(Stage, Vec<u64>)>,
    finalised: bool,
}

struct Choice(ChaCha20Rng);

impl Choice {
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.0.next_u64() % n as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

impl Model {
    fn new() -> Self {
        Self { chain: keyed(), honest: BTreeMap::new(), closed: None, outcome: None, finalised: false }
    }

    fn step(&mut self, choice: &mut Choice) {
        let e = &settled().election;
        let account = choice.of(&[POSTER, OTHER]);
        match choice.below(16) {
            0 => {
                let steps = [1, 1, 1, 1, 500, 1_000];
                self.chain.time += choice.of(&steps);
            }
            1 | 2 => drop(self.chain.send(account, contract(), elections::open(&e.draft, &e.key))),
            3 => {
                let head = e.head(choice.of(&[2, 5, ONE]), START + 1, false);
                self.chain.send(account, contract(), elections::anchor(&head));
            }
            4..=6 => self.close(choice, account),
            7..=11 => self.batch(choice, account),
            12..=14 => self.result(choice, account),
            _ => drop(self.chain.send(account, contract(), elections::void(e.id()))),
        }
        self.check();
    }

    fn close(&mut self, choice: &mut Choice, account: Address) {
        let e = &settled().election;
        let size = choice.of(&[ONE, TWO]);
        let mut head = e.head(size, START + 2, true);
        if choice.below(3) == 0 {
            head.signature = e.organiser.sign([1; 32]);
        }
        let order = e.order();
        let order = (choice.below(2) == 0).then_some(&order);
        let sent = self.chain.send(account, contract(), elections::close(&head, order));
        if sent.is_done() {
            self.closed = Some(size);
        }
    }

    fn batch(&mut self, choice: &mut Choice, account: Address) {
        let e = &settled().election;
        let size = self.closed.unwrap_or(ONE);
        let posting = view(&self.chain, IElections::postingCall { electionId: id(), poster: account });
        let all: Vec<_> = batches(&e.entries[..size]).collect();
        let next = all.iter().position(|(_, start)| *start == posting.ballots).unwrap_or(0);
        let (ballots, start) = all[next];
        let mut ballots = ballots.to_vec();
        let honest = choice.below(4) != 0;
        if !honest {
            match choice.below(3) {
                0 => ballots.reverse(),
                1 => ballots[0] = e.entries[choice.of(&[9, 10])].clone(),
                _ => ballots[0].proof = ballots[1].proof,
            }
        }
        let call = elections::post_batch(e.id(), start, &ballots);
        if self.chain.send(account, contract(), call).is_done() {
            self.honest.insert((account, start), honest);
        }
    }

    fn result(&mut self, choice: &mut Choice, account: Address) {
        let s = settled();
        let named = choice.of(&[POSTER, OTHER]);
        let tally = choice.of(&[&s.one, &s.two]);
        let mut tally = tally.clone();
        if choice.below(4) == 0 {
            tally.totals[choice.below(3)] += 1;
        }
        let calls = elections::post_result(s.election.id(), named, 8, &tally);
        let from = choice.below(calls.len());
        for call in &calls[from..] {
            self.chain.send(account, contract(), call.clone());
        }
    }

    /// An honest account settles what is left to settle. Nothing that others
    /// did can stop it, except that time has run out.
    fn finish(&mut self) {
        let (s, honest) = (settled(), Address::repeat_byte(0xcc));
        self.chain.send(honest, contract(), elections::open(&s.election.draft, &s.election.key));
        if election_on(&self.chain, id()).stage == Stage::Open && self.chain.time <= TIMES.root_deadline {
            self.chain.time = self.chain.time.max(TIMES.closing);
            let head = s.election.head(TWO, START + 2, true);
            self.chain.send(honest, contract(), elections::close(&head, None)).gas();
            self.closed = Some(TWO);
        }
        let closed = election_on(&self.chain, id()).stage == Stage::Closed;
        if !closed || self.chain.time > TIMES.tally_deadline {
            return;
        }
        let size = self.closed.expect("closed by one of us");
        post_all(&mut self.chain, honest, &s.election.entries[..size]);
        for (_, start) in batches(&s.election.entries[..size]) {
            self.honest.insert((honest, start), true);
        }
        let tally = if size == ONE { &s.one } else { &s.two };
        for call in elections::post_result(s.election.id(), honest, 8, tally) {
            self.chain.send(honest, contract(), call).gas();
        }
        self.check();
        assert!(self.finalised);
    }

    /// What must hold after every call.
    fn check(&mut self) {
        let found = election_on(&self.chain, id());
        let sent = self.chain.call(contract(), IElections::resultCall { electionId: id() }.abi_encode());
        assert_eq!(sent.is_done(), found.stage == Stage::Finalised);
        if found.stage == Stage::Finalised {
            let result = IElections::resultCall::abi_decode_returns(sent.output()).unwrap();
            let size = self.closed.expect("a result without a closed board");
            assert_eq!(result.totals, settled().election.totals(size));
            assert_eq!(usize::try_from(result.size).unwrap(), size);
            for (_, start) in batches(&settled().election.entries[..size]) {
                let checked = self.honest.iter().any(|((_, at), honest)| *at == start && *honest);
                assert!(checked, "the ballots from entry {start} on were never checked");
            }
            self.finalised = true;
        }
        // Results and voidings are for ever.
        if let Some((stage, totals)) = &self.outcome {
            assert_eq!((found.stage, &self.totals()), (*stage, totals));
        }
        if matches!(found.stage, Stage::Finalised | Stage::Voided) {
            self.outcome = Some((found.stage, self.totals()));
        }
        let deadline = found.times.tallyDeadline;
        assert!(found.stage != Stage::Voided || self.chain.time > deadline.min(TIMES.root_deadline));
        assert_ne!(found.draftId == B256::ZERO, found.stage != Stage::None);
    }

    fn totals(&self) -> Vec<u64> {
        let sent = self.chain.call(contract(), IElections::resultCall { electionId: id() }.abi_encode());
        if !sent.is_done() {
            return Vec::new();
        }
        IElections::resultCall::abi_decode_returns(sent.output()).unwrap().totals
    }
}

#[test]
fn no_sequence_of_calls_finalises_what_was_not_proven_and_posted() {
    let seed = OsRng.next_u64();
    println!("seed {seed}");
    let mut choice = Choice(ChaCha20Rng::seed_from_u64(seed));
    let mut finalised = 0;
    for _ in 0..SEQUENCES {
        let mut model = Model::new();
        for _ in 0..STEPS {
            model.step(&mut choice);
        }
        model.finish();
        finalised += usize::from(model.finalised);
    }
    assert!(finalised > 0, "no sequence came to a result");
    println!("{finalised} of {SEQUENCES} sequences came to a result");
}
