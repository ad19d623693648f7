//! An organisation, its election, and a node that serves it.

use crate::{
    Clock, Config, Deps, KeySet, Metrics, Node, NodeError, TallyCase, TallyFailure, TallyProver,
    jobs::verification::Proofs,
};
use ark_ff::UniformRand;
use audit::attestation::{Attestation, AttestationProofs, CheckId, NotProven};
use circuits::{curve::Scalar, types::*};
use proto::v1::{
    self, ballot_service_client::BallotServiceClient, board_service_client::BoardServiceClient,
    election_service_client::ElectionServiceClient, freeze_census_request::Part, get_election_request::Id,
    registry_service_client::RegistryServiceClient, trustee_service_client::TrusteeServiceClient,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};
use tempfile::TempDir;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;
use verifier::{CircuitId, Claim, KeyHash, VerifyError, VerifyingKey};

pub const OPENING: u64 = 1_000;
pub const CLOSING: u64 = 2_000;
pub const TRUSTEES: u8 = 3;

/// A generator with a printed seed.
pub fn seeded(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

#[derive(Debug)]
pub struct ManualClock(pub AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Refuses proofs that begin with 0xff and takes all others.
#[derive(Debug)]
pub struct Lenient;

impl Proofs for Lenient {
    fn verify(&self, _: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>> {
        let verdict = |c: &Claim| if c.proof.0[0] == 0xff { Err(VerifyError::Rejected) } else { Ok(()) };
        claims.iter().map(verdict).collect()
    }
}

/// Takes every attestation whose proof does not end with 0xff.
impl AttestationProofs for Lenient {
    fn verify(&self, attestation: &Attestation) -> Result<(), NotProven> {
        match attestation.proof.last() {
            Some(0xff) => Err(NotProven::Fails { check: CheckId::Proof, why: "it ends with 0xff".into() }),
            _ => Ok(()),
        }
    }
}

/// Waits for a word before each batch, as long as somebody may give it.
#[derive(Debug)]
pub struct Held(pub Mutex<mpsc::Receiver<()>>);

impl Proofs for Held {
    fn verify(&self, key: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>> {
        let _ = self.0.lock().unwrap().recv();
        Proofs::verify(&Lenient, key, claims)
    }
}

/// Takes decryptions whose body begins with 1 as valid; counts attempts.
#[derive(Debug, Default)]
pub struct Prover(pub AtomicU64);

impl TallyProver for Prover {
    fn prove(&self, case: &TallyCase) -> Result<Tally, TallyFailure> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let valid = case.decryptions.iter().filter(|m| m.body[0] == 1).map(|m| m.from);
        let (valid, needed): (Vec<u8>, u8) = (valid.collect(), case.draft.draft.threshold);
        if valid.len() < usize::from(needed) {
            return Err(TallyFailure::NotEnough { valid, needed });
        }
        let entries =
            case.entries.read(0, case.entries.size()).map_err(|e| TallyFailure::Failed(e.into()))?;
        assert_eq!(board_root(&entries.iter().map(BoardEntry::row).collect::<Vec<_>>()), case.head.head.root);
        let proof = TallyProof { circuit: "tally".into(), inputs: vec![], proof: ProofBytes([1; 256]) };
        Ok(Tally { totals: vec![1, 2], slots: 1, quorum: valid, proofs: vec![proof] })
    }
}

/// A key with random points: it verifies nothing, and is not degenerate.
fn random_key(id: CircuitId, inputs: usize, rng: &mut ChaCha20Rng) -> VerifyingKey {
    use ark_bn254::{G1Affine, G2Affine};
    let points = ark_groth16::VerifyingKey {
        alpha_g1: G1Affine::rand(rng),
        beta_g2: G2Affine::rand(rng),
        gamma_g2: G2Affine::rand(rng),
        delta_g2: G2Affine::rand(rng),
        gamma_abc_g1: (0..=inputs).map(|_| G1Affine::rand(rng)).collect(),
    };
    VerifyingKey::new(id, points).unwrap()
}

/// Keys of every circuit of an election of `Shape4` with threshold 2; those
/// given replace random ones.
pub fn keys(real: Vec<VerifyingKey>) -> KeySet {
    let mut rng = seeded(1);
    let ids = CircuitId::of_election(BallotShape::Shape4, 2);
    let key = |id: CircuitId| {
        let inputs = if id == CircuitId::Registration { 2 } else { 9 };
        let given = real.iter().find(|k| k.id() == id).cloned();
        given.unwrap_or_else(|| random_key(id, inputs, &mut rng))
    };
    KeySet::new(&ids.map(key), true).unwrap()
}

pub struct Member {
    pub account: AccountKey,
    pub sk: MemberSecret,
    pub weight: u64,
}

/// Everybody and everything outside the node.
pub struct World {
    pub operator: AccountKey,
    pub organiser: AccountKey,
    pub trustees: Vec<AccountKey>,
    pub members: Vec<Member>,
    pub draft: SignedDraft,
    pub shares: Vec<Scalar>,
    pub public_key: GroupElement,
    pub keys: Arc<KeySet>,
    pub rng: ChaCha20Rng,
}

impl World {
    pub fn new(seed: u64, keys: KeySet) -> Self {
        Self::with(seed, keys, |_| {})
    }

    pub fn with(seed: u64, keys: KeySet, change: impl Fn(&mut Draft)) -> Self {
        let mut rng = seeded(seed);
        let account = |rng: &mut ChaCha20Rng| AccountKey::random(rng);
        let (operator, organiser) = (account(&mut rng), account(&mut rng));
        let trustees: Vec<_> = (0..TRUSTEES).map(|_| account(&mut rng)).collect();
        let mut members: Vec<Member> = (1..=4)
            .map(|weight| Member {
                account: account(&mut rng),
                sk: MemberSecret::random(&mut rng),
                weight: weight * 10,
            })
            .collect();
        members.sort_by_key(|m| m.account.address());
        let mut draft = draft(&members, &trustees, operator.address(), organiser.address());
        change(&mut draft);
        // A line through the secret: threshold 2.
        let (secret, slope) = (Scalar::rand(&mut rng), Scalar::rand(&mut rng));
        let shares = (1..=TRUSTEES).map(|i| secret + slope * Scalar::from(i)).collect();
        let public_key = GroupElement::mul_generator(secret).unwrap();
        let draft = sign_draft(draft, &organiser);
        Self { operator, organiser, trustees, members, draft, shares, public_key, keys: keys.into(), rng }
    }

    pub fn draft_id(&self) -> DraftId {
        self.draft.draft.id()
    }

    pub fn holders(&self) -> Vec<Holder> {
        holders(&self.members)
    }

    pub fn registration(&self, member: usize, counter: u64) -> Registration {
        let m = &self.members[member];
        self.registration_of(&m.account, IdentityCommitment::derive(&m.sk), counter)
    }

    pub fn registration_of(
        &self,
        account: &AccountKey,
        identity: IdentityCommitment,
        counter: u64,
    ) -> Registration {
        let message = RegistrationMessage {
            chain_id: self.draft.draft.registration_chain_id,
            organisation: self.draft.draft.organisation.clone(),
            address: account.address(),
            identity,
            counter,
        };
        let signature = account.sign(message.hash());
        Registration { message, signature, proof: ProofBytes([1; 256]) }
    }

    pub fn census(&self) -> Census {
        let identity = |a| {
            let member = self.members.iter().find(|m| m.account.address() == a)?;
            Some(IdentityCommitment::derive(&member.sk))
        };
        Census::of_registered(&self.draft.draft.census, &self.holders(), identity).unwrap()
    }

    pub fn statement(&self) -> CensusStatement {
        let census = self.census();
        CensusStatement { draft_id: self.draft_id(), root: census.root(), total: census.total() }
    }

    pub fn election_key(&self) -> ElectionKey {
        let draft = &self.draft.draft;
        let share = |s: &Scalar| GroupElement::mul_generator(*s).unwrap();
        ElectionKey {
            draft_id: draft.id(),
            census_root: self.statement().root,
            census_total: self.statement().total,
            public_key: self.public_key,
            verification_shares: self.shares.iter().map(share).collect(),
            verifying_keys: self.keys.election(draft.rule.shape(), draft.threshold).unwrap(),
            transcript: [6; 32],
        }
    }

    pub fn election_id(&self) -> ElectionId {
        self.election_key().election_id()
    }

    pub fn message(&self, from: u8, round: u8, to: u8, body: Vec<u8>) -> TrusteeMessage {
        let draft = &self.draft.draft;
        let content = TrusteeContent { draft_id: draft.id(), round, from, to, body: &body };
        let hash = content.signing_hash(&draft.domain());
        let signature = self.trustees[usize::from(from) - 1].sign(hash);
        TrusteeMessage { draft_id: draft.id(), round, from, to, body, signature }
    }

    pub fn key_message(&self, from: u8, key: &ElectionKey) -> TrusteeMessage {
        let signature =
            self.trustees[usize::from(from) - 1].sign(key.signing_hash(&self.draft.draft.domain()));
        let mut body = key.census_root.to_bytes().to_vec();
        body.extend(key.census_total.to_be_bytes());
        body.extend(key.public_key.to_bytes());
        body.extend(key.verification_shares.iter().flat_map(|vk| vk.to_bytes()));
        body.extend(key.verifying_keys.concat());
        body.extend(key.transcript);
        body.extend(signature.to_bytes());
        self.message(from, ROUND_KEY, 0, body)
    }

    pub fn order(&self, order: Order) -> Vec<u8> {
        self.organiser.sign(order.signing_hash(&self.draft.draft.domain())).to_bytes().to_vec()
    }

    /// An entry whose proof only [`Lenient`] takes.
    pub fn entry(&mut self, slot: u64, prev: Option<&BoardEntry>) -> BoardEntry {
        let encrypt = |rng: &mut ChaCha20Rng| Ciphertext::encrypt(self.public_key, 1, Scalar::rand(rng));
        let ciphertexts = (0..4).map(|_| encrypt(&mut self.rng)).collect();
        let ciphertexts = Ciphertexts::new(BallotShape::Shape4, ciphertexts).unwrap();
        BoardEntry {
            slot: Slot::from_field(slot.into()),
            prev_digest: prev.map_or_else(CiphertextDigest::empty, |e| e.next_digest),
            next_digest: ciphertexts.digest(),
            ticket: Ticket::random(&mut self.rng),
            ciphertexts,
            proof: ProofBytes([1; 256]),
        }
    }
}

fn holders(members: &[Member]) -> Vec<Holder> {
    members.iter().map(|m| Holder { address: m.account.address(), weight: m.weight }).collect()
}

pub fn sign_draft(draft: Draft, organiser: &AccountKey) -> SignedDraft {
    let signature = organiser.sign(draft.signing_hash(&draft.domain()));
    SignedDraft { draft, proposal: "text".into(), signature }
}

fn draft(members: &[Member], trustees: &[AccountKey], operator: Address, organiser: Address) -> Draft {
    let trustee =
        |(k, i): (&AccountKey, u8)| TrusteeIdentity { signer: k.address(), encryption_key: [i; 32] };
    Draft {
        chain_id: 0,
        contract: Address::default(),
        organisation: "Example DAO".into(),
        registration_chain_id: 1,
        proposal_digest: keccak256("text"),
        kind: ProposalKind::Resolution,
        calls: vec![],
        options: vec!["yes".into(), "no".into()],
        rule: Rule::new(RuleKind::SingleChoice, 2).unwrap(),
        pass_rule: PassRule { winning_option: 0, quorum: 10, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: holders_digest(&holders(members)),
            snapshot: "block 1".into(),
            decimals: 0,
            maskers: vec![],
        },
        times: Times { opening: OPENING, closing: CLOSING, root_deadline: 3_000, tally_deadline: 4_000 },
        early_close: true,
        trustees: trustees.iter().zip(1..).map(trustee).collect(),
        threshold: 2,
        min_ballots: 1,
        settlement: SettlementMode::None,
        operator,
        organiser,
        nonce: [7; 32],
    }
}

/// A running node with clients.
pub struct Served {
    pub node: Node,
    pub clock: Arc<ManualClock>,
    pub prover: Arc<Prover>,
    pub metrics: Metrics,
    pub channel: Channel,
    pub elections: ElectionServiceClient<Channel>,
    pub registry: RegistryServiceClient<Channel>,
    pub ballots: BallotServiceClient<Channel>,
    pub board: BoardServiceClient<Channel>,
    pub trustees: TrusteeServiceClient<Channel>,
}

pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn config(&self, world: &World) -> Config {
        let listen = "127.0.0.1:0".parse().unwrap();
        Config::new(self.data(), self.path().join("heads"), listen, world.operator.clone())
    }
}

pub async fn serve(world: &World, place: &Place) -> Served {
    serve_with(world, place.config(world), Arc::new(Lenient)).await
}

/// Without clients.
pub async fn try_start(world: &World, config: Config) -> Result<Node, NodeError> {
    let deps = Deps::new(world.keys.clone(), Arc::new(Prover::default()));
    Node::start(config, Deps { proofs: Arc::new(Lenient), attestations: Arc::new(Lenient), ..deps }).await
}

pub async fn serve_with(world: &World, config: Config, proofs: Arc<dyn Proofs>) -> Served {
    serve_counting(world, config, proofs, Metrics::default()).await
}

pub async fn serve_counting(
    world: &World,
    config: Config,
    proofs: Arc<dyn Proofs>,
    metrics: Metrics,
) -> Served {
    let clock = Arc::new(ManualClock(AtomicU64::new(OPENING)));
    let prover = Arc::new(Prover::default());
    let (keys, tally) = (world.keys.clone(), prover.clone());
    let attestations = Arc::new(Lenient);
    let deps = Deps { keys, proofs, tally, attestations, clock: clock.clone(), metrics: metrics.clone() };
    let node = Node::start(config, deps).await.unwrap();
    let channel = Channel::from_shared(format!("http://{}", node.address())).unwrap();
    let channel = channel.connect().await.unwrap();
    Served {
        node,
        clock,
        prover,
        metrics,
        channel: channel.clone(),
        elections: ElectionServiceClient::new(channel.clone()),
        registry: RegistryServiceClient::new(channel.clone()),
        ballots: BallotServiceClient::new(channel.clone()),
        board: BoardServiceClient::new(channel.clone()),
        trustees: TrusteeServiceClient::new(channel),
    }
}

impl Served {
    pub fn set_time(&self, now: u64) {
        self.clock.0.store(now, Ordering::SeqCst);
    }

    pub async fn stop(self) {
        self.node.shutdown().await.unwrap();
    }

    pub async fn create(&mut self, draft: &SignedDraft) -> Result<(), Status> {
        let request = v1::CreateDraftRequest { draft: Some(draft.into()) };
        self.elections.create_draft(request).await.map(|_| ())
    }

    pub async fn register(&mut self, r: &Registration) -> Result<(), Status> {
        let request = v1::RegisterRequest { registration: Some(r.into()) };
        self.registry.register(request).await.map(|_| ())
    }

    pub async fn freeze(&mut self, world: &World, statement: &CensusStatement) -> Result<(), Status> {
        let signature = world.organiser.sign(statement.signing_hash(&world.draft.draft.domain()));
        self.freeze_as(statement, signature, world.holders()).await
    }

    pub async fn freeze_as(
        &mut self,
        statement: &CensusStatement,
        signature: Signature,
        holders: Vec<Holder>,
    ) -> Result<(), Status> {
        let header = v1::FreezeCensusHeader {
            statement: Some(statement.into()),
            signature: signature.to_bytes().to_vec(),
        };
        let holders = v1::HolderBatch { holders: holders.iter().map(Into::into).collect() };
        let parts = [Part::Header(header), Part::Holders(holders)];
        let parts = parts.map(|p| v1::FreezeCensusRequest { part: Some(p) });
        self.elections.freeze_census(tokio_stream::iter(parts)).await.map(|_| ())
    }

    pub async fn post(&mut self, message: &TrusteeMessage) -> Result<(), Status> {
        let request = v1::PostRequest { message: Some(message.into()) };
        self.trustees.post(request).await.map(|_| ())
    }

    pub async fn open(&mut self, world: &World) -> Result<(), Status> {
        let signature = world.order(Order::Open(world.election_id()));
        let draft_id = world.draft_id().to_bytes().to_vec();
        self.elections.open_election(v1::OpenElectionRequest { draft_id, signature }).await.map(|_| ())
    }

    pub async fn close(&mut self, world: &World, signature: Vec<u8>) -> Result<SignedHead, Status> {
        let election_id = world.election_id().to_bytes().to_vec();
        let answer =
            self.elections.close_election(v1::CloseElectionRequest { election_id, signature }).await?;
        Ok(answer.into_inner().head.unwrap().try_into().unwrap())
    }

    pub async fn submit(&mut self, id: ElectionId, entry: &BoardEntry) -> Result<Receipt, Status> {
        submit(self.ballots.clone(), id, entry.into()).await
    }

    /// Up to the frozen census.
    pub async fn freeze_all(&mut self, world: &World) {
        self.create(&world.draft).await.unwrap();
        for i in 0..world.members.len() {
            self.register(&world.registration(i, 1)).await.unwrap();
        }
        self.freeze(world, &world.statement()).await.unwrap();
    }

    /// Up to voting.
    pub async fn open_all(&mut self, world: &World) {
        self.freeze_all(world).await;
        for i in 1..=TRUSTEES {
            self.post(&world.key_message(i, &world.election_key())).await.unwrap();
        }
        self.open(world).await.unwrap();
    }

    pub async fn election(&mut self, world: &World) -> v1::GetElectionResponse {
        let id = Some(Id::DraftId(world.draft_id().to_bytes().to_vec()));
        self.elections.get_election(v1::GetElectionRequest { id }).await.unwrap().into_inner()
    }

    pub async fn entries(&mut self, id: ElectionId) -> Vec<BoardEntry> {
        let election_id = id.to_bytes().to_vec();
        let request = v1::ListEntriesRequest { election_id, start: 0, limit: 0 };
        let entries = self.board.list_entries(request).await.unwrap().into_inner().entries;
        entries.into_iter().map(|e| e.try_into().unwrap()).collect()
    }

    pub async fn head(&mut self, id: ElectionId) -> SignedHead {
        let request = v1::GetHeadRequest { election_id: id.to_bytes().to_vec() };
        self.board.get_head(request).await.unwrap().into_inner().head.unwrap().try_into().unwrap()
    }
}

pub async fn submit(
    mut ballots: BallotServiceClient<Channel>,
    id: ElectionId,
    entry: v1::BoardEntry,
) -> Result<Receipt, Status> {
    let request = v1::SubmitBallotRequest { election_id: id.to_bytes().to_vec(), entry: Some(entry) };
    Ok(ballots.submit(request).await?.into_inner().receipt.unwrap().try_into().unwrap())
}

/// The code and the reason of a refusal.
pub fn why<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    let reason = status.get_details_error_info().map(|i| i.reason).unwrap_or_default();
    (status.code(), reason)
}

pub fn is<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, reason: &str) {
    assert_eq!(why(result), (code, reason.to_owned()));
}
