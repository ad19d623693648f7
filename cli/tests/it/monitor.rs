//! `tabella monitor` against real nodes of honest and dishonest operators.

use circuits::types::ElectionId;
use e2e::{
    keys::Keys,
    scenario::{Scenario, scenario},
    serve::{self, NoTally},
};
use node::{Config, Deps, Node, jobs::verification::Proofs};
use proto::v1::{SubmitBallotRequest, ballot_service_client::BallotServiceClient};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use verifier::{Claim, KeyHash, VerifyError};

/// Takes every proof: what a dishonest operator changes in a node.
#[derive(Debug)]
struct TakeAll;

impl Proofs for TakeAll {
    fn verify(&self, _: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>> {
        vec![Ok(()); claims.len()]
    }
}

/// A node of the scenario's operator, with its directory.
struct Served {
    runtime: Runtime,
    node: Option<Node>,
    config: Config,
    url: String,
    place: TempDir,
}

fn deps(honest: bool) -> Deps {
    let deps = Deps::new(Arc::new(Keys::load().unwrap().set().unwrap()), Arc::new(NoTally));
    if honest { deps } else { Deps { proofs: Arc::new(TakeAll), ..deps } }
}

impl Served {
    fn start(scenario: &Scenario, honest: bool) -> Self {
        let (place, runtime) = (tempfile::tempdir().unwrap(), Runtime::new().unwrap());
        let mut config = serve::config(scenario, place.path());
        let node = runtime.block_on(Node::start(config.clone(), deps(honest))).unwrap();
        config.listen = node.address();
        let url = format!("http://{}", node.address());
        let client = runtime.block_on(client::Node::connect(&url)).unwrap();
        runtime.block_on(scenario.open_on(&client)).unwrap();
        Self { runtime, node: Some(node), config, url, place }
    }

    fn submit(&self, request: &SubmitBallotRequest) {
        self.runtime.block_on(async {
            let mut ballots = BallotServiceClient::connect(self.url.clone()).await.unwrap();
            ballots.submit(request.clone()).await.unwrap();
        });
    }

    fn stop(&mut self) {
        self.runtime.block_on(self.node.take().unwrap().shutdown()).unwrap();
    }

    fn restart(&mut self) {
        let node = self.runtime.block_on(Node::start(self.config.clone(), deps(true)));
        self.node = Some(node.unwrap());
    }
}

fn tabella(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
    for variable in ["TABELLA_NODE", "TABELLA_ORGANISER", "TABELLA_ELECTION", "TABELLA_CA"] {
        command.env_remove(variable);
    }
    command.args(args);
    command
}

fn watch(scenario: &Scenario, nodes: &[&str], directory: &Path, more: &[&str]) -> Command {
    let mut command = tabella(&["monitor", "--json", "--interval", "1s", "--dir"]);
    command.arg(directory);
    for url in nodes {
        command.args(["--node", url]);
    }
    command.args(["--election", &scenario.election_id().to_string()]);
    command.args(["--organiser", &scenario.organiser.address().to_string()]).args(more);
    command
}

fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(text.lines().last().unwrap_or_else(|| panic!("no line; {errors}"))).unwrap()
}

/// Verified entries of the checkpoint of an election; 0 without one.
fn verified(directory: &Path, election: ElectionId) -> u64 {
    let path = directory.join(election.to_string()).join("checkpoint.json");
    let text = fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).map_or(0, |v: Value| v["checkpoint"]["size"].as_u64().unwrap())
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(mut command: Command) -> Running {
    Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// A35, A32: the operator runs two nodes with one key and two journals, one
/// of them with an invalid entry: both are named, the exit code says so, and
/// the evidence convicts the operator without the monitor.
#[test]
fn a35_two_journals_and_an_invalid_entry_are_named() {
    let (scenario, directory) = (scenario(16).unwrap(), tempfile::tempdir().unwrap());
    let (honest, forked) = (Served::start(&scenario, true), Served::start(&scenario, false));
    scenario.first[..4].iter().for_each(|ballot| honest.submit(ballot));
    let mut forged = scenario.first[4].clone();
    forged.entry.as_mut().unwrap().proof = scenario.first[5].entry.as_ref().unwrap().proof.clone();
    [&scenario.first[0], &forged, &scenario.first[2]].into_iter().for_each(|ballot| forked.submit(ballot));
    let state = directory.path().join("monitor");
    let output = watch(&scenario, &[&honest.url, &forked.url], &state, &["--once"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("misbehaviour: invalid-entry, split-view"), "{errors}");
    let report = last_line(&output);
    assert_eq!(report["ok"], Value::Bool(false));
    let found = report["misbehaviours"].as_array().unwrap();
    // Whether the heads or the entries show the split first is a matter of
    // time; each finding stands by itself.
    let kinds: BTreeSet<&str> = found.iter().filter_map(|f| f["kind"].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["invalid-entry", "split-view"]), "{report:#}");
    for finding in found {
        assert_eq!(finding["proof"], Value::Bool(true), "{finding}");
        let file = finding["evidence"].as_str().unwrap();
        let check = tabella(&["monitor", "evidence", "check", file, "--json"]).output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        let verdict = last_line(&check);
        assert_eq!(verdict["culprit"], scenario.operator_address().to_string());
        assert_eq!(verdict["role"], "operator");
        let text = fs::read_to_string(file).unwrap();
        let changed = directory.path().join("changed.json");
        fs::write(&changed, text.replacen("\"time\": ", "\"time\": 1", 1)).unwrap();
        let check = tabella(&["monitor", "evidence", "check", changed.to_str().unwrap()]).output().unwrap();
        assert_eq!(check.status.code(), Some(1));
    }
    // Without --once it ends by itself, since somebody misbehaved.
    let again = watch(&scenario, &[&forked.url, &honest.url], &state, &[]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(last_line(&again)["misbehaviours"].as_array().unwrap().len() >= 2);
}

/// A47 for the monitor: killed at any moment it goes on where it was; so does
/// the node that it follows; and a signal ends it in order.
#[test]
fn a_killed_monitor_and_a_restarted_node_go_on() {
    let (scenario, directory) = (scenario(16).unwrap(), tempfile::tempdir().unwrap());
    let (id, state) = (scenario.election_id(), directory.path().join("monitor"));
    let mut served = Served::start(&scenario, true);
    scenario.first[..6].iter().for_each(|ballot| served.submit(ballot));
    let first = spawn(watch(&scenario, &[&served.url], &state, &[]));
    wait_until("verification", || verified(&state, id) == 6);
    drop(first);
    scenario.first[6..9].iter().for_each(|ballot| served.submit(ballot));
    let mut second = spawn(watch(&scenario, &[&served.url], &state, &["--metrics", "127.0.0.1:0"]));
    let metrics = metrics_address(second.0.stderr.take().unwrap());
    wait_until("catching up", || verified(&state, id) == 9);
    served.stop();
    std::thread::sleep(Duration::from_millis(1_500));
    served.restart();
    scenario.first[9..12].iter().for_each(|ballot| served.submit(ballot));
    wait_until("following", || verified(&state, id) == 12);
    let text = get(&metrics, "/metrics");
    assert!(text.contains(&format!("tabella_monitor_entries_verified{{election=\"{id}\"}} 12")), "{text}");
    assert!(text.contains("tabella_monitor_head_age_seconds{"), "{text}");
    assert!(!text.contains("tabella_monitor_misbehaviours_total{"), "{text}");
    let pid = second.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut out = String::new();
    second.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(second.0.wait().unwrap().code(), Some(0));
    let report: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&report["ok"], report["elections"][0]["verified"].as_u64()), (&Value::Bool(true), Some(12)));
    served.stop();
    let down = watch(&scenario, &[&served.url], &state, &["--once"]).output().unwrap();
    assert_eq!(down.status.code(), Some(1));
    let report = last_line(&down);
    assert!(
        report["misbehaviours"].as_array().unwrap().is_empty() && report["problems"][0]["what"].is_string()
    );
    assert!(served.place.path().exists());
}

/// The address in the line that says where metrics are; the rest of the log
/// is read so that it does not fill the pipe.
fn metrics_address(log: impl Read + Send + 'static) -> String {
    let mut lines = BufReader::new(log).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let address = line.split("address=").nth(1)?;
        Some(address.split_whitespace().next()?.to_owned())
    });
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    address.expect("the monitor says where its metrics are")
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A whole election is verified to its result, and then the monitor ends.
#[test]
fn a_finished_election_is_verified_to_its_result() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("demo");
    let demo = ["demo", "--voters", "4", "--serve", "--json", "--out", out.to_str().unwrap()];
    let mut serving = Running(tabella(&demo).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(serving.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let summary: Value = serde_json::from_str(&line).unwrap();
    let text = |key: &str| summary[key].as_str().unwrap();
    let state: PathBuf = directory.path().join("monitor");
    let args = ["monitor", "--json", "--node", text("node"), "--election", text("election"), "--dir"];
    let output = tabella(&args).arg(&state).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = last_line(&output);
    let election = &report["elections"][0];
    assert_eq!((&election["closed"], &election["totals"]), (&Value::Bool(true), &summary["totals"]));
    assert_eq!((&election["verified"], &election["slots"]), (&summary["entries"], &summary["slots"]));
    assert_eq!(election["insecure_development_keys"], Value::Bool(true));
}

#[test]
fn wrong_usage_of_the_monitor_is_told_apart() {
    let code = |args: &[&str]| tabella(args).output().unwrap().status.code();
    assert_eq!(code(&["monitor"]), Some(2));
    assert_eq!(code(&["monitor", "--node", "http://127.0.0.1:1", "--dir", "x"]), Some(2));
    assert_eq!(code(&["monitor", "evidence", "check", "/nonexistent"]), Some(1));
}
