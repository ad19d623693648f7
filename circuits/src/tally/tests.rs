#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
use super::{testing::*, *};
use crate::{
    curve::{Fr, Scalar},
    types::{BallotShape, ElectionId, Slot},
};
use ark_ff::UniformRand;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

#[cfg(feature = "r1cs")]
mod circuits {
    use super::*;
    use crate::r1cs::Cs;

    #[test]
    fn sizes() {
        for (shape, rows) in
            [(BallotShape::Shape4, 4), (BallotShape::Shape4, 256), (BallotShape::Shape16, 128)]
        {
            let layout = Layout::new(shape, rows).unwrap();
            for t in [1, 2, 3] {
                let s = Cs::shape(&TallyCircuit::dummy(layout, t));
                println!("{} {} {}", s.id(), s.num_constraints(), s.num_variables());
            }
            let s = Cs::shape(&ChunkCircuit::dummy(layout));
            println!("{} {} {}", s.id(), s.num_constraints(), s.num_variables());
            let start = std::time::Instant::now();
            let s = Cs::shape(&FinalCircuit::dummy(layout, 2));
            println!("{} {} {} {:?}", s.id(), s.num_constraints(), s.num_variables(), start.elapsed());
        }
    }

    #[test]
    fn honest() {
        let rng = &mut rng(1);
        let key = DealtKey::random(2, 3, rng);
        let mut log = Log::new(BallotShape::Shape4);
        let slots: Vec<Slot> = (0..5).map(|_| Slot::from_field(Fr::rand(rng))).collect();
        for (i, s) in slots.iter().enumerate() {
            log.vote(key.public_key, *s, &[i as u64, 1, 0, 7], rng);
        }
        log.mask(key.public_key, slots[1], rng);
        let board = log.board(ElectionId::from_field(Fr::from(3u64)));
        let opened = key.open(&board, &[10, 5, 0, 35], rng);
        let z: Vec<Fr> = (0..4).map(|_| Fr::rand(rng)).collect();
        let layout = Layout::new(BallotShape::Shape4, 8).unwrap();
        let Plan::One(p) = plan(layout, &board, opened.clone(), &z) else { panic!() };
        assert_eq!(relation::check(layout, &p.statement, &p.witness), Ok(()));
        let c = TallyCircuit::new(layout, p.statement, p.witness).unwrap();
        let (shape, a) = Cs::shape_and_assignment(&c);
        println!("{:?}", shape.failures(&a));
        assert_eq!(shape.check(&a), Ok(()));
        let layout = Layout::new(BallotShape::Shape4, 4).unwrap();
        let Plan::Chunked(mut chunks) = plan(layout, &board, opened, &z) else { panic!() };
        while let Some(c) = chunks.next() {
            let c = c.unwrap();
            assert_eq!(relation::check_chunk(layout, &c.statement, &c.witness), Ok(()));
            let c = ChunkCircuit::new(layout, c.statement, c.witness).unwrap();
            let (shape, a) = Cs::shape_and_assignment(&c);
            assert_eq!(shape.failures(&a), vec![]);
        }
        let f = chunks.finish().unwrap();
        assert_eq!(relation::check_final(layout, &f.statement, &f.witness), Ok(()));
        let c = FinalCircuit::new(layout, f.statement, f.witness).unwrap();
        let (shape, a) = Cs::shape_and_assignment(&c);
        assert_eq!(shape.failures(&a), vec![]);
    }
}
