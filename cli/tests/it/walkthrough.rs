//! The walk-throughs of the guide, run as written: the shell blocks of
//! `docs/guide/walkthrough.md` and `docs/guide/gate.md`, each in its terminal,
//! in the order of the page. A terminal is a bash in a process group of its own.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const ELECTION: &str = include_str!("../../../docs/guide/walkthrough.md");
const GATE: &str = include_str!("../../../docs/guide/gate.md");
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
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

fn blocks(page: &'static str) -> Vec<Block> {
    let fences = page.split("\n```sh ").skip(1);
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
        command.env("EXAMPLES", EXAMPLES);
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

/// A page that was run.
struct Walk {
    place: TempDir,
    port: u16,
    terminals: BTreeMap<&'static str, Terminal>,
    /// Blocks that go on: terminal, file, start of the output.
    staying: Vec<(&'static str, PathBuf, usize)>,
}

impl Walk {
    /// Runs all blocks of a page.
    fn through(page: &'static str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let port = free_port();
        let blocks = blocks(page);
        let names = blocks.iter().map(|block| block.terminal).filter(|name| *name != "all");
        let terminals = names.map(|name| (name, Terminal::open(name, place.path(), port))).collect();
        let mut walk = Self { place, port, terminals, staying: Vec::new() };
        for (number, block) in blocks.into_iter().enumerate() {
            walk.run(number, &block);
        }
        walk
    }

    fn run(&mut self, number: usize, block: &Block) {
        let file = self.place.path().join(format!("block-{number}.sh"));
        fs::write(&file, format!("{}\n", block.text)).unwrap();
        for (name, terminal) in &mut self.terminals {
            if block.terminal != "all" && block.terminal != *name {
                continue;
            }
            let start = terminal.output().len();
            terminal.start(&file);
            match block.until {
                Some(text) => {
                    terminal.wait_for(start, text);
                    self.staying.push((name, file.clone(), start));
                }
                None => terminal.wait_for(start, &format!("::end {}", file.display())),
            }
        }
    }

    fn output(&self, terminal: &str) -> String {
        self.terminals[terminal].output()
    }

    /// The blocks that go on end by themselves, but for the node, which is
    /// interrupted.
    fn end(mut self, ending: usize) {
        let staying = std::mem::take(&mut self.staying);
        let (node, others): (Vec<_>, Vec<_>) = staying.into_iter().partition(|(name, ..)| *name == "node");
        assert_eq!((node.len(), others.len()), (1, ending));
        for (name, file, start) in others {
            self.terminals.get_mut(name).unwrap().wait_for(start, &format!("::end {}", file.display()));
        }
        if let Some(monitor) = self.terminals.get("monitor") {
            assert!(monitor.output().contains("decryption and proofs verified"));
        }
        let node = self.terminals.get_mut("node").unwrap();
        node.signal("-INT");
        assert!(node.bash.wait().is_ok());
        assert!(TcpStream::connect(("127.0.0.1", self.port)).is_err(), "the node still serves");
    }
}

#[test]
fn the_walk_through_works_as_written() {
    let walk = Walk::through(ELECTION);
    check_result(&walk);
    walk.end(2);
}

/// A31, A59, A68: from the contracts to the open gate, and to the revoked audit.
#[test]
fn the_walk_to_the_gate_works_as_written() {
    let walk = Walk::through(GATE);
    let organiser = walk.output("organiser");
    for line in [
        ": the gate would obey",
        ": the executor would obey",
        " has obeyed",
        "finalised",
        "VERIFIED\n",
        "\ndone\n",
    ] {
        assert!(organiser.contains(line), "{line:?} is not in\n{organiser}");
    }
    let members = walk.output("members");
    assert!(members.contains("\nAPPROVED\n"), "{members}");
    let auditor = walk.output("auditor");
    assert!(auditor.contains("\nNOT APPROVED\n") && !auditor.contains("\nAPPROVED\n"), "{auditor}");
    walk.end(1);
}

/// Ada's 100 and Bob's 50.5 for apples, Cyd's 30 for pears.
fn check_result(walk: &Walk) {
    let work = walk.place.path().join("tabella-walkthrough");
    let result = walk.output("organiser");
    for line in ["150.50", "30.00", "\nPASSED\n", "3 of 3 members voted, with 5 entries", "INSECURE"] {
        assert!(result.contains(line), "{line:?} is not in\n{result}");
    }
    assert!(walk.output("members").contains("\nVERIFIED\n"));
    let tally = fs::read(work.join("record/tally.json")).unwrap();
    let tally: serde_json::Value = serde_json::from_slice(&tally).unwrap();
    assert_eq!(tally["totals"], serde_json::json!([15_050, 3_000, 0]));
    let verify = Command::new(env!("CARGO_BIN_EXE_tabella")).arg("verify").arg(work.join("record")).output();
    assert!(verify.unwrap().status.success());
}
