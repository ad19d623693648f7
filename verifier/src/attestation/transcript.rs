//! The Fiat-Shamir transcript of the EVM verifier: keccak256 over the bytes
//! absorbed since the last challenge, that challenge first. Writing and
//! reading are here together, so that they cannot drift apart.
//! spec: `attestation.transcript`.

use super::point::{POINT_BYTES, point_from_bytes, point_to_bytes, scalar_from_bytes, scalar_to_bytes};
use circuits::curve::plonk::{Fr, G1Affine, ff::FromUniformBytes};
use halo2_proofs::transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite};
use sha3::{Digest, Keccak256};
use std::io::{self, Read, Write};

/// A challenge: 32 bytes of keccak256, reduced modulo r.
#[derive(Clone, Copy, Debug)]
pub struct KeccakChallenge(Fr);

impl EncodedChallenge<G1Affine> for KeccakChallenge {
    type Input = [u8; 32];

    fn new(hash: &[u8; 32]) -> Self {
        let mut wide = [0; 64];
        wide[..32].copy_from_slice(hash);
        wide[..32].reverse();
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// A transcript over a reader or a writer of proof bytes.
#[derive(Clone, Debug)]
pub struct KeccakTranscript<S> {
    absorbed: Vec<u8>,
    stream: S,
}

impl<S> KeccakTranscript<S> {
    /// A transcript that has absorbed nothing.
    pub fn new(stream: S) -> Self {
        Self { absorbed: vec![], stream }
    }

    /// The reader or writer.
    pub fn into_stream(self) -> S {
        self.stream
    }
}

impl<S> Transcript<G1Affine, KeccakChallenge> for KeccakTranscript<S> {
    /// A challenge that follows another at once hashes the former and a 1.
    fn squeeze_challenge(&mut self) -> KeccakChallenge {
        if self.absorbed.len() == 32 {
            self.absorbed.push(1);
        }
        let hash: [u8; 32] = Keccak256::digest(&self.absorbed).into();
        self.absorbed = hash.to_vec();
        KeccakChallenge::new(&hash)
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.absorbed.extend(point_to_bytes(&point));
        Ok(())
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.absorbed.extend(scalar_to_bytes(&scalar));
        Ok(())
    }
}

impl<R: Read> TranscriptRead<G1Affine, KeccakChallenge> for KeccakTranscript<R> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let mut bytes = [0; POINT_BYTES];
        self.stream.read_exact(&mut bytes)?;
        let point = point_from_bytes(&bytes).map_err(io::Error::other)?;
        self.common_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let mut bytes = [0; 32];
        self.stream.read_exact(&mut bytes)?;
        let scalar = scalar_from_bytes(bytes).ok_or_else(|| io::Error::other("a scalar is not below r"))?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}

impl<W: Write> TranscriptWrite<G1Affine, KeccakChallenge> for KeccakTranscript<W> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.common_point(point)?;
        self.stream.write_all(&point_to_bytes(&point))
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.common_scalar(scalar)?;
        self.stream.write_all(&scalar_to_bytes(&scalar))
    }
}
