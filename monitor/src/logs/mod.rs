//! Logs of audits under watch. spec: `monitor.logs`.
//!
//! The rules are those of [`audit::log`]; every attestation's proof is
//! verified with keys of the monitor's own.

mod evidence;
mod store;
mod view;
mod watch;

pub use evidence::{Claim, Evidence, InvalidEvidence, ReceiptJson};
pub use watch::{LogWatch, Progress};
