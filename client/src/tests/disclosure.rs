use crate::organiser::disclosure::{Risk, SubsetSums, report};
use circuits::types::RuleKind::{SingleChoice, Split};

/// A38: twelve voters whose sums are all distinct: every vote is determined,
/// and the report says so.
#[test]
fn a38_small_electorates_with_unique_sums_are_named() {
    let weights: Vec<u64> = (0..12).map(|i| 100_000 + (1 << i)).collect();
    let r = report(&weights, SingleChoice);
    assert_eq!(r.sums, Some(SubsetSums::Exact { unique: true }));
    assert_eq!((r.voters, r.distinct, r.alone, r.dominant), (12, 12, 12, 0));
    assert_eq!(r.risk, Risk::High);
    assert!(r.to_string().contains("the totals determine every vote"));
}

#[test]
fn equal_weights_do_not_determine_votes() {
    let r = report(&[5; 12], SingleChoice);
    assert_eq!(r.sums, Some(SubsetSums::Exact { unique: false }));
    assert_eq!((r.distinct, r.alone), (1, 0));
    assert_eq!(r.risk, Risk::Medium);
}

/// A38: a member who outweighs all others together votes in public.
#[test]
fn a38_whales_are_named() {
    let mut weights = vec![3; 200];
    weights.extend([10_000, 5_000]);
    let r = report(&weights, SingleChoice);
    assert_eq!((r.dominant, r.risk), (2, Risk::High));
    assert_eq!(r.largest_permille, [641, 962, 963]);
    assert_eq!(report(&weights, Split).risk, Risk::Medium);
}

#[test]
fn sums_are_compared_by_enumeration_up_to_twenty_members() {
    // 6 = 1 + 2 + 3 and the powers of two above are the smallest clash.
    assert_eq!(report(&[1, 2, 3], SingleChoice).sums, Some(SubsetSums::Exact { unique: false }));
    assert_eq!(report(&[1, 2, 4], SingleChoice).sums, Some(SubsetSums::Exact { unique: true }));
    let twenty: Vec<u64> = (0..20).map(|i| 1 << i).collect();
    assert_eq!(report(&twenty, SingleChoice).sums, Some(SubsetSums::Exact { unique: true }));
    assert!(matches!(report(&[1; 21], SingleChoice).sums, Some(SubsetSums::Estimated { .. })));
}

#[test]
fn large_even_electorates_are_low_risk() {
    let r = report(&vec![100; 1000], SingleChoice);
    assert_eq!(r.risk, Risk::Low);
    assert!(r.to_string().ends_with("Risk: low, if most members vote and do not collude."));
}

#[test]
fn many_members_with_huge_weights_can_still_be_unique() {
    let weights: Vec<u64> = (0..30).map(|i| (1 << 38) + i * 7_919_777).collect();
    let r = report(&weights, SingleChoice);
    assert!(matches!(r.sums, Some(SubsetSums::Estimated { bits_per_sum }) if bits_per_sum < 0.0));
    assert_eq!(r.risk, Risk::High);
}

#[test]
fn coarser_weights_show_what_rounding_costs() {
    let r = report(&[123, 124, 125, 7], SingleChoice);
    let all: Vec<_> = r.coarser.iter().map(|c| (c.decimals_fewer, c.losing_all, c.alone)).collect();
    assert_eq!(all, [(1, 1, 0), (2, 1, 0)]);
    assert_eq!(report(&[], SingleChoice).risk, Risk::High);
}
