//! Import of a powers-of-tau file (`.ptau`, as snarkjs writes it). All
//! numbers are little-endian; coordinates are in Montgomery form with factor
//! 2^256. spec: `attestation.ptau`.
//!
//! `"ptau" | version 1 (4) | number of sections (4)`, then sections
//! `type (4) | length (8) | bytes`:
//!
//! | type | bytes |
//! | --- | --- |
//! | 1 | size of a coordinate (4) = 32, q (32), power p (4), power of the ceremony (4) |
//! | 2 | tau^i G1 for i below 2^(p+1) - 1 |
//! | 3 | tau^i G2 for i below 2^p |
//!
//! What is taken is checked: points on their curve, in the subgroup and not
//! infinity; the first are the generators; and with random `r_i`
//! `e(sum r_i tau^(i+1) G1, G2) = e(sum r_i tau^i G1, tau G2)`,
//! `e(G1, sum r_i tau^(i+1) G2) = e(tau G1, sum r_i tau^i G2)`. A file that
//! passes holds powers of one tau, except with probability 2^-120. Whether
//! anybody knows tau it cannot say; a tau that everybody knows is refused.

use super::srs::{Srs, development_tau};
use circuits::{
    attestation::K_RANGE,
    curve::plonk::{
        Bn256, Fq, Fr, G1, G1Affine, G2Affine,
        ff::PrimeField,
        group::{Curve, cofactor::CofactorGroup, prime::PrimeCurveAffine},
        pairing::Engine,
    },
};
use halo2_proofs::{
    arithmetic::best_multiexp,
    halo2curves::{bn256::G2, serde::SerdeObject},
};
use rand_core::{OsRng, RngCore};
use std::io::{self, Read, Seek, SeekFrom};
use verifier::attestation::SrsOrigin;

const MAGIC: &[u8; 4] = b"ptau";
const G1_BYTES: usize = 64;
const G2_BYTES: usize = 128;
/// Powers in G2 that are checked: only tau G2 is taken, and a file whose
/// first ones agree with those in G1 has the right one.
const G2_POWERS: usize = 1 << 8;
/// A file of ceremony has about 11 sections.
const MAX_SECTIONS: u32 = 64;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPtau {
    /// Cannot be read, or is too short.
    #[error("cannot read the powers-of-tau file: {0}")]
    Io(#[from] io::Error),
    /// Not such a file.
    #[error("not a powers-of-tau file of version 1")]
    Magic,
    /// A section is missing, repeated or of the wrong length.
    #[error("section {0} of the powers-of-tau file is missing, repeated or of the wrong length")]
    Section(u32),
    /// Another curve.
    #[error("the powers-of-tau file is not for BN254")]
    Curve,
    /// Too few powers.
    #[error("the file has powers for 2^{found} rows, and 2^{wanted} are needed; take a larger file")]
    TooSmall {
        /// Asked for.
        wanted: u32,
        /// In the file.
        found: u32,
    },
    /// k is out of range.
    #[error("parameters are for 2^{start} to 2^{end} rows, not 2^{0}", start = K_RANGE.start(), end = K_RANGE.end())]
    Rows(u32),
    /// A point is not on the curve, not in the subgroup, or infinity.
    #[error("point {index} of section {section} is not on the curve, not in the group, or infinity")]
    Point {
        /// The section.
        section: u32,
        /// From 0.
        index: usize,
    },
    /// The first point is not the generator.
    #[error("section {0} does not start with the generator")]
    Generator(u32),
    /// The points are not powers of one number.
    #[error("section {0} does not hold the powers of one tau")]
    Powers(u32),
    /// tau is 1, or that of the development parameters.
    #[error(
        "everybody knows the tau of this file: it has no contribution, or is that of the development \
         parameters; take the file of a ceremony"
    )]
    KnownTau,
}

/// The parameters for 2^k rows out of a file.
///
/// # Errors
/// One variant per cause.
pub fn import(file: &mut (impl Read + Seek), k: u32) -> Result<Srs, InvalidPtau> {
    if !K_RANGE.contains(&k) {
        return Err(InvalidPtau::Rows(k));
    }
    let sections = Sections::read(file)?;
    let power = header(file, &sections)?;
    if power < k {
        return Err(InvalidPtau::TooSmall { wanted: k, found: power });
    }
    let g1 = g1_points(file, &sections, power, 1 << k)?;
    let g2 = g2_points(file, &sections, power)?;
    check_powers(&g1, &g2)?;
    check_tau(&g1[1])?;
    Ok(Srs::from_points(k, g1, None, g2[1], SrsOrigin::Ceremony))
}

/// Where each section starts, and its length.
struct Sections(Vec<(u32, u64, u64)>);

impl Sections {
    fn read(file: &mut (impl Read + Seek)) -> Result<Self, InvalidPtau> {
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        if read_array::<4>(file)? != *MAGIC || read_u32(file)? != 1 {
            return Err(InvalidPtau::Magic);
        }
        let count = read_u32(file)?;
        if count > MAX_SECTIONS {
            return Err(InvalidPtau::Magic);
        }
        let mut sections = vec![];
        for _ in 0..count {
            let (kind, length) = (read_u32(file)?, u64::from_le_bytes(read_array(file)?));
            let start = file.stream_position()?;
            let next = start.checked_add(length).filter(|next| *next <= end);
            sections.push((kind, start, length));
            file.seek(SeekFrom::Start(next.ok_or(InvalidPtau::Section(kind))?))?;
        }
        Ok(Self(sections))
    }

    /// Goes to the start of the one section of this type, which must have
    /// this length.
    fn enter(&self, file: &mut impl Seek, kind: u32, length: u64) -> Result<(), InvalidPtau> {
        let mut found = self.0.iter().filter(|(k, _, _)| *k == kind);
        match (found.next(), found.next()) {
            (Some((_, start, l)), None) if *l == length => {
                file.seek(SeekFrom::Start(*start))?;
                Ok(())
            }
            _ => Err(InvalidPtau::Section(kind)),
        }
    }
}

/// The power p of the file.
fn header(file: &mut (impl Read + Seek), sections: &Sections) -> Result<u32, InvalidPtau> {
    sections.enter(file, 1, 4 + 32 + 4 + 4)?;
    let (size, q) = (read_u32(file)?, read_array::<32>(file)?);
    let mut modulus = (-Fq::one()).to_repr();
    // q - 1 is even: adding 1 carries nothing.
    modulus[0] += 1;
    if size != 32 || q != modulus {
        return Err(InvalidPtau::Curve);
    }
    let power = read_u32(file)?;
    // Phase 1 of the largest public ceremony has p = 28.
    if power > 28 { Err(InvalidPtau::Section(1)) } else { Ok(power) }
}

fn g1_points(
    file: &mut (impl Read + Seek),
    sections: &Sections,
    power: u32,
    count: usize,
) -> Result<Vec<G1Affine>, InvalidPtau> {
    sections.enter(file, 2, ((2 << power) - 1) * G1_BYTES as u64)?;
    let point = |index| {
        let bytes = read_array::<G1_BYTES>(file)?;
        let point = G1Affine::from_raw_bytes(&bytes).filter(|point| !bool::from(point.is_identity()));
        point.ok_or(InvalidPtau::Point { section: 2, index })
    };
    let points = (0..count).map(point).collect::<Result<Vec<_>, _>>()?;
    if points[0] == G1Affine::generator() { Ok(points) } else { Err(InvalidPtau::Generator(2)) }
}

fn g2_points(
    file: &mut (impl Read + Seek),
    sections: &Sections,
    power: u32,
) -> Result<Vec<G2Affine>, InvalidPtau> {
    sections.enter(file, 3, (1 << power) * G2_BYTES as u64)?;
    let point = |index| {
        let bytes = read_array::<G2_BYTES>(file)?;
        let good = |point: &G2Affine| {
            !bool::from(point.is_identity()) && bool::from(G2::from(*point).is_torsion_free())
        };
        let point = G2Affine::from_raw_bytes(&bytes).filter(good);
        point.ok_or(InvalidPtau::Point { section: 3, index })
    };
    let count = G2_POWERS.min(1 << power);
    let points = (0..count).map(point).collect::<Result<Vec<_>, _>>()?;
    if points[0] == G2Affine::generator() { Ok(points) } else { Err(InvalidPtau::Generator(3)) }
}

/// Both sides of the file hold the powers of one tau.
fn check_powers(g1: &[G1Affine], g2: &[G2Affine]) -> Result<(), InvalidPtau> {
    let pairing = |p: G1, q: G2| Bn256::pairing(&p.to_affine(), &q.to_affine());
    let r = random_scalars(g1.len() - 1);
    let (low, high) = (best_multiexp(&r, &g1[..r.len()]), best_multiexp(&r, &g1[1..]));
    if pairing(high, G2Affine::generator().into()) != pairing(low, g2[1].into()) {
        return Err(InvalidPtau::Powers(2));
    }
    let r = random_scalars(g2.len() - 1);
    let (low, high) = (best_multiexp(&r, &g2[..r.len()]), best_multiexp(&r, &g2[1..]));
    if pairing(G1Affine::generator().into(), high) != pairing(g1[1].into(), low) {
        return Err(InvalidPtau::Powers(3));
    }
    Ok(())
}

/// A file starts with tau = 1, and only contributions change it. The tau of
/// the development parameters would pass as that of a ceremony.
fn check_tau(tau_g1: &G1Affine) -> Result<(), InvalidPtau> {
    let known = [Fr::one(), development_tau()].map(|tau| (G1Affine::generator() * tau).to_affine());
    if known.contains(tau_g1) { Err(InvalidPtau::KnownTau) } else { Ok(()) }
}

/// Numbers of 120 bits.
fn random_scalars(count: usize) -> Vec<Fr> {
    let scalar = |_| Fr::from_u128(u128::from(OsRng.next_u64()) << 56 | u128::from(OsRng.next_u64() >> 8));
    (0..count).map(scalar).collect()
}

fn read_array<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut out = [0; N];
    file.read_exact(&mut out)?;
    Ok(out)
}

fn read_u32(file: &mut impl Read) -> io::Result<u32> {
    read_array(file).map(u32::from_le_bytes)
}
