//! The rules of the service, synchronous and pure: facts and a command in,
//! events or a [`Rejection`] out. [`State::apply`] rebuilds everything from
//! the events, which are what the journal holds. spec: `node.events`.
//!
//! The one thing that this module does not hold is what an index answers
//! better: which digest a slot holds and which tickets are spent. A decision
//! about an entry gets these as [`EntryFacts`].

mod audit;
mod ballot;
mod election;
mod event;
mod key_statement;
mod registry;
mod rejection;
mod state;
mod trustee;

pub use audit::{AuditLog, NextEvent};
pub use ballot::{EarlierEntry, EntryFacts};
pub use election::{Board, Election, FrozenCensus, Phase};
pub use event::{Event, InvalidEvent, KIND_ENTRY, KIND_HEAD, digest_object};
pub use key_statement::{InvalidStatement, KeyStatement};
pub use registry::Organisation;
pub use rejection::{Kind, Rejection};
pub use state::{Rules, State, UnfitEvent};
