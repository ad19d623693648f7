#![allow(clippy::unwrap_used)]

mod agreement;
mod attacks;
mod conditions;
mod rule;
mod tampering;

use super::*;
use crate::{
    curve::{Fr, Scalar},
    primitives::merkle::{CensusTree, census_leaf},
    r1cs::{Cs, Label, Shape},
    testing::{check_snapshot, failing_conditions},
    types::{
        BallotShape, CiphertextDigest, Ciphertexts, ElectionId, GroupElement, IdentityCommitment,
        MemberSecret, Rule, RuleKind, Slot, Ticket,
    },
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::sync::LazyLock;

/// The secret key of the tests' elections: they decrypt what they cast.
const KEY: u64 = 1_234_567;
/// Weights of the members: ordinary, smallest, largest, and a masker.
const WEIGHTS: [u64; 5] = [1_000, 1, (1 << 44) - 1, 0, 77];
const MASKER: usize = 3;

static SHAPES: LazyLock<[Shape; 2]> =
    LazyLock::new(|| BallotShape::ALL.map(|shape| Cs::shape(&BallotCircuit::dummy(shape))));

fn shape_of(rule: Rule) -> &'static Shape {
    match rule.shape() {
        BallotShape::Shape4 => &SHAPES[0],
        BallotShape::Shape16 => &SHAPES[1],
    }
}

/// An election and everybody's secrets.
struct World {
    context: Context,
    members: Vec<Member>,
    rng: ChaCha20Rng,
}

impl World {
    fn new(seed: u64, kind: RuleKind, options: usize) -> World {
        Self::with_weights(seed, kind, options, &WEIGHTS)
    }

    fn with_weights(seed: u64, kind: RuleKind, options: usize, weights: &[u64]) -> World {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let secrets: Vec<MemberSecret> = weights.iter().map(|_| MemberSecret::random(&mut rng)).collect();
        let leaf = |(sk, weight): (&MemberSecret, &u64)| census_leaf(IdentityCommitment::derive(sk), *weight);
        let tree = CensusTree::new(secrets.iter().zip(weights).map(leaf).collect());
        let context = Context {
            census_root: tree.root(),
            election_id: ElectionId::from_field(Fr::from(seed) + Fr::from(1u64)),
            rule: Rule::new(kind, options).unwrap(),
            pk: GroupElement::mul_generator(Scalar::from(KEY)).unwrap(),
        };
        let member = |(i, (sk, weight)): (usize, (MemberSecret, &u64))| Member {
            sk,
            weight: *weight,
            path: tree.path(i as u64).unwrap(),
        };
        let members = secrets.into_iter().zip(weights).enumerate().map(member).collect();
        World { context, members, rng }
    }

    fn vote(&mut self, member: usize, votes: &[u64]) -> Plan {
        self.try_vote(member, votes).unwrap()
    }

    fn try_vote(&mut self, member: usize, votes: &[u64]) -> Result<Plan, InvalidPlan> {
        let ticket = Ticket::random(&mut self.rng);
        let empty = CiphertextDigest::empty();
        Plan::vote(&self.context, &self.members[member], empty, votes, ticket, &mut self.rng)
    }

    fn mask(&mut self, member: usize, over: &Plan, j: u8) -> Plan {
        let slot = over.statement.slot;
        Plan::mask(&self.context, &self.members[member], slot, &over.next, j, &mut self.rng).unwrap()
    }

    /// The whole weight for the first option, valid under every rule for
    /// weights 1 and, but for quadratic, all.
    fn first_option(&self, weight: u64) -> Vec<u64> {
        let mut votes = vec![0; self.context.rule.options()];
        votes[0] = weight;
        votes
    }
}

/// Makes `next_digest` fit again after a change of the witness.
fn rehash(statement: &mut Statement, witness: &Witness) {
    statement.next_digest = witness.next(statement.shape(), statement.pk).unwrap().digest();
}

fn assignment(statement: &Statement, witness: &Witness) -> Vec<Fr> {
    Cs::assignment(&BallotCircuit::new(*statement, witness.clone()).unwrap())
}

/// Names of all constraints that fail.
fn failures(statement: &Statement, witness: &Witness) -> Vec<Label> {
    shape_of(statement.rule).failures(&assignment(statement, witness))
}

/// `v_k G` of each option, by the secret key.
fn decrypt(ciphertexts: &Ciphertexts) -> Vec<crate::curve::Projective2> {
    let open = |c: &crate::types::Ciphertext| c.c2.affine() - c.c1.affine() * Scalar::from(KEY);
    ciphertexts.as_slice().iter().map(open).collect()
}

fn encoded(votes: &[u64]) -> Vec<crate::curve::Projective2> {
    votes.iter().map(|v| crate::curve::GENERATOR * Scalar::from(*v)).collect()
}

#[test]
fn ballot_shapes_equal_their_snapshot() {
    check_snapshot("ballot/shape.snap", &*SHAPES);
    for (kind, options) in [(RuleKind::Quadratic, 2), (RuleKind::Split, 9)] {
        let mut world = World::new(1, kind, options);
        let vote = world.vote(0, &world.first_option(30));
        let mask = world.mask(1, &vote, 3);
        for plan in [vote, mask] {
            let circuit = BallotCircuit::new(plan.statement, plan.witness.clone()).unwrap();
            assert_eq!(Cs::shape(&circuit).digest(), shape_of(world.context.rule).digest());
        }
    }
}

/// Constraints and inputs of `Shape4` fit a domain of 2^14.
#[test]
fn ballot_shapes_keep_to_their_budget() {
    let [small, large] = &*SHAPES;
    assert!(small.num_constraints() <= 15_500);
    assert!(small.num_constraints() + small.num_inputs() < 1 << 14);
    assert!(large.num_constraints() <= 40_000);
    assert!(SHAPES.iter().all(|s| s.num_inputs() == Statement::LEN + 1));
}

/// The budget is 50 ms; the best of five runs, as the machine may be busy.
#[test]
fn ballot_witness_generation_keeps_to_its_budget() {
    let mut world = World::new(4, RuleKind::Split, 4);
    let plan = world.vote(0, &[1, 2, 3, 4]);
    let circuit = BallotCircuit::new(plan.statement, plan.witness.clone()).unwrap();
    let run = || {
        let start = std::time::Instant::now();
        std::hint::black_box(Cs::assignment(&circuit));
        start.elapsed()
    };
    let best = (0..5).map(|_| run()).min().unwrap();
    println!("witness of a ballot with 4 options: {best:?}");
    assert!(best.as_millis() <= 50, "{best:?}");
}

/// Every input is in some constraint, so none has a zero IC point.
#[test]
fn ballot_every_public_input_is_constrained() {
    for shape in &*SHAPES {
        let rows = shape.rows_by_variable();
        assert!((1..shape.num_inputs()).all(|input| !rows[input].is_empty()));
    }
}

#[test]
fn ballot_wrong_lengths_are_refused_without_a_panic() {
    let mut world = World::new(2, RuleKind::Split, 3);
    let plan = world.vote(0, &[1, 2, 3]);
    let mut short = plan.witness.clone();
    short.votes.pop();
    let mut long = plan.witness.clone();
    long.randomness.push(Randomness::random(&mut world.rng));
    let mut other = plan.witness.clone();
    other.prev = Ciphertexts::identity(BallotShape::Shape16);
    for witness in [short, long, other] {
        assert_eq!(check(&plan.statement, &witness), Err(Unsatisfied::Form));
        assert_eq!(BallotCircuit::new(plan.statement, witness).unwrap_err(), Unsatisfied::Form);
    }
    let expected = InvalidPlan::Options { expected: 3, found: 4 };
    assert_eq!(world.try_vote(0, &[1, 0, 0, 0]).unwrap_err(), expected);
}

#[test]
fn ballot_secrets_do_not_show_in_debug() {
    let mut world = World::new(3, RuleKind::Split, 3);
    let plan = world.vote(0, &[111, 222, 333]);
    assert_eq!(format!("{:?}", plan.witness), "Witness(..)");
    assert_eq!(format!("{:?}", plan.witness.randomness[0]), "Randomness(..)");
    let member = format!("{:?}", world.members[0]);
    assert!(member.contains("MemberSecret(..)"), "{member}");
}
