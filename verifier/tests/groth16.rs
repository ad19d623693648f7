//! Real proofs and keys, honest and not. Attack numbers are those of the
//! threat list.
#![allow(clippy::unwrap_used)]

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, UniformRand};
use ark_groth16::Groth16;
use circuits::{
    curve::Fr,
    r1cs::{Circuit, Cs, Num},
    types::{NonCanonical, ProofBytes, field_from_bytes},
};
use prover::{ProvingKey, development_key, prove};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use std::sync::OnceLock;
use verifier::{
    BadClaims, CircuitId, Claim, Element, InvalidKey, InvalidProof, KeyHash, KeyPoint, PointFault,
    PreparedVerifyingKey, Proof, VerifyError, VerifyingKey,
    curve::{Bn254, Fq, Fq2, G1Affine, G2Affine},
    snarkjs, verify, verify_batch,
};

const ID: CircuitId = CircuitId::Registration;

/// `y = x^2` and `s = x * w`
struct Toy {
    x: Fr,
    w: Fr,
}

impl Circuit for Toy {
    fn id(&self) -> String {
        ID.to_string()
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.x * self.x, self.x * self.w]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let (x, w) = (cs.witness(self.x), cs.witness(self.w));
        cs.enforce("x * x = y", &x, &x, &inputs[0]);
        cs.enforce("x * w = s", &x, &w, &inputs[1]);
    }
}

fn toy(x: u64) -> Toy {
    Toy { x: Fr::from(x), w: Fr::from(1000 + x) }
}

struct Fixture {
    key: ProvingKey,
    prepared: PreparedVerifyingKey,
    claim: Claim,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let key = development_key(&Cs::shape(&toy(1))).unwrap();
        let prepared = key.verifying_key().prepare();
        let claim = claim(&key, 5);
        Fixture { key, prepared, claim }
    })
}

fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

fn claim(key: &ProvingKey, x: u64) -> Claim {
    let circuit = toy(x);
    Claim { inputs: circuit.public_inputs(), proof: prove(key, &circuit, &mut rng(x)).unwrap() }
}

fn check(claim: &Claim) -> Result<(), VerifyError> {
    let proof = Proof::from_bytes(&claim.proof)?;
    verify(&fixture().prepared, &claim.inputs, &proof)
}

fn single(claim: &Claim) -> Result<(), VerifyError> {
    let batch = verify_batch(&fixture().prepared, std::slice::from_ref(claim));
    let alone = check(claim);
    assert_eq!(batch.map_err(|BadClaims(bad)| bad), alone.map_err(|why| vec![(0, why)]));
    alone
}

#[test]
fn an_honest_proof_verifies() {
    assert_eq!(single(&fixture().claim), Ok(()));
}

#[test]
fn another_input_or_number_of_inputs_is_refused() {
    let good = &fixture().claim;
    for i in 0..good.inputs.len() {
        let mut bad = good.clone();
        bad.inputs[i] += Fr::ONE;
        assert_eq!(single(&bad), Err(VerifyError::Rejected));
    }
    for inputs in [vec![], vec![good.inputs[0]], [good.inputs.as_slice(), &[Fr::ZERO]].concat()] {
        let got = inputs.len();
        let bad = Claim { inputs, ..good.clone() };
        assert_eq!(single(&bad), Err(VerifyError::Inputs { expected: 2, got }));
    }
}

/// An input plus r has 32 bytes too; it is no field element.
#[test]
fn a1_an_input_plus_the_modulus_is_refused() {
    let mut x = fixture().claim.inputs[0].into_bigint();
    assert!(!x.add_with_carry(&Fr::MODULUS));
    assert_eq!(field_from_bytes(&x.to_bytes_be()), Err(NonCanonical::TooLarge));
}

#[test]
fn another_key_refuses_the_proof() {
    let mut points = fixture().key.verifying_key().points().clone();
    points.gamma_abc_g1.swap(1, 2);
    let key = VerifyingKey::new(ID, points).unwrap();
    let claim = &fixture().claim;
    let proof = Proof::from_bytes(&claim.proof).unwrap();
    assert_eq!(verify(&key.prepare(), &claim.inputs, &proof), Err(VerifyError::Rejected));
}

#[test]
fn a10_every_flipped_bit_of_a_proof_is_refused() {
    for bit in 0..2048 {
        let mut bad = fixture().claim.clone();
        bad.proof.0[bit / 8] ^= 1 << (bit % 8);
        assert!(check(&bad).is_err(), "bit {bit}");
    }
}

#[test]
fn a15_truncated_and_over_long_proofs_are_refused() {
    let bytes = fixture().claim.proof.0;
    for n in (0..256).chain([257, 512]) {
        let bytes = [bytes, bytes].concat();
        assert!(matches!(Proof::from_slice(&bytes[..n]), Err(InvalidProof::Length(_))), "{n} bytes");
    }
    assert!(Proof::from_slice(&bytes).is_ok());
}

/// Anyone can make other proofs of a proven statement: they verify, and
/// their hashes differ. So the board counts slots and tickets, not proofs.
#[test]
fn a9_rerandomised_and_negated_proofs_verify_with_other_hashes() {
    let good = &fixture().claim;
    let proof = ark_groth16::Proof::from(Proof::from_bytes(&good.proof).unwrap());
    let vk = fixture().key.verifying_key().points();
    let again = Groth16::<Bn254>::rerandomize_proof(vk, &proof, &mut rng(9));
    let negated = ark_groth16::Proof { a: -proof.a, b: -proof.b, c: proof.c };
    for other in [again, negated] {
        let other = Claim { proof: Proof::try_from(other).unwrap().to_bytes(), ..good.clone() };
        assert_eq!(single(&other), Ok(()));
        assert_ne!(other.proof.hash(), good.proof.hash());
    }
}

/// A point of the twist whose order is not r.
fn outside_the_subgroup(rng: &mut ChaCha20Rng) -> G2Affine {
    loop {
        let x = Fq2::new(Fq::rand(rng), Fq::rand(rng));
        if let Some(p) = G2Affine::get_point_from_x_unchecked(x, true)
            && !p.is_in_correct_subgroup_assuming_on_curve()
        {
            return p;
        }
    }
}

#[test]
fn a14_bad_points_are_refused_by_name() {
    let good = fixture().claim.proof.0;
    let outside = outside_the_subgroup(&mut rng(14));
    let order_2r = (Proof::from_bytes(&ProofBytes(good)).unwrap().b() + outside).into_affine();
    let replace = |at: usize, bytes: &[u8]| {
        let mut bad = good;
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        bad
    };
    let plus_q = |at: usize| {
        let mut x = Fq::from_be_bytes_mod_order(&good[at..at + 32]).into_bigint();
        x.add_with_carry(&Fq::MODULUS);
        replace(at, &x.to_bytes_be())
    };
    let one_two = {
        let mut p = [0; 64];
        (p[31], p[63]) = (1, 3);
        p
    };
    use PointFault::{Infinity, NotCanonical, OffCurve, Subgroup};
    let mut cases = vec![
        (replace(0, &[0; 64]), Element::A, Infinity),
        (replace(64, &[0; 128]), Element::B, Infinity),
        (replace(192, &[0; 64]), Element::C, Infinity),
        (replace(0, &one_two), Element::A, OffCurve),
        (replace(64, &[&one_two[..], &one_two[..]].concat()), Element::B, OffCurve),
        (replace(192, &one_two), Element::C, OffCurve),
        (replace(64, &verifier::encoding::g2_to_bytes(&outside)), Element::B, Subgroup),
        (replace(64, &verifier::encoding::g2_to_bytes(&order_2r)), Element::B, Subgroup),
        (replace(0, &[0xff; 32]), Element::A, NotCanonical),
    ];
    for i in 0..8 {
        let element = [Element::A, Element::B, Element::B, Element::C][i / 2];
        cases.push((plus_q(32 * i), element, NotCanonical));
    }
    for (bytes, element, fault) in cases {
        let bad = Claim { proof: ProofBytes(bytes), ..fixture().claim.clone() };
        assert_eq!(single(&bad), Err(VerifyError::Proof(InvalidProof::Point { element, fault })));
    }
}

#[test]
fn a14_the_order_of_the_parts_of_fq2_matters() {
    let good = fixture().claim.proof.0;
    let mut bad = good;
    bad[64..96].copy_from_slice(&good[96..128]);
    bad[96..128].copy_from_slice(&good[64..96]);
    assert!(Proof::from_bytes(&ProofBytes(bad)).is_err());
}

type Points = ark_groth16::VerifyingKey<Bn254>;

fn refusal(change: impl FnOnce(&mut Points)) -> InvalidKey {
    let mut points = fixture().key.verifying_key().points().clone();
    change(&mut points);
    VerifyingKey::new(ID, points).unwrap_err()
}

#[test]
fn a16_degenerate_keys_are_refused() {
    use KeyPoint::{Alpha, Beta, Delta, Gamma, Input};
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let outside = outside_the_subgroup(&mut rng(16));
    let zero = |point| InvalidKey::Point { point, fault: PointFault::Infinity };
    let twist = |point| InvalidKey::Point { point, fault: PointFault::Subgroup };
    let off = |point| InvalidKey::Point { point, fault: PointFault::OffCurve };
    let cases = [
        (refusal(|p| p.gamma_g2 = p.delta_g2), InvalidKey::Repeated(Gamma, Delta)),
        (refusal(|p| p.gamma_g2 = -p.delta_g2), InvalidKey::Repeated(Gamma, Delta)),
        (refusal(|p| p.beta_g2 = p.gamma_g2), InvalidKey::Repeated(Beta, Gamma)),
        (refusal(|p| p.beta_g2 = p.delta_g2), InvalidKey::Repeated(Beta, Delta)),
        (refusal(|p| p.alpha_g1 = g1), InvalidKey::Generator(Alpha)),
        (refusal(|p| p.beta_g2 = g2), InvalidKey::Generator(Beta)),
        (refusal(|p| p.gamma_g2 = g2), InvalidKey::Generator(Gamma)),
        (refusal(|p| p.delta_g2 = -g2), InvalidKey::Generator(Delta)),
        (refusal(|p| p.alpha_g1 = G1Affine::zero()), zero(Alpha)),
        (refusal(|p| p.beta_g2 = G2Affine::zero()), zero(Beta)),
        (refusal(|p| p.gamma_g2 = G2Affine::zero()), zero(Gamma)),
        (refusal(|p| p.delta_g2 = G2Affine::zero()), zero(Delta)),
        (refusal(|p| p.gamma_abc_g1[0] = G1Affine::zero()), zero(Input(0))),
        (refusal(|p| p.gamma_abc_g1[2] = G1Affine::zero()), zero(Input(2))),
        (refusal(|p| p.gamma_abc_g1[2] = p.gamma_abc_g1[1]), InvalidKey::Repeated(Input(1), Input(2))),
        (refusal(|p| p.gamma_abc_g1[2] = -p.gamma_abc_g1[0]), InvalidKey::Repeated(Input(0), Input(2))),
        (refusal(|p| p.gamma_abc_g1[1] = p.alpha_g1), InvalidKey::Repeated(Alpha, Input(1))),
        (refusal(|p| p.gamma_abc_g1[1] = g1), InvalidKey::Generator(Input(1))),
        (refusal(|p| p.beta_g2 = outside), twist(Beta)),
        (refusal(|p| p.gamma_g2 = outside), twist(Gamma)),
        (refusal(|p| p.delta_g2 = outside), twist(Delta)),
        (
            refusal(|p| {
                p.alpha_g1.y.double_in_place();
            }),
            off(Alpha),
        ),
        (
            refusal(|p| {
                p.gamma_abc_g1[1].x.double_in_place();
            }),
            off(Input(1)),
        ),
        (
            refusal(|p| {
                p.delta_g2.x.double_in_place();
            }),
            off(Delta),
        ),
    ];
    for (got, expected) in cases {
        assert_eq!(got, expected);
    }
}

#[test]
fn a16_keys_for_another_number_of_inputs_are_refused() {
    let key = fixture().key.verifying_key();
    assert_eq!(key.require_circuit(ID, 2), Ok(()));
    assert_eq!(key.require_circuit(ID, 3), Err(InvalidKey::Inputs { expected: 3, got: 2 }));
    let other = "ballot/4".parse().unwrap();
    assert_eq!(key.require_circuit(other, 2), Err(InvalidKey::OtherCircuit { expected: other, got: ID }));
}

#[test]
fn a17_keys_with_another_hash_are_refused() {
    let key = fixture().key.verifying_key();
    assert_eq!(key.require_hash(key.hash()), Ok(()));
    assert!(matches!(key.require_hash(KeyHash([7; 32])), Err(InvalidKey::OtherHash { .. })));
    assert_eq!(key.hash().to_string().parse(), Ok(key.hash()));
    for text in ["", "0x", "7", &key.hash().to_string().to_uppercase(), &key.hash().to_string()[2..]] {
        assert!(text.parse::<KeyHash>().is_err(), "{text}");
    }
    // The id is hashed: equal points for another circuit are another key.
    let renamed = VerifyingKey::new("ballot/4".parse().unwrap(), key.points().clone()).unwrap();
    assert_ne!(renamed.hash(), key.hash());
}

#[test]
fn a15_a_key_has_one_encoding() {
    let key = fixture().key.verifying_key();
    let good = key.to_bytes();
    assert_eq!(VerifyingKey::from_bytes(&good).as_ref(), Ok(key));
    assert!(VerifyingKey::from_bytes(&[good.as_slice(), &[0]].concat()).is_err());
    for n in 0..good.len() {
        assert!(VerifyingKey::from_bytes(&good[..n]).is_err(), "{n} bytes");
    }
    for bit in 0..8 * good.len() {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        // Some flips of the id give another known circuit.
        if let Ok(other) = VerifyingKey::from_bytes(&bad) {
            assert_eq!(other.to_bytes(), bad);
            assert_ne!(other.hash(), key.hash());
        }
    }
}

#[test]
fn decoders_survive_random_bytes() {
    let mut rng = rng(50);
    let good = fixture().key.verifying_key().to_bytes();
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        let n = rng.next_u32() as usize % bytes.len();
        rng.fill_bytes(&mut bytes[n / 2..n]);
        bytes.truncate(bytes.len() - n % 3);
        let _ = VerifyingKey::from_bytes(&bytes);
    }
    for _ in 0..2_000 {
        let mut bytes = [0; 256];
        rng.fill_bytes(&mut bytes);
        assert!(Proof::from_bytes(&ProofBytes(bytes)).is_err());
    }
}

#[test]
fn an_empty_batch_holds() {
    assert_eq!(verify_batch(&fixture().prepared, &[]), Ok(()));
}

/// Plans of good and bad claims of several kinds: the batch names exactly
/// the bad ones.
#[test]
fn a_batch_names_exactly_its_bad_claims() {
    let mut rng = rng(77);
    let good: Vec<Claim> = (0..41).map(|x| claim(&fixture().key, x + 2)).collect();
    for round in 0..12 {
        let n = 1 + rng.next_u32() as usize % good.len();
        let mut claims = good[..n].to_vec();
        let k = if round == 0 { n } else { rng.next_u32() as usize % (n.min(6) + 1) };
        let mut bad: Vec<usize> = Vec::new();
        while bad.len() < k {
            let i = rng.next_u32() as usize % n;
            if !bad.contains(&i) {
                spoil(&mut claims[i], rng.next_u32());
                bad.push(i);
            }
        }
        bad.sort_unstable();
        let named = match verify_batch(&fixture().prepared, &claims) {
            Ok(()) => Vec::new(),
            Err(BadClaims(named)) => named,
        };
        assert_eq!(named.iter().map(|(i, _)| *i).collect::<Vec<_>>(), bad, "round {round}");
        for (i, why) in named {
            assert_eq!(Err(why), check(&claims[i]), "round {round}, claim {i}");
        }
    }
}

fn spoil(claim: &mut Claim, kind: u32) {
    match kind % 5 {
        0 => claim.inputs[0] += Fr::ONE,
        1 => claim.proof.0[..64].fill(0),
        2 => claim.proof.0[200] ^= 1,
        3 => {
            claim.inputs.pop();
        }
        _ => {
            let c = Proof::from_bytes(&claim.proof).unwrap().c();
            let c = (c + G1Affine::generator()).into_affine();
            claim.proof.0[192..].copy_from_slice(&verifier::encoding::g1_to_bytes(&c));
        }
    }
}

/// Errors that cancel in an unweighted sum do not cancel here.
#[test]
fn opposite_errors_do_not_cancel_in_a_batch() {
    let mut claims: Vec<Claim> = (2..6).map(|x| claim(&fixture().key, x)).collect();
    for (i, sign) in [(1, Fr::ONE), (2, -Fr::ONE)] {
        let c = Proof::from_bytes(&claims[i].proof).unwrap().c();
        let c = (c + G1Affine::generator() * sign).into_affine();
        claims[i].proof.0[192..].copy_from_slice(&verifier::encoding::g1_to_bytes(&c));
    }
    let BadClaims(bad) = verify_batch(&fixture().prepared, &claims).unwrap_err();
    assert_eq!(bad, [(1, VerifyError::Rejected), (2, VerifyError::Rejected)]);
}

#[test]
fn circuit_names_have_one_form() {
    let good = [
        "registration/1",
        "ballot/4",
        "ballot/16",
        "tally/4/rows=256/t=2",
        "tally/16/rows=128/t=16",
        "tally-chunk/4/rows=256",
        "tally-final/4/rows=256/t=2",
    ];
    for name in good {
        assert_eq!(name.parse::<CircuitId>().unwrap().to_string(), name);
    }
    let bad = [
        "",
        "ballot",
        "ballot/5",
        "ballot/04",
        "ballot/4/",
        "registration/2",
        "tally/4/rows=+256/t=2",
        "tally/4/rows=0/t=2",
        "tally/4/rows=256/t=1",
        "tally/4/rows=256/t=17",
        "tally/4/rows=256",
        "tally-chunk/4/rows=99999999999999999999",
        "Ballot/4",
    ];
    for name in bad {
        assert!(name.parse::<CircuitId>().is_err(), "{name}");
    }
}

#[test]
fn snarkjs_forms_have_the_names_that_snarkjs_reads() {
    let fixture = fixture();
    let vkey = snarkjs::verifying_key(fixture.key.verifying_key());
    assert_eq!(vkey["nPublic"], 2);
    assert_eq!(vkey["IC"].as_array().unwrap().len(), 3);
    assert_eq!(vkey["vk_gamma_2"][2], serde_json::json!(["1", "0"]));
    let proof = Proof::from_bytes(&fixture.claim.proof).unwrap();
    let json = snarkjs::proof(&proof);
    assert_eq!(json["pi_b"][0][0], proof.b().x.c0.into_bigint().to_string());
    let inputs = snarkjs::public_inputs(&fixture.claim.inputs);
    assert_eq!(inputs, serde_json::json!(["25", "5025"]));
}
