//! `tabella node` from outside.

use crate::served::{Home, Running, fail, shared, succeed, tabella};
use circuits::types::{AccountKey, Call, ProposalKind, SignedDraft, TypedData};
use client::Node;
use proto::v1::{SubmitBallotRequest, SubmitBallotResponse, ballot_service_client::BallotServiceClient};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

async fn submit(node: &Running, request: &SubmitBallotRequest) -> SubmitBallotResponse {
    let mut ballots = BallotServiceClient::connect(node.url().to_owned()).await.unwrap();
    ballots.submit(request.clone()).await.unwrap().into_inner()
}

/// Opens the shared election on a node.
fn open(node: &Running) {
    runtime().block_on(async {
        shared().open_on(&Node::connect(node.url()).await.unwrap()).await.unwrap();
    });
}

fn vote(node: &Running, ballots: std::ops::Range<usize>) {
    runtime().block_on(async {
        for ballot in &shared().first[ballots] {
            let receipt = submit(node, ballot).await.receipt.unwrap().try_into().unwrap();
            shared().check_receipt(ballot, &receipt).unwrap();
        }
    });
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What a new operator does, from nothing to a node that was asked to end.
#[test]
fn a_node_is_set_up_checked_and_run() {
    let home = Home::fresh();
    let again = home.init(&[]);
    assert!(fail(&again).contains("has a node already"));
    let found: Value = serde_json::from_str(&succeed(&home.output("check", &[]))).unwrap();
    assert_eq!((&found["frames"], &found["elections"]), (&0.into(), &0.into()));
    let node = home.serve(&["--set", "metrics=127.0.0.1:0"]);
    let shown = tabella(&["account", "show", "operator.json"]).current_dir(home.path()).output().unwrap();
    assert_eq!(node.said["operator"], succeed(&shown).trim());
    let metrics = node.said["metrics"].as_str().unwrap();
    assert!(get(metrics, "/healthz").ends_with("ok\n"));
    let text = get(metrics, "/metrics");
    assert!(
        text.contains("tabella_node_insecure_keys 1") && text.contains("tabella_node_writable 1"),
        "{text}"
    );
    let second = home.output("run", &["--listen", "127.0.0.1:0"]);
    assert!(fail(&second).contains("in use by another process"));
    let taken = Home::fresh().output("run", &["--listen", node.address()]);
    assert!(fail(&taken).contains("cannot listen on"));
    let log = node.stop();
    assert!(log.contains("INSECURE") && log.contains("the node serves"), "{log}");
    let mut interrupted = home.serve(&[]);
    interrupted.signal("INT");
    assert_eq!(interrupted.wait().0, Some(0));
}

#[test]
fn what_is_wrong_with_a_configuration_is_named() {
    let home = Home::fresh();
    let file = home.path().join("node.toml");
    let sample = fs::read_to_string(&file).unwrap();
    assert_eq!(sample, include_str!("../../../examples/node.toml"));
    fs::write(&file, format!("lissten = 1\n{sample}")).unwrap();
    let error = fail(&home.output("check", &[]));
    assert!(error.contains("node.toml") && error.contains("line 1") && error.contains("lissten"), "{error}");
    fs::write(&file, &sample).unwrap();
    let error = fail(&home.command("check", &[]).env("TABELLA_NODE_LISTEM", "x").output().unwrap());
    assert!(error.contains("TABELLA_NODE_LISTEM"), "{error}");
    fs::write(home.path().join("pass"), "wrong\n").unwrap();
    let error = fail(&home.output("check", &[]));
    assert!(error.contains("operator.json") && error.contains("passphrase"), "{error}");
    fs::remove_file(&file).unwrap();
    assert!(fail(&home.output("run", &[])).contains("tabella node init"));
}

#[test]
fn a_self_signed_node_is_reached_by_those_who_know_its_certificate() {
    let home = Home::fresh();
    for file in ["node.toml", "operator.json"] {
        fs::remove_file(home.path().join(file)).unwrap();
    }
    succeed(&home.init(&["--self-signed", "localhost", "--self-signed", "127.0.0.1"]));
    succeed(&home.output("check", &[]));
    let node = home.serve(&[]);
    assert!(node.url().starts_with("https://127.0.0.1:"));
    let authority = fs::read_to_string(home.path().join("tls.pem")).unwrap();
    runtime().block_on(async {
        Node::connect_trusting(node.url(), Some(&authority)).await.unwrap();
        assert!(Node::connect(node.url()).await.is_err(), "public authorities do not know it");
    });
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(home.path().join("tls-key.pem")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    node.stop();
}

/// On SIGHUP the certificate is read again, and one that cannot be used is
/// not taken.
#[test]
fn a_renewed_certificate_is_read_on_sighup() {
    let home = Home::fresh();
    for file in ["node.toml", "operator.json"] {
        fs::remove_file(home.path().join(file)).unwrap();
    }
    succeed(&home.init(&["--self-signed", "127.0.0.1"]));
    let node = home.serve(&[]);
    let (certificate, key) = (home.path().join("tls.pem"), home.path().join("tls-key.pem"));
    let renewed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let knows =
        |authority: &str| runtime().block_on(Node::connect_trusting(node.url(), Some(authority))).is_ok();
    let until = |authority: &str| {
        let start = Instant::now();
        while !knows(authority) {
            assert!(start.elapsed() < Duration::from_secs(60), "the certificate is not served");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let first = fs::read_to_string(&certificate).unwrap();
    until(&first);
    fs::write(&certificate, renewed.cert.pem()).unwrap();
    node.signal("HUP");
    until(&first);
    fs::write(&key, renewed.signing_key.serialize_pem()).unwrap();
    node.signal("HUP");
    until(&renewed.cert.pem());
    assert!(!knows(&first));
    assert!(node.stop().contains("the certificate was read again"));
}

/// Connects to a node and remembers the port that it comes from.
async fn traceable(node: &Running) -> (tonic::transport::Channel, u16) {
    let port = Arc::new(Mutex::new(0));
    let (kept, address) = (port.clone(), node.address().to_owned());
    let connector = tower::service_fn(move |_: http::Uri| {
        let (kept, address) = (kept.clone(), address.clone());
        async move {
            let stream = tokio::net::TcpStream::connect(address).await?;
            *kept.lock().unwrap() = stream.local_addr()?.port();
            Ok::<_, std::io::Error>(hyper_util::rt::TokioIo::new(stream))
        }
    });
    let endpoint = tonic::transport::Endpoint::from_shared(node.url().to_owned()).unwrap();
    let channel = endpoint.connect_with_connector(connector).await.unwrap();
    let port = *port.lock().unwrap();
    (channel, port)
}

/// A40: at the most talkative level, from this code and from all libraries,
/// the log holds neither the voter's address nor anything of the ballot.
#[test]
fn a40_the_log_of_a_ballot_names_neither_its_sender_nor_its_slot() {
    let home = Home::new();
    let opened = home.serve(&[]);
    open(&opened);
    opened.stop();
    let mut command = home.command("run", &["--listen", "127.0.0.1:0"]);
    command.env("TABELLA_LOG", "trace");
    let mut node = Running::start(command);
    let ballot = &shared().first[0];
    let (id, port) = runtime().block_on(async {
        let (channel, port) = traceable(&node).await;
        let answer = BallotServiceClient::new(channel).submit(ballot.clone()).await.unwrap();
        (answer.metadata().get("x-request-id").unwrap().to_str().unwrap().to_owned(), port)
    });
    node.signal("TERM");
    let (code, log) = node.wait();
    assert_eq!(code, Some(0));
    assert!(log.contains(&id) && log.contains("TRACE"), "the log speaks of the request");
    let entry = ballot.entry.as_ref().unwrap();
    let mut secrets = vec![format!(":{port}"), format!("port: {port}"), port.to_string()];
    for bytes in [&entry.slot, &entry.ticket, &entry.next_digest, &entry.proof[..32].to_vec()] {
        secrets.extend([hex::encode(bytes), format!("{bytes:?}")]);
    }
    for line in log.lines() {
        for secret in &secrets {
            // The port's digits may be part of another number: a whole number counts.
            let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let whole = line.match_indices(secret.as_str()).any(|(at, found)| {
                !digits(line[..at].chars().next_back()) && !digits(line[at + found.len()..].chars().next())
            });
            assert!(!whole, "{secret} is in the log: {line}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        match file.file_type().unwrap().is_dir() {
            true => copy(&file.path(), &target),
            false => drop(fs::copy(file.path(), target).unwrap()),
        }
    }
}

/// docs/operations.md, Backup and Restore: the journal of a running node,
/// copied alone, is all that a new disk needs. A37: an older copy is refused,
/// as long as the second head directory was not put back with it.
#[test]
fn a37_a_backup_is_restored_and_an_old_one_is_refused() {
    let (home, backups) = (Home::new(), tempfile::tempdir().unwrap());
    let [old, new] = ["old", "new"].map(|name| backups.path().join(name));
    let node = home.serve(&[]);
    open(&node);
    vote(&node, 0..2);
    fs::copy(home.journal(), &old).unwrap();
    vote(&node, 2..4);
    fs::copy(home.journal(), &new).unwrap();
    drop(node);
    let restore = |copy: &Path| {
        fs::rename(
            home.path().join("data"),
            backups.path().join(format!("gone-{}", copy.display()).replace('/', "-")),
        )
        .unwrap();
        fs::create_dir_all(home.journal().parent().unwrap()).unwrap();
        fs::copy(copy, home.journal()).unwrap();
    };
    restore(&old);
    let before = fs::read(home.journal()).unwrap();
    for command in ["check", "run"] {
        let error = fail(&home.output(command, &["--set", "listen=127.0.0.1:0"]));
        assert!(error.contains("rolled back"), "{error}");
    }
    assert_eq!(fs::read(home.journal()).unwrap(), before);
    restore(&new);
    let found: Value = serde_json::from_str(&succeed(&home.output("check", &[]))).unwrap();
    assert_eq!((&found["elections"], &found["entries"]), (&1.into(), &4.into()));
    let node = home.serve(&[]);
    vote(&node, 0..6);
    node.stop();
    let found: Value = serde_json::from_str(&succeed(&home.output("reindex", &[]))).unwrap();
    assert_eq!(found["entries"], 6);
    let node = home.serve(&[]);
    vote(&node, 0..8);
    let busy = home.output("reindex", &[]);
    assert!(fail(&busy).contains("in use by another process"));
    node.stop();
    copy(&home.path().join("heads"), &backups.path().join("heads"));
    fs::remove_dir_all(home.path().join("heads")).unwrap();
    succeed(&home.output("check", &[]));
    let remade = fs::read_dir(home.path().join("heads")).unwrap().count();
    assert_eq!(
        remade,
        fs::read_dir(backups.path().join("heads")).unwrap().count(),
        "heads come from the journal"
    );
}

/// A49: a journal of another format is refused and not touched.
#[test]
fn a49_an_unknown_version_of_the_journal_is_refused_unchanged() {
    let home = Home::fresh();
    succeed(&home.output("check", &[]));
    let mut bytes = fs::read(home.journal()).unwrap();
    bytes[8..12].copy_from_slice(&2u32.to_be_bytes());
    let sum = crc32c::crc32c(&bytes[..44]).to_be_bytes();
    bytes[44..48].copy_from_slice(&sum);
    fs::write(home.journal(), &bytes).unwrap();
    for command in ["check", "run", "reindex"] {
        let error = fail(&home.output(command, &["--set", "listen=127.0.0.1:0"]));
        assert!(error.contains("version 2") || error.contains("format 2"), "{error}");
        assert_eq!(fs::read(home.journal()).unwrap(), bytes);
    }
}

/// A draft of 2 MiB.
fn large_draft(organiser: &AccountKey, nonce: u8) -> SignedDraft {
    let mut signed = shared().draft.clone();
    let draft = &mut signed.draft;
    draft.kind = ProposalKind::Action;
    draft.calls =
        (0..=255).map(|i| Call { target: draft.operator, value: [i; 32], data: vec![nonce; 8192] }).collect();
    draft.nonce = [nonce; 32];
    signed.signature = organiser.sign(signed.draft.signing_hash(&signed.draft.domain()));
    signed
}

/// A48: when the disk takes no more, the node stops with the reason and an
/// exit code that a supervisor sees; with room again it goes on from what it
/// acknowledged.
#[test]
fn a48_a_full_disk_stops_the_node_and_loses_nothing() {
    let home = Home::new();
    // A limit on the length of files stands in for a full disk: writing
    // beyond it fails in the same place.
    let script = r#"trap "" XFSZ; ulimit -f 8192; exec "$0" "$@""#;
    let run = home.command("run", &["--listen", "127.0.0.1:0"]);
    let mut limited = Command::new("bash");
    limited.args(["-c", script]).arg(run.get_program()).args(run.get_args()).current_dir(home.path());
    let mut node = Running::start(limited);
    let acknowledged = runtime().block_on(async {
        let client = Node::connect(node.url()).await.unwrap();
        let mut acknowledged = 0;
        for nonce in 0..16 {
            let draft = large_draft(&shared().organiser, nonce);
            match client::organiser::publish(&client, &draft).await {
                Ok(_) => acknowledged += 1,
                Err(error) => {
                    assert!(
                        error.to_string().contains("stopped") || error.to_string().contains("node"),
                        "{error}"
                    );
                    return acknowledged;
                }
            }
        }
        panic!("the disk was never full");
    });
    let (code, log) = node.wait();
    assert_eq!(code, Some(1), "{log}");
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("error: the node has stopped") && last.contains("start it again"), "{log}");
    assert!(last.contains("journal"), "{last}");
    assert!(acknowledged >= 2, "{acknowledged}");
    let found: Value = serde_json::from_str(&succeed(&home.output("check", &[]))).unwrap();
    assert_eq!(found["elections"], acknowledged);
    home.serve(&[]).stop();
}

/// Open streams do not hold the end back, and a second signal ends the wait.
#[test]
fn the_end_has_a_limit() {
    let home = Home::new();
    let node = home.serve(&[]);
    open(&node);
    let runtime = runtime();
    let mut stream = runtime.block_on(async {
        let url = node.url().to_owned();
        let mut board = proto::v1::board_service_client::BoardServiceClient::connect(url).await.unwrap();
        let election_id = shared().election_id().to_bytes().to_vec();
        let request = proto::v1::StreamEntriesRequest { election_id, start: 0, follow: true };
        board.stream_entries(request).await.unwrap().into_inner()
    });
    let start = Instant::now();
    node.stop();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let status = runtime.block_on(stream.message()).unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
}

/// The Dockerfile's sources exist, and the unit starts what it installs.
#[test]
fn deployment_files_name_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let docker = fs::read_to_string(root.join("Dockerfile")).unwrap();
    let copies: Vec<&str> =
        docker.lines().filter_map(|l| l.strip_prefix("COPY ")).filter(|l| !l.starts_with("--from")).collect();
    let mut sources: Vec<&str> = Vec::new();
    for copy in copies {
        let words: Vec<&str> = copy.split_whitespace().collect();
        sources.extend(&words[..words.len() - 1]);
    }
    for source in &sources {
        assert!(root.join(source).exists(), "COPY {source}");
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|l| l.strip_prefix("members = [")).unwrap();
    for member in members.trim_end_matches(']').split(", ").map(|m| m.trim_matches('"')) {
        assert!(sources.contains(&member), "the Dockerfile does not copy the member {member}");
    }
    assert!(docker.contains("\nUSER 10001\n") && docker.contains("--locked"));
    let unit = fs::read_to_string(root.join("deploy/tabella-node.service")).unwrap();
    for line in ["NoNewPrivileges=yes", "ProtectSystem=strict", "User=tabella", "Restart=on-failure"] {
        assert!(unit.lines().any(|l| l == line), "{line}");
    }
    let settings = unit.lines().filter_map(|l| l.strip_prefix("Environment="));
    for variable in settings.filter_map(|l| l.split('=').next()).filter(|v| v.starts_with("TABELLA_NODE_")) {
        let key = variable["TABELLA_NODE_".len()..].to_lowercase();
        assert!(include_str!("../../../examples/node.toml").contains(&format!("\n{key} = ")), "{variable}");
    }
}
