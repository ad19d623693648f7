//! Elections on a chain, from outside: the demo's settlement on the embedded
//! chain and on a real node, and what others read there.

#[path = "../../../chain/tests/it/anvil.rs"]
#[allow(dead_code, reason = "the tests of the crate `chain` use the rest")]
mod anvil;

use crate::{demo::demo, foreign::python};
use anvil::Anvil;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

fn tabella(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tabella")).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|e| panic!("{e}: {text}{said}"))
}

/// Options of a new account in a home of its own.
pub fn payer(home: &Path) -> [String; 6] {
    let file = |name: &str| home.join(name).to_str().unwrap().to_owned();
    fs::write(file("words"), "correct horse").unwrap();
    let made = tabella(&["account", "new", &file("payer.json"), "--passphrase-file", &file("words")]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let options =
        ["--account", &file("payer.json"), "--passphrase-file", &file("words"), "--home", &file("")];
    options.map(str::to_owned)
}

/// `tabella chain` with an account.
pub fn chain(payer: &[String], arguments: &[&str]) -> Output {
    let payer: Vec<&str> = payer.iter().map(String::as_str).collect();
    tabella(&[&["chain"], arguments, &payer, &["--json"]].concat())
}

/// What issue and specification promise of the demo's chain.
fn check_summary(summary: &Value) {
    let chain = &summary["chain"];
    assert_eq!((chain["mode"].as_str(), chain["status"].as_str()), (Some("validity"), Some("finalised")));
    for what in ["open", "anchor", "batch", "tally", "attestation", "per_ballot"] {
        assert!(chain["gas"][what].as_u64().is_some_and(|gas| gas > 10_000), "{what}: {}", chain["gas"]);
    }
    assert!(chain["gas"]["anchor"].as_u64().unwrap() <= 60_000);
    assert!(chain["gas"]["tally"].as_u64().unwrap() <= 400_000);
    assert!(chain["gas"]["attestation"].as_u64().unwrap() <= 900_000);
    assert_eq!(chain["passed"], Value::Bool(true));
    // Open after the vote, closed after the revocation.
    assert_eq!(chain["approved"], serde_json::json!([true, false]));
}

/// The embedded chain beside the demo's record.
fn chain_dir() -> PathBuf {
    demo().0.parent().unwrap().join("chain")
}

fn verify(record: &Path, chain: &[&str]) -> (Option<i32>, Value) {
    let output = tabella(&[&["verify", record.to_str().unwrap(), "--json"], chain].concat());
    let check = json(&output)["checks"].as_array().unwrap().last().unwrap().clone();
    (output.status.code(), check)
}

#[test]
fn the_demo_settles_and_the_gate_answers() {
    check_summary(&demo().1);
}

#[test]
fn a_record_is_compared_with_what_the_chain_finalised() {
    let directory = chain_dir();
    let (code, check) = verify(&demo().0, &["--chain-dir", directory.to_str().unwrap()]);
    assert_eq!(
        (code, &check["id"], &check["ok"]),
        (Some(0), &"cli.verify_chain".into(), &true.into()),
        "{check}"
    );
}

/// A53: another chain, on which the contract is not.
#[test]
fn a53_a_record_is_not_that_of_another_chain() {
    let empty = tempfile::tempdir().unwrap();
    let (code, check) = verify(&demo().0, &["--chain-dir", empty.path().to_str().unwrap()]);
    assert_eq!((code, &check["ok"]), (Some(1), &false.into()));
    assert!(check["detail"].as_str().unwrap().contains("there is no contract"), "{check}");
}

#[test]
fn another_process_sees_the_status() {
    let (directory, summary) = (chain_dir(), &demo().1);
    let (election, contract) =
        (summary["election"].as_str().unwrap(), summary["chain"]["contract"].as_str().unwrap());
    let output = tabella(&[
        "chain",
        "status",
        election,
        "--contract",
        contract,
        "--chain-dir",
        directory.to_str().unwrap(),
        "--outbox",
        directory.parent().unwrap().join("outbox.jsonl").to_str().unwrap(),
        "--json",
    ]);
    let status = json(&output);
    assert_eq!(status["election"]["status"], "finalised");
    assert_eq!(status["election"]["totals"], summary["totals"]);
    let outbox = status["outbox"].as_array().unwrap();
    assert!(outbox.len() > 10 && outbox.iter().all(|posting| posting["state"] == "final"), "{outbox:?}");
}

/// A gate is no contract of elections.
#[test]
fn a53_another_contract_is_refused_by_name() {
    let (directory, summary) = (chain_dir(), &demo().1);
    let output = tabella(&[
        "chain",
        "status",
        "--contract",
        summary["chain"]["gate"].as_str().unwrap(),
        "--chain-dir",
        directory.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("is not the Elections of this version"), "{said}");
}

/// What is there already is not posted again; who posts finds it.
#[test]
fn a52_a_settled_record_is_not_settled_again() {
    let (home, directory) = (tempfile::tempdir().unwrap(), chain_dir());
    let before = fs::read(directory.join("blocks.jsonl")).unwrap();
    let arguments = ["post", demo().0.to_str().unwrap(), "--chain-dir", directory.to_str().unwrap()];
    let posted = chain(&payer(home.path()), &arguments);
    let found = json(&posted);
    assert_eq!((&found["status"], &found["totals"]), (&"finalised".into(), &demo().1["totals"]));
    assert_eq!(found["gas"]["tally"], serde_json::json!([]));
    assert_eq!(fs::read(directory.join("blocks.jsonl")).unwrap(), before);
}

/// On the embedded chain of a new home.
#[test]
fn a_contract_is_deployed_once_and_says_why_it_voids_nothing() {
    let home = tempfile::tempdir().unwrap();
    let payer = payer(home.path());
    let blocks = || fs::read(home.path().join("chain/blocks.jsonl")).unwrap();
    let deployed = json(&chain(&payer, &["deploy"]));
    let before = blocks();
    assert_eq!(json(&chain(&payer, &["deploy"])), deployed);
    let unknown = format!("0x00{}", "11".repeat(31));
    let contract = deployed["contract"].as_str().unwrap();
    let refused = chain(&payer, &["void", &unknown, "--contract", contract]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("WrongStage(") && said.contains("found = None"), "{said}");
    assert_eq!(blocks(), before);
}

/// A copy of the demo's chain, to add to, with an account of its own.
struct Copy {
    home: TempDir,
    payer: [String; 6],
}

impl Copy {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("chain");
        fs::create_dir(&directory).unwrap();
        fs::copy(chain_dir().join("blocks.jsonl"), directory.join("blocks.jsonl")).unwrap();
        Self { payer: payer(home.path()), home }
    }

    fn run(&self, arguments: &[&str]) -> Value {
        let output = chain(&self.payer, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        json(&output)
    }

    fn refused(&self, arguments: &[&str], why: &str) {
        let output = chain(&self.payer, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(why), "{said}");
    }

    /// A question, which needs no account.
    fn ask(&self, arguments: &[&str]) -> Value {
        let home = self.home.path().to_str().unwrap();
        json(&tabella(&[&["chain"], arguments, &["--home", home, "--json"]].concat()))
    }
}

/// A31: whoever holds the record makes the calls, once, after the delay.
#[test]
fn a31_a_passed_vote_runs_once_through_an_executor() {
    let (copy, summary) = (Copy::new(), &demo().1);
    let record = demo().0.to_str().unwrap();
    let deploy = ["executor", "deploy", "--record", record, "--delay", "2s"];
    let deployed = copy.run(&deploy);
    assert_eq!(copy.run(&deploy), deployed);
    let executor = deployed["contract"].as_str().unwrap();
    let transaction = deployed["transaction"].as_str().unwrap();
    let origin = copy.ask(&["creation", executor, "--transaction", transaction]);
    assert_eq!((&origin["kind"], &origin["terms"]["delay_seconds"]), (&"executor".into(), &2.into()));
    assert_eq!(origin["terms"]["elections"], summary["chain"]["contract"]);
    let on = |command: &'static str, more: &[&'static str]| {
        let command = ["executor", command, record, "--executor", executor];
        [&command, more].concat()
    };
    copy.refused(&on("execute", &[]), "are not queued; run `queue` first");
    let queued = copy.run(&on("queue", &[]));
    assert!(queued["gas"].as_u64().is_some_and(|gas| gas > 50_000), "{queued}");
    assert_eq!(copy.run(&on("queue", &[])), queued);
    let made = copy.run(&on("execute", &["--wait"]));
    assert!(made["gas"].as_u64().is_some_and(|gas| gas > 50_000), "{made}");
    let blocks = || fs::read(copy.home.path().join("chain/blocks.jsonl")).unwrap();
    let before = blocks();
    assert_eq!(copy.run(&on("execute", &[])), made);
    assert_eq!(blocks(), before);
    let election = summary["election"].as_str().unwrap();
    let shown = copy.ask(&["executor", "show", election, "--executor", executor]);
    assert_eq!((&shown["standing"], &shown["timelock"]), (&"done".into(), &deployed["timelock"]));

    let checked = copy.ask(&["check", "--record", record, "--executor", executor]);
    let kinds: Vec<&Value> = checked["contracts"].as_array().unwrap().iter().map(|c| &c["kind"]).collect();
    assert_eq!((&checked["ok"], kinds), (&true.into(), vec![&"gate".into(), &"executor".into()]));
    let enacted = copy.run(&["gate", "enact", record]);
    assert_eq!((&enacted["gates"][0]["gas"], &enacted["gates"][0]["refusal"]), (&Value::Null, &Value::Null));
    let gate = summary["chain"]["gate"].as_str().unwrap();
    let shown = copy.ask(&["gate", "show", summary["chain"]["model"].as_str().unwrap(), "--gate", gate]);
    assert_eq!((&shown["approved"], &shown["standing"]), (&false.into(), &"attestation_not_valid".into()));
    assert_eq!((&shown["election"], &shown["demand"]), (&summary["election"], &"any".into()));
}

/// A53, A55: what is of another place or kind is refused before anything is
/// posted, by name.
#[test]
fn a53_what_does_not_belong_together_is_refused_by_name() {
    let (copy, summary) = (Copy::new(), &demo().1);
    let record = demo().0.to_str().unwrap();
    let attestation = demo().0.parent().unwrap().join("attestation.json");
    let attestation = attestation.to_str().unwrap();
    let (elections, gate) =
        (summary["chain"]["contract"].as_str().unwrap(), summary["chain"]["gate"].as_str().unwrap());
    let nobody = format!("0x{}", "11".repeat(20));
    let other = copy.run(&["audit", "deploy", "--organisation", "Another", "--organiser", &nobody]);
    assert_eq!(other["insecure"], true);
    let other = other["contract"].as_str().unwrap();
    let blocks = || fs::read(copy.home.path().join("chain/blocks.jsonl")).unwrap();
    let before = blocks();
    let like = ["gate", "deploy", "--record", record, "--attestations"];
    copy.refused(&[&like[..], &[gate]].concat(), "is not the Attestations of this version");
    copy.refused(&[&like[..], &[other]].concat(), "another organisation or organiser than the votes");
    let attest = ["audit", "attest", attestation, "--contract"];
    copy.refused(
        &[&attest[..], &[other]].concat(),
        "with --auditor its auditor signs it for chain 128704794",
    );
    copy.refused(&[&attest[..], &[&nobody]].concat(), "there is no contract at");
    let queue = ["executor", "queue", record, "--executor"];
    copy.refused(&[&queue[..], &[elections]].concat(), "is not the Executor of this version");
    assert_eq!(blocks(), before);
}

/// The same demo on a real node; then a reader that is not ours.
#[test]
fn the_same_demo_settles_on_a_real_node_and_web3_reads_it() {
    let node = Anvil::start();
    let out = tempfile::tempdir().unwrap();
    let place = out.path().join("demo");
    let arguments = ["demo", "--voters", "8", "--seed", "5", "--json", "--chain", &node.url()];
    let output = tabella(&[&arguments[..], &["--out", place.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = json(&output);
    check_summary(&summary);
    let (code, check) = verify(&place.join("record"), &["--chain", &node.url()]);
    assert_eq!((code, &check["ok"]), (Some(0), &true.into()), "{check}");

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let chain = &summary["chain"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let read = Command::new(python("web3"))
        .arg(root.join("tests/foreign/web3/read.py"))
        .arg(node.url())
        .arg(root.join("contracts/artifacts"))
        .args([
            text(&chain["contract"]),
            text(&summary["election"]),
            text(&chain["gate"]),
            text(&chain["model"]),
        ])
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read = json(&read);
    assert_eq!(
        (&read["totals"], &read["slots"], &read["size"]),
        (&summary["totals"], &summary["slots"], &summary["entries"])
    );
    assert_eq!((&read["passed"], &read["stage"]), (&true.into(), &3.into()));
    // Once, not twice; the gate was open, and is closed.
    assert_eq!(
        (&read["finalised"], &read["approved_once"], &read["approved"]),
        (&1.into(), &true.into(), &false.into())
    );
}
