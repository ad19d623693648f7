//! Hashes against eth-abi, which shares no code with this repository.

use crate::examples::{text, vectors};
use audit::{abi::Value, commitment::reading_digest, document::Document, mapping::Mapping, policy::Policy};

#[test]
fn policy_mapping_and_reading_hashes_are_those_of_eth_abi() {
    let oracle = vectors("abi.json");
    let pairs = [
        ("compas", "compas"),
        ("adult", "adult"),
        ("screening", "screening"),
        ("local-law-144", "screening"),
    ];
    for (name, mapping) in pairs {
        let policy = Policy::read(&Document::new(name, text(&format!("{name}.policy.toml")))).unwrap();
        let mapping = text(&format!("{mapping}.mapping.toml"));
        let digest = Mapping::read(&Document::new(name, mapping), &policy).unwrap().digest();
        let word = |bytes: [u8; 32]| format!("0x{}", hex::encode(bytes));
        assert_eq!(word(policy.hash()), oracle[name]["policy"].as_str().unwrap(), "{name}");
        assert_eq!(word(digest), oracle[name]["mapping"].as_str().unwrap(), "{name}");
        let reading = reading_digest(&policy.attributes, digest);
        assert_eq!(word(reading), oracle[name]["reading"].as_str().unwrap(), "{name}");
    }
}

/// The example of the Solidity documentation, "Use of Dynamic Types", second
/// part: `f(uint256[][],string[])` with `[[1, 2], [3]]` and
/// `["one", "two", "three"]`, without the selector.
#[test]
fn nested_arrays_are_encoded_as_the_abi_specification_shows() {
    let numbers = |list: &[u8]| Value::Array(list.iter().map(|x| Value::uint(*x)).collect());
    let value = Value::Tuple(vec![
        Value::Array(vec![numbers(&[1, 2]), numbers(&[3])]),
        Value::strings(["one", "two", "three"]),
    ]);
    let words: Vec<String> = [
        "40", "140", "2", "40", "a0", "2", "1", "2", "1", "3", "3", "60", "a0", "e0", "3", "one", "3", "two",
        "5", "three",
    ]
    .iter()
    .map(|word| match *word {
        "one" | "two" | "three" => format!("{:0<64}", hex::encode(word)),
        number => format!("{number:0>64}"),
    })
    .collect();
    // As the only argument, a dynamic tuple comes behind its offset.
    assert_eq!(hex::encode(value.encode()), format!("{:0>64}{}", "20", words.concat()));
}

#[test]
fn signed_numbers_are_in_twos_complement() {
    assert_eq!(hex::encode(Value::int(-1).encode()), "f".repeat(64));
    assert_eq!(hex::encode(Value::int(i128::MIN).encode()), format!("{}8{}", "f".repeat(32), "0".repeat(31)));
    assert_eq!(Value::int(7), Value::uint(7u8));
}
