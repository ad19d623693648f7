//! Audits with the binary: the demo, and a file that nothing was prepared for.

use serde_json::Value;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{SystemTime, UNIX_EPOCH},
};

fn tabella(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
    for name in ["TABELLA_NODE", "TABELLA_ORGANISER", "TABELLA_OPERATOR", "TABELLA_CA"] {
        command.env_remove(name);
    }
    command.args(args).current_dir(directory).env("TABELLA_PASSPHRASE_FILE", "pass");
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// The JSON object of a command with this exit code.
pub fn json(directory: &Path, code: i32, args: &[&str]) -> Value {
    let output = tabella(directory, &[args, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
    let value: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {errors}"));
    assert!(value.is_object(), "{args:?}: {value}");
    value
}

/// The message of a command that fails.
pub fn failure(directory: &Path, args: &[&str]) -> String {
    let output = tabella(directory, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn demo_audit_proves_that_compas_fails_four_fifths() {
    let directory = tempfile::tempdir().unwrap();
    let output = tabella(directory.path(), &["demo", "audit", "--out", "compas", "--json"]);
    let story = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{story}");
    let last = String::from_utf8_lossy(&output.stdout).lines().last().unwrap().to_owned();
    let summary: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((summary["rows"].as_u64(), summary["verified"].as_bool()), (Some(7214), Some(true)));
    let ratios = summary["impact_ratios"].as_object().unwrap();
    assert_eq!(ratios.len(), 4);
    let rate = |selected: f64, records: f64| selected / records;
    let exact = rate(1522.0, 3696.0) / rate(298.0, 377.0);
    assert!((ratios["African-American"].as_f64().unwrap() - exact).abs() < 1e-15);
    assert_eq!(summary["excluded"], serde_json::json!(["Asian", "Native American"]));
    assert_eq!(summary["verdicts"]["impact_ratio"], "fail");
    for key in ["prove_ms", "verify_ms", "proof_bytes"] {
        assert!(summary[key].is_u64(), "{key}");
    }
    assert!(story.contains("COMPAS FAILS the four-fifths rule by race: African-American."));
    let path = PathBuf::from(summary["attestation"].as_str().unwrap());
    assert!(path.is_absolute());
    let checked = json(directory.path(), 0, &["audit", "verify", path.to_str().unwrap()]);
    assert_eq!(checked["ok"], true);
    assert!(Path::new(summary["report"].as_str().unwrap()).is_file());
}

const POLICY: &str = r#"
format = "tabella-audit-policy"
version = 1
title = "Loans by sex and age"
disclosure = { table = { minimum = 1 } }
thresholds = { impact_ratio = "4/5", worst_case_impact_ratio = "4/5", accuracy_difference = "1/5" }
[[attributes]]
name = "sex"
groups = ["women", "men"]
unknown = true
[[attributes]]
name = "age"
groups = ["under 40", "40 and over"]
[sample]
minimum_cell = 5
minimum_share = 0
[[views]]
name = "sex"
attributes = ["sex"]
checks = ["impact_ratio", "worst_case_impact_ratio", "accuracy_difference"]
[[views]]
name = "sex and age"
attributes = ["sex", "age"]
checks = ["impact_ratio"]
"#;

const MAPPING: &str = r#"
format = "tabella-audit-mapping"
version = 1
row_id = { column = "application" }
decision = { column = "granted", favourable = ["TRUE"], unfavourable = ["FALSE"] }
label = { column = "repaid", favourable = [1], unfavourable = [0] }
receipt = { column = "nonce_hash" }
[attributes.sex]
column = "gender"
unknown = [""]
groups = { women = ["F"], men = ["M"] }
[attributes.age]
column = "age"
groups = { "under 40" = { at_least = 18, below = 40 }, "40 and over" = { at_least = 40, at_most = 99 } }
"#;

pub const MODEL: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// A file of another kind: 300 loans. Row 17 belongs to who chose the nonce.
fn loans(hash: &str) -> String {
    let mut out = "application,gender,age,granted,repaid,nonce_hash\n".to_owned();
    for i in 0..300 {
        let gender = ["F", "M", "M", "F", "M", "F", ""][if i % 50 == 0 { 6 } else { i % 6 }];
        let granted = if gender == "F" { i % 5 == 0 } else { i % 3 != 0 };
        let nonce = if i == 17 { hash.to_owned() } else { format!("0x{i:064x}") };
        let granted = if granted { "TRUE" } else { "FALSE" };
        writeln!(out, "L{i},{gender},{},{granted},{},{nonce}", 18 + i % 60, i % 2).unwrap();
    }
    out
}

const INPUTS: [&str; 5] = ["loans.csv", "--policy", "policy.toml", "--mapping", "mapping.toml"];

pub fn with<'a>(command: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [command, &INPUTS, rest].concat()
}

/// Auditor and organiser in one directory, with a file of loans.
pub struct Office {
    directory: tempfile::TempDir,
    nonce: String,
    pub organiser: String,
    pub auditor: String,
}

impl Office {
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        fs::write(dir.join("pass"), "correct horse\n").unwrap();
        let nonce = json(dir, 0, &["audit", "receipt", "nonce"]);
        fs::write(dir.join("loans.csv"), loans(nonce["hash"].as_str().unwrap())).unwrap();
        fs::write(dir.join("policy.toml"), POLICY).unwrap();
        fs::write(dir.join("mapping.toml"), MAPPING).unwrap();
        let account = |file: &str| {
            let made = json(dir, 0, &["account", "new", file]);
            made["address"].as_str().unwrap().to_owned()
        };
        let (organiser, auditor) = (account("organiser.key"), account("auditor.key"));
        let nonce = nonce["nonce"].as_str().unwrap().to_owned();
        Self { nonce, organiser, auditor, directory }
    }

    /// The organiser names the auditor.
    pub fn register(&self, more: &[&str]) -> Value {
        let options = [
            "audit",
            "register",
            "--organisation",
            "Bank",
            "--auditor",
            &self.auditor,
            "--name",
            "Auditor",
            "--from",
            "2026-01-01",
            "--until",
            "9999-01-01",
            "--organiser",
            "organiser.key",
        ];
        json(self.path(), 0, &[&options, more].concat())
    }

    pub fn prove(&self, out: &str) -> Value {
        self.prove_with(out, &[])
    }

    pub fn prove_with(&self, out: &str, more: &[&str]) -> Value {
        let options = [
            "--commitment",
            "commitment",
            "--organisation",
            "Bank",
            "--system",
            "Loans 2",
            "--model",
            MODEL,
            "--from",
            "2026-01-01",
            "--to",
            "2026-06-30",
            "--auditor",
            "auditor.key",
            "--out",
            out,
        ];
        json(self.path(), 0, &with(&["audit", "prove"], &[&options, more].concat()))
    }
}

#[test]
fn an_unprepared_file_is_audited_with_a_mapping_and_a_policy() {
    let office = Office::open();
    let dir = office.path();

    let inspected = json(dir, 0, &with(&["audit", "inspect"], &[]));
    assert_eq!(inspected["records"], 300);
    assert_eq!(inspected["views"]["sex"]["unknown"], 6);
    let committed = json(dir, 0, &with(&["audit", "commit"], &["--out", "commitment"]));
    assert_eq!(committed["insecure"], true);
    let root = committed["data_root"].as_str().unwrap();

    let made = office.prove("attestation.json");
    let verdicts = made["verdicts"].as_array().unwrap();
    let inspected_checks = inspected["views"]["sex"]["checks"].as_array().unwrap();
    for (proven, seen) in verdicts.iter().zip(inspected_checks) {
        assert_eq!((&proven["metric"], &proven["verdict"]), (&seen["metric"], &seen["verdict"]));
    }
    assert_eq!(verdicts[0]["verdict"], "fail");
    assert_eq!(verdicts[0]["failing"], serde_json::json!(["women"]));

    office.register(&["--out", "named.json"]);
    let know = [
        "--policy",
        "policy.toml",
        "--data-root",
        root,
        "--model",
        MODEL,
        "--organiser",
        &office.organiser,
        "--registration",
        "named.json",
    ];
    let verified = json(dir, 0, &[&["audit", "verify", "attestation.json"], &know[..]].concat());
    let states = verified["checks"].as_array().unwrap();
    assert!(states.iter().all(|check| check["state"] == "passed"), "{verified}");

    let report =
        json(dir, 0, &[&["audit", "report", "attestation.json", "--out", "report"], &know[..]].concat());
    assert_eq!(report["verified"], true);
    for file in ["html", "groups", "verdicts"] {
        assert!(dir.join(report[file].as_str().unwrap()).is_file(), "{file}");
    }
}

#[test]
fn a_person_checks_the_receipt_of_their_record() {
    let office = Office::open();
    let dir = office.path();
    let committed = json(dir, 0, &with(&["audit", "commit"], &["--out", "commitment"]));
    let root = committed["data_root"].as_str().unwrap();
    let options =
        ["--commitment", "commitment", "--row", "L17", "--auditor", "auditor.key", "--out", "receipt.json"];
    let made = json(dir, 0, &with(&["audit", "receipt", "make"], &options));
    assert_eq!(made["index"], 17);
    let check =
        ["audit", "receipt", "check", "receipt.json", "--data-root", root, "--auditor", &office.auditor];
    let good = json(dir, 0, &[&check[..], &["--nonce", &office.nonce]].concat());
    assert!(good["checks"].as_array().unwrap().iter().all(|check| check["state"] == "passed"), "{good}");
    let words = good["checks"][4]["detail"].as_str().unwrap();
    assert_eq!(words, "women, under 40, decision unfavourable, actual outcome favourable");
    let other = json(dir, 1, &[&check[..], &["--nonce", MODEL]].concat());
    assert_eq!(other["checks"][1]["state"], "failed");
    let unknown =
        ["--commitment", "commitment", "--row", "L999", "--auditor", "auditor.key", "--out", "r2.json"];
    assert!(
        failure(dir, &with(&["audit", "receipt", "make"], &unknown)).contains("no record has the row id")
    );
}

#[test]
fn records_that_were_edited_after_the_commitment_cannot_be_proven() {
    let office = Office::open();
    let dir = office.path();
    json(dir, 0, &with(&["audit", "commit"], &["--out", "commitment"]));
    let data = fs::read_to_string(dir.join("loans.csv")).unwrap();
    fs::write(dir.join("loans.csv"), data.replacen(",FALSE,", ",TRUE,", 1)).unwrap();
    let options = [
        "--commitment",
        "commitment",
        "--organisation",
        "Bank",
        "--system",
        "Loans 2",
        "--model",
        MODEL,
        "--from",
        "2026-01-01",
        "--to",
        "2026-06-30",
        "--auditor",
        "auditor.key",
        "--out",
        "a.json",
    ];
    let refused = failure(dir, &with(&["audit", "prove"], &options));
    assert!(refused.contains("a row was edited, dropped, added or moved"), "{refused}");
    assert!(!dir.join("a.json").exists());
    // Nothing was proven, so nothing was counted.
    fs::write(dir.join("loans.csv"), data).unwrap();
    assert_eq!(office.prove("a.json")["proofs_made"], 1);
    assert_eq!(office.prove("b.json")["proofs_made"], 2);
    assert!(failure(dir, &with(&["audit", "prove"], &options)).contains("a.json exists"));
}

#[test]
fn every_row_error_is_listed_and_nothing_is_committed() {
    let office = Office::open();
    let dir = office.path();
    let data = fs::read_to_string(dir.join("loans.csv")).unwrap();
    fs::write(dir.join("loans.csv"), data.replacen(",F,", ",X,", 3).replacen("L9,", "L8,", 1)).unwrap();
    let seen = json(dir, 1, &with(&["audit", "inspect"], &["--errors", "2"]));
    assert_eq!((seen["ok"].as_bool(), seen["total_errors"].as_u64()), (Some(false), Some(4)));
    assert_eq!(seen["errors"].as_array().unwrap().len(), 2);
    assert!(seen["errors"][0]["problem"].as_str().unwrap().contains("\"X\" is none of the mapping's values"));
    json(dir, 1, &with(&["audit", "commit"], &["--out", "commitment"]));
    assert!(!dir.join("commitment").exists());
    fs::write(dir.join("policy.toml"), POLICY.replace("minimum_cell = 5", "minimum_cell = 0")).unwrap();
    let fault = failure(dir, &with(&["audit", "inspect"], &[]));
    assert!(fault.contains("sample.minimum_cell") && fault.contains("line 15"), "{fault}");
}

#[test]
fn an_attestation_expires_and_a_changed_one_is_not_verified() {
    let office = Office::open();
    let dir = office.path();
    json(dir, 0, &with(&["audit", "commit"], &["--out", "commitment"]));
    office.prove("attestation.json");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = (now + 2 * 366 * 86_400).to_string();
    let late = json(dir, 1, &["audit", "verify", "attestation.json", "--at", &at]);
    let expired =
        |c: &&Value| c["id"] == "audit.status" && c["detail"].as_str().unwrap().starts_with("expired");
    assert!(late["checks"].as_array().unwrap().iter().any(|check| expired(&check)), "{late}");
    let text = fs::read_to_string(dir.join("attestation.json")).unwrap();
    fs::write(dir.join("changed.json"), text.replacen("\"fail\"", "\"pass\"", 1)).unwrap();
    let changed = json(dir, 1, &["audit", "verify", "changed.json"]);
    let failed: Vec<_> = changed["checks"].as_array().unwrap().iter().filter(|c| c["ok"] == false).collect();
    assert!(failed.iter().any(|check| check["id"] == "audit.proof"), "{changed}");
    let missing = json(dir, 1, &["audit", "verify", "nowhere.json"]);
    assert_eq!(missing["ok"], false);
    assert_eq!(tabella(dir, &["audit", "verify"]).status.code(), Some(2));
}
