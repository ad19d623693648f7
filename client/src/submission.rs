//! A proven entry that anybody can send. spec: `client.ballot_file`.

use crate::{
    Error, Node, Refusal,
    election::Election,
    error::During,
    vote::{Policy, VoteError, random_up_to, same_entry},
};
use circuits::types::{BoardEntry, ElectionId, NonCanonical, Receipt};
use prost::Message;
use proto::{convert::InvalidField, v1};
use std::time::Duration;
use tonic::Code;

/// Longest wait that a node may ask for.
const ASKED_MAX: Duration = Duration::from_secs(60);
const CALL: &str = "BallotService.Submit";

/// Why bytes are not a prepared ballot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubmission {
    /// See the message.
    #[error("it is not a prepared ballot: {0}")]
    Message(#[from] prost::DecodeError),
    /// See the message.
    #[error("it is not a prepared ballot: election_id: {0}")]
    Election(#[from] NonCanonical),
    /// See the message.
    #[error("it is not a prepared ballot: {0}")]
    Field(#[from] InvalidField),
    /// See the message.
    #[error("it is not a prepared ballot: the entry is missing")]
    Missing,
    /// See the message. A15.
    #[error("it is not in the one canonical form: something was added or written in another way")]
    NotCanonical,
    /// See the message. A10.
    #[error("its next_digest is not the digest of its ciphertexts: the file was changed")]
    Digest,
    /// See the message.
    #[error("it is for election {found}, not for {expected}")]
    OtherElection {
        /// Asked for.
        expected: ElectionId,
        /// In the file.
        found: ElectionId,
    },
}

/// An entry with its election: public, like everything on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The election.
    pub election: ElectionId,
    /// The entry.
    pub entry: BoardEntry,
}

/// How a sending ended.
pub(crate) enum Answer {
    Receipt(Box<Receipt>),
    /// The slot has moved on, or the ticket is spent.
    Overtaken(Box<Refusal>),
}

impl Submission {
    /// The canonical bytes: one unframed `SubmitBallotRequest`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.request().encode_to_vec()
    }

    /// Reads what [`Submission::to_bytes`] wrote, and nothing else.
    ///
    /// # Errors
    /// If the bytes are not canonical, or the digest is not that of the
    /// ciphertexts. Whether the proof holds, the node checks.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSubmission> {
        let request = v1::SubmitBallotRequest::decode(bytes)?;
        let election = ElectionId::from_bytes(&request.election_id)?;
        let entry = BoardEntry::try_from(request.entry.ok_or(InvalidSubmission::Missing)?)?;
        let submission = Self { election, entry };
        if submission.to_bytes() != bytes {
            return Err(InvalidSubmission::NotCanonical);
        }
        if submission.entry.ciphertexts.digest() != submission.entry.next_digest {
            return Err(InvalidSubmission::Digest);
        }
        Ok(submission)
    }

    fn request(&self) -> v1::SubmitBallotRequest {
        v1::SubmitBallotRequest {
            election_id: self.election.to_bytes().to_vec(),
            entry: Some((&self.entry).into()),
        }
    }

    /// Sends the entry as it is, for oneself or for somebody else, and checks
    /// the receipt. Sending it again gives a receipt of the same entry.
    ///
    /// # Errors
    /// [`VoteError::Stale`] if the slot has moved on. Otherwise see [`Error`].
    pub async fn send(&self, node: &Node, election: &Election, policy: &Policy) -> Result<Receipt, Error> {
        if self.election != election.id {
            let (expected, found) = (election.id, self.election);
            return Err(InvalidSubmission::OtherElection { expected, found }.into());
        }
        match self.deliver(node, policy).await? {
            Answer::Overtaken(refusal) => Err(VoteError::Stale(refusal).into()),
            Answer::Receipt(receipt) => {
                receipt.check(election.id, &election.domain(), election.draft().operator)?;
                // The proof's bytes may be another's, who re-randomised it (A9).
                let same = same_entry(&receipt.row, &self.entry.row());
                if same { Ok(*receipt) } else { Err(VoteError::OtherEntry.into()) }
            }
        }
    }

    /// Sends the same bytes until there is an answer about them.
    pub(crate) async fn deliver(&self, node: &Node, policy: &Policy) -> Result<Answer, Error> {
        let mut sends = 0;
        loop {
            sends += 1;
            let refusal = match node.ballots().submit(self.request()).await {
                Ok(answer) => {
                    let receipt = answer.into_inner().receipt.during(CALL)?;
                    return Ok(Answer::Receipt(Box::new(Receipt::try_from(receipt).during(CALL)?)));
                }
                Err(status) => Box::new(Refusal::from(status)),
            };
            if matches!(refusal.code, Code::Aborted | Code::AlreadyExists) {
                return Ok(Answer::Overtaken(refusal));
            }
            if !refusal.is_transient() || sends >= policy.sends {
                return Err(Error::Refused { call: CALL, refusal });
            }
            let wait = match refusal.retry_after {
                Some(asked) => asked.min(ASKED_MAX) + random_up_to(policy.pause),
                None => policy.pause(sends),
            };
            tokio::time::sleep(wait).await;
        }
    }
}
