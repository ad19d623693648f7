//! Chains on which an election stands at each stage, made once.

use crate::{
    chain::{Chain, START, Sent},
    election::{DEPLOYER, Election, SHAPE, contract},
};
use alloy::sol_types::SolCall;
use chain::{
    Artifact,
    abi::{self, IElections},
    elections,
};
use circuits::{
    tally::Layout,
    types::{BoardEntry, Tally},
};
use revm::primitives::{Address, B256};
use std::sync::OnceLock;
use verifier::VerifyingKey;

/// Posts everything in most tests.
pub const POSTER: Address = Address::repeat_byte(0xaa);
/// Anyone else.
pub const OTHER: Address = Address::repeat_byte(0xbb);
/// Entries of the board that fits one proof of [`layout`].
pub const ONE: usize = 8;
/// Entries of the board that takes two chunks.
pub const TWO: usize = 11;

/// Eight rows, batches of four.
pub fn layout() -> Layout {
    Layout::new(SHAPE, 8).unwrap()
}

/// The election of most tests.
pub struct Settled {
    /// The election.
    pub election: Election,
    /// The result of [`ONE`] entries.
    pub one: Tally,
    /// The result of [`TWO`] entries.
    pub two: Tally,
}

/// Made once: 11 ballots, 4 small tally proofs.
pub fn settled() -> &'static Settled {
    static SETTLED: OnceLock<Settled> = OnceLock::new();
    SETTLED.get_or_init(|| {
        let election = Election::new(layout(), TWO);
        let [one, two] = [ONE, TWO].map(|size| election.tally(size, &election.points(size)));
        Settled { election, one, two }
    })
}

/// The contract, deployed with the keys of an election.
pub fn deployed(keys: &[VerifyingKey]) -> Chain {
    let mut chain = Chain::new();
    let (address, _) = chain.create(DEPLOYER, Artifact::elections().unwrap().bytecode);
    assert_eq!(address, contract());
    let verifiers = verifiers(&chain);
    for key in keys {
        chain.send(OTHER, verifiers, elections::add_key(key).unwrap()).gas();
    }
    chain
}

/// The contract of the keys.
pub fn verifiers(chain: &Chain) -> Address {
    view(chain, IElections::verifiersCall {})
}

/// The answer to a view of the contract.
pub fn view<C: SolCall>(chain: &Chain, call: C) -> C::Return {
    C::abi_decode_returns(chain.call(contract(), call.abi_encode()).output()).unwrap()
}

/// The election as the contract knows it.
pub fn election_on(chain: &Chain, id: B256) -> abi::Election {
    view(chain, IElections::electionCall { electionId: id })
}

/// The stage of the election of [`settled`].
pub fn stage(chain: &Chain) -> abi::Stage {
    election_on(chain, id()).stage
}

/// The identifier of the election of [`settled`].
pub fn id() -> B256 {
    elections::id(settled().election.id())
}

/// With the election's keys, before it is opened.
pub fn keyed() -> Chain {
    static CHAIN: OnceLock<Chain> = OnceLock::new();
    CHAIN.get_or_init(|| deployed(&settled().election.verifying)).clone()
}

/// With the election open.
pub fn opened() -> Chain {
    static CHAIN: OnceLock<Chain> = OnceLock::new();
    let open = || {
        let mut chain = keyed();
        let e = &settled().election;
        send(&mut chain, elections::open(&e.draft, &e.key)).gas();
        chain
    };
    CHAIN.get_or_init(open).clone()
}

/// With the election closed at this size, after the closing time.
pub fn closed(size: usize) -> Chain {
    let mut chain = opened();
    chain.time = crate::election::TIMES.closing;
    let head = settled().election.head(size, START, true);
    send(&mut chain, elections::close(&head, None)).gas();
    chain
}

/// With all ballots of this size posted by [`POSTER`].
pub fn posted(size: usize) -> Chain {
    static CHAINS: [OnceLock<Chain>; 2] = [OnceLock::new(), OnceLock::new()];
    let post = || {
        let mut chain = closed(size);
        post_all(&mut chain, POSTER, &settled().election.entries[..size]);
        chain
    };
    CHAINS[usize::from(size == TWO)].get_or_init(post).clone()
}

/// Posts all batches of a board.
pub fn post_all(chain: &mut Chain, poster: Address, entries: &[BoardEntry]) {
    for (batch, start) in batches(entries) {
        let call = elections::post_batch(settled().election.id(), start, batch);
        chain.send(poster, contract(), call).gas();
    }
}

/// The batches of a board, each with the number of its first entry.
pub fn batches(entries: &[BoardEntry]) -> impl Iterator<Item = (&[BoardEntry], u32)> {
    let rows = layout().batch_rows();
    entries.chunks(rows).zip((0u32..).step_by(rows))
}

/// The calls of a result whose ballots [`POSTER`] posts.
pub fn result_calls(tally: &Tally) -> Vec<Vec<u8>> {
    elections::post_result(settled().election.id(), POSTER, 8, tally)
}

/// Sends a call to the contract.
pub fn send(chain: &mut Chain, call: Vec<u8>) -> Sent {
    chain.send(POSTER, contract(), call)
}

/// Sends a call that must be refused, and shows that nothing has changed.
pub fn refused(chain: &Chain, call: Vec<u8>) -> Sent {
    refused_from(chain, POSTER, call)
}

/// As [`refused`], from any account.
pub fn refused_from(chain: &Chain, from: Address, call: Vec<u8>) -> Sent {
    let mut after = chain.clone();
    let sent = after.send(from, contract(), call);
    assert!(!sent.is_done(), "carried out");
    assert_eq!(after.storage(contract()), chain.storage(contract()), "refused, but something changed");
    sent
}
