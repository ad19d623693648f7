//! An opened election with known secrets.

use crate::{
    election::{Election, Expected},
    identity::Identity,
    organiser::draft::Resolution,
};
use circuits::{ballot::BallotCircuit, curve::Scalar, r1cs::Cs, registration::RegistrationCircuit, types::*};
use proto::v1;
use prover::{ProvingKey, development_key};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::RngCore;
use std::sync::{Arc, OnceLock};
use verifier::KeyHash;

/// The development key of `ballot/4`.
pub fn ballot_key() -> Arc<ProvingKey> {
    static KEY: OnceLock<Arc<ProvingKey>> = OnceLock::new();
    let make = || Arc::new(development_key(&Cs::shape(&BallotCircuit::dummy(BallotShape::Shape4))).unwrap());
    KEY.get_or_init(make).clone()
}

/// The development key of `registration/1`.
pub fn registration_key() -> Arc<ProvingKey> {
    static KEY: OnceLock<Arc<ProvingKey>> = OnceLock::new();
    KEY.get_or_init(|| Arc::new(development_key(&Cs::shape(&RegistrationCircuit::dummy())).unwrap())).clone()
}

/// A generator whose seed is printed.
pub fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

/// Everything about one election.
pub struct Fixture {
    pub organiser: AccountKey,
    pub operator: AccountKey,
    pub secret: Scalar,
    pub members: Vec<Identity>,
    pub holders: Vec<Holder>,
    pub census: Census,
    pub election: Election,
}

/// Weights of the members; the last is a masker.
pub const WEIGHTS: [u64; 4] = [100, 7, 7, 0];

impl Fixture {
    pub fn new(rule: RuleKind) -> Self {
        let mut rng = rng(41);
        let [organiser, operator] = [0, 1].map(|_| AccountKey::random(&mut rng));
        let trustees: Vec<AccountKey> = (0..3).map(|_| AccountKey::random(&mut rng)).collect();
        let members: Vec<Identity> = WEIGHTS.iter().map(|_| identity(&mut rng)).collect();
        let address = |i: usize| Address([i as u8 + 1; 20]);
        let holders: Vec<Holder> =
            (0..3).map(|i| Holder { address: address(i), weight: WEIGHTS[i] }).collect();
        let definition = CensusDefinition {
            source: holders_digest(&holders),
            snapshot: "block 1".into(),
            decimals: 2,
            maskers: vec![address(3)],
        };
        let signed_draft = resolution(rule, definition.clone(), &trustees, operator.address());
        let signed_draft = signed_draft.sign(&organiser).unwrap();
        let of = |a: Address| Some(members[usize::from(a.0[0]) - 1].commitment());
        let census = Census::of_registered(&definition, &holders, of).unwrap();
        let secret = Scalar::from(rng.next_u64());
        let election = open(&signed_draft, &census, secret, &trustees, &organiser);
        Self { organiser, operator, secret, members, holders, census, election }
    }

    /// What a voter expects.
    pub fn expected(&self) -> Expected {
        Expected {
            organiser: self.organiser.address(),
            verifying_keys: self.election.key.key.verifying_keys.map(KeyHash),
            development_keys: true,
        }
    }

    /// The election as a node sends it.
    pub fn answer(&self) -> v1::GetElectionResponse {
        let e = &self.election;
        v1::GetElectionResponse {
            phase: v1::Phase::Voting.into(),
            draft: Some((&e.signed_draft).into()),
            census: Some((&e.census).into()),
            census_signature: e.census_signature.to_bytes().to_vec(),
            key: Some((&e.key).into()),
            election_id: e.id.to_bytes().to_vec(),
            open_signature: e.open_signature.to_bytes().to_vec(),
            insecure_development_keys: true,
            verifying_keys: e.key.key.verifying_keys.iter().map(|h| h.to_vec()).collect(),
            ..Default::default()
        }
    }

    /// A head signed by the operator.
    pub fn head(&self, size: u32, root: BoardRoot, closed: bool) -> SignedHead {
        let head = Head { election_id: self.election.id, size, root, time: 10, closed };
        let signature = self.operator.sign(head.signing_hash(&self.election.domain()));
        SignedHead { head, signature }
    }
}

fn identity(rng: &mut ChaCha20Rng) -> Identity {
    Identity::import(&MemberSecret::random(rng).to_bytes()).unwrap()
}

fn resolution(
    rule: RuleKind,
    census: CensusDefinition,
    trustees: &[AccountKey],
    operator: Address,
) -> Resolution {
    let trustee =
        |k: &AccountKey| TrusteeIdentity { signer: k.address(), encryption_key: [k.address().0[0]; 32] };
    Resolution {
        organisation: "Example DAO".into(),
        registration_chain_id: 1,
        proposal: "Shall we?".into(),
        options: vec!["yes".into(), "no".into(), "abstain".into()],
        rule,
        pass_rule: PassRule { winning_option: 0, quorum: 1, majority_numerator: 1, majority_denominator: 2 },
        census,
        times: Times { opening: 1, closing: 2, root_deadline: 3, tally_deadline: 4 },
        early_close: true,
        trustees: trustees.iter().map(trustee).collect(),
        threshold: 2,
        min_ballots: 1,
        operator,
    }
}

fn open(
    signed_draft: &SignedDraft,
    census: &Census,
    secret: Scalar,
    trustees: &[AccountKey],
    organiser: &AccountKey,
) -> Election {
    let draft = &signed_draft.draft;
    let domain = draft.domain();
    let statement = CensusStatement { draft_id: draft.id(), root: census.root(), total: census.total() };
    // f(x) = secret + 5 x
    let point = |x: u64| GroupElement::mul_generator(secret + Scalar::from(5 * x)).unwrap();
    let key = ElectionKey {
        draft_id: draft.id(),
        census_root: census.root(),
        census_total: census.total(),
        public_key: point(0),
        verification_shares: (1..=3).map(point).collect(),
        verifying_keys: [registration_key().hash().0, ballot_key().hash().0, [2; 32], [3; 32], [4; 32]],
        transcript: [8; 32],
    };
    let hash = key.signing_hash(&domain);
    let id = key.election_id();
    let signatures = trustees.iter().map(|k| k.sign(hash)).collect();
    Election {
        signed_draft: signed_draft.clone(),
        census: statement,
        census_signature: organiser.sign(statement.signing_hash(&domain)),
        key: SignedElectionKey { key, signatures },
        id,
        open_signature: organiser.sign(Order::Open(id).signing_hash(&domain)),
        close_signature: None,
        phase: v1::Phase::Voting,
        insecure_development_keys: true,
    }
}

/// An entry without a proof: what a mirror without keys accepts.
pub fn entry(slot: u64, prev: CiphertextDigest, ticket: u64) -> BoardEntry {
    let pk = GroupElement::generator();
    let encrypt = |k: u64| Ciphertext::encrypt(pk, 0, Scalar::from(1000 * ticket + k + 1));
    let ciphertexts = Ciphertexts::new(BallotShape::Shape4, (0..4).map(encrypt).collect()).unwrap();
    BoardEntry {
        slot: Slot::from_field(slot.into()),
        prev_digest: prev,
        next_digest: ciphertexts.digest(),
        ticket: Ticket::from_field(ticket.into()),
        ciphertexts,
        proof: ProofBytes([ticket as u8; 256]),
    }
}

/// Three entries over two slots.
pub fn entries() -> Vec<BoardEntry> {
    let a = entry(1, CiphertextDigest::empty(), 1);
    let b = entry(2, CiphertextDigest::empty(), 2);
    let c = entry(1, a.next_digest, 3);
    vec![a, b, c]
}
