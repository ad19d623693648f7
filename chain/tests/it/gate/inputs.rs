//! The public inputs that the contract computes are those of the circuit,
//! and it keeps the same rules.

use super::{
    audit::{MODEL, PROVEN, terms},
    world::{account, change_counts, change_outcome, change_policy, deploy_testing},
};
use crate::evm::{Evm, GAS_LIMIT};
use alloy::{
    primitives::U256,
    sol_types::{SolCall, SolType, SolValue, sol_data},
};
use chain::{abi, audits};
use circuits::{
    attestation::{
        CellSet, Counts, DataDigest, Disclosed, Disclosure, GroupSet, Metric, Policy, Ratio, Shape,
        Statement, Subject, Verdict, View, ViewOutcome,
    },
    types::{Domain, keccak256},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use revm::primitives::Address;

const HARNESS: &str = include_str!("../../../../contracts/artifacts/testing/AuditInputsHarness.json");
const DIGEST: [u8; 32] = [0xd1; 32];

struct Harness {
    evm: Evm,
    address: Address,
}

impl Harness {
    fn new() -> Self {
        let mut evm = Evm::with_chain_id(1);
        let address = deploy_testing(&mut evm, HARNESS);
        Self { evm, address }
    }

    /// The inputs, or the error.
    fn encode(&mut self, submission: &abi::Submission) -> Result<Vec<U256>, crate::evm::Reverted> {
        let kind = abi::IAttestations::attestCall::SIGNATURE.strip_prefix("attest(").unwrap();
        let signature = format!("encode({},bytes32)", kind.strip_suffix(')').unwrap());
        let arguments = (submission.clone(), alloy::primitives::B256::new(DIGEST)).abi_encode_params();
        let call = [&keccak256(signature)[..4], &arguments].concat();
        let sent = self.evm.simulate(self.address, call, GAS_LIMIT)?;
        Ok(<sol_data::Array<sol_data::Uint<256>>>::abi_decode(&sent.output).unwrap())
    }
}

/// What the circuit's own code says.
fn expected(statement: &Statement) -> Vec<U256> {
    let calldata = chain::attestation::calldata(&statement.encode(&DataDigest(DIGEST)), &[]);
    calldata.chunks(32).map(U256::from_be_slice).collect()
}

/// A submission with the statement's policy, outcome and counts.
fn submission(statement: &Statement) -> abi::Submission {
    let mut proven = PROVEN.clone();
    proven.statement = statement.clone();
    let mut out = audits::submission(&sign_unchecked(proven));
    change_policy(&mut out, |policy| *policy = numbers(&statement.policy, policy.clone()));
    out
}

fn sign_unchecked(proven: ::audit::attestation::Proven) -> ::audit::attestation::Attestation {
    ::audit::attestation::Attestation::sign(&terms(Domain::default()), proven, &account(2)).unwrap()
}

/// The policy with other numbers under the same names.
fn numbers(policy: &Policy, names: abi::Policy) -> abi::Policy {
    let ratio = |r: &Ratio| abi::Ratio { num: U256::from(r.num), den: U256::from(r.den) };
    let view = |view: &View| abi::View {
        name: String::new(),
        attributes: Vec::new(),
        groups: U256::from(view.groups),
        allowed: view.allowed.iter().map(|set| U256::from(set.bits())).collect(),
        excluded: U256::from(view.excluded.bits()),
        checks: U256::from(view.checks.iter().fold(0u32, |bits, metric| bits | 1 << metric.index())),
    };
    abi::Policy {
        cells: U256::from(policy.cells),
        sample: U256::from(policy.sample.bits()),
        minimumCell: U256::from(policy.minimum_cell),
        minimumShare: ratio(&policy.minimum_share),
        disclosedMinimum: match policy.disclosure {
            Disclosure::Table { minimum } => U256::from(minimum),
            Disclosure::VerdictsOnly => U256::ZERO,
        },
        thresholds: policy.thresholds.iter().map(ratio).collect(),
        views: policy.views.iter().map(view).collect(),
        ..names
    }
}

/// Random numbers that need no secrecy.
struct Draw(ChaCha20Rng);

impl Draw {
    /// From 0 to `limit - 1`.
    fn below(&mut self, limit: u32) -> usize {
        usize::try_from(self.0.next_u32() % limit).unwrap()
    }

    fn groups(&mut self, count: usize) -> GroupSet {
        (0..count).filter(|_| self.below(2) == 0).collect()
    }

    fn fraction(&mut self) -> Ratio {
        let den = u16::try_from(1 + self.below(65_535)).unwrap();
        Ratio::new(u16::try_from(1 + self.below(u32::from(den))).unwrap(), den)
    }

    fn view(&mut self, room: usize, cells: usize) -> View {
        let groups = 2 + self.below(u32::try_from(room).unwrap() - 1);
        let mut checks: Vec<Metric> = Metric::ALL.into_iter().filter(|m| !m.needs_scores()).collect();
        checks.retain(|_| self.below(3) > 0);
        if checks.is_empty() {
            checks.push(Metric::ImpactRatio);
        }
        let one = |draw: &mut Self| [draw.below(u32::try_from(groups).unwrap())].into_iter().collect();
        let allowed = (0..cells).map(|_| if self.below(2) == 0 { one(self) } else { self.groups(groups) });
        View { groups, allowed: allowed.collect(), excluded: self.groups(groups), checks }
    }

    fn policy(&mut self) -> Policy {
        let cells = 1 + self.below(24);
        let minimum = u32::try_from(1 + self.below(50)).unwrap();
        Policy {
            cells,
            sample: (0..cells).filter(|c| *c == 0 || self.below(4) > 0).collect::<CellSet>(),
            minimum_cell: 1 + self.0.next_u32() % ((1 << 24) - 1),
            minimum_share: self.fraction(),
            thresholds: std::array::from_fn(|_| self.fraction()),
            views: [4, 8, 16].map(|room| self.view(room, cells)).into(),
            disclosure: match self.below(2) {
                0 => Disclosure::VerdictsOnly,
                _ => Disclosure::Table { minimum },
            },
        }
    }

    fn outcome(&mut self, room: usize) -> ViewOutcome {
        let code = |draw: &mut Self| {
            [None, Some(Verdict::Pass), Some(Verdict::Fail), Some(Verdict::NotAssessable)][draw.below(4)]
        };
        let failing = |metric: Metric, draw: &mut Self| match metric.names_groups() {
            true => draw.groups(room),
            false => GroupSet::EMPTY,
        };
        ViewOutcome {
            unknown: u64::from(self.0.next_u32() >> 8),
            compared: std::array::from_fn(|_| self.groups(room)),
            verdicts: std::array::from_fn(|_| code(self)),
            failing: Metric::ALL.map(|metric| failing(metric, self)),
            unassessed: self.groups(room),
        }
    }

    fn counts(&mut self, minimum: u32) -> Counts {
        if self.below(4) == 0 {
            return Counts::default();
        }
        let count = |draw: &mut Self| u64::from(minimum) + u64::from(draw.0.next_u32() >> 12);
        Counts {
            true_positives: count(self),
            false_positives: count(self),
            false_negatives: count(self),
            true_negatives: count(self),
            above: 0,
        }
    }

    fn statement(&mut self) -> Statement {
        let policy = self.policy();
        let disclosed = match policy.disclosure {
            Disclosure::VerdictsOnly => None,
            Disclosure::Table { minimum } => {
                Some(Disclosed { edge: 0, counts: (0..24).map(|_| self.counts(minimum)).collect() })
            }
        };
        Statement {
            shape: Shape::on_chain(),
            policy,
            subject: Subject(MODEL),
            epoch: terms(Domain::default()).epoch(),
            records: PROVEN.statement.records,
            outcome: [4, 8, 16].map(|room| self.outcome(room)).into(),
            disclosed,
        }
    }
}

#[test]
fn the_contract_computes_the_circuits_public_inputs() {
    let mut harness = Harness::new();
    let mut draw = Draw(ChaCha20Rng::seed_from_u64(23));
    let real = PROVEN.statement.clone();
    let random: Vec<Statement> = (0..100).map(|_| draw.statement()).collect();
    for statement in std::iter::once(&real).chain(&random) {
        assert!(statement.has_form());
        assert_eq!(harness.encode(&submission(statement)).unwrap(), expected(statement));
    }
}

/// A58: the rules of a policy hold on chain as off it.
#[test]
fn a58_the_contract_refuses_the_policies_that_the_verifier_refuses() {
    let mut harness = Harness::new();
    let base = PROVEN.statement.clone();
    let mut refuse = |what: &str, change: &dyn Fn(&mut Policy)| {
        let mut statement = base.clone();
        change(&mut statement.policy);
        assert!(!statement.has_form(), "{what} is allowed off chain");
        assert!(harness.encode(&submission(&statement)).is_err(), "{what} is allowed on chain");
    };
    let set = |bits: u16| GroupSet::from_bits(bits);
    refuse("no cells", &|p| p.cells = 0);
    refuse("more cells than the shape has", &|p| p.cells = 25);
    refuse("an empty sample", &|p| p.sample = CellSet::EMPTY);
    refuse("a sample beyond the cells", &|p| {
        p.cells = 23;
        p.views.iter_mut().for_each(|v| v.allowed.truncate(23));
    });
    refuse("a minimum cell of 0", &|p| p.minimum_cell = 0);
    refuse("a minimum cell of 2^24", &|p| p.minimum_cell = 1 << 24);
    refuse("a share above 1", &|p| p.minimum_share = Ratio::new(3, 2));
    refuse("a share over 0", &|p| p.minimum_share = Ratio::new(0, 0));
    for metric in Metric::ALL {
        let at = metric.index();
        refuse("a threshold over 0", &|p| p.thresholds[at] = Ratio::new(1, 0));
        if metric == Metric::TwoProportionTest {
            refuse("no deviations", &|p| p.thresholds[at] = Ratio::new(0, 1));
        } else {
            refuse("a threshold above 1", &|p| p.thresholds[at] = Ratio::new(6, 5));
        }
        if metric.bound() == circuits::attestation::Bound::RatioAtLeast {
            refuse("a ratio of 0", &|p| p.thresholds[at] = Ratio::new(0, 1));
        }
    }
    refuse("two views", &|p| p.views.truncate(p.views.len() - 1));
    refuse("four views", &|p| p.views.push(p.views[0].clone()));
    refuse("a view of one group", &|p| p.views[0].groups = 1);
    refuse("a view of five groups in the first", &|p| p.views[0].groups = 5);
    refuse("a cell too few", &|p| p.views[1].allowed.truncate(23));
    refuse("a group that is not there", &|p| p.views[1].allowed[3] = set(1 << 7));
    refuse("an excluded group that is not there", &|p| p.views[2].excluded = set(1 << 14));
    refuse("no checks", &|p| p.views[2].checks.clear());
    refuse("a check of scores", &|p| p.views[2].checks.push(Metric::ScoringImpactRatio));
}

#[test]
fn outcomes_and_counts_of_another_form_are_refused() {
    let mut harness = Harness::new();
    let good = submission(&PROVEN.statement);
    harness.encode(&good).unwrap();
    let mut refuse = |what: &str, change: &dyn Fn(&mut abi::Submission)| {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(harness.encode(&changed).is_err(), "{what}");
    };
    let one = U256::from(1);
    refuse("two outcomes", &|s| change_outcome(s, |o| o.truncate(o.len() - 1)));
    refuse("four outcomes", &|s| change_outcome(s, |o| o.push(o[0].clone())));
    refuse("2^24 unknowns", &|s| change_outcome(s, |o| o[0].unknown = one << 24));
    refuse("a compared group beyond the room", &|s| change_outcome(s, |o| o[0].compared[0] = one << 4));
    refuse("five kinds of groups", &|s| change_outcome(s, |o| o[0].compared.push(U256::ZERO)));
    refuse("verdict 4", &|s| change_outcome(s, |o| o[0].verdicts[10] = U256::from(4)));
    refuse("ten verdicts", &|s| change_outcome(s, |o| o[0].verdicts.truncate(10)));
    refuse("a failing group beyond the room", &|s| change_outcome(s, |o| o[1].failing[0] = one << 8));
    refuse("a group of a metric that names none", &|s| change_outcome(s, |o| o[1].failing[1] = one));
    refuse("an untested group beyond the room", &|s| change_outcome(s, |o| o[2].unassessed = one << 16));
    refuse("another format", &|s| change_policy(s, |p| p.format.push('!')));
    refuse("another version", &|s| change_policy(s, |p| p.version = U256::from(2)));
    refuse("a disclosed minimum beyond 32 bits", &|s| change_policy(s, |p| p.disclosedMinimum = one << 32));
    refuse("numbers of more than 16 bits", &|s| change_policy(s, |p| p.thresholds[8].num = one << 16));
    refuse("a metric that does not exist", &|s| change_policy(s, |p| p.views[0].checks |= one << 11));
    refuse("ten thresholds", &|s| change_policy(s, |p| p.thresholds.truncate(p.thresholds.len() - 1)));
    refuse("a set beyond 16 bits", &|s| change_policy(s, |p| p.views[2].allowed[0] = one << 20));
    refuse("counts of a cell too few", &|s| change_counts(s, |c| c.truncate(116)));
    refuse("an edge that does not exist", &|s| change_counts(s, |c| c[0] = 1));
    refuse("a count of 2^24", &|s| change_counts(s, |c| c[1] = 1 << 24));
    let small = "a cell below the minimum";
    refuse(small, &|s| change_counts(s, |c| c[1..6].copy_from_slice(&[9, 0, 0, 0, 0])));
    // None, or the minimum itself.
    for cell in [[0, 0, 0, 0, 0], [3, 3, 3, 1, 0]] {
        let mut changed = good.clone();
        change_counts(&mut changed, |c| c[1..6].copy_from_slice(&cell));
        harness.encode(&changed).unwrap();
    }
}

/// Bytes of an encoding that lead out of it, or do not end, are refused: the
/// hash binds all that is read.
#[test]
fn encodings_that_refer_to_something_else_are_refused() {
    let mut harness = Harness::new();
    let good = submission(&PROVEN.statement);
    // Offsets of the policy's format, thresholds and views; of the first
    // view; of the outcome's first view.
    let at = |word: usize| 32 * word..32 * (word + 1);
    let views = usize::try_from(U256::from_be_slice(&good.policy[at(13)])).unwrap();
    let offsets = [1, 12, 13, 2 + views / 32, 3 + views / 32];
    let shifted = |bytes: &[u8], word: usize, by: U256| {
        let mut out = bytes.to_vec();
        let moved = U256::from_be_slice(&out[at(word)]).wrapping_add(by);
        out[at(word)].copy_from_slice(&moved.to_be_bytes::<32>());
        out
    };
    for by in [U256::from(1 << 14), U256::MAX - U256::from(1 << 12), U256::from(1) << 255] {
        for word in offsets {
            let mut changed = good.clone();
            changed.policy = shifted(&good.policy, word, by).into();
            harness.encode(&changed).unwrap_err();
        }
        for word in [0, 2, 3] {
            let mut changed = good.clone();
            changed.outcome = shifted(&good.outcome, word, by).into();
            harness.encode(&changed).unwrap_err();
        }
    }
    for length in [0, 31, 32, 64, good.policy.len() - 32] {
        let mut changed = good.clone();
        changed.policy = good.policy[..length].to_vec().into();
        harness.encode(&changed).unwrap_err();
    }
    for length in [0, 32, 64, good.outcome.len() - 32] {
        let mut changed = good.clone();
        changed.outcome = good.outcome[..length].to_vec().into();
        harness.encode(&changed).unwrap_err();
    }
    for more in [1, 8] {
        let mut changed = good.clone();
        changed.disclosed = [&good.disclosed[..], &vec![0; more]].concat().into();
        harness.encode(&changed).unwrap_err();
    }
}
