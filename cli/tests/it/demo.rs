//! The binary from outside: demo, verify, export, and records that were
//! tampered with.

use crate::chain::{chain, payer};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

fn tabella(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tabella")).args(args).output().unwrap()
}

fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

/// One election for all tests: 8 voters, with its JSON summary.
pub fn demo() -> &'static (PathBuf, Value) {
    static DEMO: OnceLock<(PathBuf, Value)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let out = tempfile::tempdir().unwrap().keep().join("demo");
        let output =
            tabella(&["demo", "--voters", "8", "--seed", "5", "--json", "--out", out.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let summary: Value = serde_json::from_str(&last_line(&output)).unwrap();
        (PathBuf::from(summary["record"].as_str().unwrap()), summary)
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn files(directory: &Path, prefix: &str, out: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{name}/"), out);
        } else {
            out.insert(name, entry.path());
        }
    }
}

#[test]
fn demo_json_has_every_promised_key() {
    let (record, summary) = demo();
    assert!(record.is_absolute());
    let int = |key: &str| summary[key].as_u64().unwrap_or_else(|| panic!("{key} is an integer"));
    assert_eq!((int("voters"), int("slots")), (8, 8));
    assert!(int("revotes") > 0 && int("masks") > 0);
    assert_eq!(int("entries"), int("slots") + int("revotes") + int("masks"));
    assert_eq!(int("tally_proofs"), 1);
    assert_eq!(summary["totals"], summary["expected_totals"]);
    assert_eq!(summary["totals"].as_array().unwrap().len(), 3);
    assert!(summary["timings_ms"].as_object().unwrap().values().all(Value::is_u64));
    assert_eq!(summary["verified"], Value::Bool(true));
}

#[test]
fn verify_prints_every_check_and_exits_with_0() {
    let output = tabella(&["verify", demo().0.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_str(&last_line(&output)).unwrap();
    assert_eq!(report["ok"], Value::Bool(true));
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 15);
    assert!(checks.iter().all(|c| c["ok"] == Value::Bool(true) && c["id"].is_string()));
}

#[test]
fn verify_of_nothing_is_json_with_exit_code_1_and_wrong_usage_2() {
    let output = tabella(&["verify", "/nonexistent/record", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_str(&last_line(&output)).unwrap();
    assert_eq!(report["ok"], Value::Bool(false));
    assert!(report["checks"].as_array().unwrap().iter().all(|c| c["ok"] == Value::Bool(false)));
    assert_eq!(tabella(&["verify"]).status.code(), Some(2));
}

/// `record export` gives, over gRPC, the very files of the demo's record;
/// `chain watch` finds on the chain all that the node shows.
#[test]
fn a_running_node_gives_its_record_and_whoever_watches_it_finds_all_on_the_chain() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("demo");
    let mut serving = Command::new(env!("CARGO_BIN_EXE_tabella"))
        .args(["demo", "--voters", "3", "--serve", "--json", "--out", out.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let summary: Value = serde_json::from_str(&line).unwrap();
    let (node, election) = (summary["node"].as_str().unwrap(), summary["election"].as_str().unwrap());
    let copy = directory.path().join("copy");
    let export = |election: &str, copy: &Path| {
        tabella(&[
            "record",
            "export",
            "--node",
            node,
            "--election",
            election,
            "--out",
            copy.to_str().unwrap(),
        ])
    };
    let output = export(election, &copy);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let unknown = export(&format!("0x{}", "00".repeat(32)), &directory.path().join("none"));
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("knows no election"));
    let (chain_dir, home) = (out.join("chain"), directory.path().join("home"));
    fs::create_dir(&home).unwrap();
    let before = fs::read(chain_dir.join("blocks.jsonl")).unwrap();
    let watched = chain(
        &payer(&home),
        &["watch", "--election", election, "--node", node, "--chain-dir", chain_dir.to_str().unwrap()],
    );
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    let watched: Value = serde_json::from_str(&last_line(&watched)).unwrap();
    assert_eq!((&watched["status"], &watched["anchors"]), (&"finalised".into(), &0.into()));
    assert_eq!(watched["totals"], summary["totals"]);
    assert_eq!(fs::read(chain_dir.join("blocks.jsonl")).unwrap(), before);
    serving.kill().unwrap();
    serving.wait().unwrap();
    let read = |directory: &Path| {
        let mut all = BTreeMap::new();
        files(directory, "", &mut all);
        all.into_iter().map(|(name, path)| (name, fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(read(&copy), read(&out.join("record")));
}

/// A32: a changed byte in any file, a missing and an extra file are refused.
#[test]
fn a32_every_changed_missing_or_extra_file_is_refused() {
    let record = &demo().0;
    let directory = tempfile::tempdir().unwrap();
    let work = directory.path().join("record");
    copy(record, &work);
    let mut all = BTreeMap::new();
    files(&work, "", &mut all);
    assert!(all.len() >= 9, "{all:?}");
    let refused = |what: &str| {
        let output = tabella(&["verify", work.to_str().unwrap(), "--json"]);
        assert_eq!(output.status.code(), Some(1), "{what}");
        let report: Value = serde_json::from_str(&last_line(&output)).unwrap();
        assert_eq!(report["ok"], Value::Bool(false), "{what}");
    };
    for (name, path) in &all {
        let bytes = fs::read(path).unwrap();
        for position in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[position] ^= 0x20;
            fs::write(path, &changed).unwrap();
            refused(&format!("{name}: byte {position}"));
        }
        let mut longer = bytes.clone();
        longer.push(b'\n');
        fs::write(path, &longer).unwrap();
        refused(&format!("{name}: a byte more"));
        fs::remove_file(path).unwrap();
        refused(&format!("{name}: missing"));
        fs::write(path, &bytes).unwrap();
    }
    fs::write(work.join("extra"), b"").unwrap();
    refused("an extra file");
    fs::remove_file(work.join("extra")).unwrap();
    assert!(tabella(&["verify", work.to_str().unwrap()]).status.success());
}

/// The exported proofs pass snarkjs, with nothing of ours running; and a
/// changed input does not.
#[test]
fn snarkjs_accepts_every_exported_proof() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("snarkjs");
    let output = tabella(&["export", "snarkjs", demo().0.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let index: Vec<BTreeMap<String, String>> =
        serde_json::from_slice(&fs::read(out.join("index.json")).unwrap()).unwrap();
    let entries = demo().1["entries"].as_u64().unwrap();
    assert_eq!(index.len() as u64, entries + 1);
    let js = snarkjs();
    let script = js.join("verify.cjs");
    let run = |directory: &Path| Command::new("node").arg(&script).arg(directory).output().unwrap();
    let good = run(&out);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let public = out.join(&index[0]["public"]);
    let mut inputs: Vec<String> = serde_json::from_slice(&fs::read(&public).unwrap()).unwrap();
    inputs[0] = "1".into();
    fs::write(&public, serde_json::to_vec(&inputs).unwrap()).unwrap();
    assert_eq!(run(&out).status.code(), Some(1));
}

/// snarkjs from npm, pinned by `tests/snarkjs/package-lock.json`, installed
/// once under the target directory.
fn snarkjs() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snarkjs");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snarkjs");
    fs::create_dir_all(&target).unwrap();
    for file in ["package.json", "package-lock.json", "verify.cjs"] {
        fs::copy(source.join(file), target.join(file)).unwrap();
    }
    if !target.join("node_modules/snarkjs").is_dir() {
        let npm = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&target)
            .output()
            .unwrap();
        assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    }
    target
}
