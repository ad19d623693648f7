//! Why a contract refused: its custom error with names and values of the
//! arguments. spec: `chain.errors`.

use crate::backend::Data;
use alloy::{
    dyn_abi::{DynSolValue, JsonAbiExt},
    json_abi::{Error as AbiError, JsonAbi, Param},
};
use serde::Serialize;
use std::{fmt, sync::OnceLock};

/// Longest bytes of an argument that are shown whole.
const SHOWN: usize = 32;
/// What every contract may say besides its own errors.
const STANDARD: [&str; 2] = ["error Error(string message)", "error Panic(uint256 code)"];

/// Sources with the enumerations that errors mention.
const ENUMERATIONS: [&str; 3] = [
    include_str!("../../contracts/src/IElections.sol"),
    include_str!("../../contracts/src/IAttestations.sol"),
    include_str!("../../contracts/src/AuditInputs.sol"),
];

/// What a contract returned as it refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revert {
    /// As it came.
    pub data: Data,
    /// As far as the error is known.
    pub error: Option<ContractError>,
}

/// A custom error of one of the project's contracts, or a standard one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContractError {
    /// Its name.
    pub name: String,
    /// Names and values, in order.
    pub arguments: Vec<(String, String)>,
}

impl Revert {
    /// Reads what a contract returned.
    pub fn new(data: Vec<u8>) -> Self {
        let error = known().iter().find_map(|candidate| read(candidate, &data));
        Self { data: Data(data), error }
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(error) => write!(f, "the contract refuses: {error}"),
            None if self.data.0.is_empty() => f.write_str(
                "the contract refuses without a reason; too little gas, or it is another contract",
            ),
            None => write!(
                f,
                "the contract refuses with an error that is not of this version's contracts: 0x{}",
                hex::encode(&self.data.0)
            ),
        }
    }
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<String> =
            self.arguments.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        write!(f, "{}({})", self.name, arguments.join(", "))
    }
}

fn read(candidate: &AbiError, data: &[u8]) -> Option<ContractError> {
    let values = data.strip_prefix(&candidate.selector().0)?;
    let values = candidate.abi_decode_input(values).ok()?;
    let named = candidate.inputs.iter().zip(1..).zip(&values);
    let arguments = named.map(|((input, at), value)| {
        let name = if input.name.is_empty() { format!("argument {at}") } else { input.name.clone() };
        (name, member(input, value).map_or_else(|| show(value), str::to_owned))
    });
    Some(ContractError { name: candidate.name.clone(), arguments: arguments.collect() })
}

/// The name of an enumeration's member, as the contracts' sources have it: the
/// ABI holds numbers alone.
fn member(input: &Param, value: &DynSolValue) -> Option<&'static str> {
    let (_, kind) = input.internal_type()?.as_enum()?;
    let (number, _) = value.as_uint()?;
    let head = format!("enum {kind} {{");
    let members = ENUMERATIONS.iter().find_map(|source| source.split_once(&head))?.1;
    let lines = members.split_once('}')?.0.lines().map(str::trim);
    let mut names = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    names.nth(number.try_into().ok()?).map(|name| name.trim_end_matches(','))
}

fn show(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(show).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, size) => format!("0x{}", hex::encode(&word[..*size])),
        DynSolValue::Address(value) => format!("0x{}", hex::encode(value)),
        DynSolValue::Function(value) => format!("0x{}", hex::encode(value)),
        DynSolValue::Bytes(value) if value.len() > SHOWN => format!("{} bytes", value.len()),
        DynSolValue::Bytes(value) => format!("0x{}", hex::encode(value)),
        DynSolValue::String(value) => format!("{value:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
        DynSolValue::Tuple(values) => format!("({})", list(values)),
    }
}

/// All errors of the committed contracts, and the standard ones.
fn known() -> &'static [AbiError] {
    static KNOWN: OnceLock<Vec<AbiError>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let standard = JsonAbi::parse(STANDARD).expect("the standard errors are well-formed");
        let contracts = crate::contracts::abis();
        contracts.iter().chain([&standard]).flat_map(|abi| abi.errors().cloned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{IAttestations, IElections, Stage};
    use alloy::{
        primitives::{B256, U256},
        sol_types::SolError,
    };

    fn word(last: u8) -> Vec<u8> {
        let mut word = vec![0; 32];
        word[31] = last;
        word
    }

    #[test]
    fn standard_errors_are_read_with_their_arguments() {
        let panic = [vec![0x4e, 0x48, 0x7b, 0x71], word(0x11)].concat();
        assert_eq!(Revert::new(panic).to_string(), "the contract refuses: Panic(code = 17)");
        let text = [vec![0x08, 0xc3, 0x79, 0xa0], word(32), word(2), b"no".to_vec(), vec![0; 30]].concat();
        assert_eq!(Revert::new(text).to_string(), "the contract refuses: Error(message = \"no\")");
    }

    #[test]
    fn errors_of_the_contracts_are_read_by_name() {
        let refused = IElections::WrongStart { expected: 128, found: 0 }.abi_encode();
        let said = Revert::new(refused).to_string();
        assert_eq!(said, "the contract refuses: WrongStart(expected = 128, found = 0)");
    }

    #[test]
    fn every_enumeration_in_an_error_is_shown_by_its_members_names() {
        let (election, expected, found) = (B256::ZERO, Stage::Closed, Stage::Voided);
        let refused = IElections::WrongStage { electionId: election, expected, found }.abi_encode();
        let said = Revert::new(refused).to_string();
        assert!(said.ends_with("expected = Closed, found = Voided)"), "{said}");
        let refused = IAttestations::InvalidClaim { fault: IAttestations::ClaimFault::IssuedInTheFuture };
        let said = Revert::new(refused.abi_encode()).to_string();
        assert_eq!(said, "the contract refuses: InvalidClaim(fault = IssuedInTheFuture)");
        let zero = DynSolValue::Uint(U256::ZERO, 8);
        let inputs = known().iter().flat_map(|error| &error.inputs);
        let mut kinds = inputs.filter(|input| input.internal_type().is_some_and(|kind| kind.is_enum()));
        assert!(kinds.all(|input| member(input, &zero).is_some()));
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_it_is() {
        assert!(Revert::new(vec![]).to_string().contains("without a reason"));
        assert!(Revert::new(vec![1, 2, 3, 4, 5]).to_string().ends_with("0x0102030405"));
        // A known selector with arguments cut off.
        assert!(Revert::new(vec![0x4e, 0x48, 0x7b, 0x71, 0]).error.is_none());
    }
}
