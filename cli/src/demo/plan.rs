//! What the demo's members do, fixed by a seed: choices, re-votes and masks.
//! Keys and encryption randomness never come from here.

use circuits::types::{Rule, RuleKind};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};

/// One act of a member, by position in the census.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Casts, or casts anew.
    Vote {
        /// Who.
        member: usize,
        /// Units per option.
        votes: Vec<u64>,
    },
    /// Masks another member's slot.
    Mask {
        /// Who.
        member: usize,
        /// Whose slot; that member has voted before.
        target: usize,
    },
}

/// All acts in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What happens, in order.
    pub acts: Vec<Act>,
    /// Votes that replace an earlier one.
    pub revotes: usize,
    /// Masks.
    pub masks: usize,
    /// What the totals must come to, in option order.
    pub expected_totals: Vec<u64>,
}

impl Plan {
    /// `voters` of the members with these weights vote; one in eight changes
    /// their mind, and one slot in eight is masked by somebody. The first
    /// option gets the most.
    ///
    /// # Panics
    /// If there are fewer members than voters.
    pub fn new(seed: u64, weights: &[u64], voters: usize, rule: Rule) -> Plan {
        assert!(voters <= weights.len(), "more voters than members");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut members: Vec<usize> = (0..weights.len()).collect();
        shuffle(&mut members, &mut rng);
        members.truncate(voters);
        let mut ballots: Vec<Vec<u64>> = members.iter().map(|m| votes(&mut rng, weights[*m], rule)).collect();
        let vote = |member: &usize, votes: &Vec<u64>| Act::Vote { member: *member, votes: votes.clone() };
        let mut acts: Vec<Act> = members.iter().zip(&ballots).map(|(m, v)| vote(m, v)).collect();
        let some = voters / 8;
        let mut later = Vec::new();
        for i in sample(&mut rng, voters, some) {
            ballots[i] = votes(&mut rng, weights[members[i]], rule);
            later.push(vote(&members[i], &ballots[i]));
        }
        for i in sample(&mut rng, voters, some) {
            let member = below(&mut rng, weights.len());
            later.push(Act::Mask { member, target: members[i] });
        }
        shuffle(&mut later, &mut rng);
        acts.extend(later);
        let mut expected_totals = vec![0; rule.options()];
        for ballot in &ballots {
            for (total, v) in expected_totals.iter_mut().zip(ballot) {
                *total += v;
            }
        }
        let mut plan = Plan { acts, revotes: some, masks: some, expected_totals };
        plan.let_the_first_win();
        plan
    }

    /// Gives the first option, whose calls the vote is about, the places of
    /// the one that got the most.
    fn let_the_first_win(&mut self) {
        let most = (0..self.expected_totals.len()).rev().max_by_key(|k| self.expected_totals[*k]);
        let Some(most) = most else { return };
        self.expected_totals.swap(0, most);
        for act in &mut self.acts {
            if let Act::Vote { votes, .. } = act {
                votes.swap(0, most);
            }
        }
    }
}

/// A random valid ballot of a weight.
fn votes(rng: &mut ChaCha20Rng, weight: u64, rule: Rule) -> Vec<u64> {
    let options = rule.options();
    let mut votes = vec![0; options];
    match rule.kind() {
        RuleKind::SingleChoice => votes[below(rng, options)] = weight,
        RuleKind::Approval => votes.iter_mut().for_each(|v| *v = weight * u64::from(rng.next_u32() & 1)),
        RuleKind::Split => {
            let mut left = weight;
            for v in &mut votes {
                *v = rng.next_u64() % (left + 1);
                left -= *v;
            }
        }
        RuleKind::Quadratic => {
            let mut left = weight;
            for v in &mut votes {
                *v = rng.next_u64() % (left.isqrt() + 1);
                left -= *v * *v;
            }
        }
    }
    votes
}

fn below(rng: &mut ChaCha20Rng, n: usize) -> usize {
    usize::try_from(rng.next_u64() % n as u64).expect("below n")
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha20Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

fn sample(rng: &mut ChaCha20Rng, n: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    shuffle(&mut all, rng);
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_seed_gives_one_plan_whose_totals_add_up() {
        let weights: Vec<u64> = (1..200).collect();
        for kind in RuleKind::ALL {
            let rule = Rule::new(kind, 3).unwrap();
            let plan = Plan::new(7, &weights, 64, rule);
            assert_eq!(plan, Plan::new(7, &weights, 64, rule));
            assert_ne!(plan, Plan::new(8, &weights, 64, rule));
            assert_eq!((plan.revotes, plan.masks, plan.acts.len()), (8, 8, 80));
            let mut last = std::collections::BTreeMap::new();
            for act in &plan.acts {
                match act {
                    Act::Vote { member, votes } => drop(last.insert(*member, votes.clone())),
                    Act::Mask { target, .. } => assert!(last.contains_key(target)),
                }
            }
            let sum = |k: usize| last.values().map(|v| v[k]).sum::<u64>();
            assert_eq!(plan.expected_totals, (0..3).map(sum).collect::<Vec<_>>());
            assert_eq!(plan.expected_totals.iter().max(), plan.expected_totals.first());
        }
    }

    #[test]
    fn votes_obey_their_rule() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        for weight in [0, 1, 2, 1000, (1 << 44) - 1] {
            let single = votes(&mut rng, weight, Rule::new(RuleKind::SingleChoice, 4).unwrap());
            assert_eq!(single.iter().sum::<u64>(), weight);
            let split = votes(&mut rng, weight, Rule::new(RuleKind::Split, 4).unwrap());
            assert!(split.iter().sum::<u64>() <= weight);
            let quadratic = votes(&mut rng, weight, Rule::new(RuleKind::Quadratic, 4).unwrap());
            assert!(quadratic.iter().map(|v| v * v).sum::<u64>() <= weight);
        }
    }
}
