//! Randomness that starts with a secret tape and goes on with the operating
//! system's. The proof system draws the blinding of the data columns first,
//! column by column; with the same tape their commitments repeat, and
//! nothing else does. spec: `attestation.blinding`.

use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Error, OsRng, RngCore};

/// 64-bit draws that make one scalar of the proof system.
pub(super) const DRAWS_PER_SCALAR: usize = 8;

/// The tape, then the operating system.
pub(super) struct Tape {
    secret: ChaCha20Rng,
    left: usize,
}

impl Tape {
    /// The first `scalars` scalars come from `secret`.
    pub(super) fn new(secret: ChaCha20Rng, scalars: usize) -> Self {
        Self { secret, left: scalars * DRAWS_PER_SCALAR }
    }
}

impl RngCore for Tape {
    fn next_u32(&mut self) -> u32 {
        // Another way of drawing than the one that the tape is made for:
        // it would shift what follows, so the tape ends, and the check of
        // the commitments refuses the proof.
        self.left = 0;
        OsRng.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.secret.next_u64()
            }
            None => OsRng.next_u64(),
        }
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        // As in `next_u32`.
        self.left = 0;
        OsRng.fill_bytes(out);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Tape {}
