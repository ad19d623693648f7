//! What a node owes after a start: all that it has acknowledged, once.

use super::load::{Answer, request};
use circuits::{
    primitives::merkle::ConsistencyProof,
    types::{CiphertextDigest, Receipt, SignedHead, Slot},
};
use client::{board::Mirror, election::Election};
use e2e::scenario::Scenario;
use proto::v1::{self, board_service_client::BoardServiceClient};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tonic::transport::Channel;

/// One board from its first entry to its last.
pub struct Epoch {
    scenario: Arc<Scenario>,
    /// A voter's copy: refuses heads and entries that do not continue what
    /// it has seen before, over all restarts.
    mirror: Mirror,
    /// Where each ballot's entry goes: (slot, next digest).
    ballots: BTreeMap<(Slot, CiphertextDigest), usize>,
    /// By ballot.
    receipts: BTreeMap<usize, Receipt>,
    /// By size; those shown since the last audit come last.
    heads: BTreeMap<u32, SignedHead>,
    unchecked: BTreeSet<u32>,
}

impl Epoch {
    pub fn new(scenario: Arc<Scenario>, election: &Election) -> Self {
        let place = |n| {
            let entry = scenario.entry(request(&scenario, n)).unwrap();
            ((entry.slot, entry.next_digest), n)
        };
        let ballots = (0..scenario.first.len() + scenario.later.len()).map(place).collect();
        Self {
            mirror: Mirror::new(election),
            ballots,
            receipts: BTreeMap::new(),
            heads: BTreeMap::new(),
            unchecked: BTreeSet::new(),
            scenario,
        }
    }

    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Entries on the board.
    pub fn size(&self) -> u32 {
        self.mirror.len()
    }

    pub fn acknowledged(&self) -> Vec<usize> {
        self.receipts.keys().copied().collect()
    }

    pub fn is_complete(&self) -> bool {
        self.receipts.len() == self.ballots.len()
    }

    /// Ballots that were not acknowledged and fit their slot, or are on the
    /// board although their answer never arrived.
    pub fn open(&self) -> Vec<usize> {
        let fits = |n: &usize| {
            let entry = self.scenario.entry(request(&self.scenario, *n)).unwrap();
            self.mirror.digest(entry.slot) == entry.prev_digest || self.mirror.spent(entry.ticket).is_some()
        };
        let missing = self.ballots.values().filter(|n| !self.receipts.contains_key(n));
        missing.copied().filter(fits).collect()
    }

    /// Notes a receipt; whether the ballot had one before, which must then
    /// be for the same entry.
    pub fn acknowledge(&mut self, answer: Answer) -> bool {
        let Answer { ballot, receipt } = answer;
        self.scenario.check_receipt(request(&self.scenario, ballot), &receipt).unwrap();
        self.note_head(receipt.head);
        let Some(known) = self.receipts.get(&ballot) else {
            self.receipts.insert(ballot, receipt);
            return false;
        };
        let (a, b) = (&receipt, known);
        assert_eq!((a.path.index, a.row), (b.path.index, b.row), "ballot {ballot} was entered twice");
        true
    }

    fn note_head(&mut self, head: SignedHead) {
        let size = head.head.size;
        if let Some(known) = self.heads.insert(size, head) {
            assert_eq!(known.head.root, head.head.root, "two roots of size {size}");
        } else {
            self.unchecked.insert(size);
        }
    }

    /// Fetches the board and holds it against every receipt.
    pub async fn audit(&mut self, node: &client::Node, url: &str) {
        let before = self.mirror.len();
        // Signature, root, chain of each slot, tickets and digests once each.
        self.mirror.sync(node).await.unwrap();
        let head = *self.mirror.head().unwrap();
        self.every_entry_is_a_ballot(before);
        for (ballot, receipt) in &self.receipts {
            let shown = self.mirror.receipt(receipt.path.index);
            let shown = shown.unwrap_or_else(|| panic!("ballot {ballot} is lost: {receipt:?}"));
            assert_eq!(shown.row, receipt.row, "ballot {ballot}: another leaf");
        }
        let mut board = BoardServiceClient::connect(url.to_owned()).await.unwrap();
        for size in std::mem::take(&mut self.unchecked) {
            self.consistent(&mut board, self.heads[&size], head).await;
        }
        if let Some(receipt) = self.receipts.values().max_by_key(|r| r.path.index) {
            self.included(&mut board, receipt).await;
        }
        self.note_head(head);
    }

    /// The mirror refuses a repeated ticket or digest, so each is there once.
    fn every_entry_is_a_ballot(&self, from: u32) {
        for row in &self.mirror.rows()[from as usize..] {
            assert!(self.ballots.contains_key(&(row.slot, row.next_digest)), "an entry that nobody sent");
        }
    }

    async fn consistent(&self, board: &mut BoardServiceClient<Channel>, old: SignedHead, new: SignedHead) {
        assert!(old.head.size <= new.head.size, "the node is behind a head that it has signed");
        let request = v1::ProveConsistencyRequest {
            election_id: self.scenario.election_id().to_bytes().to_vec(),
            first_size: old.head.size,
            second_size: new.head.size,
        };
        let proof = board.prove_consistency(request).await.unwrap().into_inner();
        let proof = ConsistencyProof::try_from(proof).unwrap();
        proof.check((old.head.size, old.head.root), (new.head.size, new.head.root)).unwrap();
    }

    async fn included(&self, board: &mut BoardServiceClient<Channel>, receipt: &Receipt) {
        let election_id = self.scenario.election_id().to_bytes().to_vec();
        let request = v1::ProveInclusionRequest { election_id, seq: receipt.path.index };
        let shown = board.prove_inclusion(request).await.unwrap().into_inner().receipt.unwrap();
        let shown = Receipt::try_from(shown).unwrap();
        shown
            .check(self.scenario.election_id(), &self.scenario.domain(), self.scenario.operator_address())
            .unwrap();
        assert_eq!(shown.row, receipt.row);
    }
}
