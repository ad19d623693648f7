//! The binary as a child process, and the files it works on.

use e2e::scenario::Scenario;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A node's directory.
#[derive(Debug)]
pub struct Place(PathBuf);

impl Place {
    /// A directory with configuration and operator's key.
    pub fn new(directory: PathBuf, scenario: &Scenario) -> Self {
        fs::create_dir_all(&directory).unwrap();
        let place = Self(directory);
        fs::write(place.0.join("passphrase"), "correct horse\n").unwrap();
        fs::write(place.0.join("key"), hex::encode(scenario.operator.to_bytes())).unwrap();
        let made = place
            .command(["account", "import", "operator.json", "--key-file", "key"])
            .args(["--passphrase-file", "passphrase"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(place.0.join("node.toml"), "passphrase_file = \"passphrase\"\n").unwrap();
        place
    }

    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// The same node elsewhere; it must not be running.
    pub fn copy_to(&self, directory: &Path) -> Self {
        copy(&self.0, directory);
        Self(directory.to_owned())
    }

    fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// The index that is built anew from the journal leads to as many
    /// entries, and the node still starts with it.
    pub fn reindexed_is_the_same(&self, entries: u32) {
        for command in ["reindex", "check"] {
            let done = self.command(["node", command, "--json"]).output().unwrap();
            assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
            let found: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
            assert_eq!(found["entries"], entries, "{command}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

/// A running node; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
    log: PathBuf,
    url: String,
}

impl Process {
    /// Starts the node and waits for nothing.
    pub fn spawn(place: &Place) -> Self {
        let log = place.0.join("log");
        let mut child = place
            .command(["node", "run", "--json", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let output = child.stdout.take().map(BufReader::new);
        Self { child, output, log, url: String::new() }
    }

    /// Waits until it says where it serves.
    pub fn until_it_serves(mut self) -> Self {
        let mut line = String::new();
        self.output.as_mut().unwrap().read_line(&mut line).unwrap();
        let Ok(ready) = serde_json::from_str::<serde_json::Value>(&line) else {
            panic!("the node did not start: {line}{}", self.log())
        };
        self.url = ready["address"].as_str().unwrap().to_owned();
        self
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client; connects with its first request.
    pub fn client(&self) -> client::Node {
        let endpoint = tonic::transport::Endpoint::from_shared(self.url.clone()).unwrap();
        client::Node::over(endpoint.connect_lazy())
    }

    /// SIGKILL. A process that has ended by itself before is a failure.
    pub fn kill(mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the node ended by itself with {status}: {}", self.log());
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: the node ends in order.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
        let mut rest = String::new();
        self.output.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one line on the standard output");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
