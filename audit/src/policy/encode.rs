//! The policy hash. spec: `audit.policy_hash`.

use super::{Attribute, Policy, Unknowns};
use crate::abi::Value;
use circuits::attestation::{Disclosure, Metric, Ratio};

impl Policy {
    /// `keccak256(abi.encode(policy))`: names, and the numbers that they give.
    pub fn hash(&self) -> [u8; 32] {
        self.abi().hash()
    }

    /// The struct that is hashed. Its numbers are those that a contract
    /// fills the circuit's inputs from; its names say what they mean.
    pub fn abi(&self) -> Value {
        let numbers = &self.numbers;
        let minimum = match numbers.disclosure {
            Disclosure::VerdictsOnly => 0,
            Disclosure::Table { minimum } => minimum,
        };
        Value::Tuple(vec![
            Value::string(Self::FORMAT),
            Value::uint(Self::VERSION),
            Value::string(&self.title),
            Value::Array(self.attributes.iter().map(Attribute::abi).collect()),
            Value::uint(u8::from(self.unknowns == Unknowns::Counted)),
            Value::uint(u64::try_from(numbers.cells).expect("a few cells")),
            Value::uint(numbers.sample.bits()),
            Value::uint(numbers.minimum_cell),
            ratio(numbers.minimum_share),
            Value::uint(minimum),
            Value::Array(Metric::ALL.map(|m| ratio(numbers.threshold(m))).into()),
            Value::Array((0..self.views.len()).map(|view| self.view_abi(view)).collect()),
        ])
    }

    fn view_abi(&self, view: usize) -> Value {
        let (names, numbers) = (&self.views[view], &self.numbers.views[view]);
        let attributes = names.attributes.iter().map(|a| Value::uint(*a as u64));
        let checks = numbers.checks.iter().fold(0u32, |bits, metric| bits | 1 << metric.index());
        Value::Tuple(vec![
            Value::string(&names.name),
            Value::Array(attributes.collect()),
            Value::uint(numbers.groups as u64),
            Value::Array(numbers.allowed.iter().map(|set| Value::uint(set.bits())).collect()),
            Value::uint(numbers.excluded.bits()),
            Value::uint(checks),
        ])
    }
}

impl Attribute {
    /// Name, groups, and whether it may be unknown.
    pub(crate) fn abi(&self) -> Value {
        let unknown = Value::uint(u8::from(self.unknown));
        Value::Tuple(vec![Value::string(&self.name), Value::strings(&self.groups), unknown])
    }
}

fn ratio(ratio: Ratio) -> Value {
    Value::Tuple(vec![Value::uint(ratio.num), Value::uint(ratio.den)])
}
