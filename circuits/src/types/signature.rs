//! Addresses and signatures of Ethereum accounts, and EIP-712 typed data.
//! spec: `encoding.signature`, `encoding.eip712`.

use k256::ecdsa::{RecoveryId, Signature as Ecdsa, SigningKey, VerifyingKey};
use rand_core::{CryptoRng, RngCore};
use sha3::{Digest, Keccak256};
use std::{fmt, str::FromStr};

/// The address of an Ethereum account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Address(pub [u8; 20]);

/// Not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is 0x and 40 hexadecimal digits")]
pub struct InvalidAddress;

impl FromStr for Address {
    type Err = InvalidAddress;
    fn from_str(s: &str) -> Result<Self, InvalidAddress> {
        let digits = s.strip_prefix("0x").ok_or(InvalidAddress)?;
        let mut out = [0; 20];
        hex::decode_to_slice(digits, &mut out).map_err(|_| InvalidAddress)?;
        Ok(Self(out))
    }
}

impl TryFrom<&[u8]> for Address {
    type Error = InvalidAddress;
    fn try_from(bytes: &[u8]) -> Result<Self, InvalidAddress> {
        bytes.try_into().map(Self).map_err(|_| InvalidAddress)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// Not 65 bytes.
    #[error("a signature has 65 bytes (r, s, v), not {0}")]
    Length(usize),
    /// v is neither 27 nor 28.
    #[error("the last byte of a signature (v) is 27 or 28, not {0}")]
    RecoveryId(u8),
    /// s is in the upper half of the group order (EIP-2).
    #[error("the signature's s is in the upper half; normalise it (EIP-2)")]
    HighS,
    /// r or s out of range, or no key recovers.
    #[error("the signature belongs to no key")]
    Malformed,
    /// Signed by another account.
    #[error("signed by {found}, not by {expected}")]
    Signer {
        /// Who should have signed.
        expected: Address,
        /// Who did, if over this very message.
        found: Address,
    },
}

/// 65 bytes r, s, v with low s and v of 27 or 28: the one form accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 65]);

impl Signature {
    /// The 65 bytes.
    pub fn to_bytes(self) -> [u8; 65] {
        self.0
    }

    /// From 65 bytes.
    ///
    /// # Errors
    /// If the bytes are not the one accepted form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSignature> {
        let bytes: [u8; 65] = bytes.try_into().map_err(|_| InvalidSignature::Length(bytes.len()))?;
        let signature = Self(bytes);
        signature.parts()?;
        Ok(signature)
    }

    /// The account that signed `hash`.
    ///
    /// # Errors
    /// If no key recovers.
    pub fn recover(&self, hash: [u8; 32]) -> Result<Address, InvalidSignature> {
        let (signature, id) = self.parts()?;
        VerifyingKey::recover_from_prehash(&hash, &signature, id)
            .map(|key| address_of(&key))
            .map_err(|_| InvalidSignature::Malformed)
    }

    /// Checks that `signer` signed `hash`.
    ///
    /// # Errors
    /// If another account did, or none.
    pub fn verify(&self, hash: [u8; 32], signer: Address) -> Result<(), InvalidSignature> {
        match self.recover(hash)? {
            found if found == signer => Ok(()),
            found => Err(InvalidSignature::Signer { expected: signer, found }),
        }
    }

    fn parts(&self) -> Result<(Ecdsa, RecoveryId), InvalidSignature> {
        let v = self.0[64];
        let id = v.checked_sub(27).filter(|id| *id < 2).and_then(RecoveryId::from_byte);
        let id = id.ok_or(InvalidSignature::RecoveryId(v))?;
        let ecdsa = Ecdsa::from_slice(&self.0[..64]).map_err(|_| InvalidSignature::Malformed)?;
        if ecdsa.normalize_s().is_some() {
            return Err(InvalidSignature::HighS);
        }
        Ok((ecdsa, id))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// The private key of an Ethereum account. Its `Debug` is redacted; k256
/// clears its memory on drop.
#[derive(Clone)]
pub struct AccountKey(SigningKey);

impl AccountKey {
    /// A fresh key.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(SigningKey::random(rng))
    }

    /// From 32 bytes, or `None` if they are not a key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// The secret bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    /// The account's address.
    pub fn address(&self) -> Address {
        address_of(self.0.verifying_key())
    }

    /// Signs a 32-byte hash (RFC 6979 nonce, low s).
    pub fn sign(&self, hash: [u8; 32]) -> Signature {
        let (signature, id) =
            self.0.sign_prehash_recoverable(&hash).expect("a 32-byte hash can be signed with any valid key");
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + id.to_byte();
        Signature(bytes)
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({})", self.address())
    }
}

fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_encoded_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    let mut out = [0; 20];
    out.copy_from_slice(&hash[12..]);
    Address(out)
}

/// keccak256
pub fn keccak256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// The EIP-712 domain: name "Tabella", version "1", chain and contract.
/// What is not settled on a chain uses chain id 0 and the zero contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Domain {
    /// Chain id, or 0.
    pub chain_id: u64,
    /// Verifying contract, or zero.
    pub contract: Address,
}

impl Domain {
    fn separator(&self) -> [u8; 32] {
        let kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        let words = [
            keccak256(kind),
            keccak256("Tabella"),
            keccak256("1"),
            word_u64(self.chain_id),
            word_address(self.contract),
        ];
        keccak256(words.concat())
    }
}

/// A struct of EIP-712 typed data.
pub trait TypedData {
    /// `encodeType`: name, fields, then the referenced types in order.
    const TYPE: &'static str;

    /// `encodeData` without the type hash: one word per field, in order.
    fn words(&self) -> Vec<[u8; 32]>;

    /// `hashStruct`
    fn struct_hash(&self) -> [u8; 32] {
        let mut data = keccak256(Self::TYPE).to_vec();
        data.extend(self.words().concat());
        keccak256(data)
    }

    /// What an account signs: `keccak256(0x1901 || domain || hashStruct)`.
    fn signing_hash(&self, domain: &Domain) -> [u8; 32] {
        let mut data = vec![0x19, 0x01];
        data.extend(domain.separator());
        data.extend(self.struct_hash());
        keccak256(data)
    }
}

/// An unsigned integer as a word.
pub fn word_u64(x: u64) -> [u8; 32] {
    let mut out = [0; 32];
    out[24..].copy_from_slice(&x.to_be_bytes());
    out
}

/// An address as a word.
pub fn word_address(a: Address) -> [u8; 32] {
    let mut out = [0; 32];
    out[12..].copy_from_slice(&a.0);
    out
}

/// A dynamic array: the hash of its elements' words.
pub fn word_array(words: impl IntoIterator<Item = [u8; 32]>) -> [u8; 32] {
    keccak256(words.into_iter().collect::<Vec<_>>().concat())
}
