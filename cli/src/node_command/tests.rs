#![allow(clippy::unwrap_used)]

use super::{ConfigOptions, settings::*};
use crate::options::PassphraseOptions;
use node::Limits;
use std::{path::PathBuf, time::Duration};

/// The sample with its example lines switched on.
fn complete_sample() -> String {
    let line = |line: &'static str| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let name = bare.split(" = ").next().unwrap_or("");
        let is_key = bare.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if is_key || bare == "[tls]" { bare } else { line }
    };
    SAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sample_says_every_default() {
    assert_eq!(Settings::parse(SAMPLE).unwrap(), Settings::default());
    assert_eq!(Settings::parse("").unwrap(), Settings::default());
}

#[test]
fn the_sample_names_every_key_and_no_other() {
    assert_eq!(Settings::parse(&complete_sample()).unwrap(), Settings::full());
    let table: toml::Table = toml::from_str(&complete_sample()).unwrap();
    for key in keys().unwrap() {
        let found = match key.split_once('.') {
            Some((section, key)) => table[section].get(key),
            None => table.get(&key),
        };
        assert!(found.is_some(), "examples/node.toml lacks {key}");
    }
    assert!(keys().unwrap().len() > 40);
}

/// Two keys with one variable would make an override ambiguous.
#[test]
fn every_key_has_a_variable_of_its_own() {
    let mut variables: Vec<String> = keys().unwrap().iter().map(|k| variable(k)).collect();
    let all = variables.len();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), all);
    assert!(!variables.contains(&FILE_VARIABLE.to_owned()));
}

#[test]
fn a_wrong_file_is_refused_with_the_line() {
    let why = |text: &str| format!("{:#}", Settings::parse(text).unwrap_err());
    let unknown = why("data_dir = \"d\"\nslot_burst = 6\n");
    assert!(unknown.contains("line 2") && unknown.contains("slot_burst"), "{unknown}");
    let unknown = why("[limits]\n\n\nslot_brust = 6\n");
    assert!(unknown.contains("line 4") && unknown.contains("slot_brust"), "{unknown}");
    let wrong = why("listen = \"nowhere\"\n");
    assert!(wrong.contains("line 1"), "{wrong}");
    assert!(why("[limits]\nidle_timeout = -1\n").contains("line 2"));
    assert!(why("elections = [\"5/2\"]").contains("4/2"));
    assert!(why("organisers = [\"0x12\"]").contains("0x12"));
    assert!(why("[tls]\nkey = \"k\"\n").contains("certificate"));
}

struct File(tempfile::TempDir);

impl File {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("node.toml"), text).unwrap();
        Self(dir)
    }

    fn load(&self, environment: &[(&str, &str)], flags: &[&str]) -> anyhow::Result<Loaded> {
        let options = ConfigOptions {
            config: self.0.path().join("node.toml"),
            set: flags.iter().map(|f| (*f).to_owned()).collect(),
            passphrase: PassphraseOptions { passphrase_file: None },
        };
        load(&options, environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn limits(&self, environment: &[(&str, &str)], flags: &[&str]) -> Limits {
        self.load(environment, flags).unwrap().settings.limits
    }
}

#[test]
fn flags_come_before_the_environment_before_the_file_before_the_defaults() {
    let empty = File::new("");
    assert_eq!(empty.limits(&[], &[]).slot_burst, Limits::default().slot_burst);
    let file = File::new("[limits]\nslot_burst = 7\n");
    assert_eq!(file.limits(&[], &[]).slot_burst, 7);
    let environment = [("TABELLA_NODE_LIMITS_SLOT_BURST", "8"), ("TABELLA_NODE", "http://x"), ("PATH", "/")];
    assert_eq!(file.limits(&environment, &[]).slot_burst, 8);
    assert_eq!(file.limits(&environment, &["limits.slot_burst=9"]).slot_burst, 9);
    assert_eq!(file.limits(&[], &["limits.slot_interval=0.5"]).slot_interval, Duration::from_millis(500));
}

#[test]
fn overrides_are_texts_numbers_and_lists() {
    let file = File::new("");
    let flags = ["listen=[::1]:0", "data_dir=elsewhere/d", "elections=[\"16/3\"]", "origins=[\"*\"]"];
    let environment = [("TABELLA_NODE_TLS_CERTIFICATE", "c.pem"), ("TABELLA_NODE_TLS_KEY", "k.pem")];
    let loaded = file.load(&environment, &flags).unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.listen, "[::1]:0".parse().unwrap());
    assert_eq!(settings.elections[0].to_string(), "16/3");
    assert_eq!(settings.tls.as_ref().unwrap().key, PathBuf::from("k.pem"));
    assert_eq!(loaded.path(&settings.data_dir), file.0.path().join("elsewhere/d"));
}

#[test]
fn wrong_overrides_are_refused_by_name() {
    let file = File::new("");
    let why = |environment: &[(&str, &str)], flags: &[&str]| {
        format!("{:#}", file.load(environment, flags).unwrap_err())
    };
    let unknown = why(&[("TABELLA_NODE_SLOT_BURST", "6")], &[]);
    assert!(unknown.contains("TABELLA_NODE_SLOT_BURST"), "{unknown}");
    let wrong = why(&[("TABELLA_NODE_LISTEN", "nowhere")], &[]);
    assert!(wrong.contains("TABELLA_NODE_LISTEN"), "{wrong}");
    assert!(why(&[], &["limits.nothing=1"]).contains("limits.nothing"));
    assert!(why(&[], &["listen"]).contains("KEY=VALUE"));
    assert!(why(&[], &["limits.slot_burst=many"]).contains("--set limits.slot_burst=many"));
    assert!(why(&[], &["tls.key=k"]).contains("certificate"));
    assert!(why(&[], &["second_head_dir=data/heads"]).contains("must not be in one another"));
    assert!(why(&[], &["elections=[]"]).contains("elections"));
}
