//! Attestations on a node's log with the binary, by several people in
//! several directories.

use crate::{
    audit::{MODEL, Office, failure, json},
    served::{Home, Running, tabella},
};
use audit::attestation::{Attestation, AttestationProofs, NotProven};
use circuits::types::{AccountKey, TypedData, keccak256};
use e2e::{keys::Keys, serve::NoTally};
use node::{Config, Deps, Node};
use serde_json::{Value, json as object};
use std::{
    fs,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// An office of auditor and organiser, and the operator's node.
struct Scene {
    office: Office,
    home: Home,
}

const AUDIT: [&str; 8] =
    ["--system", "Loans 2", "--model", MODEL, "--from", "2026-01-01", "--to", "2026-06-30"];

impl Scene {
    fn new() -> Self {
        Self { office: Office::open(), home: Home::fresh() }
    }

    /// What names the log, as everybody knows it.
    fn log(&self, node: &Running) -> Vec<String> {
        let operator = node.said["operator"].as_str().unwrap();
        let named = ["--node", node.url(), "--organisation", "Bank", "--organiser", &self.office.organiser];
        named.into_iter().chain(["--operator", operator]).map(str::to_owned).collect()
    }

    fn run(&self, node: &Running, code: i32, args: &[&str]) -> Value {
        let log = self.log(node);
        let log: Vec<&str> = log.iter().map(String::as_str).collect();
        json(self.office.path(), code, &[args, &log].concat())
    }

    fn refused(&self, node: &Running, args: &[&str]) -> String {
        let log = self.log(node);
        let log: Vec<&str> = log.iter().map(String::as_str).collect();
        failure(self.office.path(), &[args, &log].concat())
    }

    fn register(&self, node: &Running, counter: &str) -> Value {
        let operator = node.said["operator"].as_str().unwrap();
        self.office.register(&["--counter", counter, "--node", node.url(), "--operator", operator])
    }

    /// One pass of the monitor, which keeps its state in the office.
    fn watch(&self, url: &str, operator: &str, code: i32) -> Value {
        let args = ["monitor", "--once", "--dir", "monitor", "--node", url, "--operator", operator];
        json(self.office.path(), code, &[&args[..], &["--organiser", &self.office.organiser]].concat())
    }

    fn commit(&self, out: &str) -> String {
        let committed =
            json(self.office.path(), 0, &crate::audit::with(&["audit", "commit"], &["--out", out]));
        committed["data_root"].as_str().unwrap().to_owned()
    }

    fn anchor(&self, node: &Running, commitment: &str) -> Value {
        let args = ["audit", "anchor", "--commitment", commitment, "--auditor", "auditor.key"];
        self.run(node, 0, &[&args[..], &AUDIT].concat())
    }

    fn status(&self, node: &Running, id: &str, more: &[&str]) -> String {
        let shown = self.run(node, 0, &[&["audit", "show", id], more].concat());
        shown["status"].as_str().unwrap().to_owned()
    }
}

/// The whole life of an attestation over the wire; and what another machine
/// needs to check it.
#[test]
fn a59_an_attestation_is_submitted_shown_superseded_revoked_and_expires() {
    let scene = Scene::new();
    let (office, dir) = (&scene.office, scene.office.path());
    let node = scene.home.serve(&["--set", "limits.attestation_burst=100"]);
    let registered = scene.register(&node, "1");
    assert_eq!((&registered["seq"], &registered["organiser"]), (&object!(0), &object!(office.organiser)));
    let root = scene.commit("commitment");
    let first = office.prove("first.json");
    let first = first["id"].as_str().unwrap();
    let early = scene.refused(&node, &["audit", "submit", "first.json"]);
    assert!(early.contains("is not anchored on this log; anchor it before proving"), "{early}");
    assert_eq!(scene.anchor(&node, "commitment")["data_root"], object!(root));

    let submitted = scene.run(&node, 0, &["audit", "submit", "first.json"]);
    assert_eq!((&submitted["id"], &submitted["seq"]), (&object!(first), &object!(2)));
    // The same again: the same receipt.
    assert_eq!(scene.run(&node, 0, &["audit", "submit", "first.json"])["seq"], object!(2));
    let listed = scene.run(&node, 0, &["audit", "list", "--status", "valid"]);
    assert_eq!(listed["attestations"][0]["id"], object!(first));
    assert!(
        scene.run(&node, 0, &["audit", "list", "--model", &root])["attestations"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    // Another machine has nothing but what it asks for.
    let shown = scene.run(&node, 0, &["audit", "show", first, "--save", "elsewhere"]);
    assert_eq!((&shown["status"], &shown["auditor_name"]), (&object!("valid"), &object!("Auditor")));
    assert_eq!(shown["verdicts"][0]["verdict"], "fail");
    let trust = [
        "--organiser",
        &office.organiser,
        "--registration",
        "elsewhere/registration.json",
        "--data-root",
        &root,
    ];
    let file = "elsewhere/attestation.json";
    let verified = json(dir, 0, &[&["audit", "verify", file], &trust[..]].concat());
    assert_eq!(verified["ok"], true);
    json(dir, 0, &[&["audit", "report", file, "--out", "report"], &trust[..]].concat());
    let stranger = scene.log(&node);
    let mut stranger: Vec<&str> = stranger.iter().map(String::as_str).collect();
    let last = stranger.len() - 1;
    stranger[last] = &office.auditor;
    let foreign = failure(dir, &[&["audit", "show", first][..], &stranger].concat());
    assert!(foreign.contains("no log of audits"), "{foreign}");

    // A second attestation takes its place, until it is withdrawn.
    let second = office.prove_with("second.json", &["--supersedes", first]);
    let second = second["id"].as_str().unwrap();
    scene.run(&node, 0, &["audit", "submit", "second.json"]);
    assert_eq!(scene.status(&node, first, &[]), "superseded");
    let shown = scene.run(&node, 0, &["audit", "show", first, "--save", "old"]);
    assert_eq!(shown["successor"], object!(second));
    let checked =
        json(dir, 1, &["audit", "verify", "old/attestation.json", "--successor", "old/successor.json"]);
    let superseded = |c: &&Value| c["id"] == "audit.status" && c["detail"] == "superseded";
    assert!(checked["checks"].as_array().unwrap().iter().any(|c| superseded(&c)), "{checked}");
    let expires = shown["expires"].as_u64().unwrap().to_string();
    let at = ["--at", &expires];
    assert_eq!(scene.status(&node, second, &at), "expired");
    let revoke = ["audit", "revoke", second, "--reason", "a wrong column", "--signer"];
    let revoked = scene.run(&node, 0, &[&revoke[..], &["organiser.key"]].concat());
    assert_eq!(revoked["seq"], object!(4));
    assert_eq!(scene.status(&node, second, &[]), "revoked");
    assert_eq!(scene.status(&node, first, &[]), "valid");
    let revoke = ["audit", "revoke", second, "--reason", "another reason", "--signer"];
    let again = scene.refused(&node, &[&revoke[..], &["auditor.key"]].concat());
    assert!(again.contains("was revoked before, by event 4"), "{again}");
    let counts = |status: &str| {
        scene.run(&node, 0, &["audit", "list", "--status", status])["attestations"].as_array().unwrap().len()
    };
    assert_eq!((counts("valid"), counts("revoked"), counts("superseded")), (1, 1, 0));
    node.stop();

    let found: Value =
        serde_json::from_str(&crate::served::succeed(&scene.home.output("check", &[]))).unwrap();
    assert_eq!((&found["logs"], &found["attestations"]), (&object!(1), &object!(2)));
    crate::served::succeed(&scene.home.output("reindex", &[]));
    let node = scene.home.serve(&[]);
    assert_eq!(scene.status(&node, second, &[]), "revoked");
    node.stop();
}

/// A47: killed while it takes an attestation, the node has it once or not at
/// all, and what was acknowledged stays.
#[test]
fn a47_a_node_that_is_killed_keeps_what_it_acknowledged() {
    let scene = Scene::new();
    let node = scene.home.serve(&[]);
    scene.register(&node, "1");
    scene.commit("commitment");
    scene.anchor(&node, "commitment");
    let id = scene.office.prove("a.json")["id"].as_str().unwrap().to_owned();
    let listed = |node: &Running| {
        let listed = scene.run(node, 0, &["audit", "list"]);
        let ids = listed["attestations"].as_array().unwrap().iter();
        ids.map(|a| a["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let killed = |node: Running| {
        node.signal("KILL");
        drop(node);
        scene.home.serve(&[])
    };
    let mut node = node;
    for round in 0..3u64 {
        let mut submit = tabella(&["audit", "submit", "a.json", "--json"]);
        submit.args(scene.log(&node)).current_dir(scene.office.path());
        let mut submit = submit.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 120));
        node = killed(node);
        // It may have ended before.
        let acknowledged = submit.wait().unwrap().success();
        let found = listed(&node);
        assert!((found.is_empty() && !acknowledged) || found == [&id[..]], "{round}: {found:?}");
    }
    let submitted = |node: &Running| scene.run(node, 0, &["audit", "submit", "a.json"])["seq"].clone();
    assert_eq!(submitted(&node), object!(2));
    let node = killed(node);
    assert_eq!(listed(&node), [&id[..]]);
    assert_eq!(submitted(&node), object!(2));
    node.stop();
}

/// The monitor verifies the log, proofs included, and keeps its state.
#[test]
fn a35_the_monitor_verifies_the_log_and_names_two_views_of_it() {
    let scene = Scene::new();
    let node = scene.home.serve(&[]);
    scene.register(&node, "1");
    scene.commit("commitment");
    scene.anchor(&node, "commitment");
    scene.office.prove("a.json");
    let dir = scene.office.path();
    let operator = node.said["operator"].as_str().unwrap().to_owned();
    let watch = |url: &str, code: i32| scene.watch(url, &operator, code);
    let report = watch(node.url(), 0);
    assert_eq!(
        (&report["logs"][0]["verified"], &report["logs"][0]["attestations"]),
        (&object!(2), &object!(0))
    );
    // A copy of the node takes something else afterwards.
    node.stop();
    let fork = Home::fresh();
    for name in ["data", "heads", "operator.json"] {
        let target = fork.path().join(name);
        // Some are not there before the first start.
        let _ = fs::remove_dir_all(&target);
        let _ = fs::remove_file(&target);
        let copied = Command::new("cp").arg("-r").arg(scene.home.path().join(name)).arg(target).status();
        assert!(copied.unwrap().success());
    }
    let node = scene.home.serve(&[]);
    scene.run(&node, 0, &["audit", "submit", "a.json"]);
    let report = watch(node.url(), 0);
    assert_eq!((&report["logs"][0]["verified"], &report["logs"][0]["valid"]), (&object!(3), &object!(1)));
    node.stop();
    let forked = fork.serve(&[]);
    scene.register(&forked, "2");
    let report = watch(forked.url(), 1);
    let found = report["misbehaviours"].as_array().unwrap();
    assert!(found.iter().all(|f| f["kind"] == "split-view" && f["proof"] == true), "{report:#}");
    let evidence = found[0]["evidence"].as_str().unwrap();
    let verdict = json(dir, 0, &["monitor", "evidence", "check", evidence]);
    assert_eq!((&verdict["ok"], &verdict["culprit"]), (&object!(true), &object!(operator)));
    let text = fs::read_to_string(dir.join(evidence)).unwrap();
    fs::write(dir.join("changed.json"), text.replacen("\"time\": ", "\"time\": 1", 1)).unwrap();
    assert!(failure(dir, &["monitor", "evidence", "check", "changed.json"]).contains("proves nothing"));
    forked.stop();
}

/// Takes every attestation: what a dishonest operator changes in a node.
#[derive(Debug)]
struct TakeAll;

impl AttestationProofs for TakeAll {
    fn verify(&self, _: &Attestation) -> Result<(), NotProven> {
        Ok(())
    }
}

/// A60: a proof that does not hold, which an auditor signed and an operator
/// logged: refused by an honest node, named by the monitor, proven to others.
#[test]
fn a60_a_logged_attestation_without_a_proof_is_named() {
    let mut scene = Scene::new();
    // An auditor whose key the test knows.
    let auditor = AccountKey::from_bytes(&[7; 32]).unwrap();
    scene.office.auditor = auditor.address().to_string();
    let dir = scene.office.path();
    fs::write(dir.join("plain"), hex::encode(auditor.to_bytes())).unwrap();
    fs::remove_file(dir.join("auditor.key")).unwrap();
    json(dir, 0, &["account", "import", "auditor.key", "--key-file", "plain"]);
    scene.commit("commitment");
    let operator = AccountKey::from_bytes(&[8; 32]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let config = Config::new(
        place.path().join("data"),
        place.path().join("heads"),
        "127.0.0.1:0".parse().unwrap(),
        operator.clone(),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut deps = Deps::new(Arc::new(Keys::load().unwrap().set().unwrap()), Arc::new(NoTally));
    deps.attestations = Arc::new(TakeAll);
    let node = runtime.block_on(Node::start(config, deps)).unwrap();
    let (url, operator) = (format!("http://{}", node.address()), operator.address().to_string());
    let common = [
        "--node",
        &url,
        "--organisation",
        "Bank",
        "--organiser",
        &scene.office.organiser,
        "--operator",
        &operator,
    ];
    scene.office.register(&["--node", &url, "--operator", &operator]);
    let anchor = ["audit", "anchor", "--commitment", "commitment", "--auditor", "auditor.key"];
    json(dir, 0, &[&anchor[..], &AUDIT, &common].concat());
    scene.office.prove("good.json");
    let mut forged = Attestation::from_bytes(&fs::read(dir.join("good.json")).unwrap()).unwrap();
    *forged.proof.last_mut().unwrap() ^= 1;
    forged.claim.proof_hash = keccak256(&forged.proof);
    forged.signature = auditor.sign(forged.claim.signing_hash(&forged.domain));
    fs::write(dir.join("forged.json"), forged.to_bytes()).unwrap();
    for file in ["forged.json", "good.json"] {
        json(dir, 0, &[&["audit", "submit", file], &common[..]].concat());
    }
    for _ in 0..2 {
        let report = scene.watch(&url, &operator, 1);
        let found = report["misbehaviours"].as_array().unwrap();
        assert_eq!(
            (found.len(), &found[0]["kind"], &found[0]["proof"]),
            (1, &object!("invalid-attestation"), &object!(true))
        );
        assert!(found[0]["detail"].as_str().unwrap().contains("event 2"), "{report:#}");
        assert_eq!(report["logs"][0]["verified"], object!(4));
        let evidence = found[0]["evidence"].as_str().unwrap();
        let verdict = json(dir, 0, &["monitor", "evidence", "check", evidence]);
        assert_eq!(verdict["culprit"], object!(operator));
    }
    runtime.block_on(node.shutdown()).unwrap();

    // An honest node does not take it.
    let honest = scene.home.serve(&[]);
    scene.register(&honest, "1");
    scene.anchor(&honest, "commitment");
    let refused = scene.refused(&honest, &["audit", "submit", "forged.json"]);
    assert!(refused.contains("audit.proof"), "{refused}");
    scene.run(&honest, 0, &["audit", "submit", "good.json"]);
    honest.stop();
}
