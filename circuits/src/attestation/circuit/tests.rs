//! The circuit against the relation: agreement, forgeries, shape.

use super::*;
use crate::attestation::{Layout, testing};
use halo2_proofs::dev::MockProver;

const DIGEST: DataDigest = DataDigest([7; 32]);

fn salt(shape: &Shape) -> Salt {
    Salt(vec![[Fr::from(11); SALT_ROWS]; shape.columns()])
}

fn public(statement: &Statement) -> Vec<Fr> {
    statement.encode(&DIGEST).into_iter().map(to_plonk).collect()
}

#[test]
fn prints() {
    for (packing, labelled, bins) in
        [(Packing::One, true, 1), (Packing::Two, true, 1), (Packing::One, true, 3), (Packing::One, false, 4)]
    {
        let layout = testing::layout(labelled, bins);
        let shape = testing::shape(12, 3, packing, layout);
        let codes = testing::codes(layout, 500);
        let statement = testing::statement(&shape, &testing::policy(layout), &codes);
        let witness = Witness { codes };
        let circuit = AttestationCircuit::new(&statement, &witness, salt(&shape), &DIGEST).unwrap();
        println!("{:?} public {} {:?}", circuit.size(), circuit.public_inputs(), circuit.plan.hints());
        println!("{:?}", statement.outcome);
        let start = std::time::Instant::now();
        let mock = MockProver::run(12, &circuit, vec![public(&statement)]).unwrap();
        println!("{:?}", mock.verify().map_err(|e| e.into_iter().take(5).collect::<Vec<_>>()));
        println!("{:?}", start.elapsed());
    }
    for shape in [
        Shape::on_chain(),
        Shape::new(14, 1, Packing::Two, Layout::new(24, true, 1).unwrap(), vec![4, 8, 16]).unwrap(),
        Shape::new(15, 1, Packing::One, Layout::new(24, true, 100).unwrap(), vec![4, 8, 16]).unwrap(),
    ] {
        let circuit = AttestationCircuit::blank(&shape).unwrap();
        println!("{:?} public {}", circuit.size(), circuit.public_inputs());
    }
}
