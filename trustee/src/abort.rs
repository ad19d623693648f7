//! The end of a key generation that went wrong: who says so, whom it names,
//! and the evidence. spec: `trustee.abort`; A27.
//!
//! There is no complaint court: any trustee can end the generation, and it
//! is restarted under a new draft. Evidence lets everybody see whose fault
//! it was where the messages alone show it.

use crate::{
    encoding::{Reader, Unreadable, put_string},
    message::{InvalidMessage, MESSAGE_MAX, Message, Round},
    package,
    statement::KeyStatement,
};
use circuits::types::Draft;
use std::fmt;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Two different messages of one round to one recipient.
    Equivocation,
    /// A signed body that is not one of its round: wrong length, wrong
    /// degree, invalid point or integer.
    Malformed,
    /// The reveal is not what was committed to.
    Commitment,
    /// The proof of possession does not hold.
    Possession,
    /// The share does not open, or does not fit the sender's coefficients.
    Share,
    /// The key statement differs from what the messages give, or the
    /// signature in it is not the sender's.
    Statement,
    /// The culprit's key statement is over another transcript, census or
    /// other verifying keys than the accuser's: one of the two was misled.
    /// Comparing their messages shows by whom.
    Disagreement,
}

impl Reason {
    /// All reasons, by code.
    const ALL: [Reason; 7] = [
        Reason::Equivocation,
        Reason::Malformed,
        Reason::Commitment,
        Reason::Possession,
        Reason::Share,
        Reason::Statement,
        Reason::Disagreement,
    ];

    const fn code(self) -> u8 {
        match self {
            Reason::Equivocation => 1,
            Reason::Malformed => 2,
            Reason::Commitment => 3,
            Reason::Possession => 4,
            Reason::Share => 5,
            Reason::Statement => 6,
            Reason::Disagreement => 7,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Equivocation => "sent two different messages in one round",
            Reason::Malformed => "sent a message that is malformed for its round",
            Reason::Commitment => "revealed something else than it had committed to",
            Reason::Possession => "does not prove possession of its part of the key",
            Reason::Share => "sent a share that does not fit its commitments",
            Reason::Statement => "signed another key than the messages give",
            Reason::Disagreement => "signed over another transcript, census or verifying keys",
        })
    }
}

/// An accusation that ends the key generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abort {
    /// Who says so.
    pub by: u8,
    /// Whom it names.
    pub culprit: u8,
    /// What went wrong.
    pub reason: Reason,
    /// The culprit's messages that show it, at most two.
    pub evidence: Vec<Message>,
}

/// Why the body of an abort is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAbort {
    /// See [`Unreadable`].
    #[error("abort: {0}")]
    Bytes(#[from] Unreadable),
    /// See the message.
    #[error("abort: there is no reason {0}")]
    Reason(u8),
    /// See the message.
    #[error("abort: {0} messages as evidence; at most 2")]
    Evidence(u8),
    /// See [`InvalidMessage`].
    #[error("abort: evidence: {0}")]
    Message(#[from] InvalidMessage),
    /// See the message.
    #[error("abort: the evidence against trustee {culprit} is signed by trustee {from}")]
    Culprit {
        /// Whom it names.
        culprit: u8,
        /// Who sent the evidence.
        from: u8,
    },
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trustee {} aborts: trustee {} {}", self.by, self.culprit, self.reason)
    }
}

impl Abort {
    pub(crate) fn to_body(&self) -> Vec<u8> {
        let count = u8::try_from(self.evidence.len()).expect("at most two");
        let mut body = vec![self.culprit, self.reason.code(), count];
        for message in &self.evidence {
            put_string(&mut body, &message.to_bytes());
        }
        body
    }

    /// The abort in a checked message. Evidence is checked to be signed by
    /// the culprit.
    ///
    /// # Errors
    /// If the body is malformed or the evidence not the culprit's.
    pub fn from_message(draft: &Draft, message: &Message) -> Result<Self, InvalidAbort> {
        let mut reader = Reader::new(&message.body);
        let (culprit, code, count) = (reader.u8()?, reader.u8()?, reader.u8()?);
        let reason = Reason::ALL.into_iter().find(|r| r.code() == code).ok_or(InvalidAbort::Reason(code))?;
        if count > 2 {
            return Err(InvalidAbort::Evidence(count));
        }
        let mut evidence = Vec::new();
        for _ in 0..count {
            let message = Message::from_bytes(reader.string(MESSAGE_MAX)?)?;
            message.check(draft)?;
            if message.route.from != culprit {
                return Err(InvalidAbort::Culprit { culprit, from: message.route.from });
            }
            evidence.push(message);
        }
        reader.end()?;
        Ok(Self { by: message.route.from, culprit, reason, evidence })
    }

    /// Whether the evidence alone convicts the culprit. A bad share and a
    /// disagreement are the accuser's word against the culprit's; what comes
    /// after the key is not judged here.
    pub fn is_proven(&self, draft: &Draft) -> bool {
        if self.evidence.iter().any(|m| m.route.round > Round::Key) {
            return false;
        }
        match (self.reason, self.evidence.as_slice()) {
            (Reason::Equivocation, [a, b]) => a.route == b.route && a.body != b.body,
            (Reason::Malformed, [m]) => !is_well_formed(draft, m),
            (Reason::Commitment | Reason::Possession, [commit, reveal]) => {
                (commit.route.round, reveal.route.round) == (Round::Commit, Round::Reveal)
                    && package::check_reveal(draft, commit, reveal).err() == Some(self.reason)
            }
            _ => false,
        }
    }
}

/// Whether a checked message's body is one of its round.
pub(crate) fn is_well_formed(draft: &Draft, message: &Message) -> bool {
    match message.route.round {
        Round::Commit => message.body.len() == package::COMMIT_BYTES,
        Round::Reveal => package::parse_reveal(draft.threshold, &message.body).is_some(),
        Round::Share => message.body.len() == package::SHARE_BODY_BYTES,
        Round::Key => KeyStatement::from_body(draft, &message.body).is_ok(),
        Round::Decryption => message.body.len() == crate::decryption::body_bytes(draft),
        Round::Abort => Abort::from_message(draft, message).is_ok(),
    }
}
