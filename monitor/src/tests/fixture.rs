//! An election with known secrets, real registrations and real ballots.

use circuits::{
    ballot::{BallotCircuit, Member, Plan},
    curve::Scalar,
    decryption::{PartialDecryption, SecretShare, Statement},
    types::*,
};
use client::{
    board::Mirror,
    election::{Election, Trust},
    identity::Identity,
    organiser::draft::Resolution,
    registration,
};
use proto::v1;
use prover::{KeyStore, ProvingKey, prove};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::{OsRng, RngCore};
use std::sync::{Arc, OnceLock};
use verifier::{CircuitId, KeyHash};

pub const ORGANISATION: &str = "Example DAO";
/// Weights of the members.
pub const WEIGHTS: [u64; 3] = [100, 7, 5];

fn key(id: CircuitId) -> Arc<ProvingKey> {
    static STORE: OnceLock<KeyStore> = OnceLock::new();
    let make = || KeyStore::of_circuits(KeyStore::default_directory().unwrap());
    STORE.get_or_init(make).get(id, &|_| {}).unwrap()
}

pub fn ballot_key() -> Arc<ProvingKey> {
    key(CircuitId::Ballot(BallotShape::Shape4))
}

pub fn registration_key() -> Arc<ProvingKey> {
    key(CircuitId::Registration)
}

/// Hashes that elections of the fixture pin: those of tallies are made up.
fn hashes() -> [[u8; 32]; VERIFYING_KEYS] {
    [registration_key().hash().0, ballot_key().hash().0, [2; 32], [3; 32], [4; 32]]
}

/// What the monitor knows by itself.
pub fn trust(organiser: Address) -> Trust {
    let verifying_keys = |_: BallotShape, _: usize| Some(hashes().map(KeyHash));
    Trust { organiser: Some(organiser), verifying_keys, development_keys: true }
}

/// Everything about one election, and every secret.
#[derive(Clone)]
pub struct Fixture {
    pub organiser: AccountKey,
    pub operator: AccountKey,
    pub trustees: Vec<AccountKey>,
    pub shares: Vec<SecretShare>,
    pub members: Vec<Member>,
    pub registrations: Vec<Registration>,
    pub holders: Vec<Holder>,
    pub census: Census,
    pub election: Election,
}

/// One for all tests of this process.
pub fn fixture() -> Arc<Fixture> {
    static FIXTURE: OnceLock<Arc<Fixture>> = OnceLock::new();
    FIXTURE.get_or_init(|| Arc::new(Fixture::new())).clone()
}

impl Fixture {
    fn new() -> Self {
        println!("seed 61");
        let mut rng = ChaCha20Rng::seed_from_u64(61);
        let [organiser, operator] = [0, 1].map(|_| AccountKey::random(&mut rng));
        let trustees: Vec<AccountKey> = (0..3).map(|_| AccountKey::random(&mut rng)).collect();
        let mut accounts: Vec<AccountKey> = WEIGHTS.iter().map(|_| AccountKey::random(&mut rng)).collect();
        accounts.sort_by_key(AccountKey::address);
        let identities: Vec<Identity> = WEIGHTS.iter().map(|_| Identity::generate()).collect();
        let holder = |(a, w): (&AccountKey, &u64)| Holder { address: a.address(), weight: *w };
        let holders: Vec<Holder> = accounts.iter().zip(&WEIGHTS).map(holder).collect();
        let sign = |(a, i): (&AccountKey, &Identity)| {
            registration::sign(&registration_key(), a, i, 1, ORGANISATION, 1).unwrap()
        };
        let registrations: Vec<Registration> = accounts.iter().zip(&identities).map(sign).collect();
        let draft = resolution(&holders, &trustees, operator.address()).sign(&organiser).unwrap();
        let identity = |a| registrations.iter().find(|r| r.message.address == a).map(|r| r.message.identity);
        let census = Census::of_registered(&draft.draft.census, &holders, identity).unwrap();
        let (secret, slope) = (Scalar::from(rng.next_u64()), Scalar::from(rng.next_u64()));
        let shares: Vec<SecretShare> =
            (1u64..=3).map(|i| SecretShare::from_scalar(secret + slope * Scalar::from(i))).collect();
        let election = open(&draft, &census, secret, &shares, &trustees, &organiser);
        let member = |i: &Identity| client::census::member(&census, i).unwrap();
        let members = identities.iter().map(member).collect();
        Self { organiser, operator, trustees, shares, members, registrations, holders, census, election }
    }

    /// A vote of a member for option 0, proven.
    pub fn vote(&self, member: usize, mirror: &Mirror) -> BoardEntry {
        let member = &self.members[member];
        let slot = Slot::derive(&member.sk, self.election.id);
        let votes = [member.weight, 0];
        let ticket = Ticket::random(&mut OsRng);
        let plan =
            Plan::vote(&self.election.context(), member, mirror.digest(slot), &votes, ticket, &mut OsRng);
        proven(plan.unwrap())
    }

    /// The first `count` entries of an honest board: at most 6.
    pub fn votes(&self, count: usize) -> Vec<BoardEntry> {
        static VOTES: OnceLock<Vec<BoardEntry>> = OnceLock::new();
        VOTES.get_or_init(|| self.history(6))[..count].to_vec()
    }

    /// Of another board, that differs in every entry: at most 5.
    pub fn others(&self, count: usize) -> Vec<BoardEntry> {
        static OTHERS: OnceLock<Vec<BoardEntry>> = OnceLock::new();
        OTHERS.get_or_init(|| self.history(5))[..count].to_vec()
    }

    /// Votes, each on the ones before.
    fn history(&self, count: usize) -> Vec<BoardEntry> {
        let mut mirror = Mirror::new(&self.election);
        let vote = |i: usize| {
            let entry = self.vote(i % self.members.len(), &mirror);
            mirror.extend(std::slice::from_ref(&entry)).unwrap();
            entry
        };
        (0..count).map(vote).collect()
    }

    pub fn head(&self, entries: &[BoardEntry], time: u64, closed: bool) -> SignedHead {
        let rows: Vec<BoardRow> = entries.iter().map(BoardEntry::row).collect();
        let size = rows.len() as u32;
        self.sign(Head { election_id: self.election.id, size, root: board_root(&rows), time, closed })
    }

    pub fn sign(&self, head: Head) -> SignedHead {
        let signature = self.operator.sign(head.signing_hash(&self.election.domain()));
        SignedHead { head, signature }
    }

    pub fn receipt(&self, entries: &[BoardEntry], seq: u32, time: u64) -> Receipt {
        let mut tree = circuits::primitives::merkle::BoardTree::new();
        entries.iter().for_each(|e| assert!(tree.append(e.leaf()).is_some()));
        let head = self.head(entries, time, false);
        let path = tree.path_at(seq, head.head.size).unwrap();
        Receipt { row: entries[seq as usize].row(), head, path }
    }

    pub fn message(&self, from: u8, round: u8, body: Vec<u8>) -> TrusteeMessage {
        let draft = self.election.draft();
        let content = TrusteeContent { draft_id: draft.id(), round, from, to: 0, body: &body };
        let signature = self.trustees[usize::from(from) - 1].sign(content.signing_hash(&draft.domain()));
        TrusteeMessage { draft_id: draft.id(), round, from, to: 0, body, signature }
    }

    /// A trustee's decryption of a closed board.
    pub fn decryption(&self, from: u8, entries: &[BoardEntry]) -> TrusteeMessage {
        let mut mirror = Mirror::new(&self.election);
        mirror.extend(entries).unwrap();
        mirror.adopt(self.head(entries, 1, true)).unwrap();
        let board = mirror.closed_board().unwrap();
        let statement = Statement {
            election_id: board.election_id,
            root: board.root,
            size: board.size(),
            verification_share: self.election.key.key.verification_shares[usize::from(from) - 1],
            sums: &board.sums,
        };
        let share = &self.shares[usize::from(from) - 1];
        let partial = PartialDecryption::create(from, share, &statement, &mut OsRng).unwrap();
        self.message(from, ROUND_DECRYPTION, partial.to_bytes())
    }

    /// The election as a node sends it.
    pub fn answer(&self, phase: v1::Phase) -> v1::GetElectionResponse {
        let e = &self.election;
        v1::GetElectionResponse {
            phase: phase.into(),
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
}

fn proven(plan: Plan) -> BoardEntry {
    let Plan { statement, witness, next } = plan;
    let circuit = BallotCircuit::new(statement, witness).unwrap();
    BoardEntry {
        slot: statement.slot,
        prev_digest: statement.prev_digest,
        next_digest: statement.next_digest,
        ticket: statement.ticket,
        ciphertexts: next,
        proof: prove(&ballot_key(), &circuit, &mut OsRng).unwrap(),
    }
}

fn resolution(holders: &[Holder], trustees: &[AccountKey], operator: Address) -> Resolution {
    let trustee =
        |k: &AccountKey| TrusteeIdentity { signer: k.address(), encryption_key: [k.address().0[0]; 32] };
    Resolution {
        organisation: ORGANISATION.into(),
        registration_chain_id: 1,
        proposal: "Shall we?".into(),
        options: vec!["yes".into(), "no".into()],
        rule: RuleKind::SingleChoice,
        pass_rule: PassRule { winning_option: 0, quorum: 1, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: holders_digest(holders),
            snapshot: "block 1".into(),
            decimals: 0,
            maskers: Vec::new(),
        },
        times: Times { opening: 1, closing: 1_000, root_deadline: 2_000, tally_deadline: 3_000 },
        early_close: false,
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
    shares: &[SecretShare],
    trustees: &[AccountKey],
    organiser: &AccountKey,
) -> Election {
    let draft = &signed_draft.draft;
    let domain = draft.domain();
    let statement = CensusStatement { draft_id: draft.id(), root: census.root(), total: census.total() };
    let key = ElectionKey {
        draft_id: draft.id(),
        census_root: census.root(),
        census_total: census.total(),
        public_key: GroupElement::mul_generator(secret).unwrap(),
        verification_shares: shares.iter().map(|s| s.verification_share().unwrap()).collect(),
        verifying_keys: hashes(),
        transcript: [8; 32],
    };
    let (hash, id) = (key.signing_hash(&domain), key.election_id());
    Election {
        signed_draft: signed_draft.clone(),
        census: statement,
        census_signature: organiser.sign(statement.signing_hash(&domain)),
        key: SignedElectionKey { key, signatures: trustees.iter().map(|k| k.sign(hash)).collect() },
        id,
        open_signature: organiser.sign(Order::Open(id).signing_hash(&domain)),
        close_signature: None,
        phase: v1::Phase::Voting,
        insecure_development_keys: true,
    }
}
