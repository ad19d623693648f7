//! Sealed accounts.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn account(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
    command.arg("account").args(args).current_dir(directory).env_remove("TABELLA_PASSPHRASE_FILE");
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

#[test]
fn an_imported_account_keeps_its_address_and_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let (dir, pass) = (directory.path(), ["--passphrase-file", "pass"]);
    fs::write(dir.join("pass"), "correct horse\n").unwrap();
    fs::write(dir.join("plain"), format!("0x{}1\n", "0".repeat(63))).unwrap();
    let import = ["import", "sealed", "--key-file", "plain", "--json", pass[0], pass[1]];
    let made = account(dir, &import);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shown: Value = serde_json::from_slice(&made.stdout).unwrap();
    // The well-known address of private key 1.
    assert_eq!(shown["address"], "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    assert!(!String::from_utf8(fs::read(dir.join("sealed")).unwrap()).unwrap().contains(&"0".repeat(60)));
    let again = account(dir, &import);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("sealed"));
    assert!(account(dir, &["show", "sealed"]).status.success());
}

#[test]
fn without_a_terminal_and_a_passphrase_file_the_error_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let made = account(directory.path(), &["new", "key"]);
    assert_eq!(made.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&made.stderr).contains("--passphrase-file"));
    assert!(!directory.path().join("key").exists());
}
