//! Field elements with a meaning. spec: `encoding.field`.

use crate::{
    curve::{Fr, Scalar},
    params::Tag,
    primitives::poseidon,
};
use ark_ff::{AdditiveGroup, BigInteger, BigInteger256, PrimeField, UniformRand};
use rand_core::{CryptoRng, RngCore};
use std::fmt;
use zeroize::Zeroize;

/// The bytes are not the canonical encoding of a field element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NonCanonical {
    /// Not exactly 32 bytes.
    #[error("a field element has 32 bytes, not {0}")]
    Length(usize),
    /// The integer is not below the modulus.
    #[error("the value is not below the field's modulus; send the reduced value")]
    TooLarge,
}

fn integer_from_bytes(bytes: &[u8]) -> Result<BigInteger256, NonCanonical> {
    let bytes: &[u8; 32] = bytes.try_into().map_err(|_| NonCanonical::Length(bytes.len()))?;
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().fold(0, |acc, b| (acc << 8) | u64::from(*b));
    }
    Ok(BigInteger256::new(limbs))
}

fn integer_to_bytes(integer: BigInteger256) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(&integer.to_bytes_be());
    out
}

/// A field element from 32 bytes, big-endian, below r.
pub fn field_from_bytes(bytes: &[u8]) -> Result<Fr, NonCanonical> {
    Fr::from_bigint(integer_from_bytes(bytes)?).ok_or(NonCanonical::TooLarge)
}

/// 32 bytes, big-endian.
pub fn field_to_bytes(x: Fr) -> [u8; 32] {
    integer_to_bytes(x.into_bigint())
}

/// A Baby Jubjub scalar from 32 bytes, big-endian, below l.
pub fn scalar_from_bytes(bytes: &[u8]) -> Result<Scalar, NonCanonical> {
    Scalar::from_bigint(integer_from_bytes(bytes)?).ok_or(NonCanonical::TooLarge)
}

/// 32 bytes, big-endian.
pub fn scalar_to_bytes(x: Scalar) -> [u8; 32] {
    integer_to_bytes(x.into_bigint())
}

macro_rules! field_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Fr);

        impl $name {
            /// From 32 canonical big-endian bytes.
            ///
            /// # Errors
            /// If the bytes are not 32, or not below r.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, NonCanonical> {
                field_from_bytes(bytes).map(Self)
            }

            /// 32 bytes, big-endian.
            pub fn to_bytes(self) -> [u8; 32] {
                field_to_bytes(self.0)
            }

            /// The field element, for hashes and circuits.
            pub fn field(self) -> Fr {
                self.0
            }

            /// Gives a field element this meaning; the caller knows that it has it.
            pub fn from_field(x: Fr) -> Self {
                Self(x)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.to_bytes()))
            }
        }
    };
}

field_type!(
    /// The identifier of an election's draft; below 2^248. spec: `election.draft_id`
    DraftId
);
field_type!(
    /// The identifier of an election; below 2^248. spec: `election.id`
    ElectionId
);
field_type!(
    /// `H_id(sk)`: what a member registers. spec: `identity.commitment`
    IdentityCommitment
);
field_type!(
    /// What a registration proof is bound to: the signed message and the
    /// account, hashed. spec: `registration.context`
    RegistrationContext
);
field_type!(
    /// Root of the census tree. spec: `census.tree`
    CensusRoot
);
field_type!(
    /// Where a member's vote lives in one election. spec: `ballot.slot`
    Slot
);
field_type!(
    /// Spent by every board entry, once. spec: `ballot.ticket`
    Ticket
);
field_type!(
    /// `D(ciphertexts)`, or [`CiphertextDigest::empty`]. spec: `ballot.digest`
    CiphertextDigest
);
field_type!(
    /// `keccak256(EVM encoding of a proof) >> 8`. spec: `board.proof_hash`
    ProofHash
);
field_type!(
    /// Root of the board tree. spec: `board.tree`
    BoardRoot
);

impl IdentityCommitment {
    /// `H_id(sk)`. spec: `identity.commitment`
    pub fn derive(sk: &MemberSecret) -> Self {
        Self(poseidon::hash(Tag::Identity, &[sk.0]))
    }
}

impl Slot {
    /// `H_slot(sk, election_id)`. spec: `ballot.slot`
    pub fn derive(sk: &MemberSecret, election: ElectionId) -> Self {
        Self(poseidon::hash(Tag::Slot, &[sk.0, election.0]))
    }
}

impl Ticket {
    /// `H_ticket(sk, election_id, j)`, the ticket of a member's mask `j`.
    /// spec: `ballot.ticket`
    pub fn derive(sk: &MemberSecret, election: ElectionId, j: u8) -> Self {
        Self(poseidon::hash(Tag::Ticket, &[sk.0, election.0, Fr::from(j)]))
    }

    /// The ticket of a vote: free, and never derived from `sk`.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(Fr::rand(rng))
    }
}

impl CiphertextDigest {
    /// The state of a slot before its first entry: a constant without known
    /// preimage under D. spec: `ballot.empty`
    pub fn empty() -> Self {
        Self(Tag::SlotEmpty.field())
    }
}

/// A member's secret `sk`: a uniform field element. Its `Debug` is redacted,
/// its memory is cleared on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberSecret(Fr);

impl MemberSecret {
    /// A fresh secret.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(Fr::rand(rng))
    }

    /// From 32 canonical big-endian bytes.
    ///
    /// # Errors
    /// If the bytes are not 32, or not below r.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NonCanonical> {
        field_from_bytes(bytes).map(Self)
    }

    /// From 64 uniform bytes: a big-endian integer, reduced. Uniform up to a
    /// distance below 2^-256. spec: `identity.words`
    pub fn from_uniform_bytes(bytes: &[u8; 64]) -> Self {
        Self(Fr::from_be_bytes_mod_order(bytes))
    }

    /// 32 bytes, big-endian: handle as the secret itself.
    pub fn to_bytes(&self) -> [u8; 32] {
        field_to_bytes(self.0)
    }

    /// The secret field element, for hashes and circuits.
    pub fn field(&self) -> Fr {
        self.0
    }
}

impl fmt::Debug for MemberSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberSecret(..)")
    }
}

impl Drop for MemberSecret {
    fn drop(&mut self) {
        self.0.zeroize();
        debug_assert!(self.0 == Fr::ZERO);
    }
}
