#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
//! A network of trustees in one process: every message passes as bytes, in
//! random order, some of them twice.

mod decryption;
mod faults;
mod generation;
mod storage;

use crate::*;
use circuits::types::*;
use rand::{Rng, RngCore, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha20Rng;

pub(crate) const KEY_HASHES: [[u8; 32]; VERIFYING_KEYS] = [[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]];
pub(crate) const CLOSING: u64 = 2_000;

/// A generator with a printed seed.
pub(crate) fn seeded(test: &str) -> ChaCha20Rng {
    let seed = rand::rngs::OsRng.next_u64();
    println!("{test}: seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

/// Accounts and drafts of a test election.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) organiser: AccountKey,
    pub(crate) operator: AccountKey,
    pub(crate) keys: Vec<TrusteeKeys>,
    pub(crate) draft: SignedDraft,
    pub(crate) census: Census,
}

impl Fixture {
    pub(crate) fn new(n: usize, t: u8, rng: &mut ChaCha20Rng) -> Self {
        Self::with(n, t, rng, |_| {})
    }

    /// With a draft that `change` has changed before it is signed.
    pub(crate) fn with(n: usize, t: u8, rng: &mut ChaCha20Rng, change: impl FnOnce(&mut Draft)) -> Self {
        let (organiser, operator) = (AccountKey::random(rng), AccountKey::random(rng));
        let keys: Vec<TrusteeKeys> = (0..n).map(|_| TrusteeKeys::random(rng)).collect();
        let holders: Vec<Holder> =
            (1..=4u8).map(|i| Holder { address: Address([i; 20]), weight: 100 * u64::from(i) }).collect();
        let mut draft = plain_draft(&organiser, &operator, &keys, t, holders_digest(&holders));
        rng.fill_bytes(&mut draft.nonce);
        change(&mut draft);
        let sk = MemberSecret::random(rng);
        let identity =
            |a: Address| Some(IdentityCommitment::from_field(sk.field() + sk.field() * fr(a.0[0])));
        let census = Census::of_registered(&draft.census, &holders, identity).unwrap();
        let draft = sign_draft(draft, &organiser);
        Self { organiser, operator, keys, draft, census }
    }

    pub(crate) fn trustee(&self, index: u8) -> Trustee<MemoryStorage> {
        let keys = self.keys[usize::from(index) - 1].clone();
        Trustee::new(keys, &self.draft, MemoryStorage::new()).unwrap()
    }

    pub(crate) fn account(&self, index: u8) -> &AccountKey {
        self.keys[usize::from(index) - 1].account()
    }

    /// The message of `index` with another body, properly signed.
    pub(crate) fn forge(&self, route: Route, body: Vec<u8>) -> Message {
        Message::sign(&self.draft.draft, route, body, self.account(route.from))
    }
}

pub(crate) fn fr(x: u8) -> circuits::curve::Fr {
    circuits::curve::Fr::from(x)
}

pub(crate) fn sign_draft(draft: Draft, organiser: &AccountKey) -> SignedDraft {
    let signature = organiser.sign(draft.signing_hash(&draft.domain()));
    SignedDraft { draft, proposal: "Adopt the budget".into(), signature }
}

fn plain_draft(
    organiser: &AccountKey,
    operator: &AccountKey,
    keys: &[TrusteeKeys],
    threshold: u8,
    source: [u8; 32],
) -> Draft {
    Draft {
        chain_id: 0,
        contract: Address::default(),
        organisation: "Test".into(),
        registration_chain_id: 1,
        proposal_digest: keccak256("Adopt the budget"),
        kind: ProposalKind::Resolution,
        calls: vec![],
        options: ["yes", "no", "abstain"].map(String::from).to_vec(),
        rule: Rule::new(RuleKind::SingleChoice, 3).unwrap(),
        pass_rule: PassRule { winning_option: 0, quorum: 1, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition { source, snapshot: "test".into(), decimals: 0, maskers: vec![] },
        times: Times { opening: 1_000, closing: CLOSING, root_deadline: 3_000, tally_deadline: 4_000 },
        early_close: false,
        trustees: keys.iter().map(TrusteeKeys::identity).collect(),
        threshold,
        min_ballots: 2,
        settlement: SettlementMode::None,
        operator: operator.address(),
        organiser: organiser.address(),
        nonce: [0; 32],
    }
}

/// What happens to a message on its way: who gets which message instead.
/// `None` stands for everybody.
pub(crate) type Tampering<'a> = &'a mut dyn FnMut(&Message) -> Vec<(Option<u8>, Message)>;

pub(crate) struct Network {
    pub(crate) fixture: Fixture,
    pub(crate) trustees: Vec<Trustee<MemoryStorage>>,
    /// Everything that a node has seen.
    pub(crate) wire: Vec<Vec<u8>>,
    queue: Vec<(u8, Vec<u8>)>,
    /// So many deliveries, at random, are followed by a restart that loses
    /// what the trustee was about to send.
    pub(crate) restarts: u32,
    rng: ChaCha20Rng,
}

impl Network {
    pub(crate) fn new(fixture: Fixture, rng: ChaCha20Rng) -> Self {
        let trustees = (1u8..).zip(&fixture.keys).map(|(i, _)| fixture.trustee(i)).collect();
        Self { fixture, trustees, wire: vec![], queue: vec![], restarts: 0, rng }
    }

    /// A network whose key is complete.
    pub(crate) fn ready(n: usize, t: u8, mut rng: ChaCha20Rng) -> Self {
        let mut network = Self::new(Fixture::new(n, t, &mut rng), rng);
        network.start(&mut honest);
        network.sign_keys(&mut honest);
        network
    }

    /// Sends all first messages and delivers until nothing moves.
    pub(crate) fn start(&mut self, tamper: Tampering<'_>) {
        for i in 0..self.trustees.len() {
            let outgoing = self.trustees[i].outgoing();
            self.send(&outgoing, tamper);
        }
        self.deliver(tamper);
    }

    pub(crate) fn sign_keys(&mut self, tamper: Tampering<'_>) {
        for i in 0..self.trustees.len() {
            let out = self.trustees[i].sign_key(&self.fixture.census, KEY_HASHES).unwrap();
            self.send(&out, tamper);
        }
        self.deliver(tamper);
    }

    pub(crate) fn send(&mut self, messages: &[Message], tamper: Tampering<'_>) {
        let n = self.trustees.len() as u8;
        for (to, message) in messages.iter().flat_map(tamper) {
            let bytes = message.to_bytes();
            self.wire.push(bytes.clone());
            let recipients = (1..=n).filter(|i| to.is_none_or(|to| to == *i) && *i != message.route.from);
            self.queue.extend(recipients.map(|i| (i, bytes.clone())));
        }
    }

    pub(crate) fn deliver(&mut self, tamper: Tampering<'_>) {
        while !self.queue.is_empty() {
            let at = self.rng.gen_range(0..self.queue.len());
            let (to, bytes) =
                if self.rng.gen_ratio(1, 5) { self.queue[at].clone() } else { self.queue.swap_remove(at) };
            let message = Message::from_bytes(&bytes).unwrap();
            assert_eq!(message.to_bytes(), bytes);
            let position = usize::from(to) - 1;
            let out = self.trustees[position].handle(&message).unwrap();
            if self.restarts > 0 && self.rng.gen_ratio(1, 2) {
                self.restarts -= 1;
                self.restart(to);
                let again = self.trustees[position].outgoing();
                self.send(&again, tamper);
            } else {
                self.send(&out, tamper);
            }
        }
    }

    /// Kills a trustee and starts it again from storage.
    pub(crate) fn restart(&mut self, index: u8) {
        let position = usize::from(index) - 1;
        let fresh = self.fixture.trustee(index);
        let storage = std::mem::replace(&mut self.trustees[position], fresh).into_storage();
        let keys = self.fixture.keys[position].clone();
        self.trustees[position] = Trustee::new(keys, &self.fixture.draft, storage).unwrap();
    }

    pub(crate) fn key(&self) -> SignedElectionKey {
        self.trustees[0].election_key().unwrap()
    }

    pub(crate) fn shuffled_indices(&mut self) -> Vec<u8> {
        let mut indices: Vec<u8> = (1..=self.trustees.len() as u8).collect();
        indices.shuffle(&mut self.rng);
        indices
    }

    pub(crate) fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.rng
    }

    /// The stored state of a trustee, its secrets included.
    pub(crate) fn state(&self, index: u8) -> crate::state::State {
        let draft = self.fixture.draft.draft.id();
        let bytes = self.trustees[usize::from(index) - 1].storage().load(draft).unwrap().unwrap();
        crate::state::State::from_bytes(&bytes, draft, index).unwrap()
    }
}

pub(crate) fn honest(message: &Message) -> Vec<(Option<u8>, Message)> {
    vec![(None, message.clone())]
}

/// Every abort that a trustee has seen or made.
pub(crate) fn aborts(trustee: &Trustee<MemoryStorage>) -> Vec<Abort> {
    match trustee.phase() {
        Phase::Aborted(aborts) => aborts,
        other => panic!("not aborted but {other:?}"),
    }
}
