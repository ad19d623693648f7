//! What happened, in the one byte form that the journal stores.
//! spec: `node.events`.

use crate::store::{Id, IndexUpdate};
use audit::log::{Entry, Parties};
use circuits::types::{
    Address, BoardEntry, CensusStatement, DraftId, ElectionId, Holder, NonCanonical, Registration, Signature,
    SignedDraft, SignedHead, Tally, TrusteeMessage, keccak256, word_address, word_u64,
};
use prost::Message;
use proto::{convert::InvalidField, v1};

/// Frame kind of [`Event::Entry`].
pub const KIND_ENTRY: u16 = 8;
/// Frame kind of [`Event::Head`].
pub const KIND_HEAD: u16 = 9;
/// Index class of drafts.
const CLASS_DRAFT: u16 = 1;
/// Index class of the digests that a slot has held.
const CLASS_DIGEST: u16 = 2;

/// Something that happened and is on the log for good.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A draft was accepted.
    Draft(SignedDraft),
    /// A registration was accepted.
    Registration(Registration),
    /// A part of the table of holders, before the [`Event::Census`] that
    /// freezes it; a part that starts at 0 replaces what came before.
    Holders {
        /// The draft.
        draft_id: DraftId,
        /// Number of the first holder.
        start: u64,
        /// In ascending order of address.
        holders: Vec<Holder>,
    },
    /// The census of a draft was frozen over the holders before and the
    /// registrations so far.
    Census {
        /// Root and total.
        statement: CensusStatement,
        /// By the organiser.
        signature: Signature,
    },
    /// A trustee's message was accepted.
    TrusteeMessage(TrusteeMessage),
    /// A trustee's second message for one place was refused: evidence.
    TrusteeConflict(TrusteeMessage),
    /// Voting was opened.
    Opened {
        /// The draft.
        draft_id: DraftId,
        /// Over Open, by the organiser.
        signature: Signature,
    },
    /// An entry was put on a board.
    Entry {
        /// The election.
        election_id: ElectionId,
        /// Its number.
        seq: u32,
        /// The entry.
        entry: BoardEntry,
    },
    /// A head was signed: the entries below its size are acknowledged.
    Head(SignedHead),
    /// Voting ended with this head.
    Closed {
        /// The last head.
        head: SignedHead,
        /// Over Close, by the organiser, if before the closing time.
        signature: Option<Signature>,
    },
    /// The result was proven.
    Tally {
        /// The election.
        election_id: ElectionId,
        /// The result.
        tally: Tally,
    },
    /// An event was put on a log of audits.
    Logged {
        /// Whose log it is.
        parties: Parties,
        /// Its number.
        seq: u32,
        /// The event with its time.
        entry: Entry,
    },
    /// A head of a log of audits was signed.
    LogHead(SignedHead),
}

/// A frame that is no event of this version.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// See the message.
    #[error("frame kind {0} is unknown; a newer node wrote this journal: use that version")]
    Kind(u16),
    /// Not the message of its kind.
    #[error("not the message of its kind: {0}")]
    Message(#[from] prost::DecodeError),
    /// A field is not in its one form.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// An identifier is not canonical.
    #[error("identifier: {0}")]
    Id(#[from] NonCanonical),
    /// An account is not 20 bytes.
    #[error("account: {0}")]
    Address(#[from] circuits::types::InvalidAddress),
    /// A signature is not in its one form.
    #[error(transparent)]
    Signature(#[from] circuits::types::InvalidSignature),
    /// See the message.
    #[error("the frame lacks a part")]
    Missing,
}

/// Messages of the journal alone.
mod wire {
    use proto::v1;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Holders {
        #[prost(bytes, tag = "1")]
        pub draft_id: Vec<u8>,
        #[prost(uint64, tag = "2")]
        pub start: u64,
        #[prost(message, repeated, tag = "3")]
        pub holders: Vec<v1::Holder>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Census {
        #[prost(message, optional, tag = "1")]
        pub statement: Option<v1::CensusStatement>,
        #[prost(bytes, tag = "2")]
        pub signature: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Opened {
        #[prost(bytes, tag = "1")]
        pub draft_id: Vec<u8>,
        #[prost(bytes, tag = "2")]
        pub signature: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Entry {
        #[prost(bytes, tag = "1")]
        pub election_id: Vec<u8>,
        #[prost(uint32, tag = "2")]
        pub seq: u32,
        #[prost(message, optional, tag = "3")]
        pub entry: Option<v1::BoardEntry>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Closed {
        #[prost(message, optional, tag = "1")]
        pub head: Option<v1::Head>,
        #[prost(bytes, tag = "2")]
        pub signature: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Tally {
        #[prost(bytes, tag = "1")]
        pub election_id: Vec<u8>,
        #[prost(message, optional, tag = "2")]
        pub tally: Option<v1::Tally>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Logged {
        #[prost(bytes, tag = "1")]
        pub operator: Vec<u8>,
        #[prost(bytes, tag = "2")]
        pub organiser: Vec<u8>,
        #[prost(string, tag = "3")]
        pub organisation: String,
        #[prost(uint32, tag = "4")]
        pub seq: u32,
        #[prost(message, optional, tag = "5")]
        pub event: Option<v1::LogEvent>,
    }
}

impl Event {
    /// The frame's kind; numbers are never used again for something else.
    pub fn kind(&self) -> u16 {
        match self {
            Event::Draft(_) => 1,
            Event::Registration(_) => 2,
            Event::Holders { .. } => 3,
            Event::Census { .. } => 4,
            Event::TrusteeMessage(_) => 5,
            Event::TrusteeConflict(_) => 6,
            Event::Opened { .. } => 7,
            Event::Entry { .. } => KIND_ENTRY,
            Event::Head(_) => KIND_HEAD,
            Event::Closed { .. } => 10,
            Event::Tally { .. } => 11,
            Event::Logged { .. } => 12,
            Event::LogHead(_) => 13,
        }
    }

    /// The frame's payload.
    pub fn encode(&self) -> Vec<u8> {
        let signature = |s: &Signature| s.to_bytes().to_vec();
        match self {
            Event::Draft(d) => v1::SignedDraft::from(d).encode_to_vec(),
            Event::Registration(r) => v1::Registration::from(r).encode_to_vec(),
            Event::Holders { draft_id, start, holders } => wire::Holders {
                draft_id: draft_id.to_bytes().to_vec(),
                start: *start,
                holders: holders.iter().map(Into::into).collect(),
            }
            .encode_to_vec(),
            Event::Census { statement, signature: s } => {
                wire::Census { statement: Some(statement.into()), signature: signature(s) }.encode_to_vec()
            }
            Event::TrusteeMessage(m) | Event::TrusteeConflict(m) => {
                v1::TrusteeMessage::from(m).encode_to_vec()
            }
            Event::Opened { draft_id, signature: s } => {
                wire::Opened { draft_id: draft_id.to_bytes().to_vec(), signature: signature(s) }
                    .encode_to_vec()
            }
            Event::Entry { election_id, seq, entry } => wire::Entry {
                election_id: election_id.to_bytes().to_vec(),
                seq: *seq,
                entry: Some(entry.into()),
            }
            .encode_to_vec(),
            Event::Head(h) | Event::LogHead(h) => v1::Head::from(h).encode_to_vec(),
            Event::Logged { parties, seq, entry } => wire::Logged {
                operator: parties.operator.0.to_vec(),
                organiser: parties.organiser.0.to_vec(),
                organisation: parties.organisation.clone(),
                seq: *seq,
                event: Some(entry.into()),
            }
            .encode_to_vec(),
            Event::Closed { head, signature: s } => wire::Closed {
                head: Some(head.into()),
                signature: s.as_ref().map(signature).unwrap_or_default(),
            }
            .encode_to_vec(),
            Event::Tally { election_id, tally } => {
                wire::Tally { election_id: election_id.to_bytes().to_vec(), tally: Some(tally.into()) }
                    .encode_to_vec()
            }
        }
    }

    /// The event in a frame.
    ///
    /// # Errors
    /// If the kind is unknown or the payload is not of that kind.
    pub fn decode(kind: u16, payload: &[u8]) -> Result<Self, InvalidEvent> {
        Ok(match kind {
            1 => Event::Draft(v1::SignedDraft::decode(payload)?.try_into()?),
            2 => Event::Registration(v1::Registration::decode(payload)?.try_into()?),
            3 => {
                let m = wire::Holders::decode(payload)?;
                let holders = m.holders.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
                Event::Holders { draft_id: DraftId::from_bytes(&m.draft_id)?, start: m.start, holders }
            }
            4 => {
                let m = wire::Census::decode(payload)?;
                let statement = m.statement.ok_or(InvalidEvent::Missing)?.try_into()?;
                Event::Census { statement, signature: Signature::from_bytes(&m.signature)? }
            }
            5 => Event::TrusteeMessage(v1::TrusteeMessage::decode(payload)?.try_into()?),
            6 => Event::TrusteeConflict(v1::TrusteeMessage::decode(payload)?.try_into()?),
            7 => {
                let m = wire::Opened::decode(payload)?;
                let signature = Signature::from_bytes(&m.signature)?;
                Event::Opened { draft_id: DraftId::from_bytes(&m.draft_id)?, signature }
            }
            KIND_ENTRY => {
                let m = wire::Entry::decode(payload)?;
                let entry = m.entry.ok_or(InvalidEvent::Missing)?.try_into()?;
                Event::Entry { election_id: ElectionId::from_bytes(&m.election_id)?, seq: m.seq, entry }
            }
            KIND_HEAD => Event::Head(v1::Head::decode(payload)?.try_into()?),
            10 => {
                let m = wire::Closed::decode(payload)?;
                let head = m.head.ok_or(InvalidEvent::Missing)?.try_into()?;
                let signature = match &m.signature[..] {
                    [] => None,
                    bytes => Some(Signature::from_bytes(bytes)?),
                };
                Event::Closed { head, signature }
            }
            11 => {
                let m = wire::Tally::decode(payload)?;
                let tally = m.tally.ok_or(InvalidEvent::Missing)?.try_into()?;
                Event::Tally { election_id: ElectionId::from_bytes(&m.election_id)?, tally }
            }
            12 => {
                let m = wire::Logged::decode(payload)?;
                let entry = m.event.ok_or(InvalidEvent::Missing)?.try_into()?;
                let (operator, organiser) =
                    (Address::try_from(&m.operator[..])?, Address::try_from(&m.organiser[..])?);
                let parties = Parties { operator, organiser, organisation: m.organisation };
                Event::Logged { parties, seq: m.seq, entry }
            }
            13 => Event::LogHead(v1::Head::decode(payload)?.try_into()?),
            other => return Err(InvalidEvent::Kind(other)),
        })
    }

    /// What the event adds to the index.
    pub fn updates(&self) -> Vec<IndexUpdate> {
        match self {
            Event::Draft(d) => vec![IndexUpdate::Object { class: CLASS_DRAFT, id: d.draft.id().to_bytes() }],
            Event::Registration(r) => vec![IndexUpdate::Registration {
                organisation: organisation_id(r.message.chain_id, &r.message.organisation),
                address: word_address(r.message.address),
                counter: r.message.counter,
            }],
            Event::Entry { election_id, seq, entry } => entry_updates(*election_id, *seq, entry),
            Event::Logged { parties, seq, .. } => {
                vec![IndexUpdate::Logged { log: parties.log().to_bytes(), seq: (*seq).into() }]
            }
            Event::Holders { .. }
            | Event::Census { .. }
            | Event::TrusteeMessage(_)
            | Event::TrusteeConflict(_)
            | Event::Opened { .. }
            | Event::Head(_)
            | Event::LogHead(_)
            | Event::Closed { .. }
            | Event::Tally { .. } => Vec::new(),
        }
    }
}

fn organisation_id(chain_id: u64, name: &str) -> Id {
    keccak256([&word_u64(chain_id)[..], name.as_bytes()].concat())
}

fn entry_updates(election_id: ElectionId, seq: u32, entry: &BoardEntry) -> Vec<IndexUpdate> {
    let empty = circuits::types::CiphertextDigest::empty();
    let (class, id) = digest_object(election_id, entry);
    vec![
        IndexUpdate::Entry {
            election: election_id.to_bytes(),
            seq: seq.into(),
            slot: entry.slot.to_bytes(),
            previous: (entry.prev_digest != empty).then(|| entry.prev_digest.to_bytes()),
            next: entry.next_digest.to_bytes(),
            ticket: entry.ticket.to_bytes(),
        },
        IndexUpdate::Object { class, id },
    ]
}

/// Where the index keeps the entry that brought a slot to this digest.
pub fn digest_object(election_id: ElectionId, entry: &BoardEntry) -> (u16, Id) {
    let parts = [election_id.to_bytes(), entry.slot.to_bytes(), entry.next_digest.to_bytes()];
    (CLASS_DIGEST, keccak256(parts.concat()))
}
