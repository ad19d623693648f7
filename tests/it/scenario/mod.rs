//! An election that is ready to be served: everything that its parties send
//! to a node until voting is open, and ballots that are proven already.
//!
//! A proof takes a third of a second, so a scenario is made once and kept in
//! one file below `target/scenarios`. Its secrets are in the file: it is for
//! tests and benches alone. An interrupted making goes on where it stopped.

mod ballots;
mod file;
mod make;
mod replay;

use crate::keys::{Keys, THRESHOLD};
use anyhow::{Context, Result};
use circuits::{
    ballot,
    types::{
        AccountKey, Address, Census, CensusStatement, Domain, Draft, ElectionId, Holder, Registration,
        SignedDraft, SignedElectionKey, TrusteeMessage,
    },
};
use client::{election::Expected, identity::Identity};
use proto::v1::SubmitBallotRequest;
use trustee::{MemoryStorage, Storage, Trustee, TrusteeKeys};
use verifier::board::ballot_context;

/// Members beyond those who vote first: some mask, some do nothing.
const ONLOOKERS: usize = 8;
/// Trustees of the election.
pub const TRUSTEES: usize = 3;

/// A member of the organisation.
#[derive(Debug)]
pub struct Member {
    /// The account that holds the tokens.
    pub account: AccountKey,
    /// The voting secret.
    pub identity: Identity,
    /// Census units.
    pub weight: u64,
}

/// An election with all secrets of its parties.
#[derive(Debug)]
pub struct Scenario {
    /// Signs heads.
    pub operator: AccountKey,
    /// Signs draft, census and orders.
    pub organiser: AccountKey,
    /// In ascending order of address, as in the census.
    pub members: Vec<Member>,
    /// In the order of the draft.
    pub trustees: Vec<TrusteeKeys>,
    /// The draft: open since long ago, closing in the far future.
    pub draft: SignedDraft,
    /// One per member.
    pub registrations: Vec<Registration>,
    /// The census over all members.
    pub census: Census,
    /// All messages of the key generation, in an order that a node accepts.
    pub messages: Vec<TrusteeMessage>,
    /// Signed by all trustees.
    pub key: SignedElectionKey,
    /// The first ballots of distinct slots: valid in any order.
    pub first: Vec<SubmitBallotRequest>,
    /// Re-votes and masks, valid in this order after all of `first`. Only
    /// the last two share a slot.
    pub later: Vec<SubmitBallotRequest>,
    states: Vec<Vec<u8>>,
}

/// The scenario with `ballots` first ballots, from its file or made now,
/// which takes about a third of a second per ballot on two cores.
///
/// # Errors
/// If keys or file cannot be made.
///
/// # Panics
/// If fewer than 8 ballots are asked for: there would be no re-vote.
pub fn scenario(ballots: usize) -> Result<Scenario> {
    assert!(ballots >= 8, "a scenario has at least 8 ballots");
    let keys = Keys::load()?;
    let members = ballots + ONLOOKERS;
    let mut file = file::File::open(members, ballots, &keys)?;
    if file.records().is_empty() {
        file.append(&[make::election(members, &keys)?])?;
    }
    let mut scenario = file::decode(&file.records()[0]).context("a scenario's file")?;
    let all = ballots::complete(&scenario, ballots, &keys, &mut file)?;
    scenario.first = all;
    scenario.later = scenario.first.split_off(ballots);
    Ok(scenario)
}

/// A fresh election of `members` without ballots, not kept: the same with
/// other keys of all parties.
///
/// # Errors
/// If a proof cannot be made.
pub fn unproven(members: usize) -> Result<Scenario> {
    file::decode(&make::election(members, &Keys::load()?)?)
}

impl Scenario {
    /// The draft.
    pub fn draft(&self) -> &Draft {
        &self.draft.draft
    }

    /// The EIP-712 domain.
    pub fn domain(&self) -> Domain {
        self.draft().domain()
    }

    /// The election.
    pub fn election_id(&self) -> ElectionId {
        self.key.key.election_id()
    }

    /// The operator's account, which signs heads.
    pub fn operator_address(&self) -> Address {
        self.operator.address()
    }

    /// What all ballots have in common.
    pub fn context(&self) -> ballot::Context {
        ballot_context(self.draft(), &self.key.key)
    }

    /// The table of holders that the census was made of.
    pub fn holders(&self) -> Vec<Holder> {
        holders(&self.members)
    }

    /// Root and total, as the organiser signs them.
    pub fn statement(&self) -> CensusStatement {
        CensusStatement { draft_id: self.draft().id(), root: self.census.root(), total: self.census.total() }
    }

    /// What a voter knows without the node.
    pub fn expected(&self) -> Expected {
        Expected {
            organiser: self.organiser.address(),
            verifying_keys: self.key.key.verifying_keys.map(verifier::KeyHash),
            development_keys: true,
        }
    }

    /// Trustee `index`, from 1, with its share, ready to decrypt.
    ///
    /// # Errors
    /// If the state is refused.
    pub fn trustee(&self, index: usize) -> Result<Trustee<MemoryStorage>> {
        let mut storage = MemoryStorage::new();
        storage.save(self.draft().id(), &self.states[index - 1])?;
        Ok(Trustee::new(self.trustees[index - 1].clone(), &self.draft, storage)?)
    }

    /// Trustees that decrypt together.
    pub fn threshold(&self) -> u8 {
        THRESHOLD
    }
}

fn holders(members: &[Member]) -> Vec<Holder> {
    members.iter().map(|m| Holder { address: m.account.address(), weight: m.weight }).collect()
}
