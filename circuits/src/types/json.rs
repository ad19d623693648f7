//! The JSON form of the types, for records and fixtures: bytes are lowercase
//! hexadecimal with 0x, integers are numbers. spec: `record.json`.
//!
//! Writing what was read gives the same bytes, or the input is refused by
//! the reader of the record.

use super::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

fn read_hex<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(d)?;
    let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("hexadecimal starts with 0x"))?;
    hex::decode(digits).map_err(D::Error::custom)
}

macro_rules! as_hex {
    ($($name:ident: $write:expr, $read:expr;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$name) -> Vec<u8> = $write;
                s.serialize_str(&format!("0x{}", hex::encode(write(self))))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let bytes = read_hex(d)?;
                ($read)(&bytes).map_err(D::Error::custom)
            }
        }
    )*};
}

as_hex! {
    DraftId: |x| x.to_bytes().to_vec(), DraftId::from_bytes;
    ElectionId: |x| x.to_bytes().to_vec(), ElectionId::from_bytes;
    IdentityCommitment: |x| x.to_bytes().to_vec(), IdentityCommitment::from_bytes;
    CensusRoot: |x| x.to_bytes().to_vec(), CensusRoot::from_bytes;
    BoardRoot: |x| x.to_bytes().to_vec(), BoardRoot::from_bytes;
    Slot: |x| x.to_bytes().to_vec(), Slot::from_bytes;
    Ticket: |x| x.to_bytes().to_vec(), Ticket::from_bytes;
    CiphertextDigest: |x| x.to_bytes().to_vec(), CiphertextDigest::from_bytes;
    ProofHash: |x| x.to_bytes().to_vec(), ProofHash::from_bytes;
    GroupElement: |x| x.to_bytes().to_vec(), GroupElement::from_bytes;
    CurvePoint: |x| x.to_bytes().to_vec(), CurvePoint::from_bytes;
    Signature: |x| x.to_bytes().to_vec(), Signature::from_bytes;
    Address: |x| x.0.to_vec(), |b: &[u8]| Address::try_from(b);
    ProofBytes: |x| x.0.to_vec(), |b: &[u8]| ProofBytes::try_from(b);
}

/// Byte strings as hexadecimal.
pub mod bytes {
    use super::*;

    /// Writes `0x..`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&format!("0x{}", hex::encode(bytes)))
    }

    /// Reads `0x..` of the type's length.
    ///
    /// # Errors
    /// If it is not hexadecimal or has another length.
    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(d: D) -> Result<T, D::Error> {
        let bytes = read_hex(d)?;
        let length = bytes.len();
        T::try_from(bytes).map_err(|_| D::Error::custom(format!("{length} bytes are the wrong length")))
    }
}

/// Lists of 32-byte strings as hexadecimal.
pub mod words {
    use super::*;
    use serde::ser::SerializeSeq;

    #[derive(Deserialize)]
    struct Word(#[serde(with = "super::bytes")] [u8; 32]);

    /// Writes a list of `0x..`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(words: &[[u8; 32]], s: S) -> Result<S::Ok, S::Error> {
        let mut list = s.serialize_seq(Some(words.len()))?;
        for word in words {
            list.serialize_element(&format!("0x{}", hex::encode(word)))?;
        }
        list.end()
    }

    /// Reads a list of `0x..` of the type's length.
    ///
    /// # Errors
    /// If an element is not 32 bytes or their number is wrong.
    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<[u8; 32]>>>(d: D) -> Result<T, D::Error> {
        let words: Vec<[u8; 32]> = Vec::<Word>::deserialize(d)?.into_iter().map(|w| w.0).collect();
        T::try_from(words).map_err(|_| D::Error::custom("the list has the wrong length"))
    }
}

/// Lists of field elements as hexadecimal, each below r.
pub mod fields {
    use super::*;
    use crate::curve::Fr;

    /// Writes a list of `0x..`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(fields: &[Fr], s: S) -> Result<S::Ok, S::Error> {
        let words: Vec<[u8; 32]> = fields.iter().map(|x| field_to_bytes(*x)).collect();
        super::words::serialize(&words, s)
    }

    /// Reads a list of `0x..`.
    ///
    /// # Errors
    /// If an element is not 32 bytes, or not below r.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Fr>, D::Error> {
        let words: Vec<[u8; 32]> = super::words::deserialize(d)?;
        words.iter().map(|w| field_from_bytes(w).map_err(D::Error::custom)).collect()
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u32(self.code())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Rule::from_code(u32::deserialize(d)?).map_err(D::Error::custom)
    }
}
