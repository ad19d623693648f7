//! Small elections for tests: a dealt key, boards and their decryption.

use super::{Board, Decryption, Opened, Trustee};
use crate::{
    curve::{Fr, Scalar},
    decryption::{PartialDecryption, SecretShare, Statement},
    types::{
        BallotShape, BoardRoot, BoardRow, Ciphertext, CiphertextDigest, Ciphertexts, ElectionId,
        GroupElement, ProofHash, Slot, Ticket,
    },
};
use ark_ff::{AdditiveGroup, UniformRand};
use rand_core::{CryptoRng, RngCore};
use std::collections::BTreeMap;

/// A key dealt by one hand: tests only.
#[derive(Debug)]
pub struct DealtKey {
    /// PK
    pub public_key: GroupElement,
    /// `s_1, s_2, ..`
    pub shares: Vec<SecretShare>,
    /// t
    pub quorum: usize,
}

impl DealtKey {
    /// A random polynomial of degree `quorum - 1`, evaluated at 1 to `n`.
    ///
    /// # Panics
    /// If the random key is zero.
    pub fn random(quorum: usize, n: u8, rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let coefficients: Vec<Scalar> = (0..quorum).map(|_| Scalar::rand(rng)).collect();
        let at = |x: u8| coefficients.iter().rev().fold(Scalar::ZERO, |acc, c| acc * Scalar::from(x) + c);
        let public_key = GroupElement::mul_generator(at(0)).expect("zero with negligible probability");
        Self { public_key, shares: (1..=n).map(|i| SecretShare::from_scalar(at(i))).collect(), quorum }
    }

    /// The shares of trustee `index` (from 1) for `sums`.
    ///
    /// # Panics
    /// If there is no such trustee.
    pub fn partial(
        &self,
        index: u8,
        about: (ElectionId, BoardRoot, u32),
        sums: &Ciphertexts,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Trustee {
        let (election_id, root, size) = about;
        let secret = &self.shares[usize::from(index) - 1];
        let verification_share = secret.verification_share().expect("zero with negligible probability");
        let statement = Statement { election_id, root, size, verification_share, sums };
        let partial = PartialDecryption::create(index, secret, &statement, rng).expect("sums of ballots");
        Trustee { verification_share, partial }
    }

    /// The decryption of a board by the first `quorum` trustees.
    ///
    /// # Panics
    /// If there are fewer trustees than the quorum.
    pub fn open(&self, board: &Board, totals: &[u64], rng: &mut (impl RngCore + CryptoRng)) -> Opened {
        let about = (board.election_id(), board.root(), board.size());
        let indices = 1..=u8::try_from(self.quorum).expect("at most 16 trustees");
        let trustees = indices.map(|i| self.partial(i, about, &board.sums(), rng)).collect();
        let decryption = Decryption::new(trustees).expect("distinct trustees");
        Opened { public_key: self.public_key, decryption, totals: totals.to_vec() }
    }
}

/// Entries as ballots leave them on the board, without their proofs.
#[derive(Clone, Debug)]
pub struct Log {
    /// Ballot shape.
    pub shape: BallotShape,
    /// In log order.
    pub rows: Vec<BoardRow>,
    /// What each entry leaves in its slot.
    pub contents: Vec<Ciphertexts>,
    heads: BTreeMap<Slot, usize>,
}

impl Log {
    /// An empty log.
    pub fn new(shape: BallotShape) -> Self {
        Self { shape, rows: vec![], contents: vec![], heads: BTreeMap::new() }
    }

    /// Appends a vote: fresh ciphertexts of `votes`.
    ///
    /// # Panics
    /// If there are more votes than option positions.
    pub fn vote(
        &mut self,
        pk: GroupElement,
        slot: Slot,
        votes: &[u64],
        rng: &mut (impl RngCore + CryptoRng),
    ) {
        let fresh = self.encrypt(pk, votes, rng);
        self.append(slot, fresh, rng);
    }

    /// Appends a mask: the slot's ciphertexts with an encryption of zero
    /// added.
    ///
    /// # Panics
    /// If the slot has no entry.
    pub fn mask(&mut self, pk: GroupElement, slot: Slot, rng: &mut (impl RngCore + CryptoRng)) {
        let zero = self.encrypt(pk, &[], rng);
        let masked = self.contents[self.heads[&slot]].add(&zero);
        self.append(slot, masked, rng);
    }

    fn encrypt(&self, pk: GroupElement, votes: &[u64], rng: &mut (impl RngCore + CryptoRng)) -> Ciphertexts {
        let vote = |k: usize| votes.get(k).copied().unwrap_or(0);
        let all = (0..self.shape.options()).map(|k| Ciphertext::encrypt(pk, vote(k), Scalar::rand(rng)));
        Ciphertexts::new(self.shape, all.collect()).expect("one per position")
    }

    fn append(&mut self, slot: Slot, contents: Ciphertexts, rng: &mut (impl RngCore + CryptoRng)) {
        let head = self.heads.insert(slot, self.rows.len());
        let prev_digest = head.map_or(CiphertextDigest::empty(), |i| self.rows[i].next_digest);
        self.rows.push(BoardRow {
            slot,
            prev_digest,
            next_digest: contents.digest(),
            ticket: Ticket::random(rng),
            proof_hash: ProofHash::from_field(Fr::rand(rng)),
        });
        self.contents.push(contents);
    }

    /// The board of this log.
    ///
    /// # Panics
    /// If there is no entry.
    pub fn board(&self, election_id: ElectionId) -> Board {
        let openings = self.heads.iter().map(|(slot, i)| (*slot, self.contents[*i].clone())).collect();
        Board::new(self.shape, election_id, self.rows.clone(), openings).expect("an honest log")
    }
}
