//! The organiser's commands against a node in a process of its own, and the
//! command line as a whole. A whole election is in `walkthrough`.

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

const ENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ens-holders.csv");
const EXAMPLE: &str = include_str!("../../../examples/election.toml");

/// A directory with an organiser's account; commands run in it.
struct Desk {
    place: TempDir,
    node: Option<Child>,
    url: Option<String>,
}

impl Desk {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("pass"), "only for tests\n").unwrap();
        Self { place, node: None, url: None }
    }

    /// With a node; `settings` as in its configuration.
    fn with_node(settings: &[String]) -> Self {
        let mut desk = Self::new();
        desk.ok(&["node", "init", "--dir", "node"]);
        let mut command = desk.command(&["node", "run", "--config", "node/node.toml", "--json"]);
        command.args(["--listen", "127.0.0.1:0"]);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut node = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        desk.url = Some(ready["address"].as_str().unwrap().into());
        desk.node = Some(node);
        desk
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        command.env("TABELLA_PASSPHRASE_FILE", "pass").env_remove("TABELLA_NODE");
        command.envs(self.url.iter().map(|url| ("TABELLA_NODE", url)));
        command.env_remove("TABELLA_ELECTION").env_remove("TABELLA_ORGANISER").env_remove("TABELLA_ACCOUNT");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Standard output of a command that succeeds.
    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one object that a command prints.
    fn json(&self, args: &[&str]) -> Value {
        let value: Value = serde_json::from_str(&self.ok(args)).unwrap();
        assert!(value.is_object(), "{args:?}: {value}");
        value
    }

    /// What a command that fails says.
    fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// Everything that examples/election.toml refers to, and the file itself.
    fn prepare_election(&self) {
        self.ok(&["account", "new", "organiser.json"]);
        self.ok(&["census", "import", ENS, "--out", "holders.jsonl"]);
        for i in 1..=3 {
            self.ok(&["trustee", "init", "--dir", &format!("t{i}")]);
            let identity = fs::read(self.path().join(format!("t{i}/identity.json"))).unwrap();
            fs::write(self.path().join(format!("trustee-{i}.json")), identity).unwrap();
        }
        self.write("proposal.md", "Shall we?\n");
        self.write("election.toml", EXAMPLE);
    }

    fn create(&self, more: &[&str]) -> Value {
        self.json(&[&CREATE[..], more].concat())
    }
}

const CREATE: [&str; 7] =
    ["election", "create", "--file", "election.toml", "--account", "organiser.json", "--json"];

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(node) = &mut self.node {
            node.kill().unwrap();
            node.wait().unwrap();
        }
    }
}

fn last_line(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn an_import_lists_every_fault_with_its_line_and_writes_nothing() {
    let desk = Desk::new();
    let a = |i: u8| format!("0x{:040x}", i);
    let table =
        format!("address,balance\n{},150\n{},x\n{},7\n0x12,5\n{},99\n{},1\n", a(1), a(2), a(1), a(3), a(4));
    desk.write("bad.csv", &table);
    let import = ["census", "import", "bad.csv", "--token-decimals", "2", "--decimals", "0"];
    let dry = desk.run(&[&import[..], &["--dry-run", "--json"]].concat());
    assert_eq!(dry.status.code(), Some(1));
    let report = last_line(&String::from_utf8(dry.stdout).unwrap());
    assert_eq!(
        (&report["ok"], &report["rows"], &report["duplicates"]),
        (&false.into(), &6.into(), &1.into())
    );
    let malformed: Vec<u64> =
        report["malformed"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(malformed, [3, 4, 5]);
    assert_eq!(report["zero_weight_lines"], serde_json::json!([6, 7]));
    assert_eq!((&report["total"], &report["dust"]), (&1.into(), &"150".into()));
    let words = desk.run(&[&import[..], &["--out", "table"]].concat());
    assert_eq!(words.status.code(), Some(1));
    let out = String::from_utf8(words.stdout).unwrap();
    assert!(
        out.contains("line 3, balance") && out.contains("line 4, address") && out.contains("line 5, address")
    );
    assert!(!desk.path().join("table").exists());
    desk.write("large.csv", &format!("address,balance\n{},{}\n", a(1), (1u64 << 44) * 10));
    let large = desk.run(&["census", "import", "large.csv", "--decimals", "18", "--dry-run", "--json"]);
    let report = last_line(&String::from_utf8(large.stdout).unwrap());
    assert_eq!((&report["total"], &report["fitting_decimals"]), (&Value::Null, &16.into()));
    assert_eq!(report["over_limit_lines"], serde_json::json!([2]));
    assert!(
        desk.fails(&["census", "import", "nowhere.csv", "--dry-run"]).contains("cannot read nowhere.csv")
    );
    assert_eq!(
        desk.run(&["census", "import", "bad.csv"]).status.code(),
        Some(2),
        "neither --out nor --dry-run"
    );
}

#[test]
fn an_import_is_repeatable_and_overwrites_nothing_else() {
    let desk = Desk::new();
    let import = ["census", "import", ENS, "--out", "holders.jsonl"];
    desk.ok(&import);
    desk.ok(&import);
    let coarser = desk.fails(&[&import[..], &["--decimals", "0"]].concat());
    assert!(coarser.contains("holders.jsonl exists with another content"), "{coarser}");
    let report = desk.json(&["census", "import", ENS, "--dry-run", "--json"]);
    assert_eq!((&report["holders"], &report["rows"]), (&1200.into(), &1200.into()));
    let header = fs::read_to_string(desk.path().join("holders.jsonl")).unwrap();
    assert_eq!(last_line(header.lines().next().unwrap())["source"], report["source"]);
}

/// From the draft to the frozen census, and what is refused on the way.
#[test]
fn an_organiser_prepares_an_election() {
    let desk = Desk::with_node(&[]);
    desk.prepare_election();
    let nonce = format!("0x{}", "07".repeat(32));
    let fixed = EXAMPLE
        .replace(
            "# nonce = \"0x0000000000000000000000000000000000000000000000000000000000000001\"",
            &format!("nonce = \"{nonce}\""),
        )
        .replace("\"+3d\"", "2099-01-01T00:00:00Z");
    desk.write("election.toml", &fixed);
    let dry = desk.create(&["--dry-run"]);
    assert_eq!((&dry["dry_run"], &dry["nonce"]), (&true.into(), &nonce.into()));
    assert_eq!(desk.json(&["election", "list", "--json"])["elections"], serde_json::json!([]));
    let made = desk.create(&["--id-file", "draft.id"]);
    let id = made["draft_id"].as_str().unwrap();
    assert_eq!(
        dry["draft_id"], made["draft_id"],
        "a dry run with fixed nonce and times shows the id to come"
    );
    assert_eq!(fs::read_to_string(desk.path().join("draft.id")).unwrap().trim(), id);
    assert_eq!(desk.create(&[])["draft_id"], made["draft_id"], "a repeat is the same draft");
    let list = desk.json(&["election", "list", "--json"]);
    assert_eq!(list["elections"].as_array().unwrap().len(), 1);
    assert_eq!(list["elections"][0]["phase"], "draft");
    let show = desk.json(&["election", "show", "--draft", id, "--json"]);
    assert_eq!((&show["phase"], &show["proposal"]), (&"draft".into(), &"Shall we?\n".into()));
    assert_eq!(show["insecure_development_keys"], true);
    let words = desk.ok(&["election", "show", "--draft", id]);
    assert!(
        words.contains("INSECURE") && words.contains("Waits for") && words.contains("freezes the census")
    );
    let organiser = made["organiser"].as_str().unwrap();
    desk.ok(&["election", "show", "--draft", id, "--organiser", organiser]);
    let other = desk.fails(&["election", "show", "--draft", id, "--organiser", &format!("0x{:040x}", 5)]);
    assert!(other.contains("is organised by"));
    assert!(
        desk.fails(&["election", "open", "--draft", id, "--account", "organiser.json"])
            .contains("the key is not complete")
    );
    assert!(desk.fails(&["election", "close", "--election", id]).contains("no key yet"));
    assert!(desk.fails(&["tally", "--election", id]).contains("there is no result yet"));
    assert!(desk.fails(&["census", "show", "--election", id]).contains("not frozen yet"));
    let unknown = format!("0x{}", "00".repeat(32));
    assert!(desk.fails(&["election", "show", "--election", &unknown]).contains("election list"));
    freeze(&desk, id);
}

/// One holder registers; the rest is reported. Then trustees are missing.
fn freeze(desk: &Desk, id: &str) {
    let account = desk.ok(&["account", "new", "stranger.json"]);
    assert!(account.starts_with("0x"));
    let freeze = ["census", "freeze", "--draft", id, "--account", "organiser.json", "--json", "--table"];
    let empty = desk.fails(&[&freeze[..], &["holders.jsonl"]].concat());
    assert!(empty.contains("no holder is registered"), "{empty}");
    desk.ok(&["census", "import", ENS, "--decimals", "0", "--out", "coarse.jsonl"]);
    let wrong = desk.fails(&[&freeze[..], &["coarse.jsonl"]].concat());
    assert!(wrong.contains("is not the table that the draft was made with"), "{wrong}");
    let other = ["census", "freeze", "--draft", id, "--account", "stranger.json", "--table", "holders.jsonl"];
    assert!(desk.fails(&other).contains("is organised by"));
    let dry = ["census", "import", ENS, "--dry-run", "--json", "--organisation", "Example DAO"];
    assert_eq!(desk.json(&dry)["unregistered"]["holders"], 1200);
}

/// A member registers with an account that is in the table; the census is
/// frozen, shown, rebuilt; the missing trustees are named.
#[test]
fn a_census_is_frozen_shown_and_rebuilt() {
    let desk = Desk::with_node(&[]);
    let address = desk.ok(&["account", "new", "member.json"]);
    let late = desk.ok(&["account", "new", "late.json"]);
    let row = |a: &str, n: u64| format!("{},{n}000000000000000000\n", a.trim());
    desk.write("members.csv", &format!("address,balance\n{}{}", row(&address, 100), row(&late, 7)));
    desk.prepare_election();
    fs::remove_file(desk.path().join("holders.jsonl")).unwrap();
    desk.ok(&["census", "import", "members.csv", "--out", "holders.jsonl"]);
    let id = desk.create(&[])["draft_id"].as_str().unwrap().to_owned();
    let register = |account: &str, home: &str| {
        desk.ok(&["identity", "new", "--home", home, "--words-file", &format!("{home}.words")]);
        desk.ok(&[
            "register",
            "--organisation",
            "Example DAO",
            "--account",
            account,
            "--home",
            home,
            "--yes",
        ]);
    };
    register("member.json", "home");
    let table = ["--table", "holders.jsonl"];
    assert!(desk.fails(&["census", "rebuild", "--draft", &id]).contains("--table"));
    let early = desk.json(&[&["census", "rebuild", "--draft", &id, "--json"], &table[..]].concat());
    assert_eq!(
        (&early["frozen"], &early["matches"], &early["members"]),
        (&false.into(), &Value::Null, &1.into())
    );
    let report = desk.json(&[&["election", "report", "--draft", &id, "--json"], &table[..]].concat());
    assert_eq!((&report["voters"], &report["risk"]), (&1.into(), &"high".into()));
    let freeze =
        [&["census", "freeze", "--draft", &id, "--account", "organiser.json", "--json"], &table[..]].concat();
    let dry = desk.json(&[&freeze[..], &["--dry-run"]].concat());
    assert_eq!(desk.json(&["election", "show", "--draft", &id, "--json"])["phase"], "draft");
    let frozen = desk.json(&freeze);
    assert_eq!((&frozen["root"], &frozen["total"]), (&dry["root"], &10_000.into()));
    assert_eq!(frozen["unregistered"], serde_json::json!({ "holders": 1, "weight": 700 }));
    assert!(desk.fails(&freeze).contains("frozen already"));
    register("late.json", "late");
    let rebuilt = desk.json(&["census", "rebuild", "--election", &id, "--json"]);
    assert_eq!((&rebuilt["matches"], &rebuilt["root"]), (&true.into(), &frozen["root"]));
    assert_eq!((&rebuilt["registrations"], &rebuilt["members"]), (&1.into(), &1.into()));
    let shown = desk.json(&["census", "show", "--election", &id, "--members", "--json"]);
    assert_eq!((&shown["root"], &shown["entries"][0]["weight"]), (&frozen["root"], &10_000.into()));
    assert_eq!(shown["entries"][0]["address"], address.trim());
    let status = desk.json(&["election", "show", "--draft", &id, "--json"]);
    assert_eq!(
        (&status["phase"], &status["missing"]),
        (&"key_generation".into(), &serde_json::json!([1, 2, 3]))
    );
    let words = desk.ok(&["election", "show", "--draft", &id]);
    assert!(words.contains("trustee 1 (0x") && words.contains("trustee 3 (0x"), "{words}");
}

/// Wrong files are refused before anything is signed or sent.
#[test]
fn a_draft_that_cannot_be_is_refused_with_what_to_mend() {
    let other = format!("0x{:040x}", 9);
    let desk = Desk::with_node(&[format!("organisers=[\"{other}\"]")]);
    desk.prepare_election();
    let refused = desk.fails(&CREATE);
    assert!(refused.contains("takes no drafts of 0x"), "{refused}");
    let change = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from));
        desk.write("election.toml", &EXAMPLE.replacen(from, to, 1));
        desk.fails(&CREATE)
    };
    let operator = change("# operator", "operator");
    assert!(
        operator.contains("the file names 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed, this node is 0x"),
        "{operator}"
    );
    let unknown = change("min_ballots", "min_ballot");
    let line = 1 + EXAMPLE.lines().position(|l| l.starts_with("min_ballots")).unwrap();
    assert!(unknown.contains(&format!("line {line}")) && unknown.contains("min_ballot"), "{unknown}");
    assert!(change("organisation = \"Example DAO\"", "organisation = 5").contains("line "));
    assert_eq!(desk.json(&["election", "list", "--json"])["elections"], serde_json::json!([]));
    let nobody = Desk::new();
    nobody.prepare_election();
    let away = nobody.fails(&[&CREATE[..], &["--node", "http://127.0.0.1:1"]].concat());
    assert!(away.contains("cannot connect to http://127.0.0.1:1"), "{away}");
}

/// Every command with its subcommands, by `help`.
fn commands(desk: &Desk) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut next = 0;
    while next < all.len() {
        let words: Vec<String> = all[next].clone();
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = desk.ok(&args);
        let section = help.split("Commands:\n").nth(1).unwrap_or_default();
        let section = section.split("\n\n").next().unwrap_or_default();
        let names = section.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
        for name in names.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help") {
            all.push([&words[..], &[name.to_owned()]].concat());
        }
        next += 1;
    }
    all
}

#[test]
fn every_command_has_a_manual_page_and_help_in_one_voice() {
    let desk = Desk::new();
    desk.ok(&["man", "--out", "man"]);
    let commands = commands(&desk);
    assert!(commands.len() > 40, "{commands:?}");
    for words in &commands {
        let page = [&["tabella".to_owned()], &words[..]].concat().join("-") + ".1";
        let text =
            fs::read_to_string(desk.path().join("man").join(&page)).unwrap_or_else(|_| panic!("{page}"));
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
        let family = text.contains(".SH SUBCOMMANDS");
        assert!(family || text.contains("Example"), "{page} has no example");
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["-h"]).collect();
        let help = desk.ok(&args);
        let about = help.lines().next().unwrap();
        assert!(about.starts_with(|c: char| c.is_ascii_uppercase()), "{words:?}: {about:?}");
        assert!(!about.starts_with("Usage"), "{words:?} says nothing of itself");
        for line in help.lines().filter(|l| l.trim_start().starts_with("--")) {
            assert!(!line.trim_end().ends_with('>'), "{words:?}: {line:?} says nothing");
        }
        let json = help.split(" --json ").nth(1).and_then(|rest| rest.split("\n      --").next());
        assert!(json.is_none_or(names_an_object), "{words:?}: {json:?} names no object");
    }
}

/// Whether the help of `--json` says that one object is printed.
fn names_an_object(help: &str) -> bool {
    help.contains("one JSON object") || help.contains('{') && help.contains("as JSON")
}

/// As in `tabella .. | head`, with nobody behind the pipe.
#[test]
fn output_that_nobody_reads_ends_the_command_without_a_word() {
    let desk = Desk::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = desk.command(&["census", "import", ENS, "--dry-run"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(141), Vec::new()));
}

#[test]
fn completions_know_every_family() {
    let desk = Desk::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = desk.ok(&["completions", shell]);
        for family in ["census", "election", "tally", "trustee", "vote", "confirm-disclosure"] {
            assert!(text.contains(family), "{shell}: {family}");
        }
    }
    desk.write("tabella.bash", &desk.ok(&["completions", "bash"]));
    let bash = "source tabella.bash; COMP_WORDS=(tabella election op); COMP_CWORD=2; \
                _tabella tabella op election; echo \"${COMPREPLY[@]}\"";
    let out = Command::new("bash").args(["-c", bash]).current_dir(desk.path()).output().unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap().trim(), "open");
    assert_eq!(desk.run(&["completions", "tcsh"]).status.code(), Some(2));
}
