//! Identities from words and registrations from wallets, against ethers
//! (`tests/vectors/member.json`).

use super::fixture::registration_key;
use crate::{
    identity::Identity,
    registration::{complete, signature_of_wallet, typed_data},
    words::{InvalidWords, Words},
};
use circuits::types::{InvalidSignature, RegistrationMessage};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    identities: Vec<Vector>,
    registration: SignedByEthers,
}

#[derive(Deserialize)]
struct Vector {
    entropy: String,
    words: String,
    secret: String,
}

#[derive(Deserialize)]
struct SignedByEthers {
    types: Value,
    message: Value,
    hash: String,
    signature: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/member.json")).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(&text[2..]).unwrap()
}

#[test]
fn words_and_secrets_equal_those_of_ethers() {
    for vector in vectors().identities {
        let words = Words::parse(&vector.words).unwrap();
        assert_eq!(&words.entropy()[..], bytes(&vector.entropy));
        assert_eq!(&*words.text(), &vector.words);
        assert_eq!(words.identity(), Identity::import(&bytes(&vector.secret)).unwrap());
        let shouted = format!("  {}\n", vector.words.to_uppercase().replace(' ', "\t\n"));
        assert_eq!(Words::parse(&shouted).unwrap(), words);
        assert_eq!(format!("{words:?}"), "Words(..)");
    }
    assert_ne!(Words::generate(), Words::generate());
}

#[test]
fn wrong_words_are_refused_without_showing_them() {
    let words = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo";
    assert_eq!(Words::parse(words), Err(InvalidWords::Count(23)));
    assert_eq!(Words::parse(&format!("{words} zoo")), Err(InvalidWords::Checksum));
    let slip = Words::parse(&format!("zoo tabella{} vote", &words[7..])).unwrap_err();
    assert_eq!(slip, InvalidWords::Unknown(2));
    assert!(!slip.to_string().contains("tabella"));
    // Twelve words are a phrase of BIP-39, but hold too little.
    let twelve = format!("{}about", "abandon ".repeat(11));
    assert_eq!(Words::parse(&twelve), Err(InvalidWords::Count(12)));
}

#[test]
fn a_wallet_signs_the_typed_data_that_is_hashed_here() {
    let SignedByEthers { types, message: fields, hash, signature } = vectors().registration;
    let text = |name: &str| fields[name].as_str().unwrap().to_owned();
    let message = RegistrationMessage {
        chain_id: 1,
        organisation: text("organisation"),
        address: text("account").parse().unwrap(),
        identity: serde_json::from_value(fields["identity"].clone()).unwrap(),
        counter: text("counter").parse().unwrap(),
    };
    let data = typed_data(&message);
    assert_eq!((&data["types"], &data["message"]), (&types, &fields));
    assert_eq!(message.hash().to_vec(), bytes(&hash));
    let mut bytes = bytes(&signature);
    let signature = signature_of_wallet(&bytes).unwrap();
    signature.verify(message.hash(), message.address).unwrap();
    bytes[64] -= 27;
    assert_eq!(signature_of_wallet(&bytes), Ok(signature));
    bytes[64] = 2;
    assert_eq!(signature_of_wallet(&bytes), Err(InvalidSignature::RecoveryId(2)));
    assert_eq!(signature_of_wallet(&bytes[1..]), Err(InvalidSignature::Length(64)));
}

#[test]
fn a65_a_registration_is_completed_by_its_own_secret_only() {
    let (own, other) = (Identity::generate(), Identity::generate());
    let SignedByEthers { signature, .. } = vectors().registration;
    let signature = signature_of_wallet(&bytes(&signature)).unwrap();
    let message =
        crate::registration::message([1; 20][..].try_into().unwrap(), own.commitment(), 1, "Example DAO", 1);
    let key = registration_key();
    assert!(complete(&key, &own, message.clone(), signature).is_ok());
    assert!(complete(&key, &other, message, signature).is_err());
}

proptest! {
    #[test]
    fn any_text_is_words_or_refused(text in ".{0,200}", picked in prop::collection::vec(0usize..2048, 24)) {
        let _ = Words::parse(&text);
        let list = bip39::Language::English.word_list();
        let words: Vec<&str> = picked.iter().map(|i| list[*i]).collect();
        if let Ok(parsed) = Words::parse(&words.join(" ")) {
            prop_assert_eq!(parsed.iter().collect::<Vec<_>>(), words);
        }
    }
}
