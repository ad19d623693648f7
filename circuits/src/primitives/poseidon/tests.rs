use super::{parameters::reference, *};
use ark_ff::MontFp;

/// The permutation as the paper writes it, to check the sparse form against.
fn naive(capacity: Fr, inputs: &[Fr]) -> Fr {
    let (constants, mds) = reference(inputs.len() + 1);
    let mut state: Vec<Fr> = std::iter::once(capacity).chain(inputs.iter().copied()).collect();
    let rounds = constants.len();
    for (r, c) in constants.iter().enumerate() {
        for (x, c) in state.iter_mut().zip(c) {
            *x += c;
        }
        let full = r < 4 || r >= rounds - 4;
        for x in state.iter_mut().take(if full { c.len() } else { 1 }) {
            *x = sbox(*x);
        }
        state = mds.iter().map(|row| row.iter().zip(&state).map(|(m, x)| *m * x).sum()).collect();
    }
    state[0]
}

#[test]
fn poseidon_of_1_2_is_circoms() {
    let known: Fr = MontFp!("7853200120776062878684798364095072458815029376092732009249414926327459813530");
    assert_eq!(compress(Fr::ZERO, &[Fr::from(1u64), Fr::from(2u64)]), known);
}

#[test]
fn sparse_form_equals_the_paper_at_every_width() {
    for n in 1..=RATE {
        let inputs: Vec<Fr> = (0..n as u64).map(|i| Fr::from(i * i + 7)).collect();
        let capacity = Tag::Slot.field();
        assert_eq!(compress(capacity, &inputs), naive(capacity, &inputs), "{n} inputs");
    }
}

#[cfg(feature = "r1cs")]
mod circuit {
    use super::*;
    use crate::r1cs::{Circuit, Cs, Num};

    struct Sponge(Vec<Fr>);
    impl Circuit for Sponge {
        fn id(&self) -> String {
            "test/sponge".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            vec![sponge(Tag::Sorted, &self.0)]
        }
        fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
            let x: Vec<Num> = self.0.iter().map(|x| cs.witness(*x)).collect();
            let h = gadget::sponge(cs, Tag::Sorted, &x);
            cs.equal("h = sponge(x)", &h, &inputs[0]);
        }
    }

    #[test]
    fn gadget_equals_native_over_several_blocks() {
        for n in [1u64, 5, 16, 17, 40] {
            let c = Sponge((0..n).map(|i| Fr::from(i + 3)).collect());
            let (shape, z) = Cs::shape_and_assignment(&c);
            assert_eq!(shape.check(&z), Ok(()), "{n} inputs");
        }
        let c = Sponge((0..16).map(Fr::from).collect());
        // 8 * 17 + 68 S-boxes less the constant one, and the equality.
        assert_eq!(Cs::shape(&c).num_constraints(), 3 * (8 * 17 + 68 - 1) + 1);
    }
}
