//! Ballots and registrations with real proofs.

use super::fixture::*;
use circuits::{
    ballot::{BallotCircuit, Context, Member as Voter, Plan},
    r1cs::Cs,
    registration::{self, RegistrationCircuit},
    types::*,
};
use proto::v1;
use prover::{KeyStore, ProvingKey, prove};
use rand_core::OsRng;
use std::sync::Arc;
use tonic::Code;
use verifier::CircuitId;

const BALLOT: CircuitId = CircuitId::Ballot(BallotShape::Shape4);

/// The cached development keys of registrations and ballots.
fn proving_keys() -> [Arc<ProvingKey>; 2] {
    let shapes = |id| match id {
        CircuitId::Registration => Ok(Cs::shape(&RegistrationCircuit::dummy())),
        _ => Ok(Cs::shape(&BallotCircuit::dummy(BallotShape::Shape4))),
    };
    let store = KeyStore::new(KeyStore::default_directory().unwrap(), Box::new(shapes));
    [CircuitId::Registration, BALLOT].map(|id| store.get(id, &|_| {}).unwrap())
}

fn world(seed: u64, [registration, ballot]: &[Arc<ProvingKey>; 2]) -> World {
    let real = vec![registration.verifying_key().clone(), ballot.verifying_key().clone()];
    World::new(seed, keys(real))
}

fn register(world: &World, member: usize, key: &ProvingKey) -> Registration {
    let mut r = world.registration(member, 1);
    let witness = registration::Witness { sk: world.members[member].sk.clone() };
    r.proof = prove(key, &RegistrationCircuit::new(r.statement(), witness), &mut OsRng).unwrap();
    r
}

fn context(world: &World) -> Context {
    Context {
        census_root: world.statement().root,
        election_id: world.election_id(),
        rule: world.draft.draft.rule,
        pk: world.public_key,
    }
}

fn voter(world: &World, member: usize) -> Voter {
    let m = &world.members[member];
    let census = world.census();
    let path = census.tree().path(census.position(IdentityCommitment::derive(&m.sk)).unwrap()).unwrap();
    Voter { sk: m.sk.clone(), weight: m.weight, path }
}

fn entry(plan: Plan, key: &ProvingKey) -> BoardEntry {
    let s = plan.statement;
    let circuit = BallotCircuit::new(s, plan.witness).unwrap();
    BoardEntry {
        slot: s.slot,
        prev_digest: s.prev_digest,
        next_digest: s.next_digest,
        ticket: s.ticket,
        ciphertexts: plan.next,
        proof: prove(key, &circuit, &mut OsRng).unwrap(),
    }
}

fn vote(context: &Context, voter: &Voter, key: &ProvingKey) -> BoardEntry {
    let ticket = Ticket::random(&mut OsRng);
    let votes = [voter.weight, 0];
    entry(Plan::vote(context, voter, CiphertextDigest::empty(), &votes, ticket, &mut OsRng).unwrap(), key)
}

async fn opened(world: &World, keys: &[Arc<ProvingKey>; 2], place: &Place) -> Served {
    let mut node = serve_with(world, place.config(world), world.keys.clone()).await;
    node.create(&world.draft).await.unwrap();
    for i in 0..world.members.len() {
        node.register(&register(world, i, &keys[0])).await.unwrap();
    }
    node.freeze(world, &world.statement()).await.unwrap();
    for i in 1..=TRUSTEES {
        node.post(&world.key_message(i, &world.election_key())).await.unwrap();
    }
    node.open(world).await.unwrap();
    node
}

/// A10, A12, A13, A65: a valid vote and mask are accepted; the same entry
/// with any byte changed, for another election or over another census is not.
#[tokio::test(flavor = "multi_thread")]
async fn a10_a12_a13_only_the_very_entry_that_was_proven_is_accepted() {
    let keys = proving_keys();
    let (world, place) = (world(40, &keys), Place::new());
    let mut node = opened(&world, &keys, &place).await;
    let id = world.election_id();
    let context = context(&world);
    let ballot = vote(&context, &voter(&world, 0), &keys[1]);

    for bad in flipped(&(&ballot).into()) {
        let status = submit(node.ballots.clone(), id, bad).await.unwrap_err();
        let refused = [Code::InvalidArgument, Code::Aborted];
        assert!(refused.contains(&status.code()), "{status:?}");
    }
    let elsewhere = Context { election_id: ElectionId::from_field(5u64.into()), ..context };
    let replayed = vote(&elsewhere, &voter(&world, 1), &keys[1]);
    is(node.submit(id, &replayed).await, Code::InvalidArgument, "BALLOT_PROOF");
    let smaller = Census::new(&world.draft.draft.census, world.census().entries()[..2].to_vec()).unwrap();
    let stale = Context { census_root: smaller.root(), ..context };
    let outvoter = Voter { path: smaller.tree().path(0).unwrap(), ..voter(&world, 0) };
    let outdated = vote(&stale, &outvoter, &keys[1]);
    is(node.submit(id, &outdated).await, Code::InvalidArgument, "BALLOT_PROOF");
    assert!(node.entries(id).await.is_empty());

    let receipt = node.submit(id, &ballot).await.unwrap();
    receipt.check(id, &world.draft.draft.domain(), world.operator.address()).unwrap();
    let mask =
        Plan::mask(&context, &voter(&world, 1), ballot.slot, &ballot.ciphertexts, 0, &mut OsRng).unwrap();
    let mask = entry(mask, &keys[1]);
    assert_eq!(node.submit(id, &mask).await.unwrap().path.index, 1);
    // The same ticket on another slot: a member's mask spends it once.
    let second = vote(&context, &voter(&world, 2), &keys[1]);
    node.submit(id, &second).await.unwrap();
    let again =
        Plan::mask(&context, &voter(&world, 1), second.slot, &second.ciphertexts, 0, &mut OsRng).unwrap();
    is(node.submit(id, &entry(again, &keys[1])).await, Code::AlreadyExists, "TICKET_SPENT");
    node.stop().await;
}

/// The entry with one bit of one byte changed, for every byte of each field.
fn flipped(entry: &v1::BoardEntry) -> Vec<v1::BoardEntry> {
    type Pick = fn(&mut v1::BoardEntry) -> &mut Vec<u8>;
    let fields: [Pick; 6] = [
        |e| &mut e.slot,
        |e| &mut e.prev_digest,
        |e| &mut e.next_digest,
        |e| &mut e.ticket,
        |e| &mut e.ciphertexts,
        |e| &mut e.proof,
    ];
    let mut all = Vec::new();
    for pick in fields {
        for i in 0..pick(&mut entry.clone()).len() {
            let mut bad = entry.clone();
            pick(&mut bad)[i] ^= 1 << (i % 8);
            all.push(bad);
        }
    }
    all
}

/// A65: a registration's proof is for the identity and the signed message.
#[tokio::test(flavor = "multi_thread")]
async fn a65_a_registration_needs_its_own_proof() {
    let keys = proving_keys();
    let (world, place) = (world(41, &keys), Place::new());
    let mut node = serve_with(&world, place.config(&world), world.keys.clone()).await;
    node.create(&world.draft).await.unwrap();
    let honest = register(&world, 0, &keys[0]);
    let stolen = world.registration_of(&world.members[1].account, honest.message.identity, 1);
    let stolen = Registration { proof: honest.proof, ..stolen };
    is(node.register(&stolen).await, Code::InvalidArgument, "REGISTRATION_PROOF");
    let mut later = world.registration(0, 2);
    later.proof = honest.proof;
    is(node.register(&later).await, Code::InvalidArgument, "REGISTRATION_PROOF");
    node.register(&honest).await.unwrap();
    node.stop().await;
}
