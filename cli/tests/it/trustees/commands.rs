//! The commands without a node, or with one that does not answer.

use super::*;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn init_prints_the_identity_that_it_writes_and_seals_the_keys() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("trustee");
    let made = tabella(place.path(), "init", &dir, &[]);
    assert!(made.status.success(), "{}", stderr(&made));
    let printed: Value = serde_json::from_slice(&made.stdout).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(dir.join("identity.json")).unwrap()).unwrap();
    assert_eq!(printed, written);
    assert_eq!(printed.as_object().unwrap().keys().collect::<Vec<_>>(), ["encryption_key", "signer"]);
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    for file in ["keys.json", "identity.json"] {
        assert_eq!(fs::metadata(dir.join(file)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (_, secret, _) =
        keyfile::open("trustee", &fs::read(dir.join("keys.json")).unwrap(), &passphrase()).unwrap();
    let sealed = fs::read_to_string(dir.join("keys.json")).unwrap();
    assert!(!sealed.contains(&hex::encode(&secret[1..33])) && !sealed.contains(&hex::encode(&secret[33..])));
    // Never over another trustee.
    let again = tabella(place.path(), "init", &dir, &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("holds a trustee already"));
    let status = tabella(place.path(), "status", &dir, &["--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(
        (&status["signer"], &status["encryption_key"]),
        (&printed["signer"], &printed["encryption_key"])
    );
    assert_eq!((&status["running"], &status["drafts"]), (&Value::Bool(false), &Value::Array(vec![])));
}

#[test]
fn errors_say_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let none = place.path().join("none");
    let refused = tabella(place.path(), "status", &none, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("tabella trustee init --dir"));
    let party = Party::init(place.path(), 1);
    fs::write(place.path().join("passphrase"), "wrong").unwrap();
    let wrong = tabella(place.path(), "status", &party.dir, &[]);
    assert!(stderr(&wrong).contains("the passphrase is wrong"), "{}", stderr(&wrong));
    fs::write(place.path().join("passphrase"), PASSPHRASE).unwrap();
    let run = |args: &[&str]| tabella(place.path(), "run", &party.dir, args);
    // Neither --draft nor --all.
    let usage = run(&["--node", "http://127.0.0.1:1", "--organiser", &Address::default().to_string()]);
    assert_eq!(usage.status.code(), Some(2));
    fs::set_permissions(&party.dir, fs::Permissions::from_mode(0o755)).unwrap();
    let open =
        run(&["--all", "--node", "http://127.0.0.1:1", "--organiser", &Address::default().to_string()]);
    assert_eq!(open.status.code(), Some(1));
    assert!(stderr(&open).contains("chmod 700"), "{}", stderr(&open));
}

/// Whoever looks at a trustee does not keep it from starting, nor do they
/// take one another for a trustee.
#[test]
fn a_trustee_starts_while_its_status_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let party = Party::init(place.path(), 1);
    // As another `status` holds it, for as long as this one looks.
    let lock = fs::File::open(party.dir.join("lock")).unwrap();
    lock.lock_shared().unwrap();
    assert_eq!(party.status()["running"], Value::Bool(false));
    let organiser = Address::default().to_string();
    let mut running = command(place.path(), "run", &party.dir)
        .args(["--node", "http://127.0.0.1:1", "--organiser", &organiser, "--all", "--until-stdin-ends"])
        .stdin(std::process::Stdio::piped())
        .stderr(fs::File::create(place.path().join("trustee-1.log")).unwrap())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(lock);
    party.says("tries again until the node answers");
    assert_eq!(party.status()["running"], Value::Bool(true));
    drop(running.stdin.take());
    assert_eq!(running.wait().unwrap().code(), Some(0), "{}", party.log());
}

/// While one runs, a second one does not, and the status can be looked at.
#[test]
fn a_trustee_runs_once_waits_for_its_node_and_ends_with_its_parent() {
    let place = tempfile::tempdir().unwrap();
    let party = Party::init(place.path(), 1);
    let organiser = Address::default().to_string();
    // Port 1 of this machine: nobody answers.
    let args = ["--node", "http://127.0.0.1:1", "--organiser", &organiser, "--all"];
    let mut running = command(place.path(), "run", &party.dir)
        .args(args)
        .arg("--until-stdin-ends")
        .stdin(std::process::Stdio::piped())
        .stderr(fs::File::create(place.path().join("trustee-1.log")).unwrap())
        .spawn()
        .unwrap();
    party.says("tries again until the node answers");
    assert_eq!(party.status()["running"], Value::Bool(true));
    let second = tabella(place.path(), "run", &party.dir, &args);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("a trustee runs once"), "{}", stderr(&second));
    assert!(running.try_wait().unwrap().is_none());
    drop(running.stdin.take());
    assert_eq!(running.wait().unwrap().code(), Some(0));
    assert!(party.log().contains("standard input has ended"));
    assert_eq!(party.status()["running"], Value::Bool(false));
}
