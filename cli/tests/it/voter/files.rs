//! Prepared ballots and states from anywhere, on the command line.

use super::world::{World, bad, good, run};
use circuits::types::BoardEntry;
use client::submission::Submission;
use std::{fs, sync::OnceLock};

/// An entry for the world's election, prepared once by member 5 and never sent.
pub fn entry() -> &'static BoardEntry {
    static ENTRY: OnceLock<BoardEntry> = OnceLock::new();
    ENTRY.get_or_init(|| {
        let world = World::single();
        let file = world.path("never-sent.ballot");
        good(world.of(5, &["vote", "prepare", "--choice", "Reject", "--yes", "--out", &file]));
        Submission::from_bytes(&fs::read(file).unwrap()).unwrap().entry
    })
}

/// A10, A15: a file that was changed on its way is refused, before or by the
/// node, and never counted.
#[test]
fn a10_changed_prepared_votes_are_refused() {
    let world = World::single();
    let entry = entry();
    let bytes = Submission { election: world.election, entry: entry.clone() }.to_bytes();
    let file = world.path("changed.ballot");
    for position in [0, 3, 10, 40, 80, 110, 140, 300, 600, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[position] ^= 4;
        fs::write(&file, &changed).unwrap();
        bad(run(&world.home(5), &["vote", "submit", &file, "--node", &world.url]));
    }
    fs::write(&file, [&bytes[..], &[0x78, 1]].concat()).unwrap();
    let longer = bad(run(&world.home(5), &["vote", "submit", &file, "--node", &world.url]));
    assert!(longer.contains("canonical"), "{longer}");
    assert!(!world.entries().iter().any(|e| e.slot == entry.slot));
}
