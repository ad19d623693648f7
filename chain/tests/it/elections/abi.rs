//! The ABI says what can be done at all.

use serde_json::Value;
use std::collections::BTreeSet;

const FILES: [(&str, &[&str]); 2] = [
    ("Elections", &["anchor", "close", "open", "postBatch", "postChunk", "postFinal", "postTally", "void"]),
    ("Groth16Verifiers", &["add"]),
];

fn abi(name: &str) -> Vec<Value> {
    let path = format!("{}/../contracts/artifacts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    artifact["abi"].as_array().unwrap().clone()
}

/// A55: neither an owner nor an upgrade. No function takes ether.
#[test]
fn the_abi_has_no_other_call_that_writes() {
    for (name, expected) in FILES {
        let abi = abi(name);
        let kind = |item: &Value| item["type"].as_str().unwrap().to_owned();
        let reads = |item: &&Value| !["view", "pure"].contains(&item["stateMutability"].as_str().unwrap());
        let functions: Vec<&Value> = abi.iter().filter(|item| kind(item) == "function").collect();
        let writing: BTreeSet<&str> =
            functions.iter().copied().filter(reads).map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(writing, expected.iter().copied().collect(), "{name}");
        assert!(abi.iter().all(|item| item["stateMutability"] != "payable"), "{name}");
        let kinds: BTreeSet<String> = abi.iter().map(kind).collect();
        assert!(!kinds.contains("fallback") && !kinds.contains("receive"), "{name}");
        let constructor = abi.iter().find(|item| kind(item) == "constructor");
        assert!(constructor.is_none_or(|item| item["inputs"].as_array().unwrap().is_empty()), "{name}");
    }
}

/// Instructions that could replace or end a contract, or run another's code
/// as one's own, do not occur in the code.
#[test]
fn a55_the_code_has_no_way_to_change() {
    use chain::Artifact;
    for artifact in [Artifact::elections().unwrap(), Artifact::verifiers().unwrap()] {
        for (name, opcode) in [("CALLCODE", 0xf2), ("DELEGATECALL", 0xf4), ("SELFDESTRUCT", 0xff)] {
            assert!(!instructions(&artifact.deployed_bytecode).any(|found| found == opcode), "{name}");
        }
    }
}

/// The instructions of a code, without the values that they push.
fn instructions(code: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let opcode = *code.get(at)?;
        let pushed = if (0x60..=0x7f).contains(&opcode) { usize::from(opcode - 0x5f) } else { 0 };
        at += 1 + pushed;
        Some(opcode)
    })
}
