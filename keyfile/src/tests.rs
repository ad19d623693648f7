#![allow(clippy::unwrap_used)]
use crate::{
    Cost, Error, InvalidPassphrase, Label, Passphrase, Sealer, create, label, open, read, replace, seal,
};
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;
use zeroize::Zeroizing;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn a_label() -> Label {
    Label { kind: "trustee".into(), public: "0xabc".into() }
}

fn sealed() -> Vec<u8> {
    seal(&a_label(), b"secret", &passphrase("open sesame"), Cost::LEAST)
}

#[test]
fn a_sealed_file_opens_with_its_passphrase_only() {
    let (found, secret, _) = open("trustee", &sealed(), &passphrase("open sesame")).unwrap();
    assert_eq!((found, &secret[..]), (a_label(), &b"secret"[..]));
    assert!(matches!(open("trustee", &sealed(), &passphrase("open barley")), Err(Error::Sealed)));
    assert!(matches!(open("voter", &sealed(), &passphrase("open sesame")), Err(Error::Kind { .. })));
    assert_eq!(label(&sealed()).unwrap(), a_label());
}

#[test]
fn two_files_of_one_secret_share_nothing_secret() {
    assert_ne!(sealed(), sealed());
    let sealer = Sealer::new(&passphrase("p"), Cost::LEAST);
    assert_ne!(sealer.seal(&a_label(), b"s"), sealer.seal(&a_label(), b"s"));
}

#[test]
fn the_sealer_of_an_opened_file_seals_others() {
    let p = passphrase("open sesame");
    let (_, _, sealer) = open("trustee", &sealed(), &p).unwrap();
    let other = sealer.seal(&a_label(), b"another");
    assert_eq!(&sealer.open(&p, "trustee", &other).unwrap()[..], b"another");
    // A file under another salt opens too.
    assert_eq!(&sealer.open(&p, "trustee", &sealed()).unwrap()[..], b"secret");
    assert_eq!(&open("trustee", &other, &p).unwrap().1[..], b"another");
}

#[test]
fn every_changed_value_is_refused() {
    let good: serde_json::Value = serde_json::from_slice(&sealed()).unwrap();
    let changes = [
        ("/format", serde_json::json!("other")),
        ("/version", serde_json::json!(2)),
        ("/label/public", serde_json::json!("0xabd")),
        ("/argon2id/memory_kib", serde_json::json!(65)),
        ("/argon2id/passes", serde_json::json!(2)),
        ("/argon2id/memory_kib", serde_json::json!(u32::MAX)),
        ("/salt", serde_json::json!("00".repeat(16))),
        ("/nonce", serde_json::json!("00".repeat(24))),
        ("/sealed", serde_json::json!("00".repeat(22))),
        ("/sealed", serde_json::json!("")),
    ];
    for (path, value) in changes {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        let bad = serde_json::to_vec(&bad).unwrap();
        assert!(open("trustee", &bad, &passphrase("open sesame")).is_err(), "{path}");
    }
}

#[test]
fn passphrases_have_bounds_and_end_before_the_line_end() {
    let new = |text: &str| Passphrase::new(Zeroizing::new(text.to_owned()));
    assert_eq!(new("words\n").unwrap(), new("words").unwrap());
    assert_eq!(new("words\r\n").unwrap(), new("words").unwrap());
    assert_ne!(new("words ").unwrap(), new("words").unwrap());
    assert_eq!(new("\n"), Err(InvalidPassphrase::Empty));
    assert_eq!(new(&"x".repeat(1025)), Err(InvalidPassphrase::Long(1025)));
    assert_eq!(format!("{:?}", new("words").unwrap()), "Passphrase(..)");
}

#[test]
fn files_are_private_and_never_overwritten_by_create() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    create(&path, b"one").unwrap();
    assert_eq!(create(&path, b"two").unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(&read(&path).unwrap()[..], b"one");
    replace(&path, b"three").unwrap();
    assert_eq!(&read(&path).unwrap()[..], b"three");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

proptest! {
    #[test]
    fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(open("trustee", &bytes, &passphrase("p")).is_err());
    }

    #[test]
    fn every_secret_comes_back(secret in proptest::collection::vec(any::<u8>(), 0..256)) {
        let file = seal(&a_label(), &secret, &passphrase("p"), Cost::LEAST);
        prop_assert_eq!(&open("trustee", &file, &passphrase("p")).unwrap().1[..], &secret[..]);
    }
}
