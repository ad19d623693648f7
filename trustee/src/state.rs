//! What a trustee remembers of one draft: its secrets and every message.
//! spec: `trustee.state`.
//!
//! The state is written before any message that follows from it is released,
//! so that a trustee that is stopped at any point resumes with the same
//! messages, and never signs or decrypts a second time (A67).

use crate::{
    decryption::BoardPoint,
    encoding::{Reader, Unreadable, put_string},
    message::{InvalidMessage, MESSAGE_MAX, Message, Round, Route},
};
use circuits::{
    decryption::SecretShare,
    params::TRUSTEES_MAX,
    types::{DraftId, NonCanonical, keccak256},
};
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroizing;

/// First byte of an encoded state.
const VERSION: u8 = 1;
/// Longest reveal, and longest encoded FROST secret: 16 coefficients, 16
/// commitments, and room.
const SECRET_MAX: usize = 4096;
/// Most messages of rounds 1 to 5.
const LOG_MAX: usize = TRUSTEES_MAX * (TRUSTEES_MAX + 4);

/// Why stored bytes are not the state of this trustee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidState {
    /// See [`Unreadable`].
    #[error("{0}")]
    Bytes(#[from] Unreadable),
    /// See the message.
    #[error("the checksum does not fit; restore the file from a backup of the same moment")]
    Checksum,
    /// See the message.
    #[error("format {0}; this program reads format 1")]
    Version(u8),
    /// See the message.
    #[error("it belongs to draft {0}")]
    Draft(DraftId),
    /// See the message.
    #[error("it belongs to trustee {0}")]
    Index(u8),
    /// See the message.
    #[error("it holds {0} messages; more than there can be")]
    Count(u32),
    /// See the message.
    #[error("a flag is neither 0 nor 1")]
    Flag,
    /// See [`NonCanonical`].
    #[error("{0}")]
    Value(#[from] NonCanonical),
    /// See [`InvalidMessage`].
    #[error("{0}")]
    Message(#[from] InvalidMessage),
}

/// See the module. Secrets are cleared on drop.
#[derive(Clone)]
pub(crate) struct State {
    /// The body of its reveal: secret until all have committed.
    pub(crate) reveal: Zeroizing<Vec<u8>>,
    /// FROST's secret of round 1; empty once the share is known.
    pub(crate) coefficients: Zeroizing<Vec<u8>>,
    /// The trustee's share of the election's key.
    pub(crate) share: Option<SecretShare>,
    /// The board that it has decrypted, or is about to.
    pub(crate) decrypted: Option<BoardPoint>,
    /// All messages but aborts, its own among them.
    pub(crate) log: BTreeMap<Route, Message>,
    /// Aborts by sender.
    pub(crate) aborts: BTreeMap<u8, Message>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { decrypted, log, aborts, .. } = self;
        write!(f, "State({} messages, {} aborts, {decrypted:?}, ..)", log.len(), aborts.len())
    }
}

impl State {
    pub(crate) fn new(reveal: Zeroizing<Vec<u8>>, coefficients: Zeroizing<Vec<u8>>) -> Self {
        let (log, aborts) = (BTreeMap::new(), BTreeMap::new());
        Self { reveal, coefficients, share: None, decrypted: None, log, aborts }
    }

    /// The message of a round for all, from one trustee.
    pub(crate) fn broadcast(&self, round: Round, from: u8) -> Option<&Message> {
        self.log.get(&Route { round, from, to: 0 })
    }

    /// Senders, of `1..=n`, whose messages of a round are not all here.
    pub(crate) fn missing(&self, round: Round, n: u8) -> Vec<u8> {
        let has = |from: &u8, to: u8| self.log.contains_key(&Route { round, from: *from, to });
        let all = |from: &u8| match round {
            Round::Share => (1..=n).filter(|to| to != from).all(|to| has(from, to)),
            _ => has(from, 0),
        };
        (1..=n).filter(|from| !all(from)).collect()
    }

    pub(crate) fn has_all(&self, round: Round, n: u8) -> bool {
        self.missing(round, n).is_empty()
    }

    /// Its secrets in plain: whoever stores the bytes protects them.
    pub(crate) fn to_bytes(&self, draft: DraftId, index: u8) -> Zeroizing<Vec<u8>> {
        // Room for all of it: growing would leave copies of the secrets behind.
        let messages: usize = self.log.values().chain(self.aborts.values()).map(|m| m.body.len() + 128).sum();
        let mut out = Vec::with_capacity(messages + self.reveal.len() + self.coefficients.len() + 512);
        out.push(VERSION);
        out.extend(draft.to_bytes());
        out.push(index);
        put_string(&mut out, &self.reveal);
        put_string(&mut out, &self.coefficients);
        out.push(self.share.is_some().into());
        if let Some(share) = &self.share {
            out.extend(share.to_bytes().as_slice());
        }
        out.push(self.decrypted.is_some().into());
        if let Some(board) = &self.decrypted {
            out.extend(board.to_bytes());
        }
        for messages in [self.log.values().collect::<Vec<_>>(), self.aborts.values().collect()] {
            let count = u32::try_from(messages.len()).expect("bounded by the routes of 16 trustees");
            out.extend(count.to_be_bytes());
            messages.iter().for_each(|m| put_string(&mut out, &m.to_bytes()));
        }
        let checksum = keccak256(&out);
        out.extend(checksum);
        Zeroizing::new(out)
    }

    pub(crate) fn from_bytes(bytes: &[u8], draft: DraftId, index: u8) -> Result<Self, InvalidState> {
        let (content, checksum) =
            bytes.split_at_checked(bytes.len().saturating_sub(32)).ok_or(InvalidState::Checksum)?;
        if keccak256(content) != *checksum {
            return Err(InvalidState::Checksum);
        }
        let mut reader = Reader::new(content);
        match reader.u8()? {
            VERSION => {}
            other => return Err(InvalidState::Version(other)),
        }
        let found = DraftId::from_bytes(reader.take(32)?)?;
        if found != draft {
            return Err(InvalidState::Draft(found));
        }
        match reader.u8()? {
            same if same == index => {}
            other => return Err(InvalidState::Index(other)),
        }
        let reveal = Zeroizing::new(reader.string(SECRET_MAX)?.to_vec());
        let coefficients = Zeroizing::new(reader.string(SECRET_MAX)?.to_vec());
        let mut state = Self::new(reveal, coefficients);
        if flag(&mut reader)? {
            state.share = Some(SecretShare::from_bytes(reader.take(32)?)?);
        }
        if flag(&mut reader)? {
            state.decrypted = Some(BoardPoint::from_bytes(reader.array()?)?);
        }
        state.log = messages(&mut reader)?.into_iter().map(|m| (m.route, m)).collect();
        state.aborts = messages(&mut reader)?.into_iter().map(|m| (m.route.from, m)).collect();
        reader.end()?;
        Ok(state)
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, InvalidState> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(InvalidState::Flag),
    }
}

fn messages(reader: &mut Reader<'_>) -> Result<Vec<Message>, InvalidState> {
    let count = reader.u32()?;
    let count = usize::try_from(count).ok().filter(|c| *c <= LOG_MAX).ok_or(InvalidState::Count(count))?;
    (0..count).map(|_| Ok(Message::from_bytes(reader.string(MESSAGE_MAX)?)?)).collect()
}
