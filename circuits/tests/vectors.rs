//! Vectors made by `tests/vectors/generate.mjs` with circomlibjs, which shares
//! no code with this crate (A19, A20).
#![allow(clippy::unwrap_used)]

use ark_ff::{Field, PrimeField};
use circuits::{
    ballot::Randomness,
    curve::{Affine2, Fr, GENERATOR, SQRT_168700, Scalar},
    params::Tag,
    primitives::{
        merkle::{CensusTree, census_leaf},
        montgomery::Digit,
        poseidon,
    },
    types::{
        BallotShape, BoardRow, Ciphertext, CiphertextDigest, Ciphertexts, CurvePoint, ElectionId,
        GroupElement, IdentityCommitment, MemberSecret, ProofHash, Slot, Ticket, field_from_bytes,
        scalar_from_bytes,
    },
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes {
    #[allow(dead_code)]
    source: String,
    untagged_1_2: String,
    tags: Vec<TagVector>,
    poseidon: Vec<HashVector>,
    sponge: Vec<HashVector>,
    election_id: String,
    members: Vec<MemberVector>,
    census_roots: Vec<RootVector>,
    census_root_empty: String,
    board_leaf: BoardLeafVector,
}

#[derive(Deserialize)]
struct TagVector {
    tag: String,
    value: String,
}

#[derive(Deserialize)]
struct HashVector {
    tag: String,
    inputs: Vec<String>,
    output: String,
}

#[derive(Deserialize)]
struct MemberVector {
    sk: String,
    weight: u64,
    identity: String,
    leaf: String,
    slot: String,
    tickets: Vec<TicketVector>,
}

#[derive(Deserialize)]
struct TicketVector {
    j: u8,
    ticket: String,
}

#[derive(Deserialize)]
struct RootVector {
    members: usize,
    root: String,
}

#[derive(Deserialize)]
struct BoardLeafVector {
    fields: [String; 5],
    leaf: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Curve {
    #[allow(dead_code)]
    source: String,
    sqrt_168700: String,
    order: String,
    generator: BothForms,
    multiples: Vec<MultipleVector>,
    sums: Vec<SumVector>,
    key: String,
    pk: BothForms,
    ballots: Vec<BallotVector>,
}

#[derive(Deserialize)]
struct BothForms {
    circomlib: [String; 2],
    ours: [String; 2],
}

#[derive(Deserialize)]
struct MultipleVector {
    scalar: String,
    point: BothForms,
}

#[derive(Deserialize)]
struct SumVector {
    left: BothForms,
    right: BothForms,
    sum: BothForms,
}

#[derive(Deserialize)]
struct BallotVector {
    shape: usize,
    options: Vec<OptionVector>,
    digest: String,
}

#[derive(Deserialize)]
struct OptionVector {
    vote: u64,
    digits: Vec<i8>,
    r: String,
    c1: [String; 2],
    c2: [String; 2],
}

fn hashes() -> Hashes {
    serde_json::from_str(include_str!("../../tests/vectors/hashes.json")).unwrap()
}

fn curve() -> Curve {
    serde_json::from_str(include_str!("../../tests/vectors/curve.json")).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.strip_prefix("0x").unwrap()).unwrap()
}

fn field(text: &str) -> Fr {
    field_from_bytes(&bytes(text)).unwrap()
}

fn fields(texts: &[String]) -> Vec<Fr> {
    texts.iter().map(|t| field(t)).collect()
}

fn point(xy: &[String; 2]) -> CurvePoint {
    CurvePoint::from_xy(field(&xy[0]), field(&xy[1])).unwrap()
}

/// The point in our form, once its circomlib form was mapped by hand.
fn mapped(forms: &BothForms) -> CurvePoint {
    let [x, y] = [0, 1].map(|i| field(&forms.circomlib[i]));
    let a = Fr::from(168_700u64);
    let d = Fr::from(168_696u64);
    assert_eq!(a * x.square() + y.square(), Fr::ONE + d * x.square() * y.square(), "on circomlib's curve");
    let ours = point(&forms.ours);
    assert_eq!(CurvePoint::from_xy(x * SQRT_168700, y), Ok(ours));
    ours
}

fn tag(name: &str) -> Tag {
    let text = format!("tabella.v1.{name}");
    Tag::ALL.into_iter().find(|t| t.text() == text).unwrap()
}

#[test]
fn tags_equal_the_vectors() {
    let vectors = hashes().tags;
    assert_eq!(vectors.len(), Tag::ALL.len());
    for (vector, expected) in vectors.iter().zip(Tag::ALL) {
        assert_eq!(tag(&vector.tag), expected);
        assert_eq!(expected.field(), field(&vector.value));
    }
}

#[test]
fn poseidon_a19_equals_circomlibjs_at_every_width_with_tags() {
    let vectors = hashes();
    // circom's own value has no tag: the capacity starts with zero.
    let known = "7853200120776062878684798364095072458815029376092732009249414926327459813530";
    assert_eq!(field(&vectors.untagged_1_2).to_string(), known);
    let widths: std::collections::BTreeSet<usize> = vectors.poseidon.iter().map(|v| v.inputs.len()).collect();
    assert_eq!(widths, (1..=16).collect());
    for vector in &vectors.poseidon {
        assert_eq!(poseidon::hash(tag(&vector.tag), &fields(&vector.inputs)), field(&vector.output));
    }
    for vector in &vectors.sponge {
        assert_eq!(poseidon::sponge(tag(&vector.tag), &fields(&vector.inputs)), field(&vector.output));
    }
}

#[test]
fn identities_leaves_slots_and_tickets_equal_the_vectors() {
    let vectors = hashes();
    let election = ElectionId::from_bytes(&bytes(&vectors.election_id)).unwrap();
    for m in &vectors.members {
        let sk = MemberSecret::from_bytes(&bytes(&m.sk)).unwrap();
        let identity = IdentityCommitment::derive(&sk);
        assert_eq!(identity.field(), field(&m.identity));
        assert_eq!(census_leaf(identity, m.weight), field(&m.leaf));
        assert_eq!(Slot::derive(&sk, election).field(), field(&m.slot));
        for t in &m.tickets {
            assert_eq!(Ticket::derive(&sk, election, t.j).field(), field(&t.ticket));
        }
    }
}

#[test]
fn census_roots_equal_the_vectors() {
    let vectors = hashes();
    let leaves: Vec<Fr> = vectors.members.iter().map(|m| field(&m.leaf)).collect();
    for vector in &vectors.census_roots {
        let tree = CensusTree::new(leaves[..vector.members].to_vec());
        assert_eq!(tree.root().field(), field(&vector.root));
    }
    assert_eq!(CensusTree::new(vec![]).root().field(), field(&vectors.census_root_empty));
}

#[test]
fn board_leaf_equals_the_vector() {
    let vector = hashes().board_leaf;
    let [slot, prev, next, ticket, proof_hash] = vector.fields.map(|t| field(&t));
    let row = BoardRow {
        slot: Slot::from_field(slot),
        prev_digest: CiphertextDigest::from_field(prev),
        next_digest: CiphertextDigest::from_field(next),
        ticket: Ticket::from_field(ticket),
        proof_hash: ProofHash::from_field(proof_hash),
    };
    assert_eq!(row.leaf(), field(&vector.leaf));
}

#[test]
fn curve_a20_generator_multiples_and_sums_equal_circomlibs() {
    let vectors = curve();
    assert_eq!(SQRT_168700, field(&vectors.sqrt_168700));
    assert_eq!(SQRT_168700.square(), Fr::from(168_700u64));
    assert!(SQRT_168700.into_bigint() < (-SQRT_168700).into_bigint());
    assert_eq!(field(&vectors.order), Fr::from_bigint(Scalar::MODULUS).unwrap());
    assert_eq!(mapped(&vectors.generator).affine(), GENERATOR);
    for vector in &vectors.multiples {
        let n = scalar_from_bytes(&bytes(&vector.scalar)).unwrap();
        assert_eq!(CurvePoint::from(GENERATOR * n), mapped(&vector.point));
    }
    for vector in &vectors.sums {
        let (left, right): (Affine2, Affine2) =
            (mapped(&vector.left).affine(), mapped(&vector.right).affine());
        assert_eq!(CurvePoint::from(left + right), mapped(&vector.sum));
    }
}

/// A20: a point in circomlib's form is no point in ours.
#[test]
fn curve_a20_points_in_the_other_form_are_refused() {
    for vector in curve().multiples {
        let [x, y] = vector.point.circomlib.map(|t| field(&t));
        assert!(CurvePoint::from_xy(x, y).is_err());
    }
}

#[test]
fn ciphertexts_and_digests_equal_the_vectors() {
    let vectors = curve();
    let key = scalar_from_bytes(&bytes(&vectors.key)).unwrap();
    let pk = GroupElement::try_from(mapped(&vectors.pk)).unwrap();
    assert_eq!(GroupElement::mul_generator(key), Some(pk));
    for ballot in vectors.ballots {
        let shape = BallotShape::for_options(ballot.shape).unwrap();
        let encrypt = |option: &OptionVector| {
            let digit = |d: &i8| Digit { negative: *d < 0, three: d.abs() == 3 };
            let digits: Vec<Digit> = option.digits.iter().map(digit).collect();
            let r = Randomness::from_digits(digits.try_into().unwrap()).scalar();
            assert_eq!(r, scalar_from_bytes(&bytes(&option.r)).unwrap());
            let ciphertext = Ciphertext::encrypt(pk, option.vote, r);
            assert_eq!(ciphertext, Ciphertext { c1: point(&option.c1), c2: point(&option.c2) });
            ciphertext
        };
        let ciphertexts = ballot.options.iter().map(encrypt).collect();
        let ciphertexts = Ciphertexts::new(shape, ciphertexts).unwrap();
        assert_eq!(ciphertexts.digest().field(), field(&ballot.digest));
    }
}
