//! `tabella mask run`: a masker that works by itself.

use crate::voter::world::{World, good, json};
use circuits::types::RuleKind;
use serde_json::Value;
use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A63: masks random slots until its tickets are spent; killed in between,
/// it goes on with the tickets that are left, and nothing is spent twice.
#[test]
fn a63_a_masker_that_is_killed_goes_on_with_its_tickets() {
    let world = World::new(RuleKind::SingleChoice, 3);
    for (member, choice) in [(0, "Approve"), (1, "Reject"), (2, "Approve")] {
        good(world.of(member, &["vote", "cast", "--choice", choice, "--yes"]));
    }
    let (id, organiser) = (world.election.to_string(), world.organiser.address().to_string());
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
        command.env("TABELLA_HOME", world.home(2)).env("TABELLA_PASSPHRASE_FILE", world.path("passphrase"));
        command.args(["mask", "run", "--every", "1s", "--json", "--node", &world.url]);
        command.args(["--election", &id, "--organiser", &organiser]);
        command
    };
    let mut first = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while world.entries().len() < 5 {
        assert!(start.elapsed() < Duration::from_secs(120), "the masker is too slow");
        std::thread::sleep(Duration::from_millis(200));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let before = world.entries().len();
    let report = json(command().output().unwrap());
    assert_eq!((&report["left"], &report["ended"]), (&Value::from(0), &Value::from("tickets")));
    let entries = world.entries();
    assert_eq!(entries.len(), 3 + 16);
    // A mask that was on its way when the first was killed counts once.
    let in_this_run = usize::try_from(report["masks"].as_u64().unwrap()).unwrap();
    assert!((entries.len() - before).abs_diff(in_this_run) <= 1, "{report} after {before}");
    let slots: std::collections::BTreeSet<_> = entries.iter().map(|e| e.slot).collect();
    assert_eq!(slots.len(), 3, "masks never open a slot");
    // Nothing left to do: the next run ends at once.
    let again = json(command().output().unwrap());
    assert_eq!((&again["masks"], &again["ended"]), (&Value::from(0), &Value::from("tickets")));
}
