//! A real election that is settled: signed draft and key, proven ballots,
//! proven results. Its key is dealt by one hand; nothing on chain can tell.

use crate::chain::CHAIN_ID;
use chain::elections::ClosedOn;
use circuits::{
    ballot::{BallotCircuit, Context, Member, Plan},
    curve::Fr,
    r1cs::Circuit,
    tally::{self, Board, ChunkCircuit, FinalCircuit, Layout, Opened, testing::DealtKey},
    types::{
        AccountKey, BallotShape, BoardEntry, BoardRow, Call, Census, CensusDefinition, CensusEntry,
        CiphertextDigest, Ciphertexts, Domain, Draft, ElectionId, ElectionKey, Head, IdentityCommitment,
        MemberSecret, Order, PassRule, ProposalKind, Rule, RuleKind, SettlementMode, Signature, SignedDraft,
        SignedElectionKey, SignedHead, Slot, Tally, TallyProof, Ticket, Times, TrusteeIdentity, TypedData,
        board_root,
    },
};
use prover::{
    KeyStore, prove,
    tally::{Job, prove_tally},
};
use rand_core::OsRng;
use revm::primitives::Address;
use std::{collections::BTreeMap, sync::OnceLock};
use verifier::{CircuitId, VerifyingKey, board::ballot_context};

/// Room for options in most elections.
pub const SHAPE: BallotShape = BallotShape::Shape4;
/// Trustees that decrypt.
pub const THRESHOLD: u8 = 2;
/// Trustees.
pub const TRUSTEES: u8 = 3;
/// Who deploys the contract, with its first transaction.
pub const DEPLOYER: Address = Address::repeat_byte(0xde);
/// The times of all elections.
pub const TIMES: Times = Times {
    opening: crate::chain::START - 1_000,
    closing: crate::chain::START + 1_000,
    root_deadline: crate::chain::START + 2_000,
    tally_deadline: crate::chain::START + 3_000,
};

/// Weights of the members.
const WEIGHTS: [u64; 7] = [1_000, 500, 300, 200, 100, 50, 25];
/// Options of an election: yes, no, abstain; or six.
fn options(shape: BallotShape) -> usize {
    match shape {
        BallotShape::Shape4 => 3,
        BallotShape::Shape16 => 6,
    }
}

/// An entry of the board, by members.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// A member votes, or votes again, for the first option, one in the middle
    /// or the last.
    Vote(usize, usize),
    /// A member masks the slot of another.
    Mask(usize, usize),
}

/// The board; the first eight are a board too.
const ACTS: [Act; 11] = [
    Act::Vote(0, 0),
    Act::Vote(1, 0),
    Act::Vote(2, 1),
    Act::Vote(3, 0),
    Act::Vote(4, 2),
    Act::Vote(0, 1),
    Act::Mask(5, 1),
    Act::Vote(5, 0),
    Act::Vote(6, 1),
    Act::Vote(2, 0),
    Act::Mask(6, 3),
];

/// The address that the contract gets.
pub fn contract() -> Address {
    DEPLOYER.create(0)
}

/// Chain and contract.
pub fn domain() -> Domain {
    Domain { chain_id: CHAIN_ID, contract: circuits::types::Address(contract().into_array()) }
}

/// An election with all its secrets.
pub struct Election {
    /// Signs heads.
    pub operator: AccountKey,
    /// Signs draft and orders.
    pub organiser: AccountKey,
    /// Sign the key.
    pub trustees: Vec<AccountKey>,
    /// The draft.
    pub draft: SignedDraft,
    /// The key, with all signatures.
    pub key: SignedElectionKey,
    /// Ballot, tally, tally chunk, tally final.
    pub verifying: Vec<VerifyingKey>,
    /// Rows of a tally proof.
    pub layout: Layout,
    /// The whole board.
    pub entries: Vec<BoardEntry>,
    /// What each entry votes; nothing for a mask.
    votes: Vec<Option<Vec<u64>>>,
    dealt: DealtKey,
    members: Vec<Member>,
}

/// Whose signatures an election needs.
#[derive(Clone)]
pub struct Parties {
    /// Signs heads.
    pub operator: AccountKey,
    /// Signs draft and orders.
    pub organiser: AccountKey,
    /// Sign the key.
    pub trustees: Vec<AccountKey>,
}

impl Parties {
    /// Others each time.
    pub fn random() -> Self {
        let account = || AccountKey::random(&mut OsRng);
        Self {
            operator: account(),
            organiser: account(),
            trustees: (0..TRUSTEES).map(|_| account()).collect(),
        }
    }
}

/// The keys of all elections of these tests.
pub fn store() -> &'static KeyStore {
    static STORE: OnceLock<KeyStore> = OnceLock::new();
    STORE.get_or_init(|| KeyStore::of_circuits(KeyStore::default_directory().unwrap()))
}

/// The circuits of an election, in the order of the key's hashes.
fn circuits(layout: Layout) -> [CircuitId; 5] {
    let (shape, rows, t) = (layout.shape(), layout.rows(), usize::from(THRESHOLD));
    [
        CircuitId::Registration,
        CircuitId::Ballot(shape),
        CircuitId::Tally { shape, rows, t },
        CircuitId::TallyChunk { shape, rows },
        CircuitId::TallyFinal { shape, rows, t },
    ]
}

/// A draft of an action with these people, unsigned.
pub fn draft(
    shape: BallotShape,
    operator: &AccountKey,
    organiser: &AccountKey,
    trustees: &[AccountKey],
) -> Draft {
    let trustee =
        |(i, k): (u8, &AccountKey)| TrusteeIdentity { signer: k.address(), encryption_key: [i; 32] };
    Draft {
        chain_id: domain().chain_id,
        contract: domain().contract,
        organisation: "Settled DAO".into(),
        registration_chain_id: 1,
        proposal_digest: [7; 32],
        kind: ProposalKind::Action,
        calls: vec![
            Call { target: operator.address(), value: [0; 32], data: b"a call".to_vec() },
            Call { target: organiser.address(), value: [1; 32], data: vec![] },
        ],
        options: (0..options(shape)).map(|i| format!("option {i}")).collect(),
        rule: Rule::new(RuleKind::SingleChoice, options(shape)).unwrap(),
        pass_rule: PassRule {
            winning_option: 0,
            quorum: 100,
            majority_numerator: 1,
            majority_denominator: 3,
        },
        census: CensusDefinition {
            source: [3; 32],
            snapshot: "a test".into(),
            decimals: 0,
            maskers: vec![operator.address()],
        },
        times: TIMES,
        early_close: true,
        trustees: (1..).zip(trustees).map(trustee).collect(),
        threshold: THRESHOLD,
        min_ballots: 3,
        settlement: SettlementMode::Validity,
        operator: operator.address(),
        organiser: organiser.address(),
        nonce: [9; 32],
    }
}

impl Election {
    /// An election whose tally proofs have the layout's rows, with the first
    /// `entries` entries proven.
    pub fn new(layout: Layout, entries: usize) -> Self {
        Self::of(layout, entries, Parties::random(), |_| ())
    }

    /// The same with these parties and a changed draft.
    pub fn of(layout: Layout, entries: usize, parties: Parties, change: impl FnOnce(&mut Draft)) -> Self {
        let Parties { operator, organiser, trustees } = parties;
        let mut draft = draft(layout.shape(), &operator, &organiser, &trustees);
        change(&mut draft);
        let (census, secrets) = census(&draft.census);
        let dealt = DealtKey::random(usize::from(THRESHOLD), TRUSTEES, &mut OsRng);
        let all = circuits(layout).map(|id| store().verifying_key(id, &|p| eprintln!("{p}")).unwrap());
        let key = ElectionKey {
            draft_id: draft.id(),
            census_root: census.root(),
            census_total: census.total(),
            public_key: dealt.public_key,
            verification_shares: dealt.shares.iter().map(|s| s.verification_share().unwrap()).collect(),
            verifying_keys: all.each_ref().map(|k| k.hash().0),
            transcript: [4; 32],
        };
        let hash = key.signing_hash(&draft.domain());
        let signatures = trustees.iter().map(|t| t.sign(hash)).collect();
        let signature = organiser.sign(draft.signing_hash(&draft.domain()));
        let members = secrets.into_iter().map(|(sk, weight)| member(&census, sk, weight)).collect();
        let mut election = Self {
            operator,
            organiser,
            trustees,
            draft: SignedDraft { draft, proposal: String::new(), signature },
            key: SignedElectionKey { key, signatures },
            verifying: all[1..].to_vec(),
            layout,
            entries: Vec::new(),
            votes: Vec::new(),
            dealt,
            members,
        };
        ACTS[..entries].iter().for_each(|act| election.act(*act));
        election
    }

    /// The election's identifier.
    pub fn id(&self) -> ElectionId {
        self.key.key.election_id()
    }

    fn context(&self) -> Context {
        ballot_context(&self.draft.draft, &self.key.key)
    }

    fn act(&mut self, act: Act) {
        let context = self.context();
        let (plan, votes) = match act {
            Act::Vote(member, option) => {
                let member = &self.members[member];
                let slot = Slot::derive(&member.sk, context.election_id);
                let prev = self.last(slot).map_or_else(CiphertextDigest::empty, |e| e.next_digest);
                let mut votes = vec![0; options(self.layout.shape())];
                let last = votes.len() - 1;
                votes[option * last / 2] = member.weight;
                let ticket = Ticket::random(&mut OsRng);
                (Plan::vote(&context, member, prev, &votes, ticket, &mut OsRng).unwrap(), Some(votes))
            }
            Act::Mask(member, masked) => {
                let slot = Slot::derive(&self.members[masked].sk, context.election_id);
                let prev = &self.last(slot).unwrap().ciphertexts;
                (Plan::mask(&context, &self.members[member], slot, prev, 0, &mut OsRng).unwrap(), None)
            }
        };
        self.entries.push(entry(plan));
        self.votes.push(votes);
    }

    /// A member's first vote in an election that differs in its id only.
    pub fn vote_in(&self, id: ElectionId) -> BallotCircuit {
        let (context, member) = (Context { election_id: id, ..self.context() }, &self.members[0]);
        let mut votes = vec![0; options(self.layout.shape())];
        votes[0] = member.weight;
        let (prev, ticket) = (CiphertextDigest::empty(), Ticket::random(&mut OsRng));
        let plan = Plan::vote(&context, member, prev, &votes, ticket, &mut OsRng).unwrap();
        BallotCircuit::new(plan.statement, plan.witness).unwrap()
    }

    fn last(&self, slot: Slot) -> Option<&BoardEntry> {
        self.entries.iter().rev().find(|e| e.slot == slot)
    }

    /// The rows of the first `size` entries.
    pub fn rows(&self, size: usize) -> Vec<BoardRow> {
        self.entries[..size].iter().map(BoardEntry::row).collect()
    }

    /// A head over the first `size` entries, signed by the operator.
    pub fn head(&self, size: usize, time: u64, closed: bool) -> SignedHead {
        let root = board_root(&self.rows(size));
        let size = u32::try_from(size).unwrap();
        self.sign(Head { election_id: self.id(), size, root, time, closed })
    }

    /// A head, signed by the operator.
    pub fn sign(&self, head: Head) -> SignedHead {
        SignedHead { head, signature: self.operator.sign(head.signing_hash(&domain())) }
    }

    /// The organiser's order to close.
    pub fn order(&self) -> Signature {
        self.organiser.sign(Order::Close(self.id()).signing_hash(&domain()))
    }

    /// The board of the first `size` entries as it is closed on chain.
    pub fn closed(&self, size: usize) -> ClosedOn {
        let root = board_root(&self.rows(size));
        ClosedOn { domain: domain(), election_id: self.id(), root, size: u32::try_from(size).unwrap() }
    }

    /// The totals of the first `size` entries: a slot's last vote counts.
    pub fn totals(&self, size: usize) -> Vec<u64> {
        let voted = self.entries.iter().zip(&self.votes).take(size);
        let last: BTreeMap<Slot, &Vec<u64>> =
            voted.filter_map(|(e, votes)| Some((e.slot, votes.as_ref()?))).collect();
        (0..options(self.layout.shape())).map(|k| last.values().map(|votes| votes[k]).sum()).collect()
    }

    fn board(&self, size: usize) -> (Board, Opened) {
        let openings: BTreeMap<Slot, Ciphertexts> =
            self.entries[..size].iter().map(|e| (e.slot, e.ciphertexts.clone())).collect();
        let shape = self.layout.shape();
        let board = Board::new(shape, self.id(), self.rows(size), openings).unwrap();
        let mut totals = self.totals(size);
        totals.resize(shape.options(), 0);
        let opened = self.dealt.open(&board, &totals, &mut OsRng);
        (board, opened)
    }

    /// The proven result of the first `size` entries, bound to `points`.
    pub fn tally(&self, size: usize, points: &[Fr]) -> Tally {
        let (board, opened) = self.board(size);
        let options = options(self.layout.shape());
        let job = Job { layout: self.layout, board: &board, options, opened, points };
        prove_tally(job, |id| store().get(id, &|p| eprintln!("{p}")), &mut OsRng, |_, _| ()).unwrap()
    }

    /// The same in chunks, each proven as `change` leaves it.
    pub fn chunked(
        &self,
        size: usize,
        points: &[Fr],
        change: impl FnOnce(&mut [tally::Chunk], &mut tally::Final),
    ) -> Tally {
        let (board, opened) = self.board(size);
        let quorum = opened.decryption.trustees.iter().map(|t| t.partial.index).collect();
        let tally::Plan::Chunked(mut all) = tally::plan(self.layout, &board, opened, points) else {
            panic!("one proof")
        };
        let mut chunks: Vec<tally::Chunk> = all.by_ref().map(Result::unwrap).collect();
        let mut last = all.finish().unwrap();
        change(&mut chunks, &mut last);
        let slots = last.statement.outcome.slots;
        let mut proofs: Vec<TallyProof> = Vec::new();
        for tally::Chunk { statement, witness } in chunks {
            proofs.push(proven(2, self.layout, &ChunkCircuit::new(self.layout, statement, witness).unwrap()));
        }
        let tally::Final { statement, witness } = last;
        proofs.push(proven(3, self.layout, &FinalCircuit::new(self.layout, statement, witness).unwrap()));
        Tally { totals: self.totals(size), slots, quorum, proofs }
    }

    /// The points of all batches of the first `size` entries.
    pub fn points(&self, size: usize) -> Vec<Fr> {
        self.closed(size).points(&self.entries[..size], self.layout.batch_rows())
    }
}

/// Proven with the key of `circuits` after that of registrations.
fn proven(key: usize, layout: Layout, circuit: &impl Circuit) -> TallyProof {
    let key = store().get(circuits(layout)[1 + key], &|p| eprintln!("{p}")).unwrap();
    let proof = prove(&key, circuit, &mut OsRng).unwrap();
    TallyProof { circuit: circuit.id(), inputs: circuit.public_inputs(), proof }
}

fn entry(plan: Plan) -> BoardEntry {
    let Plan { statement, witness, next } = plan;
    let circuit = BallotCircuit::new(statement, witness).unwrap();
    let shape = statement.rule.shape();
    let key = store().get(CircuitId::Ballot(shape), &|p| eprintln!("{p}")).unwrap();
    BoardEntry {
        slot: statement.slot,
        prev_digest: statement.prev_digest,
        next_digest: statement.next_digest,
        ticket: statement.ticket,
        ciphertexts: next,
        proof: prove(&key, &circuit, &mut OsRng).unwrap(),
    }
}

fn census(definition: &CensusDefinition) -> (Census, Vec<(MemberSecret, u64)>) {
    let secrets: Vec<(MemberSecret, u64)> =
        WEIGHTS.iter().map(|weight| (MemberSecret::random(&mut OsRng), *weight)).collect();
    let entry = |(i, (sk, weight)): (u8, &(MemberSecret, u64))| CensusEntry {
        address: circuits::types::Address([i; 20]),
        identity: IdentityCommitment::derive(sk),
        weight: *weight,
    };
    let entries = (1..).zip(&secrets).map(entry).collect();
    (Census::new(definition, entries).unwrap(), secrets)
}

fn member(census: &Census, sk: MemberSecret, weight: u64) -> Member {
    let index = census.position(IdentityCommitment::derive(&sk)).unwrap();
    Member { path: census.tree().path(index).unwrap(), sk, weight }
}
