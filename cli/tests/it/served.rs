//! A node in a process of its own that serves the shared scenario.

use e2e::scenario::{Scenario, scenario};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest wait for a node to start or to end. The first start makes keys.
const PATIENCE: Duration = Duration::from_secs(300);

/// An election with 16 ballots, made once.
pub fn shared() -> &'static Scenario {
    static SCENARIO: OnceLock<Scenario> = OnceLock::new();
    SCENARIO.get_or_init(|| scenario(16).unwrap())
}

/// A directory with the files of a node.
pub struct Home(TempDir);

/// `tabella` with these arguments, free of the caller's environment.
pub fn tabella(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("TABELLA_") && name != "TABELLA_KEYS")
    {
        command.env_remove(name);
    }
    command
}

/// Standard output of a command that must succeed.
pub fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error of a command that must fail.
pub fn fail(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

impl Home {
    /// A new node whose operator is that of the scenario.
    pub fn new() -> Self {
        let home = Self::fresh();
        let key = home.path().join("plain");
        fs::write(&key, hex::encode(shared().operator.to_bytes())).unwrap();
        fs::remove_file(home.path().join("operator.json")).unwrap();
        let mut import = tabella(&["account", "import", "operator.json", "--key-file", "plain"]);
        import.args(["--passphrase-file", "pass"]).current_dir(home.path());
        succeed(&import.output().unwrap());
        fs::remove_file(key).unwrap();
        home
    }

    /// A new node with an operator of its own.
    pub fn fresh() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.path().join("pass"), "correct horse\n").unwrap();
        succeed(&home.init(&[]));
        home
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn journal(&self) -> PathBuf {
        self.path().join("data/journal/journal")
    }

    /// `tabella node init` in this directory.
    pub fn init(&self, args: &[&str]) -> Output {
        let mut command = tabella(&["node", "init", "--dir", ".", "--passphrase-file", "pass", "--json"]);
        command.args(args).current_dir(self.path()).output().unwrap()
    }

    /// A command of the node that needs its configuration.
    pub fn command(&self, name: &str, args: &[&str]) -> Command {
        let mut command = tabella(&["node", name, "--passphrase-file", "pass", "--json"]);
        command.args(args).current_dir(self.path());
        command
    }

    pub fn output(&self, name: &str, args: &[&str]) -> Output {
        self.command(name, args).output().unwrap()
    }

    /// Serves on a free port.
    pub fn serve(&self, args: &[&str]) -> Running {
        let mut command = self.command("run", &["--listen", "127.0.0.1:0"]);
        command.args(args);
        Running::start(command)
    }
}

/// A running node. It is killed when dropped.
pub struct Running {
    child: Child,
    /// What it printed when it was ready.
    pub said: Value,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Running {
    /// Starts a command that prints one line of JSON when it serves.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).map(|_| log).unwrap_or_default()
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut running = Self { child, said: Value::Null, log: Some(log) };
        match serde_json::from_str(&line) {
            Ok(said) => running.said = said,
            Err(_) => panic!("the node did not start: {}", running.wait().1),
        }
        running
    }

    pub fn url(&self) -> &str {
        self.said["address"].as_str().unwrap()
    }

    /// The address without its scheme.
    pub fn address(&self) -> &str {
        self.url().split_once("://").unwrap().1
    }

    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// The exit code and the whole log.
    pub fn wait(&mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "the node does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
        let code = self.child.wait().unwrap().code();
        (code, self.log.take().map(|log| log.join().unwrap()).unwrap_or_default())
    }

    /// Asks it to end; its log.
    pub fn stop(mut self) -> String {
        self.signal("TERM");
        let (code, log) = self.wait();
        assert_eq!(code, Some(0), "{log}");
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
