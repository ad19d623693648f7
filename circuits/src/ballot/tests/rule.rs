//! B3 by itself, with votes and weights as any field elements: what a prover
//! with its own software can try.

use super::*;
use crate::{
    ballot::circuit::RuleVar,
    r1cs::{Circuit, Num},
};
use proptest::prelude::*;

/// Rule code, mask and weight are public here; votes may be anything.
struct RuleOnly {
    rule: Rule,
    code: Fr,
    mask: bool,
    weight: u64,
    votes: Vec<Fr>,
}

impl Circuit for RuleOnly {
    fn id(&self) -> String {
        format!("test/rule/{}", self.votes.len())
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.code, Fr::from(self.weight)]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        cs.condition("B3 rule");
        let mask = cs.boolean("mask", self.mask);
        let rule = RuleVar::decode(cs, self.rule, &inputs[0]);
        rule.votes(cs, &self.votes, &mask, &inputs[1]);
    }
}

static RULE_SHAPES: LazyLock<[Shape; 2]> = LazyLock::new(|| {
    [4, 16].map(|n| Cs::shape(&rule_only(Rule::new(RuleKind::Split, n).unwrap(), false, 0, vec![0; n])))
});

fn rule_only(rule: Rule, mask: bool, weight: u64, votes: Vec<i128>) -> RuleOnly {
    let field = |v: i128| if v < 0 { -Fr::from(v.unsigned_abs()) } else { Fr::from(v.unsigned_abs()) };
    RuleOnly { rule, code: rule.field(), mask, weight, votes: votes.into_iter().map(field).collect() }
}

fn equations(circuit: &RuleOnly) -> Vec<&'static str> {
    let shape = &RULE_SHAPES[usize::from(circuit.votes.len() == 16)];
    shape.failures(&Cs::assignment(circuit)).iter().map(|l| l.equation).collect()
}

/// The rule over the integers, written apart from the relation.
fn allowed(rule: Rule, w: i128, votes: &[i128]) -> bool {
    let range = 0..1i128 << 48;
    let used = &votes[..rule.options()];
    let nonzero = used.iter().filter(|v| **v != 0).count();
    votes.iter().all(|v| range.contains(v))
        && votes[rule.options()..].iter().all(|v| *v == 0)
        && match rule.kind() {
            RuleKind::SingleChoice => {
                used.iter().all(|v| *v == 0 || *v == w) && nonzero == usize::from(w != 0)
            }
            RuleKind::Approval => used.iter().all(|v| *v == 0 || *v == w),
            RuleKind::Split => used.iter().sum::<i128>() <= w,
            RuleKind::Quadratic => used.iter().map(|v| v * v).sum::<i128>() <= w,
        }
}

/// Votes near the bounds: small ones of both signs, the weight, its root,
/// its opposite, the edges of 48 bits, and squares that would wrap.
fn arb_vote() -> impl Strategy<Value = i128> {
    prop_oneof![
        3 => Just(0i128),
        2 => -4i128..=40,
        2 => Just(1_000),
        1 => Just(1_001),
        1 => Just(-1_000),
        1 => Just(31),
        1 => Just((1 << 48) - 1),
        1 => Just(1 << 48),
        1 => Just(1 << 64),
        1 => any::<i64>().prop_map(i128::from),
        1 => any::<i128>().prop_map(|v| v >> 1),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn ballot_b3_a8_the_circuit_allows_exactly_what_the_rule_allows(
        kind in prop::sample::select(RuleKind::ALL.to_vec()),
        options in 1usize..=4,
        mask: bool,
        weight in prop_oneof![Just(0u64), Just(1), Just(1_000), Just((1 << 44) - 1), 0u64..1 << 48],
        votes in prop::collection::vec(arb_vote(), 4),
    ) {
        let rule = Rule::new(kind, options).unwrap();
        let w = if mask { 0 } else { i128::from(weight) };
        let failing = equations(&rule_only(rule, mask, weight, votes.clone()));
        prop_assert_eq!(failing.is_empty(), allowed(rule, w, &votes), "{:?}", failing);
    }

    /// Small numbers, where most combinations are near the edge.
    #[test]
    fn ballot_b3_a8_small_integers_negatives_included_agree(
        kind in prop::sample::select(RuleKind::ALL.to_vec()),
        options in 1usize..=4,
        mask: bool,
        weight in 0u64..7,
        votes in prop::collection::vec(-2i128..7, 4),
    ) {
        let rule = Rule::new(kind, options).unwrap();
        let w = if mask { 0 } else { i128::from(weight) };
        let failing = equations(&rule_only(rule, mask, weight, votes.clone()));
        prop_assert_eq!(failing.is_empty(), allowed(rule, w, &votes), "{:?}", failing);
    }
}

fn failing(kind: RuleKind, options: usize, mask: bool, weight: u64, votes: &[i128]) -> Vec<&'static str> {
    equations(&rule_only(Rule::new(kind, options).unwrap(), mask, weight, votes.to_vec()))
}

const RANGE: &str = "sum 2^i * bit_i = x";
const EXACT: &str = "is_single * (sum v - w) = 0";
const ALL_OR_NOTHING: &str = "(is_single + is_approval) * u_k = 0";
const UNUSED: &str = "(1 - active_k) * v_k = 0";

#[test]
fn ballot_b3_a8_two_options_in_single_choice_are_rejected() {
    assert_eq!(failing(RuleKind::SingleChoice, 4, false, 9, &[9, 0, 0, 0]), [""; 0]);
    assert_eq!(failing(RuleKind::SingleChoice, 4, false, 9, &[9, 9, 0, 0]), [EXACT]);
    assert_eq!(failing(RuleKind::SingleChoice, 4, false, 9, &[0, 0, 0, 0]), [EXACT]);
}

#[test]
fn ballot_b3_a8_parts_of_the_weight_are_rejected_in_single_choice_and_approval() {
    assert_eq!(failing(RuleKind::SingleChoice, 4, false, 9, &[4, 5, 0, 0]), [ALL_OR_NOTHING]);
    assert_eq!(failing(RuleKind::Approval, 4, false, 9, &[9, 8, 9, 0]), [ALL_OR_NOTHING]);
    assert_eq!(failing(RuleKind::Approval, 4, false, 9, &[9, 9, 9, 9]), [""; 0]);
}

/// (w + 1, -1) has the right sum; -1 is not in 48 bits.
#[test]
fn ballot_b3_a8_negative_votes_are_rejected() {
    for kind in RuleKind::ALL {
        assert!(failing(kind, 4, false, 9, &[10, -1, 0, 0]).contains(&RANGE), "{kind}");
    }
    assert_eq!(failing(RuleKind::Split, 4, false, 9, &[10, -1, 0, 0]), [RANGE]);
}

#[test]
fn ballot_b3_a8_sums_above_the_weight_are_rejected() {
    assert_eq!(failing(RuleKind::Split, 4, false, 9, &[3, 3, 3, 0]), [""; 0]);
    assert_eq!(failing(RuleKind::Split, 4, false, 9, &[3, 3, 3, 1]), [RANGE]);
    let most = (1i128 << 48) - 1;
    assert_eq!(failing(RuleKind::Split, 4, false, (1 << 44) - 1, &[most; 4]), [RANGE]);
}

/// Squares cannot wrap: 16 * (2^48)^2 < r; larger votes are out of range, as
/// is i with i^2 = -1, whose square would pay back.
#[test]
fn ballot_b3_a8_squares_wrapping_in_quadratic_are_rejected() {
    assert_eq!(failing(RuleKind::Quadratic, 4, false, 30, &[3, 4, 2, 1]), [""; 0]);
    assert_eq!(failing(RuleKind::Quadratic, 4, false, 29, &[3, 4, 2, 1]), [RANGE]);
    let most = (1i128 << 48) - 1;
    assert_eq!(failing(RuleKind::Quadratic, 4, false, (1 << 44) - 1, &[most; 4]), [RANGE]);
    assert_eq!(failing(RuleKind::Quadratic, 16, false, (1 << 44) - 1, &[most; 16]), [RANGE]);
    let mut forged = rule_only(Rule::new(RuleKind::Quadratic, 4).unwrap(), false, 9, vec![3, 0, 0, 0]);
    let root = -ark_ff::Field::sqrt(&-Fr::from(1u64)).unwrap();
    forged.votes = vec![Fr::from(4u64), root, root, root];
    assert!(equations(&forged).contains(&RANGE));
}

#[test]
fn ballot_b3_unused_positions_are_zero() {
    for kind in [RuleKind::Approval, RuleKind::Split, RuleKind::Quadratic] {
        assert_eq!(failing(kind, 3, false, 1, &[0, 0, 0, 1]), [UNUSED], "{kind}");
    }
    assert_eq!(failing(RuleKind::SingleChoice, 3, false, 1, &[0, 0, 0, 1]), [UNUSED]);
}

/// Under every rule, a mask with any vote at all fails (A23).
#[test]
fn ballot_b3_a23_masks_carry_no_votes_under_any_rule() {
    for kind in RuleKind::ALL {
        assert_eq!(failing(kind, 4, true, 9, &[0; 4]), [""; 0], "{kind}");
        for votes in [[9, 0, 0, 0], [1, 0, 0, 0], [1, -1, 0, 0], [0, 0, 0, -1], [9, 9, 9, 9]] {
            assert!(!failing(kind, 4, true, 9, &votes).is_empty(), "{kind} {votes:?}");
        }
    }
}

/// The code fixes kind and number of options: the bits of every other rule,
/// and of none, fail on it.
#[test]
fn ballot_b3_the_rule_code_fixes_the_rule() {
    const CODE: &str = "kind + 2^8 options + 2^16 room = rule";
    let rules: Vec<Rule> =
        RuleKind::ALL.iter().flat_map(|k| (1..=4).map(|n| Rule::new(*k, n).unwrap())).collect();
    for rule in &rules {
        for public in &rules {
            let circuit = RuleOnly { code: public.field(), ..rule_only(*rule, false, 0, vec![0; 4]) };
            let expected = if rule == public { vec![] } else { vec![CODE] };
            assert_eq!(equations(&circuit), expected);
        }
        let other_room = rule.field() + Fr::from(12u64 << 16);
        let circuit = RuleOnly { code: other_room, ..rule_only(*rule, false, 0, vec![0; 4]) };
        assert_eq!(equations(&circuit), [CODE]);
    }
}

/// Every assignment of kind and option bits, boolean or not, that satisfies
/// the decoding of a code is that of the code's rule.
#[test]
fn ballot_b3_no_other_bits_decode_a_rule() {
    for kind in RuleKind::ALL {
        for options in 1..=4 {
            let circuit = rule_only(Rule::new(kind, options).unwrap(), true, 0, vec![0; 4]);
            let z = Cs::assignment(&circuit);
            // one, code, weight, mask, then four kinds and three flags.
            let good: Vec<Vec<u64>> = (0..1u64 << 7)
                .map(|bits| (0..7).map(|i| bits >> i & 1).collect::<Vec<_>>())
                .filter(|bits| {
                    let mut forged = z.clone();
                    for (i, bit) in bits.iter().enumerate() {
                        forged[4 + i] = Fr::from(*bit);
                    }
                    // All else is zero or follows from w = v = 0.
                    RULE_SHAPES[0].check(&forged).is_ok()
                })
                .collect();
            assert_eq!(good.len(), 1, "{kind} with {options}");
            assert_eq!(good[0].iter().map(|b| Fr::from(*b)).collect::<Vec<_>>(), z[4..11]);
        }
    }
}
