//! Receipts: what a person holds against the omission or change of their
//! record. spec: `audit.receipts`.
//!
//! Before anchoring, the auditor promises in a signature which code is at
//! which index; after it, an opening of the commitment shows that it is. The
//! person's nonce, whose hash is leaf `index` of an anchored log, keeps two
//! people from being given one index.

mod file;
mod log;
mod promise;

pub use file::{Receipt, ReceiptCheckId, ReceiptFault, ReceiptTrust};
pub use log::{LogPath, log_path, log_root, nonce_leaf};
pub use promise::Promise;
