//! A real node: `anvil`, from npm, on a free port of the loopback interface.

use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// A node that ends with the test.
pub struct Anvil {
    child: Child,
    port: u16,
}

impl Anvil {
    /// Starts a chain of its own; a block for every transaction.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(arguments: &[&str]) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(binary())
            .args(["--port", &port.to_string(), "--silent"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let anvil = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "anvil does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        anvil
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks something that only development nodes answer.
    pub fn ask(&self, method: &str, parameters: Value) -> Value {
        ask(self.port, method, &parameters)
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One JSON-RPC request over a connection of its own.
pub fn ask(port: u16, method: &str, parameters: &Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let json = answer.split_once("\r\n\r\n").unwrap().1;
    let answer: Value = serde_json::from_str(json).unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].clone()
}

/// The program, installed by npm below `target/` at the first use.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chain/tests/anvil");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("anvil");
        let modules = target.join("node_modules/@foundry-rs");
        if !modules.is_dir() {
            fs::create_dir_all(&target).unwrap();
            for file in ["package.json", "package-lock.json"] {
                fs::copy(source.join(file), target.join(file)).unwrap();
            }
            let npm =
                Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&target).output();
            let npm = npm.unwrap();
            assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
        }
        // The package of this platform; the wrapper beside it would outlive a kill.
        let platform = fs::read_dir(&modules).unwrap().map(|e| e.unwrap().path().join("bin/anvil"));
        platform.into_iter().find(|path| path.is_file()).expect("npm has anvil for this platform")
    })
}
