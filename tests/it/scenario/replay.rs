//! A scenario against a node.

use super::Scenario;
use anyhow::{Result, ensure};
use circuits::types::{BoardEntry, Receipt};
use client::{Node, election, election::Election, organiser, registration, trustees};
use proto::v1::SubmitBallotRequest;

/// Registrations under way at once.
const PARALLEL: usize = 32;

impl Scenario {
    /// Everything until voting is open: draft, registrations, census, key
    /// generation, opening. May be repeated on the same node.
    ///
    /// # Errors
    /// If the node refuses something.
    pub async fn open_on(&self, node: &Node) -> Result<Election> {
        organiser::publish(node, &self.draft).await?;
        for batch in self.registrations.chunks(PARALLEL) {
            let submit = |r: &circuits::types::Registration| {
                let (node, r) = (node.clone(), r.clone());
                tokio::spawn(async move { registration::submit(&node, &r).await })
            };
            let requests: Vec<_> = batch.iter().map(submit).collect();
            for request in requests {
                request.await??;
            }
        }
        let (draft, census) = (self.draft(), &self.census);
        organiser::freeze(node, &self.organiser, draft, &self.holders(), census).await?;
        for message in &self.messages {
            trustees::post(node, message).await?;
        }
        organiser::open(node, &self.organiser, draft, self.election_id()).await?;
        let election = self.fetch_from(node).await?;
        ensure!(election.id == self.election_id(), "the node opened another election");
        Ok(election)
    }

    /// The opened election, checked as a voter checks it.
    ///
    /// # Errors
    /// If the node refuses or anything is wrong.
    pub async fn fetch_from(&self, node: &Node) -> Result<Election> {
        let reference = election::Reference::Draft(self.draft().id());
        Ok(election::fetch(node, reference, &self.expected()).await?)
    }

    /// The entry that a submission asks to put on the board.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn entry(&self, request: &SubmitBallotRequest) -> Result<BoardEntry> {
        super::ballots::entry_of(request)
    }

    /// Checks a receipt as its voter does: signature, path, and that it is
    /// for this very submission, up to the proof's bytes.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_receipt(&self, request: &SubmitBallotRequest, receipt: &Receipt) -> Result<()> {
        receipt.check(self.election_id(), &self.domain(), self.operator_address())?;
        let (asked, got) = (self.entry(request)?.row(), receipt.row);
        let same = (asked.slot, asked.prev_digest, asked.next_digest, asked.ticket)
            == (got.slot, got.prev_digest, got.next_digest, got.ticket);
        ensure!(same, "the receipt is for another entry");
        Ok(())
    }
}
