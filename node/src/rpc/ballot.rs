//! `BallotService`. spec: `ballot.outside`

use super::{
    blocking,
    error::{Error, id, required},
};
use crate::{
    domain::Rejection,
    jobs::{rate_limit::RateLimit, verification::Verification},
    ledger::{Command, Ledger, Outcome},
};
use circuits::types::{BoardEntry, ElectionId, Slot};
use proto::v1::{SubmitBallotRequest, SubmitBallotResponse, ballot_service_server::BallotService};
use std::{sync::Arc, time::Instant};
use tonic::{Request, Response, Status};
use verifier::{Claim, KeyHash};

/// Place of the ballots' key among an election's; spec: `election.verifying_keys`.
const BALLOT_KEY: usize = 1;

/// Takes votes and masks, which look alike.
#[derive(Clone, Debug)]
pub struct Ballots {
    /// The log.
    pub ledger: Arc<Ledger>,
    /// The queue before the verifier.
    pub verification: Verification,
    /// The rate limit of each slot.
    pub limit: Arc<RateLimit<(ElectionId, Slot)>>,
}

/// What is left to do after the cheap checks.
enum Checked {
    Repeat(u32),
    Verify(KeyHash, Box<Claim>),
}

impl Ballots {
    async fn enter(&self, id: ElectionId, entry: BoardEntry) -> Result<SubmitBallotResponse, Error> {
        match self.check(id, &entry).await? {
            Checked::Repeat(seq) => {
                if let Some(receipt) = self.receipt(id, seq).await? {
                    return Ok(receipt);
                }
                // The entry is on the log and its head still on its way: the
                // writer comes to this repeat when the head is out.
            }
            Checked::Verify(key, claim) => {
                if let Some(wait) = self.limit.wait(&(id, entry.slot), Instant::now()) {
                    return Err(Error::SlotLimit(wait));
                }
                self.verification.verify(key, *claim).await?.map_err(Rejection::BallotProof)?;
            }
        }
        let seq = self.commit(id, entry).await?;
        self.receipt(id, seq).await?.ok_or(Error::Internal)
    }

    /// `None` if no head covers the entry yet.
    async fn receipt(&self, id: ElectionId, seq: u32) -> Result<Option<SubmitBallotResponse>, Error> {
        let receipt = blocking(&self.ledger, move |l| Ok(l.receipt(id, seq)?)).await?;
        Ok(receipt.map(|r| SubmitBallotResponse { receipt: Some((&r).into()) }))
    }

    async fn check(&self, id: ElectionId, entry: &BoardEntry) -> Result<Checked, Error> {
        let entry = entry.clone();
        blocking(&self.ledger, move |ledger| {
            if let Some(seq) = ledger.check_entry(id, &entry)?? {
                return Ok(Checked::Repeat(seq));
            }
            let state = ledger.state();
            let election = state.election(id)?;
            let key = &election.key.as_ref().ok_or(Error::Internal)?.key;
            // A17: the key that the election pinned, and no other.
            let hash = KeyHash(key.verifying_keys[BALLOT_KEY]);
            if ledger.rules().keys.by_hash(hash.0).is_none() {
                let (shape, threshold) = (election.draft().rule.shape(), election.draft().threshold);
                return Err(Rejection::NoKeys { shape, threshold }.into());
            }
            let inputs = election.statement(key, &entry).encode().to_vec();
            Ok(Checked::Verify(hash, Box::new(Claim { inputs, proof: entry.proof })))
        })
        .await
    }

    async fn commit(&self, election_id: ElectionId, entry: BoardEntry) -> Result<u32, Error> {
        let slot = entry.slot;
        match self.ledger.submit(Command::Enter { election_id, entry: Box::new(entry) }).await? {
            Outcome::Entered { seq, repeated: true } => Ok(seq),
            Outcome::Entered { seq, repeated: false } => {
                self.limit.count((election_id, slot), Instant::now());
                Ok(seq)
            }
            Outcome::Done => Err(Error::Internal),
        }
    }
}

#[tonic::async_trait]
impl BallotService for Ballots {
    async fn submit(
        &self,
        request: Request<SubmitBallotRequest>,
    ) -> Result<Response<SubmitBallotResponse>, Status> {
        let m = request.into_inner();
        let id = id("election_id", &m.election_id, ElectionId::from_bytes)?;
        let entry = required("entry", m.entry)?;
        // A caller that hangs up does not undo what may already be written.
        let ballots = self.clone();
        let entered = tokio::spawn(async move { ballots.enter(id, entry).await }).await;
        Ok(Response::new(entered.unwrap_or(Err(Error::Internal))?))
    }
}
