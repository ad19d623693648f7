//! The secrets of commitments, and the count of proofs.

use audit::commitment::{Secrets, Vault, VaultError};
use circuits::attestation::{DataRoot, PROOFS_PER_COMMITMENT};
use keyfile::{Cost, Passphrase};
use rand_core::OsRng;
use std::{fs, path::PathBuf};
use tempfile::TempDir;

const ROOT: DataRoot = DataRoot([5; 32]);

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned().into()).unwrap()
}

fn vault() -> (TempDir, PathBuf, Secrets) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("commitment.secret");
    let secrets = Secrets::random(&mut OsRng);
    let made = Vault::create(&path, secrets.clone(), ROOT, &passphrase("a"), Cost::LEAST).unwrap();
    drop(made);
    (directory, path, secrets)
}

#[test]
fn secrets_and_count_survive_reopening() {
    let (_directory, path, secrets) = vault();
    for made in 0..3 {
        let mut vault = Vault::open(&path, &passphrase("a")).unwrap();
        assert_eq!((vault.proofs(), vault.root(), vault.secrets()), (made, ROOT, &secrets));
        assert_eq!(vault.begin_proof().unwrap(), made + 1);
    }
}

#[test]
fn a_proof_is_counted_on_disk_before_it_is_made() {
    let (_directory, path, _) = vault();
    let mut vault = Vault::open(&path, &passphrase("a")).unwrap();
    let before = fs::read(&path).unwrap();
    vault.begin_proof().unwrap();
    assert_ne!(fs::read(&path).unwrap(), before);
    // A process that dies here has used up one proof.
    drop(vault);
    assert_eq!(Vault::open(&path, &passphrase("a")).unwrap().proofs(), 1);
}

#[test]
fn a_count_that_cannot_be_written_gives_no_proof() {
    let (directory, path, _) = vault();
    let mut vault = Vault::open(&path, &passphrase("a")).unwrap();
    fs::remove_dir_all(directory.path()).unwrap();
    assert!(matches!(vault.begin_proof(), Err(VaultError::File(_))));
    assert_eq!(vault.proofs(), 0);
}

#[test]
fn the_seventeenth_proof_is_refused() {
    let (_directory, path, _) = vault();
    let mut vault = Vault::open(&path, &passphrase("a")).unwrap();
    for _ in 0..PROOFS_PER_COMMITMENT {
        vault.begin_proof().unwrap();
    }
    assert!(matches!(vault.begin_proof(), Err(VaultError::Spent)));
    drop(vault);
    let mut vault = Vault::open(&path, &passphrase("a")).unwrap();
    assert!(matches!(vault.begin_proof(), Err(VaultError::Spent)));
}

#[test]
fn one_process_at_a_time_uses_a_vault() {
    let (_directory, path, _) = vault();
    let first = Vault::open(&path, &passphrase("a")).unwrap();
    assert!(matches!(Vault::open(&path, &passphrase("a")), Err(VaultError::InUse { .. })));
    drop(first);
    assert!(Vault::open(&path, &passphrase("a")).is_ok());
}

#[test]
fn wrong_passphrases_and_changed_files_are_refused() {
    let (_directory, path, _) = vault();
    assert!(matches!(Vault::open(&path, &passphrase("b")), Err(VaultError::Sealed { .. })));
    let text = fs::read_to_string(&path).unwrap();
    let root = format!("0x{}", hex::encode(ROOT.0));
    fs::write(&path, text.replace(&root, &format!("0x{}", hex::encode([6; 32])))).unwrap();
    assert!(matches!(Vault::open(&path, &passphrase("a")), Err(VaultError::Sealed { .. })));
}

#[test]
fn a_vault_is_never_written_over_and_shows_no_secret() {
    let (_directory, path, secrets) = vault();
    let again = Vault::create(&path, secrets.clone(), ROOT, &passphrase("a"), Cost::LEAST);
    assert!(matches!(again, Err(VaultError::File(_))));
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&hex::encode(secrets.seed())) && !text.contains(&hex::encode(secrets.salt())));
    assert_eq!(format!("{secrets:?}"), "Secrets(..)");
}

#[test]
fn every_commitment_has_fresh_secrets() {
    assert!(Secrets::random(&mut OsRng) != Secrets::random(&mut OsRng));
}
