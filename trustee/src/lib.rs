//! The trustees of an election: distributed key generation and threshold
//! decryption. spec: `trustee`.
//!
//! Each trustee is a state machine, [`Trustee`], that takes in signed
//! messages and returns others. It knows nothing of networks: whoever
//! carries the messages learns no secret (A62), can delay them, and cannot
//! change them. All messages of a draft go to all of its trustees.
//!
//! 1. Each trustee commits to its part of the key, then reveals it when all
//!    have committed, with a proof of possession (A24, A25).
//! 2. Each sends every other one its share, encrypted to the key in the
//!    draft (A62). A share that does not fit ends the generation (A27).
//! 3. Each rebuilds the census and signs the election's key once (A61, A67).
//! 4. After closing, t of them decrypt the sums of the one board that each
//!    has checked by itself (A29, A33).
//!
//! The key generation is that of FROST (Komlo and Goldberg,
//! <https://eprint.iacr.org/2020/852>) as implemented by `frost-core`.

mod abort;
mod board;
pub mod ciphersuite;
mod decryption;
mod encoding;
mod envelope;
mod keys;
mod message;
mod package;
mod sealed;
mod state;
mod statement;
mod storage;
#[cfg(test)]
mod tests;
mod trustee;

pub use abort::{Abort, InvalidAbort, Reason};
pub use board::{CheckedBoard, InvalidBoard};
pub use decryption::{Closing, CombineError, Decrypted, Fault, Refused, combine, statement};
pub use encoding::Unreadable;
pub use envelope::ENVELOPE_BYTES;
pub use keys::{InvalidKeys, TrusteeKeys};
pub use message::{InvalidMessage, MESSAGE_MAX, Message, Round, Route};
pub use sealed::SealedStorage;
pub use state::InvalidState;
pub use statement::{InvalidStatement, KeyStatement};
pub use storage::{FileStorage, MemoryStorage, Storage, StorageError};
pub use trustee::{Error, Phase, Trustee};
