//! An opened election: census, key and identifier. spec: `election`.

use super::{
    CensusRoot, Domain, Draft, DraftId, ElectionId, GroupElement, InvalidSignature, Signature, TypedData,
    hash_to_field, keccak256, word_u64,
};

/// The frozen census as everyone must see it, signed by the organiser before
/// the trustees generate the key. spec: `census.frozen`
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CensusStatement {
    /// The draft.
    pub draft_id: DraftId,
    /// Root of the census tree.
    pub root: CensusRoot,
    /// Sum of all weights, in units.
    pub total: u64,
}

impl TypedData for CensusStatement {
    const TYPE: &'static str = "Census(bytes32 draftId,bytes32 root,uint64 total)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![self.draft_id.to_bytes(), self.root.to_bytes(), word_u64(self.total)]
    }
}

/// Circuits of an election, each with a verifying key.
pub const VERIFYING_KEYS: usize = 5;

/// The key of an election as its trustees sign it, once per draft.
/// spec: `election.key`
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectionKey {
    /// The draft.
    pub draft_id: DraftId,
    /// Root of the census tree.
    pub census_root: CensusRoot,
    /// Sum of all weights, in units.
    pub census_total: u64,
    /// PK.
    pub public_key: GroupElement,
    /// `VK_1 .. VK_n`, by trustee index.
    pub verification_shares: Vec<GroupElement>,
    /// Hashes of the verifying keys of the election's circuits:
    /// registration, ballot, tally, tally chunk, tally final.
    /// spec: `election.verifying_keys`
    #[serde(with = "super::json::words")]
    pub verifying_keys: [[u8; 32]; VERIFYING_KEYS],
    /// Hash of all messages of the key generation.
    #[serde(with = "super::json::bytes")]
    pub transcript: [u8; 32],
}

impl ElectionKey {
    /// `hashStruct(Election(..)) >> 8`. spec: `election.id`
    pub fn election_id(&self) -> ElectionId {
        ElectionId::from_field(hash_to_field(IdPreimage(self).struct_hash()))
    }

    fn common_words(&self) -> Vec<[u8; 32]> {
        let (pk, point) = (self.public_key.to_bytes(), |half: &[u8]| {
            let mut word = [0; 32];
            word.copy_from_slice(half);
            word
        });
        let shares: Vec<u8> = self.verification_shares.iter().flat_map(|p| p.to_bytes()).collect();
        vec![
            self.draft_id.to_bytes(),
            self.census_root.to_bytes(),
            word_u64(self.census_total),
            point(&pk[..32]),
            point(&pk[32..]),
            keccak256(shares),
            keccak256(self.verifying_keys.concat()),
        ]
    }
}

/// What `election_id` hashes; a type of its own, so that no signature over a
/// key is a preimage of an identifier.
struct IdPreimage<'a>(&'a ElectionKey);

impl TypedData for IdPreimage<'_> {
    const TYPE: &'static str = "Election(bytes32 draftId,bytes32 censusRoot,uint64 censusTotal,uint256 pkX,uint256 pkY,bytes32 verificationShares,bytes32 verifyingKeys)";
    fn words(&self) -> Vec<[u8; 32]> {
        self.0.common_words()
    }
}

impl TypedData for ElectionKey {
    const TYPE: &'static str = "ElectionKey(bytes32 electionId,bytes32 draftId,bytes32 censusRoot,uint64 censusTotal,uint256 pkX,uint256 pkY,bytes32 verificationShares,bytes32 verifyingKeys,bytes32 transcript)";
    fn words(&self) -> Vec<[u8; 32]> {
        let mut words = vec![self.election_id().to_bytes()];
        words.extend(self.common_words());
        words.push(self.transcript);
        words
    }
}

/// An election key with the signatures of all n trustees, by index.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedElectionKey {
    /// The key.
    pub key: ElectionKey,
    /// One per trustee, in order.
    pub signatures: Vec<Signature>,
}

/// Why an election key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidElectionKey {
    /// See the message.
    #[error("the key belongs to another draft")]
    Draft,
    /// See the message.
    #[error("{found} {what} for {expected} trustees; all of them sign")]
    Count {
        /// Signatures or shares.
        what: &'static str,
        /// As the draft says.
        expected: usize,
        /// As given.
        found: usize,
    },
    /// See the message.
    #[error("trustee {index}: {cause}")]
    Signature {
        /// Trustee index, from 1.
        index: usize,
        /// What is wrong.
        cause: InvalidSignature,
    },
    /// See the message.
    #[error("the verification shares do not lie on a polynomial of degree {0} whose value at 0 is PK")]
    Interpolation(usize),
}

impl SignedElectionKey {
    /// Checks all signatures, and that the shares interpolate to PK: every
    /// share lies on the polynomial of degree t - 1 through PK (at 0) and
    /// the first t - 1 shares. Subgroup membership is in the types. A61.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, draft: &Draft) -> Result<(), InvalidElectionKey> {
        let n = draft.trustees.len();
        let counts = [
            ("signatures", self.signatures.len()),
            ("verification shares", self.key.verification_shares.len()),
        ];
        if self.key.draft_id != draft.id() {
            return Err(InvalidElectionKey::Draft);
        }
        for (what, found) in counts {
            if found != n {
                return Err(InvalidElectionKey::Count { what, expected: n, found });
            }
        }
        let hash = self.key.signing_hash(&draft.domain());
        for (i, (signature, trustee)) in self.signatures.iter().zip(&draft.trustees).enumerate() {
            let check = signature.verify(hash, trustee.signer);
            check.map_err(|cause| InvalidElectionKey::Signature { index: i + 1, cause })?;
        }
        self.check_interpolation(usize::from(draft.threshold))
    }

    fn check_interpolation(&self, t: usize) -> Result<(), InvalidElectionKey> {
        use crate::curve::{Projective2, Scalar};
        use ark_ff::{AdditiveGroup, Field};
        let known: Vec<(u64, Projective2)> = std::iter::once(&self.key.public_key)
            .chain(&self.key.verification_shares)
            .take(t)
            .zip(0..)
            .map(|(p, x)| (x, p.affine().into()))
            .collect();
        for (share, x) in self.key.verification_shares.iter().zip(1u64..).skip(t - 1) {
            let value: Projective2 = known
                .iter()
                .map(|(i, p)| {
                    let others = known.iter().map(|(j, _)| *j).filter(|j| j != i);
                    let (num, den) = others.fold((Scalar::ONE, Scalar::ONE), |(num, den), j| {
                        (
                            num * (Scalar::from(x) - Scalar::from(j)),
                            den * (Scalar::from(*i) - Scalar::from(j)),
                        )
                    });
                    debug_assert!(den != Scalar::ZERO);
                    *p * (num * den.inverse().expect("indices are distinct"))
                })
                .sum();
            if value != Projective2::from(share.affine()) {
                return Err(InvalidElectionKey::Interpolation(t - 1));
            }
        }
        Ok(())
    }
}

/// Orders of the organiser after the draft; each is signed. spec: `election.orders`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Voting may start.
    Open(ElectionId),
    /// Voting ends now, before the closing time.
    Close(ElectionId),
}

impl Order {
    /// The hash that the organiser signs.
    pub fn signing_hash(&self, domain: &Domain) -> [u8; 32] {
        match self {
            Order::Open(id) => Open(*id).signing_hash(domain),
            Order::Close(id) => Close(*id).signing_hash(domain),
        }
    }
}

struct Open(ElectionId);
impl TypedData for Open {
    const TYPE: &'static str = "Open(bytes32 electionId)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![self.0.to_bytes()]
    }
}

struct Close(ElectionId);
impl TypedData for Close {
    const TYPE: &'static str = "Close(bytes32 electionId)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![self.0.to_bytes()]
    }
}
