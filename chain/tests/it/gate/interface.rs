//! What the contracts can be told at all.

use alloy::sol_types::{SolCall, SolError};
use chain::{
    abi::{IAttestations, IExecutor, IModelGate},
    gate,
};
use circuits::types::keccak256;
use serde_json::Value;
use std::collections::BTreeSet;

/// Calls that write, by contract.
const WRITING: [(&str, &[&str]); 3] = [
    ("Attestations", &["anchor", "attest", "register", "revoke"]),
    ("ModelGate", &["enact"]),
    ("Executor", &["execute", "queue"]),
];

fn abi(name: &str) -> Vec<Value> {
    let path = format!("{}/../contracts/artifacts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    artifact["abi"].as_array().unwrap().clone()
}

fn of<'a>(abi: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    abi.iter().filter(move |item| item["type"] == kind)
}

/// A55, A68: neither an owner nor an upgrade, a pause or a veto.
#[test]
fn a55_the_contracts_have_no_other_call_that_writes() {
    for (name, expected) in WRITING {
        let abi = abi(name);
        let reads = |item: &Value| ["view", "pure"].contains(&item["stateMutability"].as_str().unwrap());
        let writing: BTreeSet<&str> =
            of(&abi, "function").filter(|f| !reads(f)).map(|f| f["name"].as_str().unwrap()).collect();
        assert_eq!(writing, expected.iter().copied().collect(), "{name}");
        assert_eq!(of(&abi, "fallback").count() + of(&abi, "receive").count(), 0, "{name}");
        let payable: Vec<&Value> = abi.iter().filter(|item| item["stateMutability"] == "payable").collect();
        // What is sent to be paid on.
        assert!(payable.iter().all(|f| name == "Executor" && f["name"] == "execute"), "{name}");
    }
}

/// `f(t1,t2,..)` with the components of structs.
fn signature(item: &Value) -> String {
    let inputs: Vec<String> = item["inputs"].as_array().unwrap().iter().map(canonical).collect();
    format!("{}({})", item["name"].as_str().unwrap(), inputs.join(","))
}

fn canonical(input: &Value) -> String {
    let kind = input["type"].as_str().unwrap();
    match kind.strip_prefix("tuple") {
        None => kind.to_owned(),
        Some(rest) => {
            let parts: Vec<String> = input["components"].as_array().unwrap().iter().map(canonical).collect();
            format!("({}){rest}", parts.join(","))
        }
    }
}

/// First bytes of every function's or error's calldata.
fn selectors(name: &str, kind: &str) -> BTreeSet<[u8; 4]> {
    let hash = |item: &Value| keccak256(signature(item));
    of(&abi(name), kind).map(hash).map(|h| [h[0], h[1], h[2], h[3]]).collect()
}

/// The bindings are those of the committed contracts.
#[test]
fn calldata_and_errors_are_those_of_the_committed_contracts() {
    use chain::abi::{
        IAttestations::IAttestationsErrors, IExecutor::IExecutorErrors, IModelGate::IModelGateErrors,
    };
    let attestations = selectors("Attestations", "function");
    for call in [
        IAttestations::attestCall::SELECTOR,
        IAttestations::anchorCall::SELECTOR,
        IAttestations::registerCall::SELECTOR,
        IAttestations::revokeCall::SELECTOR,
        IAttestations::statusOfCall::SELECTOR,
        IAttestations::recordCall::SELECTOR,
        IAttestations::findCall::SELECTOR,
    ] {
        assert!(attestations.contains(&call), "{call:?}");
    }
    let gates = selectors("ModelGate", "function");
    for call in [
        IModelGate::approveModelCall::SELECTOR,
        IModelGate::sanctionModelCall::SELECTOR,
        IModelGate::isApprovedCall::SELECTOR,
        IModelGate::standingCall::SELECTOR,
        IModelGate::decisionCall::SELECTOR,
    ] {
        assert!(gates.contains(&call), "{call:?}");
    }
    assert!(selectors("Executor", "function").contains(&IExecutor::standingCall::SELECTOR));
    use alloy::sol_types::SolInterface;
    let errors: [(&str, BTreeSet<[u8; 4]>); 3] = [
        ("Attestations", IAttestationsErrors::selectors().collect()),
        ("ModelGate", IModelGateErrors::selectors().collect()),
        ("Executor", IExecutorErrors::selectors().collect()),
    ];
    for (name, declared) in errors {
        let committed = selectors(name, "error");
        assert!(declared.is_subset(&committed), "{name}");
    }
    assert!(selectors("Attestations", "error").contains(&IAttestations::InvalidProof::SELECTOR));
}

/// Functions that take a draft are called as the committed contracts have them.
#[test]
fn votes_are_given_to_the_functions_that_take_them() {
    let draft = super::votes::draft(
        &gate::Mandate {
            elections: circuits::types::Address([1; 20]),
            organisation: "Example".into(),
            organiser: circuits::types::Address([2; 20]),
            trustees: (3..5).map(|seed| circuits::types::Address([seed; 20])).collect(),
            threshold: 2,
            quorum: 1,
            majority_numerator: 1,
            majority_denominator: 2,
        },
        1_000,
        Vec::new(),
    );
    let id = super::world::election_of(&draft);
    for (name, call) in [
        ("ModelGate", gate::enact(id, &draft)),
        ("Executor", gate::queue(id, &draft)),
        ("Executor", gate::execute(id, &draft)),
    ] {
        let selector: [u8; 4] = call[..4].try_into().unwrap();
        assert!(selectors(name, "function").contains(&selector), "{name}");
    }
}
