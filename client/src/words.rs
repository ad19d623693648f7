//! An identity written down: 24 English words (BIP-39), and the secret that
//! follows from them. spec: `identity.words`.

use crate::identity::Identity;
use bip39::{Language, Mnemonic};
use circuits::types::MemberSecret;
use hkdf::Hkdf;
use rand_core::{OsRng, RngCore};
use sha2::Sha512;
use std::fmt;
use zeroize::Zeroizing;

/// Number of words.
pub const WORDS: usize = 24;
/// Salt of the derivation.
const SALT: &[u8] = b"tabella.v1";
/// What is derived.
const INFO: &[u8] = b"member secret";

/// The words of one identity. `Debug` is redacted, memory is cleared on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Mnemonic);

/// Why a text is not the words of an identity. The messages hold no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWords {
    /// See the message.
    #[error("there are {0} words; an identity has 24")]
    Count(usize),
    /// See the message.
    #[error("word {0} is not in the list of English words of BIP-39; look for a slip of the pen")]
    Unknown(usize),
    /// See the message.
    #[error("the last word does not fit the others; look for two words that changed places, or another slip")]
    Checksum,
}

impl Words {
    /// Fresh words from the operating system's randomness.
    pub fn generate() -> Self {
        let mut entropy = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(entropy.as_mut_slice());
        Self::from_entropy(&entropy)
    }

    /// The words of 32 bytes.
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(Mnemonic::from_entropy(entropy).expect("32 bytes make 24 words"))
    }

    /// The 32 bytes of the words.
    pub fn entropy(&self) -> Zeroizing<[u8; 32]> {
        let all = Zeroizing::new(self.0.to_entropy_array().0);
        let mut entropy = Zeroizing::new([0; 32]);
        entropy.copy_from_slice(&all[..32]);
        entropy
    }

    /// Reads words, whatever their case and the space between them.
    ///
    /// # Errors
    /// If they are not 24 words of the list with a right checksum.
    pub fn parse(text: &str) -> Result<Self, InvalidWords> {
        let lower = Zeroizing::new(text.to_lowercase());
        let words: Vec<&str> = lower.split_whitespace().collect();
        if words.len() != WORDS {
            return Err(InvalidWords::Count(words.len()));
        }
        let joined = Zeroizing::new(words.join(" "));
        let parsed = Mnemonic::parse_in_normalized(Language::English, &joined);
        parsed.map(Self).map_err(|e| match e {
            bip39::Error::UnknownWord(index) => InvalidWords::Unknown(index + 1),
            _ => InvalidWords::Checksum,
        })
    }

    /// The words, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// The words with a space between them.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(WORDS * 9));
        for word in self.iter() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    /// The identity that follows from the words.
    pub fn identity(&self) -> Identity {
        let seed = Zeroizing::new(self.0.to_seed_normalized(""));
        let mut wide = Zeroizing::new([0; 64]);
        let hkdf = Hkdf::<Sha512>::new(Some(SALT), seed.as_slice());
        hkdf.expand(INFO, wide.as_mut_slice()).expect("64 bytes are one block");
        Identity::of(MemberSecret::from_uniform_bytes(&wide))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}
