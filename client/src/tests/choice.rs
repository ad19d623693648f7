use crate::choice::{Choice, InvalidChoice};
use circuits::types::{Rule, RuleKind};
use proptest::prelude::*;

fn rule(kind: RuleKind) -> Rule {
    Rule::new(kind, 3).unwrap()
}

#[test]
fn choices_become_one_number_per_option() {
    let cases = [
        (Choice::Single(1), vec![0, 9, 0]),
        (Choice::Approval(vec![2, 0]), vec![9, 0, 9]),
        (Choice::Approval(vec![]), vec![0, 0, 0]),
        (Choice::Split(vec![(0, 4), (2, 5)]), vec![4, 0, 5]),
        (Choice::Quadratic(vec![(0, 2), (1, 2)]), vec![2, 2, 0]),
    ];
    for (choice, votes) in cases {
        assert_eq!(choice.votes(rule(choice.kind()), 9), Ok(votes));
    }
}

/// A8: choices that the circuit would refuse are refused before proving,
/// sums that would wrap included.
#[test]
fn a8_forged_choices_are_refused_with_their_reason() {
    use InvalidChoice as E;
    let split = |v: &[(usize, u64)]| Choice::Split(v.to_vec()).votes(rule(RuleKind::Split), 9);
    let quadratic = |v: &[(usize, u64)]| Choice::Quadratic(v.to_vec()).votes(rule(RuleKind::Quadratic), 9);
    assert_eq!(split(&[(0, 5), (1, 5)]), Err(E::OverWeight { spent: 10, weight: 9 }));
    assert!(matches!(split(&[(0, u64::MAX), (1, 11)]), Err(E::OverWeight { .. })));
    assert_eq!(split(&[(3, 1)]), Err(E::UnknownOption { option: 3, options: 3 }));
    assert_eq!(split(&[(1, 1), (1, 1)]), Err(E::Repeated(1)));
    assert_eq!(quadratic(&[(0, 3), (1, 1)]), Err(E::OverCredits { spent: 10, weight: 9 }));
    assert!(matches!(quadratic(&[(0, u64::MAX), (1, u64::MAX), (2, 9)]), Err(E::OverCredits { .. })));
    let single = Choice::Single(0);
    let (expected, found) = (RuleKind::Split, RuleKind::SingleChoice);
    assert_eq!(single.votes(rule(RuleKind::Split), 9), Err(E::Rule { expected, found }));
    assert_eq!(single.votes(rule(RuleKind::SingleChoice), 0), Err(E::NoWeight));
}

#[test]
fn choices_are_read_from_words() {
    let options: Vec<String> = ["yes", "no", "a=b"].map(String::from).to_vec();
    let read = |kind, text| Choice::parse(kind, &options, text);
    assert_eq!(read(RuleKind::SingleChoice, " no "), Ok(Choice::Single(1)));
    assert_eq!(read(RuleKind::Approval, "yes, a=b"), Ok(Choice::Approval(vec![0, 2])));
    assert_eq!(read(RuleKind::Approval, ""), Ok(Choice::Approval(vec![])));
    assert_eq!(read(RuleKind::Split, "yes=3,a=b=4"), Ok(Choice::Split(vec![(0, 3), (2, 4)])));
    assert!(matches!(read(RuleKind::SingleChoice, "maybe"), Err(InvalidChoice::UnknownName { .. })));
    for text in ["yes", "yes=-1", "yes=x", "yes=99999999999999999999"] {
        assert!(matches!(read(RuleKind::Quadratic, text), Err(InvalidChoice::Syntax(..))), "{text}");
    }
}

proptest! {
    /// The client's check agrees with the rule B3.
    #[test]
    fn accepted_choices_obey_the_rule(weight in 1u64..1 << 44, amounts in prop::collection::vec(0u64..1 << 48, 0..4)) {
        let amounts: Vec<(usize, u64)> = amounts.into_iter().enumerate().collect();
        let (fits, sum) = (amounts.len() <= 3, |p: u32| amounts.iter().map(|(_, v)| u128::from(*v).pow(p)).sum::<u128>());
        let split = Choice::Split(amounts.clone()).votes(rule(RuleKind::Split), weight);
        prop_assert_eq!(split.is_ok(), fits && sum(1) <= weight.into());
        let quadratic = Choice::Quadratic(amounts.clone()).votes(rule(RuleKind::Quadratic), weight);
        prop_assert_eq!(quadratic.is_ok(), fits && sum(2) <= weight.into());
    }
}
