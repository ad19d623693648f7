//! The parameters as far as a verifier needs them. spec: `attestation.srs`.

use super::point::point_to_bytes;
use circuits::{
    attestation::SrsId,
    curve::plonk::{Bn256, Fq, G1Affine, G2Affine, ff::PrimeField},
};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use sha3::{Digest, Keccak256};

/// Where parameters come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrsOrigin {
    /// Made from a public seed: INSECURE. Anyone can forge proofs and open
    /// commitments to anything.
    Development,
    /// Imported from a ceremony's file. Nobody can tell from it that the
    /// secret was destroyed.
    Ceremony,
}

/// tau in both groups, and the generators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifierSrs {
    /// tau G1
    pub tau_g1: G1Affine,
    /// tau G2
    pub tau_g2: G2Affine,
    /// Where it comes from.
    pub origin: SrsOrigin,
}

impl VerifierSrs {
    /// keccak256 of G1, tau G1 (64 bytes each), G2, tau G2 (128 bytes each,
    /// the imaginary part first, as the EVM has it).
    pub fn id(&self) -> SrsId {
        let mut hash = Keccak256::new();
        hash.update(point_to_bytes(&G1Affine::generator()));
        hash.update(point_to_bytes(&self.tau_g1));
        hash.update(g2_to_bytes(&G2Affine::generator()));
        hash.update(g2_to_bytes(&self.tau_g2));
        SrsId(hash.finalize().into())
    }

    /// What the proof system's verifier takes.
    pub(crate) fn parameters(&self, k: u32) -> ParamsKZG<Bn256> {
        // The library has no constructor but from other parameters.
        let any = ParamsKZG::setup(1, rand_core::OsRng);
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        any.from_parts(k, vec![g1], Some(vec![]), g2, self.tau_g2)
    }
}

/// 128 bytes: x and y, of each the imaginary part first, big-endian.
fn g2_to_bytes(point: &G2Affine) -> [u8; 128] {
    let parts: [Fq; 4] = [point.x.c1, point.x.c0, point.y.c1, point.y.c0];
    let mut out = [0; 128];
    for (bytes, part) in out.chunks_mut(32).zip(parts) {
        bytes.copy_from_slice(&part.to_repr());
        bytes.reverse();
    }
    out
}
