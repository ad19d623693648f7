//! Clients that are not ours, in other languages, against a node with real
//! proofs. Python needs `venv`, the other one node and npm; their libraries
//! are pinned and installed below the target directory.

use crate::served::{Home, Running, shared};
use prost::Message;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/foreign")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

/// A node with an open election, and one ballot in a file.
struct Stage {
    home: Home,
    node: Running,
}

impl Stage {
    fn new() -> Self {
        let home = Home::new();
        let node = home.serve(&[]);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let client = client::Node::connect(node.url()).await.unwrap();
            shared().open_on(&client).await.unwrap();
        });
        fs::write(home.path().join("ballot"), shared().first[0].encode_to_vec()).unwrap();
        Self { home, node }
    }

    fn election(&self) -> String {
        hex::encode(shared().election_id().to_bytes())
    }

    fn slot(&self) -> String {
        hex::encode(&shared().first[0].entry.as_ref().unwrap().slot)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

/// An interpreter with what a reader below `tests/foreign` needs, installed once.
pub fn python(reader: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{reader}"));
    let (python, wanted) = (place.join("bin/python"), source().join(reader).join("requirements.txt"));
    let installed = place.join("requirements.txt");
    if fs::read(&installed).ok() != fs::read(&wanted).ok() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place));
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "-r"];
        run(Command::new(&python).args(pip).arg(&wanted));
        fs::copy(wanted, installed).unwrap();
    }
    python
}

#[test]
fn a_python_client_votes_through_reflection_alone() {
    let (stage, python) = (Stage::new(), python("python"));
    let mut client = Command::new(python);
    client.arg(source().join("python/client.py"));
    client.args([stage.node.address(), &stage.election()]).arg(stage.file("ballot"));
    let found: Value = serde_json::from_str(&run(&mut client)).unwrap();
    let services: Vec<&str> =
        found["services"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["Election", "Registry", "Ballot", "Board", "Trustee", "Node", "Attestation"] {
        assert!(services.contains(&format!("tabella.v1.{name}Service").as_str()), "{services:?}");
    }
    assert_eq!(found["phase"], "PHASE_VOTING");
    assert_eq!(found["options"], json!(shared().draft().options));
    let receipt =
        json!({ "index": 0, "slot": stage.slot(), "size": 1, "signature": 65, "siblings": 32 * 32 });
    assert_eq!(found["receipt"], receipt);
    assert_eq!((&found["repeat"], &found["listed"]), (&json!(true), &json!(true)));
    let short = &found["short"];
    assert_eq!((&short["code"], &short["reason"]), (&json!("INVALID_ARGUMENT"), &json!("FIELD")));
    assert_eq!((&short["fields"], &short["domain"]), (&json!(["entry.proof"]), &json!("tabella")));
    let unknown = &found["unknown"];
    assert_eq!((&unknown["code"], &unknown["reason"]), (&json!("NOT_FOUND"), &json!("UNKNOWN_ELECTION")));
    assert_eq!(found["logs"], json!(0));
    let no_log = &found["no_log"];
    assert_eq!((&no_log["code"], &no_log["reason"]), (&json!("NOT_FOUND"), &json!("UNKNOWN_LOG")));
    stage.node.stop();
}

/// The client with its libraries, installed once.
fn web() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-web");
    fs::create_dir_all(&place).unwrap();
    let lock = fs::read(source().join("web/package-lock.json")).unwrap();
    let installed = fs::read(place.join("package-lock.json")).ok() == Some(lock);
    for file in ["package.json", "package-lock.json", "client.mjs"] {
        fs::copy(source().join("web").join(file), place.join(file)).unwrap();
    }
    if !installed || !place.join("node_modules/@connectrpc/connect-web").is_dir() {
        run(Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&place));
    }
    place.join("client.mjs")
}

#[test]
fn a_grpc_web_client_votes_and_reads_the_board() {
    let (stage, script) = (Stage::new(), web());
    fs::write(stage.file("descriptors"), proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut client = Command::new("node");
    client.arg(script).args([stage.node.url(), &stage.election()]);
    client.args([stage.file("ballot"), stage.file("descriptors")]);
    let found: Value = serde_json::from_str(&run(&mut client)).unwrap();
    assert_eq!(found["phase"], proto::v1::Phase::Voting as i32);
    assert_eq!(found["options"], json!(shared().draft().options));
    assert_eq!(found["receipt"], json!({ "index": 0, "slot": stage.slot(), "siblings": 32 * 32 }));
    assert_eq!((&found["streamed"], &found["followed"]), (&json!(1), &json!(1)));
    assert_eq!(found["stopped"], "Canceled");
    assert_eq!(found["short"]["code"], "InvalidArgument");
    let details = json!(["google.rpc.ErrorInfo", "google.rpc.BadRequest"]);
    assert_eq!(found["short"]["details"], details);
    assert_eq!(found["unknown"]["code"], "NotFound");
    stage.node.stop();
}
