//! The walk-through of the guide, run as written: the shell blocks of
//! `docs/guide/walkthrough.md`, each in its terminal, in the order of the
//! page. A terminal is a bash in a process group of its own.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PAGE: &str = include_str!("../../../docs/guide/walkthrough.md");
const TERMINALS: [&str; 5] = ["node", "organiser", "trustees", "members", "monitor"];
/// Longest wait for one block. The first run on a machine makes keys.
const PATIENCE: Duration = Duration::from_secs(600);

/// A block of shell commands: ```` ```sh TERMINAL [until="TEXT"] ````.
struct Block {
    terminal: &'static str,
    /// It goes on in the foreground; the next block starts when it has
    /// printed this.
    until: Option<&'static str>,
    text: &'static str,
}

fn blocks() -> Vec<Block> {
    let fences = PAGE.split("\n```sh ").skip(1);
    let block = |fence: &'static str| {
        let (info, rest) = fence.split_once('\n').unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        let (terminal, until) = info.split_once(' ').unwrap_or((info, ""));
        let until = until.strip_prefix("until=\"").and_then(|u| u.strip_suffix('"'));
        Block { terminal, until, text }
    };
    fences.map(block).collect()
}

/// A bash that takes blocks and writes all output to a file.
struct Terminal {
    bash: Child,
    output: PathBuf,
}

impl Terminal {
    fn open(name: &str, place: &Path, port: u16) -> Self {
        let output = place.join(format!("{name}.out"));
        let file = fs::File::create(&output).unwrap();
        let bin = Path::new(env!("CARGO_BIN_EXE_tabella")).parent().unwrap();
        let mut command = Command::new("bash");
        command.args(["--norc", "--noprofile"]).current_dir(place).process_group(0);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("TABELLA_") && variable != "TABELLA_KEYS" {
                command.env_remove(variable);
            }
        }
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", bin.display())).env("TABELLA_PORT", port.to_string());
        let streams = command.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { bash: streams.spawn().unwrap(), output }
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap()).into_owned()
    }

    /// Starts a block; the first command that fails ends it.
    fn start(&mut self, file: &Path) {
        let line =
            format!("set -e -o pipefail; . {0} < /dev/null; set +e; echo \"::end {0}\"\n", file.display());
        self.bash.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// Waits until the output from `start` on holds `text`.
    fn wait_for(&mut self, start: usize, text: &str) {
        let begun = Instant::now();
        while !self.output()[start..].contains(text) {
            let ended = self.bash.try_wait().unwrap();
            let late = begun.elapsed() > PATIENCE;
            assert!(ended.is_none() && !late, "waited for {text:?}; ended: {ended:?}\n{}", self.output());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.bash.id());
        // Nothing to do if the group has ended.
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.signal("-KILL");
        let _ = self.bash.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn the_walk_through_works_as_written() {
    let place = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut terminals: BTreeMap<&str, Terminal> =
        TERMINALS.map(|name| (name, Terminal::open(name, place.path(), port))).into();
    // Blocks that go on: terminal, file, start of the output.
    let mut staying = Vec::new();
    for (number, block) in blocks().into_iter().enumerate() {
        let file = place.path().join(format!("block-{number}.sh"));
        fs::write(&file, format!("{}\n", block.text)).unwrap();
        let named = TERMINALS.into_iter().filter(|t| block.terminal == "all" || block.terminal == *t);
        let named: Vec<&str> = named.collect();
        assert!(!named.is_empty(), "no terminal is called {:?}", block.terminal);
        for name in named {
            let terminal = terminals.get_mut(name).unwrap();
            let start = terminal.output().len();
            terminal.start(&file);
            match block.until {
                Some(text) => {
                    terminal.wait_for(start, text);
                    staying.push((name, file.clone(), start));
                }
                None => terminal.wait_for(start, &format!("::end {}", file.display())),
            }
        }
    }
    let work = place.path().join("tabella-walkthrough");
    check_result(&terminals, &work);
    let (node, ending): (Vec<_>, Vec<_>) = staying.into_iter().partition(|(name, ..)| *name == "node");
    assert_eq!((node.len(), ending.len()), (1, 2));
    for (name, file, start) in ending {
        terminals.get_mut(name).unwrap().wait_for(start, &format!("::end {}", file.display()));
    }
    assert!(terminals["monitor"].output().contains("decryption and proofs verified"));
    let node = terminals.get_mut("node").unwrap();
    node.signal("-INT");
    assert!(node.bash.wait().is_ok());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "the node still serves");
}

/// Ada's 100 and Bob's 50.5 for apples, Cyd's 30 for pears.
fn check_result(terminals: &BTreeMap<&str, Terminal>, work: &Path) {
    let result = terminals["organiser"].output();
    for line in ["150.50", "30.00", "\nPASSED\n", "3 of 3 members voted, with 5 entries", "INSECURE"] {
        assert!(result.contains(line), "{line:?} is not in\n{result}");
    }
    assert!(terminals["members"].output().contains("\nVERIFIED\n"));
    let tally = fs::read(work.join("record/tally.json")).unwrap();
    let tally: serde_json::Value = serde_json::from_slice(&tally).unwrap();
    assert_eq!(tally["totals"], serde_json::json!([15_050, 3_000, 0]));
    let verify = Command::new(env!("CARGO_BIN_EXE_tabella")).arg("verify").arg(work.join("record")).output();
    assert!(verify.unwrap().status.success());
}
