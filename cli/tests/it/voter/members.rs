//! `tabella identity` and `tabella register`.

use super::world::{ORGANISATION, World, bad, good, json, run};
use circuits::types::{AccountKey, RegistrationMessage};
use rand_core::OsRng;
use std::fs;

#[test]
fn an_identity_comes_back_from_its_words_and_is_sealed() {
    let place = tempfile::tempdir().unwrap();
    let (first, second) = (place.path().join("first"), place.path().join("second"));
    let words = place.path().join("words");
    let words = words.to_str().unwrap();
    let made = json(run(&first, &["identity", "new", "--words-file", words, "--json"]));
    let restored = json(run(&second, &["identity", "restore", "--words-file", words, "--json"]));
    assert_eq!(made["identity"], restored["identity"]);
    assert_eq!(good(run(&second, &["identity", "show"])).trim(), made["identity"].as_str().unwrap());
    let text = fs::read_to_string(words).unwrap();
    let sealed = fs::read_to_string(first.join("identity.json")).unwrap();
    for word in text.split_whitespace().filter(|w| w.len() > 4) {
        assert!(!sealed.contains(word), "a word is in the sealed file");
    }
    let backup = good(run(&first, &["identity", "backup"]));
    let shown: Vec<&str> = backup.split_whitespace().filter(|w| !w.ends_with('.')).collect();
    assert_eq!(shown, text.split_whitespace().collect::<Vec<_>>());
    assert!(bad(run(&first, &["identity", "new"])).contains("holds an identity already"));
}

#[test]
fn words_are_shown_once_and_wrong_ones_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let output = run(&place.path().join("a"), &["identity", "new", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("Write these words down") && errors.contains("24."));
    assert!(json(output)["identity"].is_string());
    let words = place.path().join("words");
    fs::write(&words, "abandon ".repeat(24)).unwrap();
    let restore = ["identity", "restore", "--words-file", words.to_str().unwrap()];
    assert!(bad(run(&place.path().join("b"), &restore)).contains("last word"));
    let none = bad(run(&place.path().join("b"), &["identity", "show"]));
    assert!(none.contains("tabella identity new"), "{none}");
}

#[test]
fn a_wallet_registers_with_typed_data() {
    let (world, place) = (World::single(), tempfile::tempdir().unwrap());
    let home = place.path().join("home");
    good(run(&home, &["identity", "new"]));
    let (wallet, data) = (AccountKey::random(&mut OsRng), place.path().join("typed.json"));
    let address = wallet.address().to_string();
    let of = ["register", "--organisation", ORGANISATION, "--address", &address, "--json"];
    let written = run(&home, &[&of[..], &["--typed-data", data.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&written.stderr).into_owned();
    let written = json(written);
    // The command that it prints is for a shell.
    let next = said.lines().find_map(|l| l.trim_start().strip_prefix("tabella ")).unwrap();
    let words = std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {next}")]).output();
    let words = String::from_utf8(words.unwrap().stdout).unwrap();
    assert!(words.lines().any(|word| word == ORGANISATION), "{words}");
    let typed: serde_json::Value = serde_json::from_slice(&fs::read(&data).unwrap()).unwrap();
    assert_eq!(typed["message"]["organisation"], ORGANISATION);
    assert_eq!(typed["message"]["identity"], written["identity"]);
    let counter = written["counter"].as_u64().unwrap();
    // What a wallet does with the typed data; `client` compares the hash with
    // that of ethers.
    let sign = |counter: u64| {
        let message = RegistrationMessage {
            chain_id: 1,
            organisation: ORGANISATION.into(),
            address: wallet.address(),
            identity: serde_json::from_value(written["identity"].clone()).unwrap(),
            counter,
        };
        let mut signature = wallet.sign(message.hash()).to_bytes();
        signature[64] -= 27;
        format!("0x{}", hex::encode(signature))
    };
    let register = |counter: u64, signature: &str| {
        let counter = counter.to_string();
        let more = ["--signature", signature, "--counter", &counter, "--node", &world.url];
        run(&home, &[&of[..], &more].concat())
    };
    assert!(bad(register(counter + 1, &sign(counter))).contains("not over this registration"));
    assert_eq!(json(register(counter, &sign(counter)))["counter"], counter);
    json(register(counter + 1, &sign(counter + 1)));
    // A69: the older one does not come back.
    assert!(bad(register(counter, &sign(counter))).contains("A69"));
}

/// A69: a counter below the last one is refused, or raised if the clock gave it.
#[test]
fn a69_a_clock_that_is_behind_does_not_keep_a_member_out() {
    let (world, place) = (World::single(), tempfile::tempdir().unwrap());
    let home = place.path().join("home");
    let account = home.join("account.json");
    let account = account.to_str().unwrap();
    good(run(&home, &["identity", "new"]));
    good(run(&home, &["account", "new", account]));
    let of =
        ["register", "--organisation", ORGANISATION, "--account", account, "--node", &world.url, "--json"];
    assert!(bad(run(&home, &of)).contains("--yes"), "nobody can be asked");
    let far = json(run(&home, &[&of[..], &["--yes", "--counter", "9000000000"]].concat()));
    assert_eq!(far["counter"], 9_000_000_000u64);
    assert!(bad(run(&home, &[&of[..], &["--yes", "--counter", "5"]].concat())).contains("counter"));
    let raised = json(run(&home, &[&of[..], &["--yes"]].concat()));
    assert_eq!(raised["counter"], 9_000_000_001u64);
}
