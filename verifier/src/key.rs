//! Verifying keys: one encoding, one hash, and the refusal of degenerate
//! ones. spec: `setup.verifying_key`.

use crate::{
    circuit_id::{CircuitId, UnknownCircuit},
    curve::{Bn254, G1Affine, G2Affine, G2Prepared},
    encoding::{
        G1_BYTES, G2_BYTES, PointFault, check_g1, check_g2, g1_from_bytes, g1_to_bytes, g2_from_bytes,
        g2_to_bytes,
    },
};
use ark_ec::AffineRepr;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The first bytes of an encoded key: name and version of the layout.
const MAGIC: &[u8; 8] = b"tabvk\0\0\x01";
/// Most public inputs of any circuit, by far.
const MAX_INPUTS: usize = 1 << 12;

/// SHA-256 of a verifying key's encoding: what elections pin. spec: `setup.key_hash`
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({self})")
    }
}

/// Not a key hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key hash is 0x and 64 lower-case hexadecimal digits")]
pub struct InvalidKeyHash;

impl FromStr for KeyHash {
    type Err = InvalidKeyHash;
    fn from_str(s: &str) -> Result<Self, InvalidKeyHash> {
        let mut out = [0; 32];
        let digits = s.strip_prefix("0x").ok_or(InvalidKeyHash)?;
        hex::decode_to_slice(digits, &mut out).map_err(|_| InvalidKeyHash)?;
        if Self(out).to_string() == s { Ok(Self(out)) } else { Err(InvalidKeyHash) }
    }
}

/// A point of a verifying key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPoint {
    /// `alpha * G1`
    Alpha,
    /// `beta * G2`
    Beta,
    /// `gamma * G2`
    Gamma,
    /// `delta * G2`
    Delta,
    /// The point of public input `i`; 0 is the constant one.
    Input(usize),
}

impl fmt::Display for KeyPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyPoint::Alpha => f.write_str("alpha"),
            KeyPoint::Beta => f.write_str("beta"),
            KeyPoint::Gamma => f.write_str("gamma"),
            KeyPoint::Delta => f.write_str("delta"),
            KeyPoint::Input(i) => write!(f, "IC[{i}]"),
        }
    }
}

/// The key must not be used. Keys of these kinds let anyone forge proofs
/// (attack A16), or are not keys at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not a key, or of another version.
    #[error("not a verifying key of version 1: the first 8 bytes differ; fetch the key again")]
    Magic,
    /// Too short, or trailing bytes.
    #[error("the verifying key has {got} bytes instead of {expected}; fetch the key again")]
    Length {
        /// What the header announces.
        expected: usize,
        /// What there is.
        got: usize,
    },
    /// Of an unknown circuit.
    #[error("verifying key of an {0}")]
    Circuit(#[from] UnknownCircuit),
    /// Of another circuit than asked for.
    #[error("the key is for {got}, not for {expected}; load the key of that circuit")]
    OtherCircuit {
        /// Asked for.
        expected: CircuitId,
        /// Found.
        got: CircuitId,
    },
    /// Not the key that was agreed on (attack A17).
    #[error("the key's hash is {got}, not {expected}; load the key that the election pins")]
    OtherHash {
        /// Agreed.
        expected: KeyHash,
        /// Found.
        got: KeyHash,
    },
    /// For another number of public inputs.
    #[error("the key has {got} public inputs, its circuit {expected}")]
    Inputs {
        /// Of the circuit.
        expected: usize,
        /// Of the key.
        got: usize,
    },
    /// A point is unusable.
    #[error("{point} of the verifying key: {fault}")]
    Point {
        /// Which.
        point: KeyPoint,
        /// Why.
        fault: PointFault,
    },
    /// A point is the group's generator or its negative: a default, never
    /// the outcome of a setup.
    #[error("{0} of the verifying key is the generator: the setup was never completed")]
    Generator(KeyPoint),
    /// Two points are equal or opposite.
    #[error("{0} and {1} of the verifying key are equal up to sign: proofs could be forged")]
    Repeated(KeyPoint, KeyPoint),
}

/// A Groth16 verifying key that passed every check.
#[derive(Clone, PartialEq)]
pub struct VerifyingKey {
    id: CircuitId,
    points: ark_groth16::VerifyingKey<Bn254>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, {})", self.id, self.hash())
    }
}

impl VerifyingKey {
    /// Checks the points and gives them a name.
    ///
    /// # Errors
    /// If a point is off its curve, outside its subgroup, at infinity, the
    /// generator, or repeated. spec: `setup.degenerate_keys`
    pub fn new(id: CircuitId, points: ark_groth16::VerifyingKey<Bn254>) -> Result<Self, InvalidKey> {
        let key = Self { id, points };
        key.check()?;
        Ok(key)
    }

    /// The circuit.
    pub fn id(&self) -> CircuitId {
        self.id
    }

    /// Public inputs, the constant one not counted.
    pub fn num_inputs(&self) -> usize {
        self.points.gamma_abc_g1.len() - 1
    }

    /// The points.
    pub fn points(&self) -> &ark_groth16::VerifyingKey<Bn254> {
        &self.points
    }

    /// The key's hash. spec: `setup.key_hash`
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.to_bytes()).into())
    }

    /// Refuses a key of another circuit, or with another number of public
    /// inputs than the circuit has.
    ///
    /// # Errors
    /// [`InvalidKey::OtherCircuit`], [`InvalidKey::Inputs`].
    pub fn require_circuit(&self, id: CircuitId, num_inputs: usize) -> Result<(), InvalidKey> {
        if self.id != id {
            return Err(InvalidKey::OtherCircuit { expected: id, got: self.id });
        }
        if self.num_inputs() != num_inputs {
            return Err(InvalidKey::Inputs { expected: num_inputs, got: self.num_inputs() });
        }
        Ok(())
    }

    /// Refuses another key than the one pinned.
    ///
    /// # Errors
    /// [`InvalidKey::OtherHash`].
    pub fn require_hash(&self, expected: KeyHash) -> Result<(), InvalidKey> {
        let got = self.hash();
        if got == expected { Ok(()) } else { Err(InvalidKey::OtherHash { expected, got }) }
    }

    /// The one encoding: magic (8 bytes), length of the id (1), id, number
    /// of IC points (4, big-endian), alpha, beta, gamma, delta, IC points.
    pub fn to_bytes(&self) -> Vec<u8> {
        let id = self.id.to_string();
        let ic = &self.points.gamma_abc_g1;
        let mut out = MAGIC.to_vec();
        out.push(u8::try_from(id.len()).expect("ids are short"));
        out.extend_from_slice(id.as_bytes());
        out.extend_from_slice(&u32::try_from(ic.len()).expect("few inputs").to_be_bytes());
        out.extend_from_slice(&g1_to_bytes(&self.points.alpha_g1));
        for p in [&self.points.beta_g2, &self.points.gamma_g2, &self.points.delta_g2] {
            out.extend_from_slice(&g2_to_bytes(p));
        }
        ic.iter().for_each(|p| out.extend_from_slice(&g1_to_bytes(p)));
        out
    }

    /// Decodes and checks.
    ///
    /// # Errors
    /// If the bytes are not the one encoding of a key (trailing bytes
    /// included), and as [`VerifyingKey::new`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let mut reader = Reader { all: bytes.len(), rest: bytes };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(InvalidKey::Magic);
        }
        let id_length = usize::from(reader.take(1)?[0]);
        let id = String::from_utf8_lossy(reader.take(id_length)?).parse()?;
        let count = u32::from_be_bytes(reader.array()?) as usize;
        let expected = reader.position() + G1_BYTES + 3 * G2_BYTES + count.min(MAX_INPUTS + 1) * G1_BYTES;
        if expected != bytes.len() || count == 0 {
            return Err(InvalidKey::Length { expected, got: bytes.len() });
        }
        let points = ark_groth16::VerifyingKey {
            alpha_g1: reader.g1(KeyPoint::Alpha)?,
            beta_g2: reader.g2(KeyPoint::Beta)?,
            gamma_g2: reader.g2(KeyPoint::Gamma)?,
            delta_g2: reader.g2(KeyPoint::Delta)?,
            gamma_abc_g1: (0..count).map(|i| reader.g1(KeyPoint::Input(i))).collect::<Result<_, _>>()?,
        };
        Self::new(id, points)
    }

    /// Tables for verification.
    pub fn prepare(&self) -> PreparedVerifyingKey {
        PreparedVerifyingKey {
            hash: self.hash(),
            beta_neg: (-self.points.beta_g2).into(),
            ark: self.points.clone().into(),
            key: self.clone(),
        }
    }

    fn check(&self) -> Result<(), InvalidKey> {
        let p = &self.points;
        let g2 =
            [(KeyPoint::Beta, &p.beta_g2), (KeyPoint::Gamma, &p.gamma_g2), (KeyPoint::Delta, &p.delta_g2)];
        for (point, value) in g2 {
            check_g2(value).map_err(|fault| InvalidKey::Point { point, fault })?;
            if equal_up_to_sign(value, &G2Affine::generator()) {
                return Err(InvalidKey::Generator(point));
            }
        }
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            if equal_up_to_sign(g2[i].1, g2[j].1) {
                return Err(InvalidKey::Repeated(g2[i].0, g2[j].0));
            }
        }
        self.check_g1_points()
    }

    /// Alpha and the IC points: usable, and no two with one x coordinate,
    /// that is equal or opposite.
    fn check_g1_points(&self) -> Result<(), InvalidKey> {
        let inputs = self.points.gamma_abc_g1.iter().enumerate().map(|(i, p)| (KeyPoint::Input(i), p));
        let mut seen = BTreeMap::new();
        for (point, value) in [(KeyPoint::Alpha, &self.points.alpha_g1)].into_iter().chain(inputs) {
            check_g1(value).map_err(|fault| InvalidKey::Point { point, fault })?;
            if value.x == G1Affine::generator().x {
                return Err(InvalidKey::Generator(point));
            }
            if let Some(other) = seen.insert(value.x, point) {
                return Err(InvalidKey::Repeated(other, point));
            }
        }
        Ok(())
    }
}

fn equal_up_to_sign(a: &G2Affine, b: &G2Affine) -> bool {
    a.x == b.x
}

/// Takes a prefix off bytes; too few are a [`InvalidKey::Length`].
struct Reader<'a> {
    all: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn position(&self) -> usize {
        self.all - self.rest.len()
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], InvalidKey> {
        let expected = self.position() + n;
        let (taken, rest) =
            self.rest.split_at_checked(n).ok_or(InvalidKey::Length { expected, got: self.all })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], InvalidKey> {
        Ok(self.take(N)?.try_into().expect("took N bytes"))
    }

    fn g1(&mut self, point: KeyPoint) -> Result<G1Affine, InvalidKey> {
        g1_from_bytes(&self.array()?).map_err(|fault| InvalidKey::Point { point, fault })
    }

    fn g2(&mut self, point: KeyPoint) -> Result<G2Affine, InvalidKey> {
        g2_from_bytes(&self.array()?).map_err(|fault| InvalidKey::Point { point, fault })
    }
}

/// A verifying key with e(alpha, beta) and the lines of its fixed points.
#[derive(Clone)]
pub struct PreparedVerifyingKey {
    key: VerifyingKey,
    hash: KeyHash,
    pub(crate) ark: ark_groth16::PreparedVerifyingKey<Bn254>,
    pub(crate) beta_neg: G2Prepared,
}

impl PreparedVerifyingKey {
    /// The key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The key's hash, computed once.
    pub fn hash(&self) -> KeyHash {
        self.hash
    }
}

impl fmt::Debug for PreparedVerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedVerifyingKey({}, {})", self.key.id(), self.hash)
    }
}
