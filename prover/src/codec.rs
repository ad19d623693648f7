//! Key files. spec: `setup.key_file`.
//!
//! `magic (8) | length of the head (4) | head | SHA-256 of the head | body`.
//! Head: `length of the id (1) | id | shape digest (32) | length of the
//! verifying key (4) | verifying key | length of the body (8) | SHA-256 of
//! the body (32)`. Lengths are big-endian.
//!
//! Body: beta and delta in G1; five lengths (4 bytes each) and the points of
//! the queries A, B in G1, B in G2, H, L; then 0, or 1 and the certificate:
//! generators, tau in G2, length, Lagrange points. Coordinates are four
//! little-endian words in Montgomery form (factor 2^256), so that a key of
//! hundreds of megabytes loads at the speed of its hash; all zero is the
//! point at infinity.

use crate::{
    certificate::Certificate,
    parallel::{for_each_chunk, map_range},
};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger256, PrimeField};
use sha2::{Digest, Sha256};
use verifier::{
    InvalidKey, VerifyingKey,
    curve::{Bn254, Fq, Fq2, G1Affine, G2Affine},
};

const MAGIC: &[u8; 8] = b"tabpk\0\0\x01";
/// Bytes before the head.
pub(crate) const PREFIX: usize = 12;
/// Bytes of a SHA-256.
pub(crate) const HASH: usize = 32;
/// A head is an id, a verifying key and a few numbers.
const MAX_HEAD: usize = 1 << 20;
/// Points that one task encodes.
const CHUNK: usize = 1 << 10;

/// The bytes are not a key file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFile {
    /// Not a key file, or of another version.
    #[error("not a proving key file of version 1: the first 8 bytes differ")]
    Magic,
    /// Too short, too long, or lengths that contradict each other.
    #[error("the key file is truncated or has trailing bytes (in its {0})")]
    Length(&'static str),
    /// A hash in the file does not match.
    #[error("the key file is damaged: the SHA-256 of its {0} differs")]
    Hash(&'static str),
    /// The verifying key inside is bad.
    #[error("inside the key file: {0}")]
    VerifyingKey(#[from] InvalidKey),
    /// The id in the head is not the verifying key's.
    #[error("the key file's id and its verifying key's differ")]
    Id,
    /// A coordinate is q or more.
    #[error("the key file holds a coordinate that is not below the modulus (in {0})")]
    Coordinate(&'static str),
}

/// The head of a key file.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) vk: VerifyingKey,
    pub(crate) shape_digest: [u8; 32],
    body_length: u64,
    body_hash: [u8; 32],
}

/// A key file whose hashes match.
#[derive(Debug)]
pub(crate) struct KeyFile<'a> {
    pub(crate) head: Head,
    body: &'a [u8],
}

type Points = ark_groth16::ProvingKey<Bn254>;

/// The length of a head and its hash, from a file's first [`PREFIX`] bytes.
pub(crate) fn head_length(prefix: &[u8; PREFIX]) -> Result<usize, InvalidFile> {
    let (magic, length) = prefix.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(InvalidFile::Magic);
    }
    let length = u32::from_be_bytes(length.try_into().expect("4 bytes")) as usize;
    if length > MAX_HEAD { Err(InvalidFile::Length("head")) } else { Ok(length + HASH) }
}

impl Head {
    /// From the bytes of a head followed by its hash.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, InvalidFile> {
        let at = bytes.len().checked_sub(HASH).ok_or(InvalidFile::Length("head"))?;
        let (head, hash) = bytes.split_at(at);
        if Sha256::digest(head).as_slice() != hash {
            return Err(InvalidFile::Hash("head"));
        }
        let mut reader = Reader { rest: head, part: "head" };
        let id_length = usize::from(reader.array::<1>()?[0]);
        let id = reader.take(id_length)?;
        let shape_digest = reader.array()?;
        let vk_length = reader.count()?;
        let vk = VerifyingKey::from_bytes(reader.take(vk_length)?)?;
        if vk.id().to_string().as_bytes() != id {
            return Err(InvalidFile::Id);
        }
        let body_length = u64::from_be_bytes(reader.array()?);
        let body_hash = reader.array()?;
        reader.end()?;
        Ok(Self { vk, shape_digest, body_length, body_hash })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (id, vk) = (self.vk.id().to_string(), self.vk.to_bytes());
        let mut head = vec![u8::try_from(id.len()).expect("ids are short")];
        head.extend_from_slice(id.as_bytes());
        head.extend_from_slice(&self.shape_digest);
        head.extend_from_slice(&length(vk.len()));
        head.extend_from_slice(&vk);
        head.extend_from_slice(&self.body_length.to_be_bytes());
        head.extend_from_slice(&self.body_hash);
        head
    }
}

impl<'a> KeyFile<'a> {
    /// Reads the head and checks all hashes and lengths.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, InvalidFile> {
        let (prefix, rest) = bytes.split_first_chunk().ok_or(InvalidFile::Length("head"))?;
        let length = head_length(prefix)?;
        let (head, body) = rest.split_at_checked(length).ok_or(InvalidFile::Length("head"))?;
        let head = Head::parse(head)?;
        if u64::try_from(body.len()) != Ok(head.body_length) {
            return Err(InvalidFile::Length("body"));
        }
        if Sha256::digest(body).as_slice() != head.body_hash {
            return Err(InvalidFile::Hash("body"));
        }
        Ok(Self { head, body })
    }

    /// The points; canonical coordinates, but not checked to be on a curve.
    pub(crate) fn decode_body(&self) -> Result<(Points, Option<Certificate>), InvalidFile> {
        let mut reader = Reader { rest: self.body, part: "body" };
        let points = Points {
            vk: self.head.vk.points().clone(),
            beta_g1: reader.g1("beta")?,
            delta_g1: reader.g1("delta")?,
            a_query: reader.g1_list("query A")?,
            b_g1_query: reader.g1_list("query B in G1")?,
            b_g2_query: reader.g2_list("query B in G2")?,
            h_query: reader.g1_list("query H")?,
            l_query: reader.g1_list("query L")?,
        };
        let certificate = match reader.array()? {
            [0] => None,
            [1] => Some(Certificate {
                g1: reader.g1("certificate")?,
                g2: reader.g2("certificate")?,
                tau_g2: reader.g2("certificate")?,
                lagrange: reader.g1_list("certificate")?,
            }),
            _ => return Err(InvalidFile::Length("body")),
        };
        reader.end()?;
        Ok((points, certificate))
    }
}

/// The bytes of a key file.
pub(crate) fn encode(
    vk: &VerifyingKey,
    shape_digest: &[u8; 32],
    points: &Points,
    certificate: Option<&Certificate>,
) -> Vec<u8> {
    let mut body = Vec::new();
    write_points(&mut body, &[points.beta_g1, points.delta_g1], write_g1);
    write_list(&mut body, &points.a_query, write_g1);
    write_list(&mut body, &points.b_g1_query, write_g1);
    write_list(&mut body, &points.b_g2_query, write_g2);
    write_list(&mut body, &points.h_query, write_g1);
    write_list(&mut body, &points.l_query, write_g1);
    body.push(u8::from(certificate.is_some()));
    if let Some(c) = certificate {
        write_points(&mut body, &[c.g1], write_g1);
        write_points(&mut body, &[c.g2, c.tau_g2], write_g2);
        write_list(&mut body, &c.lagrange, write_g1);
    }
    let head = Head {
        vk: vk.clone(),
        shape_digest: *shape_digest,
        body_length: body.len() as u64,
        body_hash: Sha256::digest(&body).into(),
    };
    let head = head.to_bytes();
    let mut out = Vec::with_capacity(PREFIX + head.len() + HASH + body.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&length(head.len()));
    out.extend_from_slice(&head);
    out.extend_from_slice(&Sha256::digest(&head));
    out.extend_from_slice(&body);
    out
}

fn length(n: usize) -> [u8; 4] {
    u32::try_from(n).expect("keys have fewer than 2^32 points").to_be_bytes()
}

fn write_list<P: Sync, const N: usize>(out: &mut Vec<u8>, points: &[P], write: fn(&P, &mut [u8; N])) {
    out.extend_from_slice(&length(points.len()));
    write_points(out, points, write);
}

fn write_points<P: Sync, const N: usize>(out: &mut Vec<u8>, points: &[P], write: fn(&P, &mut [u8; N])) {
    let start = out.len();
    out.resize(start + points.len() * N, 0);
    for_each_chunk(&mut out[start..], CHUNK * N, |index, piece| {
        let (cells, _) = piece.as_chunks_mut::<N>();
        cells.iter_mut().zip(&points[index * CHUNK..]).for_each(|(cell, p)| write(p, cell));
    });
}

fn write_fq(x: &Fq, out: &mut [u8]) {
    out.chunks_exact_mut(8).zip(x.0.0).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
}

fn write_g1(p: &G1Affine, out: &mut [u8; 64]) {
    if let Some((x, y)) = p.xy() {
        out.chunks_exact_mut(32).zip([x, y]).for_each(|(bytes, x)| write_fq(&x, bytes));
    }
}

fn write_g2(p: &G2Affine, out: &mut [u8; 128]) {
    if let Some((x, y)) = p.xy() {
        out.chunks_exact_mut(32).zip([x.c0, x.c1, y.c0, y.c1]).for_each(|(bytes, x)| write_fq(&x, bytes));
    }
}

fn read_fq<const N: usize, const M: usize>(bytes: &[u8; N]) -> Option<[Fq; M]> {
    let (words, _) = bytes.as_chunks::<8>();
    let mut out = [Fq::from(0u64); M];
    for (x, words) in out.iter_mut().zip(words.chunks_exact(4)) {
        let mut limbs = [0u64; 4];
        limbs.iter_mut().zip(words).for_each(|(limb, word)| *limb = u64::from_le_bytes(*word));
        let integer = BigInteger256::new(limbs);
        if integer >= Fq::MODULUS {
            return None;
        }
        *x = Fq::new_unchecked(integer);
    }
    Some(out)
}

fn read_g1(bytes: &[u8; 64]) -> Option<G1Affine> {
    let [x, y] = read_fq(bytes)?;
    let infinity = bytes.iter().all(|b| *b == 0);
    Some(if infinity { G1Affine::zero() } else { G1Affine::new_unchecked(x, y) })
}

fn read_g2(bytes: &[u8; 128]) -> Option<G2Affine> {
    let [x0, x1, y0, y1] = read_fq(bytes)?;
    let infinity = bytes.iter().all(|b| *b == 0);
    let point = || G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    Some(if infinity { G2Affine::zero() } else { point() })
}

/// Takes prefixes off a part of a file.
struct Reader<'a> {
    rest: &'a [u8],
    part: &'static str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], InvalidFile> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(InvalidFile::Length(self.part))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], InvalidFile> {
        Ok(self.take(N)?.try_into().expect("took N bytes"))
    }

    fn count(&mut self) -> Result<usize, InvalidFile> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    fn end(self) -> Result<(), InvalidFile> {
        if self.rest.is_empty() { Ok(()) } else { Err(InvalidFile::Length(self.part)) }
    }

    fn g1(&mut self, name: &'static str) -> Result<G1Affine, InvalidFile> {
        read_g1(&self.array()?).ok_or(InvalidFile::Coordinate(name))
    }

    fn g2(&mut self, name: &'static str) -> Result<G2Affine, InvalidFile> {
        read_g2(&self.array()?).ok_or(InvalidFile::Coordinate(name))
    }

    fn g1_list(&mut self, name: &'static str) -> Result<Vec<G1Affine>, InvalidFile> {
        self.list(name, read_g1)
    }

    fn g2_list(&mut self, name: &'static str) -> Result<Vec<G2Affine>, InvalidFile> {
        self.list(name, read_g2)
    }

    fn list<P: Copy + Send, const N: usize>(
        &mut self,
        name: &'static str,
        read: fn(&[u8; N]) -> Option<P>,
    ) -> Result<Vec<P>, InvalidFile> {
        let bytes = self.count()?.checked_mul(N).ok_or(InvalidFile::Length(self.part))?;
        let (cells, _) = self.take(bytes)?.as_chunks::<N>();
        let points = map_range(cells.len(), |i| read(&cells[i]));
        points.into_iter().collect::<Option<_>>().ok_or(InvalidFile::Coordinate(name))
    }
}
