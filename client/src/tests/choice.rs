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
fn choices_are_read_from_names_and_numbers() {
    let options: Vec<String> = ["yes", "no", "a=b", "1"].map(String::from).to_vec();
    let read = |kind, text| Choice::parse(kind, &options, 2, text);
    assert_eq!(read(RuleKind::SingleChoice, " no "), Ok(Choice::Single(1)));
    assert_eq!(read(RuleKind::SingleChoice, "2"), Ok(Choice::Single(1)));
    // A name wins over a number.
    assert_eq!(read(RuleKind::SingleChoice, "1"), Ok(Choice::Single(3)));
    assert_eq!(read(RuleKind::Approval, "yes, a=b"), Ok(Choice::Approval(vec![0, 2])));
    assert_eq!(read(RuleKind::Approval, "3"), Ok(Choice::Approval(vec![2])));
    assert_eq!(read(RuleKind::Approval, ""), Ok(Choice::Approval(vec![])));
    for unknown in ["maybe", "0", "5", "02", "+2", ""] {
        let read = read(RuleKind::SingleChoice, unknown);
        assert!(matches!(read, Err(InvalidChoice::UnknownName { .. })), "{unknown}");
    }
}

#[test]
fn amounts_are_read_in_tokens_and_votes_in_votes() {
    let options: Vec<String> = ["yes", "no", "a=b"].map(String::from).to_vec();
    let read = |kind, text| Choice::parse(kind, &options, 2, text);
    assert_eq!(read(RuleKind::Split, "yes=3,a=b=4.5"), Ok(Choice::Split(vec![(0, 300), (2, 450)])));
    assert_eq!(read(RuleKind::Split, "2=0.01"), Ok(Choice::Split(vec![(1, 1)])));
    assert_eq!(read(RuleKind::Quadratic, "yes=3"), Ok(Choice::Quadratic(vec![(0, 3)])));
    assert!(matches!(read(RuleKind::Split, "yes"), Err(InvalidChoice::Syntax(..))));
    let big = "yes=99999999999999999999";
    for text in ["yes=-1", "yes=x", "yes=", "yes=.5", "yes=1.", "yes=1.234", "yes=1e3", "yes=+1", big] {
        assert!(matches!(read(RuleKind::Split, text), Err(InvalidChoice::Amount { .. })), "{text}");
    }
    assert!(matches!(read(RuleKind::Quadratic, "yes=1.5"), Err(InvalidChoice::Amount { .. })));
}

proptest! {
    /// Whatever a member types, there is an answer.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}", like in "[a-c0-9=., ]{0,20}", decimals in 0u8..19) {
        let options: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        for kind in RuleKind::ALL {
            for text in [&text, &like] {
                if let Ok(choice) = Choice::parse(kind, &options, decimals, text) {
                    prop_assert_eq!(choice.kind(), kind);
                }
            }
        }
    }

    /// Amounts come back from their text.
    #[test]
    fn an_amount_is_read_as_it_is_written(units in 0u64..1 << 44, decimals in 1u8..19) {
        let scale = 10u128.pow(decimals.into());
        let (whole, part) = (u128::from(units) / scale, u128::from(units) % scale);
        let text = format!("b={whole}.{part:0width$}", width = usize::from(decimals));
        let options: Vec<String> = ["a", "b"].map(String::from).to_vec();
        let read = Choice::parse(RuleKind::Split, &options, decimals, &text);
        prop_assert_eq!(read, Ok(Choice::Split(vec![(1, units)])));
    }

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
