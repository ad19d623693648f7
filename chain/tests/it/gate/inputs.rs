//! The public inputs that the contract computes are those of the circuit,
//! and it keeps the same rules.

use super::{
    audit::{MODEL, PROVEN, terms},
    world::{account, change_counts, change_outcome, change_policy, deploy_testing},
};
use crate::evm::{Evm, GAS_LIMIT};
use alloy::{
    primitives::U256,
    sol_types::{SolCall, SolError, SolType, SolValue, sol_data},
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

alloy::sol! {
    #[derive(Debug)]
    enum PolicyFault {
        Format,
        Cells,
        Sample,
        MinimumCell,
        MinimumShare,
        Disclosure,
        Threshold,
        Views,
        Groups,
        Allowed,
        NoSuchGroup,
        Checks,
        NeedsScores
    }
    error InvalidPolicy(PolicyFault fault, uint256 index);
    error InvalidOutcome(uint256 view_);
    error InvalidTable(uint256 expected, uint256 found);
    error Malformed();
    error CellTooSmall(uint256 cell, uint256 found, uint256 minimum);
}

fn policy_fault(fault: PolicyFault, index: usize) -> Vec<u8> {
    InvalidPolicy { fault, index: U256::from(index) }.abi_encode()
}

fn outcome_fault(view: usize) -> Vec<u8> {
    InvalidOutcome { view_: U256::from(view) }.abi_encode()
}

fn table_fault(expected: usize, found: usize) -> Vec<u8> {
    InvalidTable { expected: U256::from(expected), found: U256::from(found) }.abi_encode()
}

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
        self.call(&(submission.clone(), alloy::primitives::B256::new(DIGEST)).abi_encode_params())
    }

    /// The same with calldata made by hand.
    fn call(&mut self, arguments: &[u8]) -> Result<Vec<U256>, crate::evm::Reverted> {
        let kind = abi::IAttestations::attestCall::SIGNATURE.strip_prefix("attest(").unwrap();
        let signature = format!("encode({},bytes32)", kind.strip_suffix(')').unwrap());
        let call = [&keccak256(signature)[..4], arguments].concat();
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
    let mut refuse = |what: &str, fault: PolicyFault, index: usize, change: &dyn Fn(&mut Policy)| {
        let mut statement = base.clone();
        change(&mut statement.policy);
        assert!(!statement.has_form(), "{what} is allowed off chain");
        let reverted = harness.encode(&submission(&statement)).expect_err(what);
        assert_eq!(hex::encode(reverted.0), hex::encode(policy_fault(fault, index)), "{what}");
    };
    use PolicyFault as F;
    let set = |bits: u16| GroupSet::from_bits(bits);
    refuse("no cells", F::Cells, 0, &|p| p.cells = 0);
    refuse("more cells than the shape has", F::Cells, 0, &|p| {
        p.cells = 25;
        p.views.iter_mut().for_each(|v| v.allowed.push(set(1)));
    });
    refuse("an empty sample", F::Sample, 0, &|p| p.sample = CellSet::EMPTY);
    refuse("a sample beyond the cells", F::Sample, 0, &|p| {
        p.cells = 23;
        p.views.iter_mut().for_each(|v| v.allowed.truncate(23));
    });
    refuse("a minimum cell of 0", F::MinimumCell, 0, &|p| p.minimum_cell = 0);
    refuse("a minimum cell of 2^24", F::MinimumCell, 0, &|p| p.minimum_cell = 1 << 24);
    refuse("a share above 1", F::MinimumShare, 0, &|p| p.minimum_share = Ratio::new(3, 2));
    refuse("a share over 0", F::MinimumShare, 0, &|p| p.minimum_share = Ratio::new(0, 0));
    for metric in Metric::ALL {
        use circuits::attestation::Bound::{DeviationsAtMost, DifferenceAtMost, RatioAtLeast};
        let at = metric.index();
        // For a difference nothing else is wrong with 0/0, for deviations with 1/0.
        let over_nothing = Ratio::new(u16::from(metric.bound() != DifferenceAtMost), 0);
        refuse("a threshold over 0", F::Threshold, at, &|p| p.thresholds[at] = over_nothing);
        if metric.bound() == DeviationsAtMost {
            refuse("no deviations", F::Threshold, at, &|p| p.thresholds[at] = Ratio::new(0, 1));
        } else {
            refuse("a threshold above 1", F::Threshold, at, &|p| p.thresholds[at] = Ratio::new(6, 5));
        }
        if metric.bound() == RatioAtLeast {
            refuse("a ratio of 0", F::Threshold, at, &|p| p.thresholds[at] = Ratio::new(0, 1));
        }
    }
    refuse("two views", F::Views, 2, &|p| p.views.truncate(p.views.len() - 1));
    refuse("four views", F::Views, 4, &|p| p.views.push(p.views[0].clone()));
    refuse("a view of one group", F::Groups, 0, &|p| {
        let view = &mut p.views[0];
        view.groups = 1;
        view.allowed.fill(set(1));
    });
    refuse("a view of five groups in the first", F::Groups, 0, &|p| p.views[0].groups = 5);
    refuse("a cell too few", F::Allowed, 1, &|p| p.views[1].allowed.truncate(23));
    refuse("a cell too many", F::Allowed, 1, &|p| p.views[1].allowed.push(set(1)));
    refuse("a group that is not there", F::NoSuchGroup, 1, &|p| p.views[1].allowed[3] = set(1 << 7));
    refuse("an excluded group that is not there", F::NoSuchGroup, 2, &|p| p.views[2].excluded = set(1 << 14));
    refuse("no checks", F::Checks, 2, &|p| p.views[2].checks.clear());
    refuse("a check of scores", F::NeedsScores, 2, &|p| p.views[2].checks.push(Metric::ScoringImpactRatio));
}

#[test]
fn outcomes_and_counts_of_another_form_are_refused() {
    let mut harness = Harness::new();
    let good = submission(&PROVEN.statement);
    harness.encode(&good).unwrap();
    let mut refuse = |what: &str, error: Vec<u8>, change: &dyn Fn(&mut abi::Submission)| {
        let mut changed = good.clone();
        change(&mut changed);
        let reverted = harness.encode(&changed).expect_err(what);
        assert_eq!(hex::encode(reverted.0), hex::encode(error), "{what}");
    };
    use PolicyFault as F;
    let one = U256::from(1);
    let outcome = |view: usize, change: fn(&mut abi::ViewOutcome)| {
        move |s: &mut abi::Submission| change_outcome(s, |o| change(&mut o[view]))
    };
    refuse("two outcomes", outcome_fault(2), &|s| change_outcome(s, |o| o.truncate(o.len() - 1)));
    refuse("four outcomes", outcome_fault(4), &|s| change_outcome(s, |o| o.push(o[0].clone())));
    for (what, view, change) in [
        ("2^24 unknowns", 0, (|o| o.unknown = U256::from(1 << 24)) as fn(&mut abi::ViewOutcome)),
        ("a compared group beyond the room", 0, |o| o.compared[0] = U256::from(1 << 4)),
        ("five kinds of groups", 0, |o| o.compared.push(U256::ZERO)),
        ("three kinds of groups", 0, |o| o.compared.truncate(3)),
        ("verdict 4", 0, |o| o.verdicts[10] = U256::from(4)),
        ("ten verdicts", 0, |o| o.verdicts.truncate(10)),
        ("twelve verdicts", 1, |o| o.verdicts.push(U256::ZERO)),
        ("a failing group beyond the room", 1, |o| o.failing[0] = U256::from(1 << 8)),
        ("a group of a metric that names none", 1, |o| o.failing[1] = U256::from(1)),
        ("ten lists of failing groups", 1, |o| o.failing.truncate(10)),
        ("twelve lists of failing groups", 2, |o| o.failing.push(U256::ZERO)),
        ("an untested group beyond the room", 2, |o| o.unassessed = U256::from(1 << 16)),
    ] {
        refuse(what, outcome_fault(view), &outcome(view, change));
    }
    let policy = |fault: PolicyFault, index: usize| policy_fault(fault, index);
    refuse("another format", policy(F::Format, 0), &|s| change_policy(s, |p| p.format.push('!')));
    refuse("another version", policy(F::Format, 0), &|s| change_policy(s, |p| p.version = U256::from(2)));
    refuse("a disclosed minimum beyond 32 bits", policy(F::Disclosure, 0), &|s| {
        change_policy(s, |p| p.disclosedMinimum = one << 32);
        change_counts(s, |c| c.fill(0));
    });
    let wide = |s: &mut abi::Submission, at: usize| change_policy(s, |p| p.thresholds[at].den = one << 16);
    refuse("a share over 2^16", policy(F::MinimumShare, 0), &|s| {
        change_policy(s, |p| p.minimumShare.den = one << 16);
    });
    refuse("a fraction over 2^16", policy(F::Threshold, 1), &|s| wide(s, 1));
    refuse("deviations over 2^16", policy(F::Threshold, 8), &|s| wide(s, 8));
    refuse("2^16 deviations", policy(F::Threshold, 8), &|s| {
        change_policy(s, |p| p.thresholds[8].num = one << 16);
    });
    refuse("a metric that does not exist", policy(F::Checks, 0), &|s| {
        change_policy(s, |p| p.views[0].checks |= one << 11);
    });
    refuse("ten thresholds", policy(F::Threshold, 11), &|s| {
        change_policy(s, |p| p.thresholds.truncate(p.thresholds.len() - 1));
    });
    refuse("twelve thresholds", policy(F::Threshold, 11), &|s| {
        change_policy(s, |p| p.thresholds.push(p.thresholds[0].clone()));
    });
    refuse("a set beyond 16 bits", policy(F::NoSuchGroup, 2), &|s| {
        change_policy(s, |p| p.views[2].allowed[0] = one << 20);
    });
    refuse("counts of a cell too few", table_fault(968, 928), &|s| change_counts(s, |c| c.truncate(116)));
    refuse("no counts", table_fault(968, 0), &|s| change_counts(s, Vec::clear));
    refuse("counts that the policy does not ask for", table_fault(0, 968), &|s| {
        change_policy(s, |p| p.disclosedMinimum = U256::ZERO);
    });
    refuse("an edge that does not exist", table_fault(1, 1), &|s| change_counts(s, |c| c[0] = 1));
    refuse("a count of 2^24", table_fault(24, 1 << 24), &|s| {
        change_counts(s, |c| {
            c.fill(0);
            c[1] = 1 << 24;
        });
    });
    let small = CellTooSmall { cell: U256::ZERO, found: U256::from(9), minimum: U256::from(10) }.abi_encode();
    refuse("a cell below the minimum", small, &|s| {
        change_counts(s, |c| c[1..6].copy_from_slice(&[9, 0, 0, 0, 0]));
    });
    refuse("an encoding that begins with another offset", Malformed {}.abi_encode(), &|s| {
        let mut bytes = s.policy.to_vec();
        bytes[31] = 64;
        s.policy = bytes.into();
    });
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

/// A word of an encoding.
fn word(bytes: &[u8], at: usize) -> U256 {
    U256::from_be_slice(&bytes[32 * at..32 * (at + 1)])
}

/// An offset among an encoding's words, in words.
fn offset(bytes: &[u8], at: usize) -> usize {
    usize::try_from(word(bytes, at)).unwrap() / 32
}

/// Adds to a word of an encoding.
fn shift(bytes: &mut [u8], at: usize, by: U256) {
    let moved = word(bytes, at).wrapping_add(by);
    bytes[32 * at..32 * (at + 1)].copy_from_slice(&moved.to_be_bytes::<32>());
}

/// The place of an offset, and those in what it leads to that lead on.
type Lead = (usize, Vec<usize>);

/// Of a policy: format, thresholds, views, a view, its sets of groups.
fn policy_leads(policy: &[u8]) -> [Lead; 5] {
    let first = 2 + offset(policy, 13);
    let view = first + offset(policy, first);
    [
        (1, vec![]),
        (12, vec![]),
        (13, vec![first, first + 1, first + 2]),
        (first, vec![view + 3]),
        (view + 3, vec![]),
    ]
}

/// Of an outcome: a view's, and its three lists.
fn outcome_leads(outcome: &[u8]) -> [Lead; 4] {
    let view = 2 + offset(outcome, 2);
    [(2, vec![view + 1, view + 2, view + 3]), (view + 1, vec![]), (view + 2, vec![]), (view + 3, vec![])]
}

/// Where an offset leads decides, not what is there: a copy of the same words
/// counts inside of the encoding, which its hash binds, and not outside of it,
/// though it is in the calldata.
#[test]
fn a15_nothing_outside_of_an_encoding_is_read() {
    let mut harness = Harness::new();
    let good = submission(&PROVEN.statement);
    let inputs = harness.encode(&good).unwrap();
    let head = good.abi_encode();
    let outside = |field: usize| word(&head, 9).wrapping_sub(word(&head, field));
    let led = |bytes: &[u8], (at, on): &Lead, by: U256| {
        let (mut first, mut copy) = (bytes.to_vec(), bytes.to_vec());
        shift(&mut first, *at, by);
        on.iter().for_each(|place| shift(&mut copy, *place, U256::ZERO.wrapping_sub(by)));
        (first, copy)
    };
    let mut expect = |what: String,
                      mut changed: abi::Submission,
                      bytes: (Vec<u8>, Vec<u8>),
                      inside: bool,
                      policy: bool| {
        let field = if inside {
            [bytes.0, bytes.1].concat()
        } else {
            changed.signature = bytes.1.into();
            bytes.0
        };
        *(if policy { &mut changed.policy } else { &mut changed.outcome }) = field.into();
        match harness.encode(&changed) {
            Ok(found) => assert!(inside && found == inputs, "{what}"),
            Err(reverted) => assert!(!inside && reverted.0 == Malformed {}.abi_encode(), "{what}"),
        }
    };
    for lead in policy_leads(&good.policy) {
        let within = led(&good.policy, &lead, U256::from(good.policy.len()));
        expect(format!("policy, word {}, inside", lead.0), good.clone(), within, true, true);
        let without = led(&good.policy, &lead, outside(2));
        expect(format!("policy, word {}, outside", lead.0), good.clone(), without, false, true);
    }
    for lead in outcome_leads(&good.outcome) {
        let within = led(&good.outcome, &lead, U256::from(good.outcome.len()));
        expect(format!("outcome, word {}, inside", lead.0), good.clone(), within, true, false);
        let without = led(&good.outcome, &lead, outside(6));
        expect(format!("outcome, word {}, outside", lead.0), good.clone(), without, false, false);
    }
}

/// The length of an outcome's list is what it says, whatever follows.
#[test]
fn a15_lists_of_another_length_are_refused_though_all_else_is_there() {
    let mut harness = Harness::new();
    let good = submission(&PROVEN.statement);
    let view = 2 + offset(&good.outcome, 2);
    for list in [1, 2, 3].map(|at| view + offset(&good.outcome, view + at)) {
        for by in [U256::from(1), U256::MAX] {
            let mut outcome = good.outcome.to_vec();
            shift(&mut outcome, list, by);
            let mut changed = good.clone();
            changed.outcome = outcome.into();
            assert_eq!(harness.encode(&changed).unwrap_err().0, outcome_fault(0));
        }
    }
}

/// A view that begins before the calldata does, at a place that wraps around:
/// its first words are zeros, the others those that the calldata begins with.
#[test]
fn a15_a_view_before_the_calldata_is_refused() {
    let mut harness = Harness::new();
    let mut submission = submission(&PROVEN.statement);
    let mut policy = submission.policy.to_vec();
    let (v, elements) = (2, 2 + offset(&policy, 13));
    let view = elements + offset(&policy, elements + v);
    let [groups, allowed, excluded, checks] = [2, 3, 4, 5].map(|at| word(&policy, view + at));
    // Five words, the second of them the digest, and then the submission.
    let start = 4 + 5 * 32;
    let encoded = submission.abi_encode();
    let at = U256::from(start + 32) + word(&encoded, 2);
    let place = |index: usize| at + U256::from(32 * index);
    let before = U256::ZERO.wrapping_sub(U256::from(28));
    policy[32 * (elements + v)..32 * (elements + v + 1)]
        .copy_from_slice(&before.wrapping_sub(place(elements)).to_be_bytes::<32>());
    submission.policy = policy.into();
    let sets = (place(view) + allowed).wrapping_sub(before);
    let head = [U256::from(start - 4), groups, sets, excluded, checks].map(|w| w.to_be_bytes::<32>());
    let arguments = [head.concat(), submission.abi_encode()[32..].to_vec()].concat();
    let reverted = harness.call(&arguments).expect_err("read from before the calldata");
    assert_eq!(reverted.0, Malformed {}.abi_encode());
}
