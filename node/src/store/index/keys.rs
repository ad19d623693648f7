//! Key and value layouts of the index, all of fixed width and big-endian, so
//! that the order of bytes is the order of numbers. A tag that is retired is
//! kept here and never given again. spec: `storage.index`

use super::{Conflict, Id, IndexError, IndexUpdate, Registration, SlotHead};
use crate::store::frame::{Place, Position, array};

/// Version of these layouts. Another version is not migrated: it is rebuilt.
pub(super) const FORMAT_VERSION: u32 = 1;

/// `()` -> version, 4 bytes.
pub(super) const FORMAT: u8 = 0x01;
/// `()` -> [`Applied`], 60 bytes.
pub(super) const APPLIED: u8 = 0x02;
/// `election, slot` -> `digest, seq`.
pub(super) const SLOT: u8 = 0x10;
/// `election, ticket` -> `seq`.
pub(super) const TICKET: u8 = 0x11;
/// `election or log, seq` -> position.
pub(super) const ENTRY: u8 = 0x12;
/// `election or log` -> size.
pub(super) const BOARD: u8 = 0x13;
/// `organisation, address` -> `counter, position`.
pub(super) const REGISTRATION: u8 = 0x20;
/// `class, id` -> position.
pub(super) const OBJECT: u8 = 0x30;

/// How far an index has come: the last frame it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The journal it was derived from.
    pub journal: Id,
    /// Number of the last applied frame.
    pub number: u64,
    /// Where that frame begins.
    pub position: Position,
    /// Where it ends.
    pub end: Position,
    /// Its checksum: it tells one history of a journal from another.
    pub chain: u32,
}

const APPLIED_LEN: usize = 60;

impl Applied {
    /// The position after a frame.
    pub fn after(journal: Id, place: &Place) -> Self {
        Self { journal, number: place.number, position: place.position, end: place.end, chain: place.chain }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(APPLIED_LEN);
        bytes.extend_from_slice(&self.journal);
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.position.0.to_be_bytes());
        bytes.extend_from_slice(&self.end.0.to_be_bytes());
        bytes.extend_from_slice(&self.chain.to_be_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let bytes: [u8; APPLIED_LEN] = fixed(APPLIED, bytes)?;
        Ok(Self {
            journal: array(&bytes, 0),
            number: u64::from_be_bytes(array(&bytes, 32)),
            position: Position(u64::from_be_bytes(array(&bytes, 40))),
            end: Position(u64::from_be_bytes(array(&bytes, 48))),
            chain: u32::from_be_bytes(array(&bytes, 56)),
        })
    }
}

/// One write, with what has to hold for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub(in crate::store) key: Vec<u8>,
    pub(in crate::store) value: Vec<u8>,
    expect: Expect,
    conflict: Conflict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expect {
    Absent,
    StartsWith(Vec<u8>),
    CounterBelow(u64),
}

impl Edit {
    /// Checks the expectation against the value that is there.
    pub(in crate::store) fn check(&self, current: Option<&[u8]>) -> Result<(), Conflict> {
        let holds = match (&self.expect, current) {
            (Expect::Absent | Expect::CounterBelow(_), None) => true,
            (Expect::StartsWith(prefix), Some(value)) => value.starts_with(prefix),
            (Expect::CounterBelow(counter), Some(value)) => {
                value.len() >= 8 && u64::from_be_bytes(array(value, 0)) < *counter
            }
            (Expect::Absent, Some(_)) | (Expect::StartsWith(_), None) => false,
        };
        if holds { Ok(()) } else { Err(self.conflict) }
    }
}

/// The writes of one update that stands in the frame at `position`.
pub(in crate::store) fn edits(update: &IndexUpdate, position: Position) -> Vec<Edit> {
    match update {
        IndexUpdate::Entry { election, seq, slot: s, previous, next, ticket: t } => vec![
            next_number(election, *seq),
            Edit {
                key: slot(election, s),
                value: [&next[..], &seq.to_be_bytes()].concat(),
                expect: previous.map_or(Expect::Absent, |p| Expect::StartsWith(p.to_vec())),
                conflict: Conflict::SlotMoved,
            },
            absent(ticket(election, t), seq.to_be_bytes().to_vec(), Conflict::TicketSeen),
            absent(entry(election, *seq), position_value(position), Conflict::SequenceTaken),
        ],
        IndexUpdate::Logged { log, seq } => vec![
            next_number(log, *seq),
            absent(entry(log, *seq), position_value(position), Conflict::SequenceTaken),
        ],
        IndexUpdate::Registration { organisation, address, counter } => vec![Edit {
            key: registration(organisation, address),
            value: [counter.to_be_bytes(), position.0.to_be_bytes()].concat(),
            expect: Expect::CounterBelow(*counter),
            conflict: Conflict::RegistrationStale,
        }],
        IndexUpdate::Object { class, id } => {
            vec![absent(object(*class, id), position_value(position), Conflict::ObjectExists)]
        }
    }
}

/// The write that gives number `seq` of a board or log.
fn next_number(board_or_log: &Id, seq: u64) -> Edit {
    Edit {
        key: board(board_or_log),
        value: (seq + 1).to_be_bytes().to_vec(),
        expect: match seq {
            0 => Expect::Absent,
            _ => Expect::StartsWith(seq.to_be_bytes().to_vec()),
        },
        conflict: Conflict::SequenceTaken,
    }
}

/// The write that moves the applied position by one frame.
pub(super) fn advance(from: Option<&Applied>, to: &Applied) -> Edit {
    Edit {
        key: applied(),
        value: to.encode(),
        expect: from.map_or(Expect::Absent, |a| Expect::StartsWith(a.encode())),
        conflict: Conflict::OutOfOrder,
    }
}

fn absent(key: Vec<u8>, value: Vec<u8>, conflict: Conflict) -> Edit {
    Edit { key, value, expect: Expect::Absent, conflict }
}

fn position_value(position: Position) -> Vec<u8> {
    position.0.to_be_bytes().to_vec()
}

pub(super) fn applied() -> Vec<u8> {
    vec![APPLIED]
}

pub(super) fn format() -> Vec<u8> {
    vec![FORMAT]
}

pub(super) fn slot(election: &Id, slot: &Id) -> Vec<u8> {
    join(SLOT, &[election, slot])
}

pub(super) fn ticket(election: &Id, ticket: &Id) -> Vec<u8> {
    join(TICKET, &[election, ticket])
}

pub(super) fn entry(election: &Id, seq: u64) -> Vec<u8> {
    join(ENTRY, &[election, &seq.to_be_bytes()])
}

pub(super) fn board(election: &Id) -> Vec<u8> {
    join(BOARD, &[election])
}

pub(super) fn registration(organisation: &Id, address: &Id) -> Vec<u8> {
    join(REGISTRATION, &[organisation, address])
}

pub(super) fn registrations(organisation: &Id) -> Vec<u8> {
    join(REGISTRATION, &[organisation])
}

pub(super) fn object(class: u16, id: &Id) -> Vec<u8> {
    join(OBJECT, &[&class.to_be_bytes(), id])
}

pub(super) fn objects(class: u16) -> Vec<u8> {
    join(OBJECT, &[&class.to_be_bytes()])
}

fn join(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![tag];
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

pub(super) fn last_id(key: &[u8]) -> Result<Id, IndexError> {
    key.last_chunk().copied().ok_or(IndexError::Malformed { tag: key.first().copied().unwrap_or(0) })
}

pub(super) fn decode_u64(tag: u8, value: &[u8]) -> Result<u64, IndexError> {
    Ok(u64::from_be_bytes(fixed(tag, value)?))
}

pub(super) fn decode_slot_head(value: &[u8]) -> Result<SlotHead, IndexError> {
    let bytes: [u8; 40] = fixed(SLOT, value)?;
    Ok(SlotHead { digest: array(&bytes, 0), seq: u64::from_be_bytes(array(&bytes, 32)) })
}

pub(super) fn decode_registration(value: &[u8]) -> Result<Registration, IndexError> {
    let bytes: [u8; 16] = fixed(REGISTRATION, value)?;
    Ok(Registration {
        counter: u64::from_be_bytes(array(&bytes, 0)),
        position: Position(u64::from_be_bytes(array(&bytes, 8))),
    })
}

fn fixed<const N: usize>(tag: u8, value: &[u8]) -> Result<[u8; N], IndexError> {
    value.try_into().map_err(|_| IndexError::Malformed { tag })
}
