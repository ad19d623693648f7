//! What the proof keeps to itself. spec: `attestation.witness`.

use super::Code;
use std::fmt;
use zeroize::Zeroize;

/// The records, in the order of their rows. `Debug` tells their number only;
/// memory is cleared on drop.
#[derive(Clone)]
pub struct Witness {
    /// One code per record; none is padding.
    pub codes: Vec<Code>,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({} records)", self.codes.len())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.codes.iter_mut().for_each(|code| code.0.zeroize());
    }
}
