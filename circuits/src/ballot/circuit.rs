//! The conditions as constraints, in the order of the relation.

use super::{Randomness, Statement, Unsatisfied, Witness};
use crate::{
    curve::{Affine2, Fr, GENERATOR, Scalar},
    params::{RANDOMNESS_DIGITS, TICKET_BITS, Tag, VOTE_BITS},
    primitives::{
        edwards::PointVar,
        merkle::{CensusPath, gadget::census_root},
        montgomery::gadget::{DigitVar, FixedTable, MontgomeryVar, VariableTable, sums},
        poseidon::gadget::{hash, sponge},
        range::bits,
    },
    r1cs::{Bit, Circuit, Cs, Num},
    types::{
        BallotShape, CensusRoot, CiphertextDigest, Ciphertexts, CurvePoint, ElectionId, GroupElement,
        MemberSecret, Rule, RuleKind, Slot, Ticket, ciphertext_tag,
    },
};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use std::sync::LazyLock;

/// `ballot/4` or `ballot/16`
#[derive(Clone, Debug)]
pub struct BallotCircuit {
    statement: Statement,
    witness: Witness,
}

impl BallotCircuit {
    /// The circuit of the statement's shape with an assignment, valid or not.
    ///
    /// # Errors
    /// [`Unsatisfied::Form`] if the witness does not fit the shape.
    pub fn new(statement: Statement, witness: Witness) -> Result<Self, Unsatisfied> {
        if witness.fits(statement.shape()) { Ok(Self { statement, witness }) } else { Err(Unsatisfied::Form) }
    }

    /// The circuit of `shape` with a public assignment, for key generation.
    pub fn dummy(shape: BallotShape) -> Self {
        let options = shape.options();
        let statement = Statement {
            census_root: CensusRoot::from_field(Fr::ZERO),
            election_id: ElectionId::from_field(Fr::ZERO),
            rule: Rule::new(RuleKind::SingleChoice, options).expect("a shape's options are at most 16"),
            pk: GroupElement::generator(),
            slot: Slot::from_field(Fr::ZERO),
            prev_digest: CiphertextDigest::empty(),
            next_digest: CiphertextDigest::empty(),
            ticket: Ticket::from_field(Fr::ZERO),
        };
        let witness = Witness {
            mask: false,
            sk: MemberSecret::from_bytes(&[0; 32]).expect("zero is canonical"),
            weight: 0,
            path: CensusPath { index: 0, siblings: Default::default() },
            votes: vec![0; options],
            randomness: vec![Randomness::from_digits([Default::default(); RANDOMNESS_DIGITS]); options],
            prev: Ciphertexts::identity(shape),
            ticket_index: 0,
        };
        Self { statement, witness }
    }
}

impl Circuit for BallotCircuit {
    fn id(&self) -> String {
        format!("ballot/{}", self.statement.shape().options())
    }

    fn public_inputs(&self) -> Vec<Fr> {
        self.statement.encode().to_vec()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let [root, election_id, rule, pk_x, pk_y, slot, prev_digest, next_digest, ticket] = inputs else {
            unreachable!("the statement has nine inputs")
        };
        let w = &self.witness;
        let tag = ciphertext_tag(self.statement.shape());

        // spec: `ballot.b1`
        cs.condition("B1 member");
        let sk = cs.witness(w.sk.field());
        let mask = cs.boolean("mask * (1 - mask) = 0", w.mask);
        let weight = member(cs, w, &sk, &mask, root);

        // spec: `ballot.b2`
        cs.condition("B2 owner");
        let own_slot = hash(cs, Tag::Slot, &[sk.clone(), election_id.clone()]);
        let zero = Num::zero(cs);
        cs.enforce(
            "(1 - mask) * (slot - H_slot(sk, election_id)) = 0",
            &mask.not(),
            &(slot - own_slot),
            &zero,
        );

        // spec: `ballot.b3`
        cs.condition("B3 rule");
        let rule = RuleVar::decode(cs, self.statement.rule, rule);
        let votes: Vec<Fr> = w.votes.iter().map(|v| Fr::from(*v)).collect();
        let votes = rule.votes(cs, &votes, &mask, &weight);

        // spec: `ballot.b4`
        cs.condition("B4 encryption");
        let pk = PointVar { x: pk_x.clone(), y: pk_y.clone() };
        let fresh = encrypt(cs, &pk, &votes, &w.randomness);

        // spec: `ballot.b5`. The points of `prev` are on the curve, as the
        // complete addition needs: D binds a mask to the points of the entry
        // before, whose next_digest the verifier compared with points that it
        // decoded, and so on down to the slot's first entry, a vote, whose
        // base is the identity. In a vote they do not matter.
        cs.condition("B5 base");
        let prev: Vec<PointVar> = points(&w.prev).map(|p| PointVar::witness(cs, p)).collect();
        let opened = sponge(cs, tag, &coordinates(&prev));
        cs.enforce("mask * (prev_digest - D(prev)) = 0", mask.num(), &(prev_digest - opened), &zero);
        let next: Vec<PointVar> = prev
            .iter()
            .zip(&fresh)
            .map(|(prev, fresh)| prev.if_or_identity(cs, &mask).add(cs, fresh))
            .collect();

        // B6 (spec: `ballot.b6`) is part of B5: the digest of an empty slot is
        // the plain tag `SlotEmpty`; to mask over it is to know points which D
        // maps to that constant, a preimage.

        // spec: `ballot.b7`
        cs.condition("B7 digest");
        let digest = sponge(cs, tag, &coordinates(&next));
        cs.equal("D(next) = next_digest", &digest, next_digest);

        // spec: `ballot.b8`
        cs.condition("B8 ticket");
        let j = cs.witness(Fr::from(w.ticket_index));
        bits(cs, &j, TICKET_BITS);
        let own_ticket = hash(cs, Tag::Ticket, &[sk, election_id.clone(), j]);
        cs.enforce(
            "mask * (ticket - H_ticket(sk, election_id, j)) = 0",
            mask.num(),
            &(ticket - own_ticket),
            &zero,
        );
    }
}

/// B1: the leaf of `sk` and the weight, which is returned, is in the census.
fn member(cs: &mut Cs, w: &Witness, sk: &Num, mask: &Bit, root: &Num) -> Num {
    let weight = cs.witness(Fr::from(w.weight));
    bits(cs, &weight, VOTE_BITS);
    let identity = hash(cs, Tag::Identity, std::slice::from_ref(sk));
    let leaf = hash(cs, Tag::CensusLeaf, &[identity, weight.clone()]);
    let computed = census_root(cs, &leaf, &w.path);
    cs.equal("root of the path = census_root", &computed, root);
    // A vote needs an inverse of its weight; a mask takes 0.
    let inverse = Fr::from(w.weight).inverse().filter(|_| !w.mask).unwrap_or(Fr::ZERO);
    let inverse = cs.witness(inverse);
    cs.enforce("weight * inverse = 1 - mask", &weight, &inverse, &mask.not());
    weight
}

/// The rule as bits.
pub(super) struct RuleVar {
    /// One bit per [`RuleKind`], by code.
    kinds: Vec<Bit>,
    /// Per position, whether the election has this option.
    active: Vec<Bit>,
}

impl RuleVar {
    /// `rule = kind + 2^8 * options + 2^16 * room`. Exactly one kind is set,
    /// the active positions are a first run of at least one, and so kind is
    /// below 4 and options between 1 and 16: `rule` fixes every bit.
    pub(super) fn decode(cs: &mut Cs, rule: Rule, code: &Num) -> RuleVar {
        let room = rule.shape().options();
        let one = Num::one(cs);
        let kinds: Vec<Bit> =
            RuleKind::ALL.map(|k| cs.boolean("kind_i * (1 - kind_i) = 0", k == rule.kind())).into();
        cs.equal("sum of kind_i = 1", &sum(cs, kinds.iter().map(Bit::num)), &one);

        let mut active = vec![Bit::constant(cs, true)];
        for k in 1..room {
            let bit = cs.boolean("active_k * (1 - active_k) = 0", k < rule.options());
            let zero = Num::zero(cs);
            cs.enforce("active_k * (1 - active_(k-1)) = 0", bit.num(), &active[k - 1].not(), &zero);
            active.push(bit);
        }
        let kind = Num::combine(
            cs,
            RuleKind::ALL.iter().map(|k| Fr::from(k.code())).zip(kinds.iter().map(Bit::num)),
        );
        let options = sum(cs, active.iter().map(Bit::num));
        let room = u64::try_from(room).expect("4 or 16");
        let expected = kind.add_scaled(&options, Fr::from(1u64 << 8)).add_constant(Fr::from(room << 16));
        cs.equal("kind + 2^8 options + 2^16 room = rule", &expected, code);
        RuleVar { kinds, active }
    }

    fn is(&self, kind: RuleKind) -> &Num {
        self.kinds[usize::from(kind.code())].num()
    }

    /// The votes as bits, which follow the rule with `w = (1 - mask) * weight`.
    ///
    /// All v_k and w are integers below 2^48, and there are at most 16, so
    /// `sum v` is below 2^52 and `sum v^2` below 2^100: nothing wraps around
    /// r. `slack = w - cost` lies above -2^100 and below 2^48; negative, it
    /// would be an element near r and not in 48 bits.
    ///
    /// Single choice and approval: `v_k (w - v_k) = 0`, so v_k is 0 or w;
    /// single choice also has `sum v = w`, exactly one option (if w is not
    /// 0). Split: `sum v <= w`. Quadratic: `sum v^2 <= w`. With w = 0, in a
    /// mask, each of the four leaves only `v = 0`.
    pub(super) fn votes(&self, cs: &mut Cs, votes: &[Fr], mask: &Bit, weight: &Num) -> Vec<Vec<Bit>> {
        let zero = Num::zero(cs);
        let w = cs.mul("(1 - mask) * weight = w", &mask.not(), weight);
        let all_or_nothing = self.is(RuleKind::SingleChoice) + self.is(RuleKind::Approval);

        let v: Vec<Num> = votes.iter().map(|v| cs.witness(*v)).collect();
        let vote_bits = v.iter().map(|v| bits(cs, v, VOTE_BITS)).collect();
        let mut u = Vec::with_capacity(v.len());
        for (v, active) in v.iter().zip(&self.active) {
            cs.enforce("(1 - active_k) * v_k = 0", &active.not(), v, &zero);
            u.push(cs.mul("v_k * (w - v_k) = u_k", v, &(&w - v)));
        }
        for u in &u {
            cs.enforce("(is_single + is_approval) * u_k = 0", &all_or_nothing, u, &zero);
        }

        let total = sum(cs, &v);
        cs.enforce("is_single * (sum v - w) = 0", self.is(RuleKind::SingleChoice), &(&total - &w), &zero);
        // u_k = v_k w - v_k^2
        let squares = cs.mul("w * sum v = sum u + sum v^2", &w, &total) - sum(cs, &u);
        let whole = cs.mul("(is_single + is_approval) * w", &all_or_nothing, &w);
        let split = cs.mul("is_split * sum v", self.is(RuleKind::Split), &total);
        let quadratic = cs.mul("is_quadratic * sum v^2", self.is(RuleKind::Quadratic), &squares);
        let slack = w - whole - split - quadratic;
        bits(cs, &slack, VOTE_BITS);
        vote_bits
    }
}

fn sum<'a>(cs: &Cs, terms: impl IntoIterator<Item = &'a Num>) -> Num {
    Num::combine(cs, terms.into_iter().map(|t| (Fr::ONE, t)))
}

/// B4: `(r_k G, r_k PK + v_k G)` per option, in the order c1, c2.
///
/// The digits of r_k are shared by both multiples, the table of PK by all
/// options. PK has order l, which the verifier knows.
fn encrypt(cs: &mut Cs, pk: &PointVar, votes: &[Vec<Bit>], randomness: &[Randomness]) -> Vec<PointVar> {
    let pk = MontgomeryVar::from_edwards(cs, pk);
    let table = VariableTable::new(cs, pk, RANDOMNESS_DIGITS);
    let mut chains = Vec::with_capacity(2 * votes.len());
    for r in randomness {
        let digits: Vec<DigitVar> = r.digits().iter().map(|d| DigitVar::witness(cs, *d)).collect();
        chains.push(RANDOMNESS_TABLE.lookup(&digits));
        chains.push(table.lookup(cs, &digits));
    }
    let multiples = sums(cs, &chains);
    let plain = encode(cs, votes);
    let mut fresh = Vec::with_capacity(multiples.len());
    for (multiples, plain) in multiples.chunks_exact(2).zip(&plain) {
        fresh.push(multiples[0].to_edwards(cs));
        fresh.push(multiples[1].to_edwards(cs).add(cs, plain));
    }
    fresh
}

/// `v_k G` from the bits of v_k: in odd digits over G/2 they write
/// `2 v_k - (2^48 - 1)`, so the constant `(2^48 - 1) G/2` is missing.
fn encode(cs: &mut Cs, votes: &[Vec<Bit>]) -> Vec<PointVar> {
    let mut chains = Vec::with_capacity(votes.len());
    for bits in votes {
        let digits: Vec<DigitVar> =
            bits.chunks_exact(2).map(|b| DigitVar::from_bits(cs, &b[0], &b[1])).collect();
        chains.push(VOTE_TABLE.lookup(&digits));
    }
    let missing = (half_generator() * Scalar::from((1u64 << VOTE_BITS) - 1)).into_affine();
    sums(cs, &chains).iter().map(|p| p.to_edwards(cs).add_constant(cs, missing)).collect()
}

/// Windows of r_k G.
static RANDOMNESS_TABLE: LazyLock<FixedTable> =
    LazyLock::new(|| FixedTable::new(GENERATOR, RANDOMNESS_DIGITS));

/// Windows of v_k G, over G/2.
static VOTE_TABLE: LazyLock<FixedTable> = LazyLock::new(|| FixedTable::new(half_generator(), VOTE_BITS / 2));

fn half_generator() -> Affine2 {
    let half = Scalar::from(2u64).inverse().expect("l is odd");
    (GENERATOR * half).into_affine()
}

fn points(ciphertexts: &Ciphertexts) -> impl Iterator<Item = CurvePoint> {
    ciphertexts.as_slice().iter().flat_map(|c| [c.c1, c.c2])
}

fn coordinates(points: &[PointVar]) -> Vec<Num> {
    points.iter().flat_map(|p| [p.x.clone(), p.y.clone()]).collect()
}
