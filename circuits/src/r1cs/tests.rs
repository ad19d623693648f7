#![allow(clippy::unwrap_used)]
use super::*;

/// y = x^3 + x + 5, with an optional hole: the product x*x is not tied to x.
struct Cubic {
    x: Fr,
    broken: bool,
}

impl Circuit for Cubic {
    fn id(&self) -> String {
        format!("test/cubic/{}", self.broken)
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.x * self.x * self.x + self.x + Fr::from(5u64)]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        cs.condition("T1 cubic");
        let x = cs.witness(self.x);
        let x2 = if self.broken { cs.witness(self.x * self.x) } else { cs.mul("x * x = x2", &x, &x) };
        let x3 = cs.mul("x2 * x = x3", &x2, &x);
        cs.equal("x3 + x + 5 = y", &(x3 + &x).add_constant(Fr::from(5u64)), &inputs[0]);
    }
}

#[test]
fn both_modes_give_one_assignment() {
    let c = Cubic { x: Fr::from(3u64), broken: false };
    let (shape, z) = Cs::shape_and_assignment(&c);
    assert_eq!(z, Cs::assignment(&c));
    assert_eq!(shape.check(&z), Ok(()));
    assert_eq!(shape.num_constraints(), 3);
    assert_eq!(shape.num_inputs(), 2);
}

/// The tamper check finds the hole of a circuit known to be broken: with
/// x*x untied, x2 can be moved and x3, x adjusted.
#[test]
fn fresh_evaluation_accepts_a_forgery_on_a_broken_circuit() {
    let forged = |shape: &Shape| {
        // x = 4, x2 = 26/4, x3 = 26: same y = 35 as x = 3.
        let quarter = Fr::from(4u64).inverse().unwrap();
        let z = [1u64, 35, 4].map(Fr::from).into_iter();
        let z: Vec<Fr> = z.chain([Fr::from(26u64) * quarter, Fr::from(26u64)]).collect();
        shape.check(&z)
    };
    assert_eq!(forged(&Cs::shape(&Cubic { x: Fr::from(3u64), broken: true })), Ok(()));
    let sound = forged(&Cs::shape(&Cubic { x: Fr::from(3u64), broken: false }));
    assert_eq!(sound.unwrap_err().label.equation, "x * x = x2");
}

#[test]
fn ark_accepts_the_replayed_rows() {
    use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem};
    let shape = Cs::shape(&Cubic { x: Fr::from(3u64), broken: false });
    let cs = ConstraintSystem::<Fr>::new_ref();
    (&shape).generate_constraints(cs.clone()).unwrap();
    assert_eq!(cs.num_constraints(), shape.num_constraints());
    assert_eq!(cs.num_instance_variables(), shape.num_inputs());
}

#[test]
fn digest_depends_on_every_row() {
    let a = Cs::shape(&Cubic { x: Fr::from(3u64), broken: false });
    let b = Cs::shape(&Cubic { x: Fr::from(7u64), broken: false });
    assert_eq!(a.digest(), b.digest());
    let mut c = b.clone();
    c.rows[1].a[0].1 += Fr::ONE;
    assert_ne!(b.digest(), c.digest());
}
