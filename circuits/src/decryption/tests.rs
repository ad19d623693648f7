#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
use super::*;
use crate::{
    curve::Affine2,
    params::LAGRANGE_BITS,
    types::{Ciphertext, GroupElement},
};
use ark_ff::{AdditiveGroup, Field, UniformRand};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const SEED: u64 = 20;

fn rng() -> ChaCha20Rng {
    println!("seed {SEED}");
    ChaCha20Rng::seed_from_u64(SEED)
}

/// A key shared among `n` trustees with threshold `t`.
struct Dealt {
    pk: GroupElement,
    shares: Vec<SecretShare>,
}

fn deal(t: usize, n: u64, rng: &mut ChaCha20Rng) -> Dealt {
    let coefficients: Vec<Scalar> = (0..t).map(|_| Scalar::rand(rng)).collect();
    let at = |x: u64| coefficients.iter().rev().fold(Scalar::ZERO, |acc, c| acc * Scalar::from(x) + c);
    let pk = GroupElement::mul_generator(at(0)).unwrap();
    Dealt { pk, shares: (1..=n).map(|i| SecretShare::from_scalar(at(i))).collect() }
}

fn encrypt(pk: GroupElement, totals: &[u64], rng: &mut ChaCha20Rng) -> Ciphertexts {
    let shape = BallotShape::for_options(totals.len()).unwrap();
    let all = totals.iter().map(|v| Ciphertext::encrypt(pk, *v, Scalar::rand(rng))).collect();
    Ciphertexts::new(shape, all).unwrap()
}

fn statement<'a>(share: &SecretShare, sums: &'a Ciphertexts) -> Statement<'a> {
    Statement {
        election_id: ElectionId::from_field(Fr::from(11u64)),
        root: BoardRoot::from_field(Fr::from(12u64)),
        size: 13,
        verification_share: share.verification_share().unwrap(),
        sums,
    }
}

fn order_two() -> CurvePoint {
    Affine2::new_unchecked(Fr::ZERO, -Fr::ONE).into()
}

#[test]
fn any_quorum_recovers_the_totals() {
    let rng = &mut rng();
    let dealt = deal(3, 5, rng);
    let totals = [0, 1, 77_777, (1 << 20) - 1];
    let sums = encrypt(dealt.pk, &totals, rng);
    let partials: Vec<PartialDecryption> = dealt
        .shares
        .iter()
        .zip(1..)
        .map(|(s, i)| {
            let statement = statement(s, &sums);
            let p = PartialDecryption::create(i, s, &statement, rng).unwrap();
            p.verify(&statement).unwrap();
            p
        })
        .collect();
    let solver = dlog::Solver::with_table_bits(8);
    for set in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
        let chosen: Vec<_> = set.iter().map(|i| partials[*i].clone()).collect();
        let opened = unmask(&sums, &combine(&chosen, 3).unwrap());
        let found: Vec<u64> = opened.iter().map(|p| solver.solve(*p, 1 << 20, |_, _| {}).unwrap()).collect();
        assert_eq!(found, totals);
    }
}

/// A33: t - 1 trustees fail cleanly and it is said who decrypted.
/// A66: a trustee given twice does not count twice.
#[test]
fn too_few_or_repeated_trustees_are_refused() {
    let rng = &mut rng();
    let dealt = deal(2, 3, rng);
    let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
    let one =
        PartialDecryption::create(2, &dealt.shares[1], &statement(&dealt.shares[1], &sums), rng).unwrap();
    let too_few = InvalidQuorum::TooFew { have: vec![2], quorum: 2 };
    assert_eq!(combine(std::slice::from_ref(&one), 2), Err(too_few));
    assert_eq!(combine(&[one.clone(), one], 2), Err(InvalidQuorum::Repeated(2)));
}

#[test]
fn wrong_secrets_indices_and_sums_are_refused() {
    let rng = &mut rng();
    let dealt = deal(2, 2, rng);
    let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
    let s = &dealt.shares[0];
    let right = statement(s, &sums);
    assert_eq!(PartialDecryption::create(1, &dealt.shares[1], &right, rng), Err(Refused::WrongShare));
    assert_eq!(PartialDecryption::create(0, s, &right, rng), Err(Refused::Index(0)));
    assert_eq!(PartialDecryption::create(17, s, &right, rng), Err(Refused::Index(17)));
    let mut poisoned = sums.as_slice().to_vec();
    poisoned[2].c1 = (poisoned[2].c1.affine() + order_two().affine()).into();
    let poisoned = Ciphertexts::new(BallotShape::Shape4, poisoned).unwrap();
    let wrong = Statement { sums: &poisoned, ..right };
    assert_eq!(PartialDecryption::create(1, s, &wrong, rng), Err(Refused::Sum(2)));
}

/// A14, A28: a change anywhere in statement, shares or proof is refused.
#[test]
fn every_changed_item_is_refused() {
    let rng = &mut rng();
    let dealt = deal(2, 2, rng);
    let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
    let right = statement(&dealt.shares[0], &sums);
    let p = PartialDecryption::create(1, &dealt.shares[0], &right, rng).unwrap();
    assert_eq!(p.verify(&right), Ok(()));
    let one = Fr::ONE;
    let other = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
    let statements = [
        Statement { election_id: ElectionId::from_field(right.election_id.field() + one), ..right },
        Statement { root: BoardRoot::from_field(right.root.field() + one), ..right },
        Statement { size: 14, ..right },
        Statement { verification_share: dealt.shares[1].verification_share().unwrap(), ..right },
        Statement { sums: &other, ..right },
    ];
    for s in statements {
        assert_eq!(p.verify(&s), Err(Invalid::Proof));
    }
    for k in 0..4 {
        let mut q = p.clone();
        q.shares[k] = GENERATOR.into();
        assert_eq!(q.verify(&right), Err(Invalid::Proof));
        q.shares[k] = (p.shares[k].affine() + order_two().affine()).into();
        assert_eq!(q.verify(&right), Err(Invalid::Share(k)));
    }
    let mut q = p.clone();
    q.proof.challenge ^= 1;
    assert_eq!(q.verify(&right), Err(Invalid::Proof));
    let mut q = p.clone();
    q.proof.response += Scalar::ONE;
    assert_eq!(q.verify(&right), Err(Invalid::Proof));
    let mut q = p;
    q.shares.pop();
    assert_eq!(q.verify(&right), Err(Invalid::Count { found: 3, expected: 4 }));
}

/// A28, weak Fiat-Shamir: a prover that leaves one item out of the
/// transcript, for each item, is refused.
#[test]
fn a_prover_that_drops_a_transcript_item_is_refused() {
    let rng = &mut rng();
    let dealt = deal(2, 2, rng);
    let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
    let s = &dealt.shares[0];
    let right = statement(s, &sums);
    let honest = PartialDecryption::create(1, s, &right, rng).unwrap();
    let transcript = right.transcript(&honest.shares);
    assert_eq!(transcript.len(), 5 + 2 * 4 + 2 * 4);
    for item in 0..transcript.len() {
        let mut weak = transcript.clone();
        weak[item] = Fr::ZERO;
        let h = poseidon::sponge(Tag::DecryptionWeights, &weak);
        let proof = Proof::create(h, &right, s, Scalar::rand(rng));
        assert!(proof.holds(h, &right, &honest.shares), "the weak verifier would accept");
        let forged = PartialDecryption { proof, ..honest.clone() };
        assert_eq!(forged.verify(&right), Err(Invalid::Proof), "item {item}");
    }
    // Without the commitments in the challenge, z is free: A1, A2 follow it.
    let h = right.digest(&honest.shares);
    let blind = challenge(h, Projective2::default(), Projective2::default());
    let proof = Proof { challenge: blind, response: Scalar::rand(rng) };
    assert_eq!(PartialDecryption { proof, ..honest }.verify(&right), Err(Invalid::Proof));
}

/// Two shares that are wrong by opposite amounts cancel without weights.
#[test]
fn wrong_shares_that_cancel_unweighted_are_refused() {
    let rng = &mut rng();
    let dealt = deal(2, 2, rng);
    let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
    let s = &dealt.shares[0];
    let right = statement(s, &sums);
    let mut p = PartialDecryption::create(1, s, &right, rng).unwrap();
    p.shares[0] = (p.shares[0].affine() + GENERATOR).into();
    p.shares[1] = (p.shares[1].affine() - GENERATOR).into();
    p.proof = Proof::create(right.digest(&p.shares), &right, s, Scalar::rand(rng));
    assert_eq!(p.verify(&right), Err(Invalid::Proof));
}

#[test]
fn encoding_has_one_form() {
    let rng = &mut rng();
    for shape in BallotShape::ALL {
        let dealt = deal(2, 2, rng);
        let sums = encrypt(dealt.pk, &vec![3; shape.options()], rng);
        let p =
            PartialDecryption::create(2, &dealt.shares[1], &statement(&dealt.shares[1], &sums), rng).unwrap();
        let bytes = p.to_bytes();
        assert_eq!(bytes.len(), PartialDecryption::encoded_len(shape));
        assert_eq!(PartialDecryption::from_bytes(shape, &bytes).as_ref(), Ok(&p));
        for len in [0, 1, bytes.len() - 1] {
            assert!(PartialDecryption::from_bytes(shape, &bytes[..len]).is_err());
        }
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 0x80;
            match PartialDecryption::from_bytes(shape, &changed) {
                Ok(q) => assert_ne!(q, p, "byte {i}"),
                Err(_) => continue,
            }
        }
        let mut large = bytes.clone();
        large[17..49].fill(0xff);
        assert_eq!(
            PartialDecryption::from_bytes(shape, &large),
            Err(Malformed::Response(NonCanonical::TooLarge))
        );
    }
}

/// Every set of distinct indices in 1..=16: the coefficients are right and
/// no integer has more than 24 bits.
#[test]
fn cleared_lagrange_coefficients_have_24_bits() {
    let mut largest = 0;
    for set in 1u32..1 << TRUSTEES_MAX {
        let indices: Vec<u8> = (0..16u8).filter(|i| (set >> i) & 1 == 1).map(|i| i + 1).collect();
        let lagrange = Lagrange::new(&indices).unwrap();
        // p(x) = 1 and p(x) = x^(n-1): exact in integers.
        let sum: i64 = lagrange.numerators().iter().map(|n| i64::from(*n)).sum();
        assert_eq!(sum, i64::from(lagrange.denominator()));
        if indices.len() > 1 {
            let top = indices.len() as u32 - 1;
            let moment: i128 = lagrange
                .numerators()
                .iter()
                .zip(&indices)
                .map(|(n, i)| i128::from(*n) * i128::from(*i).pow(top))
                .sum();
            assert_eq!(moment, 0);
        }
        let all = lagrange.numerators().iter().map(|n| n.unsigned_abs()).chain([lagrange.denominator()]);
        largest = all.fold(largest, u32::max);
        assert!(lagrange.numerators().iter().all(|n| *n != 0));
    }
    assert_eq!(u32::BITS - largest.leading_zeros(), LAGRANGE_BITS as u32);
}

/// A30: the search ends at the limit, finds the last total below it, and
/// refuses the first one above.
#[test]
fn logarithms_end_at_the_limit() {
    let solver = dlog::Solver::with_table_bits(6);
    let limit = 1 << 14;
    for total in [0, 1, 63, 64, 65, 128, 129, 130, 12_345, limit - 1] {
        let point = (GENERATOR * Scalar::from(total)).into();
        assert_eq!(solver.solve(point, limit, |_, _| {}), Ok(total));
    }
    for outside in [Scalar::from(limit), -Scalar::ONE, Scalar::from(1u64 << 60)] {
        let mut last = (0, 1);
        let result = solver.solve((GENERATOR * outside).into(), limit, |done, all| last = (done, all));
        assert_eq!(result, Err(dlog::NotBelowLimit { limit }));
        assert!(last.0 <= last.1);
    }
    assert!(solver.solve(order_two(), limit, |_, _| {}).is_err());
}

#[test]
fn the_largest_total_is_found() {
    let total = (1u64 << 44) - 1;
    let solver = dlog::Solver::new();
    assert_eq!(solver.solve((GENERATOR * Scalar::from(total)).into(), 1 << 44, |_, _| {}), Ok(total));
}

#[cfg(feature = "r1cs")]
mod circuit {
    use super::*;
    use crate::{
        decryption::{gadget::*, multiples::*},
        primitives::edwards::PointVar,
        r1cs::{Bit, Circuit, Cs, Num},
    };
    use ark_ec::PrimeGroup;
    use ark_ff::BigInteger;

    /// One partial decryption; election, root and size are public.
    struct One<'a> {
        statement: Statement<'a>,
        partial: PartialDecryption,
    }

    impl Circuit for One<'_> {
        fn id(&self) -> String {
            "test/partial-decryption".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            self.statement.transcript(&[])[..3].to_vec()
        }
        fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
            cs.condition("decryption");
            let sums = CiphertextVar::witness(cs, self.statement.sums);
            let about =
                StatementVar { election_id: &inputs[0], root: &inputs[1], size: &inputs[2], sums: &sums };
            partial_decryption(cs, &about, self.statement.verification_share, &self.partial);
        }
    }

    fn agree(statement: Statement<'_>, partial: &PartialDecryption, valid: bool) {
        assert_eq!(partial.verify(&statement).is_ok(), valid);
        let (shape, z) = Cs::shape_and_assignment(&One { statement, partial: partial.clone() });
        assert_eq!(shape.check(&z).is_ok(), valid, "{:?}", shape.check(&z));
    }

    #[test]
    fn the_circuit_accepts_what_verifiers_accept() {
        let rng = &mut rng();
        for shape in BallotShape::ALL {
            let dealt = deal(2, 2, rng);
            let sums = encrypt(dealt.pk, &vec![9; shape.options()], rng);
            let right = statement(&dealt.shares[1], &sums);
            let partial = PartialDecryption::create(2, &dealt.shares[1], &right, rng).unwrap();
            agree(right, &partial, true);
            agree(Statement { size: 14, ..right }, &partial, false);
        }
        // All voters together can make C1 the identity.
        let dealt = deal(2, 2, rng);
        let none = Ciphertexts::identity(BallotShape::Shape4);
        let right = statement(&dealt.shares[0], &none);
        let partial = PartialDecryption::create(1, &dealt.shares[0], &right, rng).unwrap();
        agree(right, &partial, true);
    }

    /// A28 in the circuit: every transcript item, and shares that cancel
    /// without weights.
    #[test]
    fn the_circuit_refuses_weak_transcripts() {
        let rng = &mut rng();
        let dealt = deal(2, 2, rng);
        let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
        let s = &dealt.shares[0];
        let right = statement(s, &sums);
        let honest = PartialDecryption::create(1, s, &right, rng).unwrap();
        let transcript = right.transcript(&honest.shares);
        for item in 0..transcript.len() {
            let mut weak = transcript.clone();
            weak[item] = Fr::ZERO;
            let h = poseidon::sponge(Tag::DecryptionWeights, &weak);
            let proof = Proof::create(h, &right, s, Scalar::rand(rng));
            agree(right, &PartialDecryption { proof, ..honest.clone() }, false);
        }
        let mut p = honest;
        p.shares[0] = (p.shares[0].affine() + GENERATOR).into();
        p.shares[1] = (p.shares[1].affine() - GENERATOR).into();
        p.proof = Proof::create(right.digest(&p.shares), &right, s, Scalar::rand(rng));
        agree(right, &p, false);
    }

    /// `z + l`, where it has 251 bits, is as good a witness: z is not public,
    /// and A1, A2 and all else that follows are the same.
    #[test]
    fn an_aliased_response_changes_nothing() {
        let rng = &mut rng();
        let dealt = deal(2, 2, rng);
        let sums = encrypt(dealt.pk, &[5, 6, 7, 8], rng);
        let statement = statement(&dealt.shares[0], &sums);
        let order = Fr::from_bigint(Scalar::MODULUS).unwrap();
        let (partial, response) = loop {
            let partial = PartialDecryption::create(1, &dealt.shares[0], &statement, rng).unwrap();
            let response = Fr::from_bigint(partial.proof.response.into_bigint()).unwrap();
            if (response + order).into_bigint().num_bits() <= 251 {
                break (partial, response);
            }
        };
        let one = One { statement, partial };
        let (shape, honest) = Cs::shape_and_assignment(&one);
        let variable = honest.iter().position(|x| *x == response).unwrap();
        let aliased = Cs::forged_assignment(&one, variable, response + order);
        assert_ne!(aliased, honest);
        assert_eq!(shape.check(&aliased), Ok(()));
        let beyond = Cs::forged_assignment(&one, variable, response + order + order);
        assert!(shape.check(&beyond).is_err());
    }

    /// `a P + b Q` and `c G` against the curve library, with P and Q also of
    /// low order, equal, opposite and the identity.
    struct Multiples {
        points: [Affine2; 2],
        scalars: [u64; 3],
    }

    impl Circuit for Multiples {
        fn id(&self) -> String {
            "test/multiples".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            let [p, q] = self.points.map(|p| p.into_group());
            let [a, b, c] = self.scalars.map(|s| [s]);
            let sums = [p.mul_bigint(a) + q.mul_bigint(b), GENERATOR.mul_bigint(c)];
            Projective2::normalize_batch(&sums).iter().flat_map(|p| [p.x, p.y]).collect()
        }
        fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
            cs.condition("multiples");
            let [p, q] = self.points.map(|p| PointVar::on_curve(cs, p.into()));
            let bits = |cs: &mut Cs, k: u64, n: usize| -> Vec<Bit> {
                (0..n).map(|i| cs.boolean("bit", (k >> i) & 1 == 1)).collect()
            };
            let [a, b, c] = [(0, 9), (1, 6), (2, 11)].map(|(i, n)| bits(cs, self.scalars[i], n));
            let sum = sum_of_multiples(cs, &[(&a, &p), (&b, &q)]);
            let multiple = multiple_of_generator(cs, &c);
            for (point, input) in [sum, multiple].iter().zip(inputs.chunks(2)) {
                point.enforce_equal(cs, &PointVar { x: input[0].clone(), y: input[1].clone() });
            }
        }
    }

    #[test]
    fn multiples_equal_the_curve_library() {
        let rng = &mut rng();
        let p = (GENERATOR * Scalar::rand(rng)).into_affine();
        let low = order_two().affine();
        let order_four = Affine2::new_unchecked(Fr::ONE, Fr::ZERO);
        let points = [p, -p, GENERATOR, low, order_four, Affine2::zero(), (p + low).into_affine()];
        let shape = Cs::shape(&Multiples { points: [p, p], scalars: [0; 3] });
        for p in points {
            for q in points {
                for scalars in [[0, 0, 0], [1, 1, 1], [511, 63, 2047], [8, 8, 8], [300, 17, 1234]] {
                    let z = Cs::assignment(&Multiples { points: [p, q], scalars });
                    assert_eq!(shape.check(&z), Ok(()), "{p} {q} {scalars:?}");
                }
            }
        }
    }
}
