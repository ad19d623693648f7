//! Solidity's `abi.encode`, as far as policies, mappings and data roots need
//! it, so that a contract computes the same hashes. spec: `audit.hash`.

use circuits::types::keccak256;

/// A value of the contract ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Any static type of one word: `uint256`, `bool`, `bytes32`, `address`.
    Word([u8; 32]),
    /// `string` or `bytes`.
    Bytes(Vec<u8>),
    /// `T[]`
    Array(Vec<Value>),
    /// A struct or tuple.
    Tuple(Vec<Value>),
}

impl Value {
    /// An unsigned integer.
    pub fn uint(x: impl Into<u128>) -> Self {
        let mut word = [0; 32];
        word[16..].copy_from_slice(&x.into().to_be_bytes());
        Value::Word(word)
    }

    /// A signed integer, in two's complement.
    pub fn int(x: i128) -> Self {
        let mut word = if x < 0 { [0xff; 32] } else { [0; 32] };
        word[16..].copy_from_slice(&x.to_be_bytes());
        Value::Word(word)
    }

    /// A text.
    pub fn string(text: &str) -> Self {
        Value::Bytes(text.as_bytes().to_vec())
    }

    /// An array of texts.
    pub fn strings<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        Value::Array(texts.into_iter().map(|t| Value::string(t.as_ref())).collect())
    }

    /// `abi.encode(value)` with this value as the only argument.
    pub fn encode(&self) -> Vec<u8> {
        sequence(std::slice::from_ref(self))
    }

    /// `keccak256(abi.encode(value))`
    pub fn hash(&self) -> [u8; 32] {
        keccak256(self.encode())
    }

    /// Whether the encoding has a place of its own, with an offset in the head.
    fn is_dynamic(&self) -> bool {
        match self {
            Value::Word(_) => false,
            Value::Bytes(_) | Value::Array(_) => true,
            Value::Tuple(parts) => parts.iter().any(Value::is_dynamic),
        }
    }

    fn body(&self) -> Vec<u8> {
        match self {
            Value::Word(word) => word.to_vec(),
            Value::Bytes(bytes) => {
                let mut out = length(bytes.len());
                out.extend(bytes);
                out.resize(32 + bytes.len().next_multiple_of(32), 0);
                out
            }
            Value::Array(parts) => [length(parts.len()), sequence(parts)].concat(),
            Value::Tuple(parts) => sequence(parts),
        }
    }
}

/// Heads of all parts, then the bodies of the dynamic ones.
fn sequence(parts: &[Value]) -> Vec<u8> {
    let bodies: Vec<_> = parts.iter().map(Value::body).collect();
    let head = |(part, body): (&Value, &Vec<u8>)| if part.is_dynamic() { 32 } else { body.len() };
    let mut offset: usize = parts.iter().zip(&bodies).map(head).sum();
    let (mut heads, mut tails) = (Vec::new(), Vec::<u8>::new());
    for (part, body) in parts.iter().zip(&bodies) {
        if part.is_dynamic() {
            heads.extend(length(offset));
            offset += body.len();
            tails.extend(body);
        } else {
            heads.extend(body);
        }
    }
    heads.extend(tails);
    heads
}

fn length(n: usize) -> Vec<u8> {
    let mut word = vec![0; 24];
    word.extend((n as u64).to_be_bytes());
    word
}
