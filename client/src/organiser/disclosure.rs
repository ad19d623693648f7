//! What an election's totals could reveal, given that weights are public.
//! spec: `census.disclosure`; A38.
//!
//! Cryptography hides every ballot; it cannot hide what follows from the
//! totals alone. With few members of distinct weights, the totals of the
//! options may be the sum of one set of weights only.

use circuits::types::RuleKind;
use std::fmt;

/// Up to this many members all sets of members are enumerated: 2^20 sums.
const EXACT_MAX: usize = 20;

/// How much totals give away if everybody votes. Absent voters, whose number
/// is public but not their names, make it harder to draw these conclusions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// No single ballot follows by the means considered here.
    Low,
    /// Ballots of the largest members, or many combinations, stand out.
    Medium,
    /// Totals determine ballots.
    High,
}

/// Whether totals are sums of one set of weights only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SubsetSums {
    /// By enumeration of all sets.
    Exact {
        /// Whether no two sets of members have the same sum: totals then
        /// determine every vote.
        unique: bool,
    },
    /// By counting: 2^members sets share total + 1 possible sums.
    Estimated {
        /// log2 of the number of sets per possible sum; below 0, most sums
        /// can belong to one set only.
        bits_per_sum: f64,
    },
}

/// What coarser weights would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coarser {
    /// Fewer decimals by this many.
    pub decimals_fewer: u8,
    /// Members whose weight rounds to zero: they could not vote.
    pub losing_all: usize,
    /// Members whose weight nobody else has.
    pub alone: usize,
}

/// The report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Members with a weight above zero.
    pub voters: usize,
    /// Sum of their weights.
    pub total: u64,
    /// Distinct weights.
    pub distinct: usize,
    /// Members whose weight nobody else has.
    pub alone: usize,
    /// Share of the 1, 5 and 10 largest members, in thousandths.
    pub largest_permille: [u64; 3],
    /// Largest members of whom each outweighs all smaller ones together:
    /// under single choice and approval the totals tell how they voted.
    pub dominant: usize,
    /// See [`SubsetSums`]; `None` for rules by which weight is divided.
    pub sums: Option<SubsetSums>,
    /// Weights rounded to 1, 2, .. fewer decimals.
    pub coarser: Vec<Coarser>,
    /// The verdict.
    pub risk: Risk,
}

/// Reports on the weights of a census (zero weights are skipped).
pub fn report(weights: &[u64], rule: RuleKind) -> Report {
    let mut sorted: Vec<u64> = weights.iter().copied().filter(|w| *w > 0).collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let total = sorted.iter().copied().fold(0, u64::saturating_add);
    let whole = matches!(rule, RuleKind::SingleChoice | RuleKind::Approval);
    let mut report = Report {
        voters: sorted.len(),
        total,
        distinct: runs(&sorted).count(),
        alone: runs(&sorted).filter(|n| *n == 1).count(),
        largest_permille: [1, 5, 10].map(|n| share(&sorted, n, total)),
        dominant: dominant(&sorted),
        sums: whole.then(|| subset_sums(&sorted, total)),
        coarser: coarser(&sorted),
        risk: Risk::Low,
    };
    report.risk = risk(&report);
    report
}

/// Lengths of the runs of equal values.
fn runs(sorted: &[u64]) -> impl Iterator<Item = usize> + '_ {
    sorted.chunk_by(|a, b| a == b).map(<[u64]>::len)
}

fn share(sorted: &[u64], largest: usize, total: u64) -> u64 {
    let sum: u128 = sorted.iter().take(largest).map(|w| u128::from(*w)).sum();
    let permille = (sum * 1000).checked_div(u128::from(total)).unwrap_or(0);
    u64::try_from(permille).unwrap_or(1000)
}

/// The longest prefix of members each above the sum of all after it. If
/// `w > sum of the rest`, an option's total reaches `w` just if this member
/// chose it; subtract and go on.
fn dominant(sorted: &[u64]) -> usize {
    let mut rest: u128 = sorted.iter().map(|w| u128::from(*w)).sum();
    let outweighs = |w: &&u64| {
        rest -= u128::from(**w);
        u128::from(**w) > rest
    };
    sorted.iter().take_while(outweighs).count()
}

fn subset_sums(sorted: &[u64], total: u64) -> SubsetSums {
    if sorted.len() <= EXACT_MAX {
        return SubsetSums::Exact { unique: all_sums_differ(sorted) };
    }
    #[allow(clippy::cast_precision_loss)] // an estimate
    let bits_per_sum = sorted.len() as f64 - (total as f64 + 1.0).log2();
    SubsetSums::Estimated { bits_per_sum }
}

/// Doubles the list of sums member by member.
fn all_sums_differ(weights: &[u64]) -> bool {
    let mut sums = vec![0u128];
    for w in weights {
        let with: Vec<u128> = sums.iter().map(|s| s + u128::from(*w)).collect();
        sums.extend(with);
    }
    sums.sort_unstable();
    sums.windows(2).all(|pair| pair[0] != pair[1])
}

fn coarser(sorted: &[u64]) -> Vec<Coarser> {
    let rounded = |decimals_fewer: u8| {
        let unit = 10u64.pow(decimals_fewer.into());
        let weights: Vec<u64> = sorted.iter().map(|w| w / unit).collect();
        let voting = weights.partition_point(|w| *w > 0);
        let alone = runs(&weights[..voting]).filter(|n| *n == 1).count();
        Coarser { decimals_fewer, losing_all: weights.len() - voting, alone }
    };
    (1..=6).map(rounded).take_while(|c| c.losing_all < sorted.len()).collect()
}

fn risk(report: &Report) -> Risk {
    let sums = match report.sums {
        Some(SubsetSums::Exact { unique: true }) => Risk::High,
        Some(SubsetSums::Estimated { bits_per_sum }) if bits_per_sum < 0.0 => Risk::High,
        // A margin of 2^40 sets per sum: whales and structure in the
        // weights make real elections worse than the count.
        Some(SubsetSums::Estimated { bits_per_sum }) if bits_per_sum < 40.0 => Risk::Medium,
        Some(SubsetSums::Exact { unique: false }) => Risk::Medium,
        _ => Risk::Low,
    };
    let few = if report.voters <= EXACT_MAX { Risk::Medium } else { Risk::Low };
    let whales = match (report.voters, report.dominant) {
        (0 | 1, _) => Risk::High,
        (_, 0) => Risk::Low,
        _ if report.sums.is_some() => Risk::High,
        _ => Risk::Medium,
    };
    sums.max(few).max(whales)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, five, ten] = self.largest_permille.map(|p| format!("{}.{} %", p / 10, p % 10));
        let (voters, distinct, alone) = (self.voters, self.distinct, self.alone);
        writeln!(
            f,
            "{voters} members may vote, with {distinct} distinct weights; {alone} have a weight of their own."
        )?;
        writeln!(f, "The largest holds {one} of the weight, the 5 largest {five}, the 10 largest {ten}.")?;
        if self.dominant > 0 {
            let n = self.dominant;
            writeln!(
                f,
                "The {n} largest each outweigh all smaller members together: totals show how they vote."
            )?;
        }
        match self.sums {
            Some(SubsetSums::Exact { unique: true }) => {
                writeln!(
                    f,
                    "No two groups of members have the same weight (all were tried): if everybody votes, the totals determine every vote."
                )?;
            }
            Some(SubsetSums::Exact { unique: false }) => {
                writeln!(
                    f,
                    "Some groups of members have the same weight (all were tried), so totals are not always unambiguous; single votes may still follow."
                )?;
            }
            Some(SubsetSums::Estimated { bits_per_sum }) if bits_per_sum < 0.0 => {
                writeln!(
                    f,
                    "There are more possible totals than groups of members (counted, not tried): most totals fit one group only."
                )?;
            }
            Some(SubsetSums::Estimated { bits_per_sum }) => {
                writeln!(
                    f,
                    "About 2^{bits_per_sum:.0} groups of members share each possible total (counted, not tried)."
                )?;
            }
            None => writeln!(
                f,
                "Weight may be divided, so totals bound single ballots and rarely determine them."
            )?,
        }
        if self.risk > Risk::Low {
            for c in &self.coarser {
                let (fewer, lost, alone) = (c.decimals_fewer, c.losing_all, c.alone);
                writeln!(
                    f,
                    "With {fewer} fewer decimals {alone} have a weight of their own; {lost} lose all weight."
                )?;
            }
        }
        let verdict = match self.risk {
            Risk::Low => "Risk: low, if most members vote and do not collude.",
            Risk::Medium => "Risk: medium. Consider coarser weights, or more members.",
            Risk::High => {
                "Risk: high. The totals will reveal single votes; use coarser weights, more members, or an open vote."
            }
        };
        f.write_str(verdict)
    }
}
