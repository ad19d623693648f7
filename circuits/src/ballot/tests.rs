#![allow(clippy::unwrap_used)]
use super::*;
use crate::{curve::*, primitives::merkle::*, r1cs::Cs, types::*};
use ark_ff::UniformRand;
use rand_core::OsRng;

#[test]
fn scratch() {
    for options in [4usize, 16] {
        let sk = MemberSecret::random(&mut OsRng);
        let leaf = census_leaf(IdentityCommitment::derive(&sk), 77);
        let tree = CensusTree::new(vec![leaf; 7]);
        let ctx = Context {
            census_root: tree.root(),
            election_id: ElectionId::from_field(Fr::from(9u64)),
            rule: Rule::new(RuleKind::Split, options).unwrap(),
            pk: GroupElement::mul_generator(Scalar::rand(&mut OsRng)).unwrap(),
        };
        let m = Member { sk, weight: 77, path: tree.path(6).unwrap() };
        let mut votes = vec![1u64; options];
        votes[1] = 33;
        let p =
            Plan::vote(&ctx, &m, CiphertextDigest::empty(), &votes, Ticket::random(&mut OsRng), &mut OsRng)
                .unwrap();
        let c = BallotCircuit::new(p.statement, p.witness.clone()).unwrap();
        let (shape, z) = Cs::shape_and_assignment(&c);
        println!("{} {} {}", shape.id(), shape.num_constraints(), shape.num_inputs());
        assert_eq!(shape.check(&z), Ok(()));
        let mut counts = std::collections::BTreeMap::new();
        for i in 0..shape.num_constraints() {
            *counts.entry(shape.label(i).condition).or_insert(0) += 1;
        }
        println!("{counts:?}");
        let q = Plan::mask(&ctx, &m, p.statement.slot, &p.next, 15, &mut OsRng).unwrap();
        let c = BallotCircuit::new(q.statement, q.witness.clone()).unwrap();
        for _ in 0..3 {
            let t = std::time::Instant::now();
            let z = Cs::assignment(&c);
            println!("assignment {:?}", t.elapsed());
            assert_eq!(shape.check(&z), Ok(()));
        }
        assert_eq!(Cs::shape(&BallotCircuit::dummy(ctx.rule.shape())).digest(), shape.digest());
    }
}
