//! `tabella vote` and `tabella mask`: one board, several members.

use super::world::{MASKER, World, bad, good, json};
use circuits::types::{BoardEntry, RuleKind, Slot};
use client::{choice::Choice, submission::Submission};
use std::{collections::BTreeSet, fs};

fn read(path: &str) -> Submission {
    Submission::from_bytes(&fs::read(path).unwrap()).unwrap()
}

fn prepare(world: &World, member: usize, choice: &str, file: &str) -> Submission {
    let args = ["vote", "prepare", "--choice", choice, "--yes", "--out", file];
    good(world.of(member, &args));
    read(file)
}

fn submit(world: &World, by: usize, file: &str) -> std::process::Output {
    let organiser = world.organiser.address().to_string();
    let args = ["vote", "submit", file, "--node", &world.url, "--organiser", &organiser];
    super::world::run(&world.home(by), &args)
}

fn kept_tickets(world: &World, member: usize) -> String {
    fs::read_to_string(world.home(member).join("tickets.json")).unwrap()
}

/// Member 0: prepare, submit by a relay, repeat, stale, anew.
#[test]
fn a_prepared_vote_is_sent_by_anybody_and_a_repeat_prints_the_same_receipt() {
    let (world, file) = (World::single(), World::single().path("first.ballot"));
    let submission = prepare(world, 0, "Approve", &file);
    assert!(kept_tickets(world, 0).contains(&submission.entry.ticket.to_string()));
    let relayed = good(submit(world, 1, &file));
    assert_eq!(good(submit(world, 1, &file)), relayed, "a repeat prints the same");
    let receipt: serde_json::Value = serde_json::from_str(&relayed).unwrap();
    assert_eq!(receipt["row"]["slot"], submission.entry.slot.to_string());
    // The owner repeats too, and its ticket is forgotten: it is on the board.
    good(submit(world, 0, &file));
    assert!(!kept_tickets(world, 0).contains(&submission.entry.ticket.to_string()));
    let status = json(world.of(0, &["vote", "status", "--json"]));
    assert_eq!(status["entries"].as_array().unwrap().len(), 1);
    assert_eq!(status["weight"], 10_000);

    let again = world.path("again.ballot");
    let first = prepare(world, 0, "2", &again);
    assert_ne!(first.entry.ticket, submission.entry.ticket);
    let mask = ["mask", "once", "--slot", &submission.entry.slot.to_string(), "--json"];
    assert_eq!(json(world.of(MASKER, &mask))["receipt"]["row"]["slot"], receipt["row"]["slot"]);
    let stale = bad(submit(world, 0, &again));
    assert!(stale.contains("prepare it anew") && stale.contains("ticket is kept"), "{stale}");
    let second = prepare(world, 0, "2", &again);
    assert_eq!(second.entry.ticket, first.entry.ticket, "A63");
    good(submit(world, 0, &again));
}

/// Member 2. A63: whatever happened between keeping the ticket and sending,
/// the next attempt has the same ticket and fresh randomness for every option.
#[test]
fn a63_a_vote_prepared_again_has_the_same_ticket_and_no_randomness_of_the_first() {
    let (world, file) = (World::single(), World::single().path("crash.ballot"));
    let attempts: Vec<Submission> =
        ["Approve", "Approve", "Reject"].into_iter().map(|choice| prepare(world, 2, choice, &file)).collect();
    let tickets: BTreeSet<_> = attempts.iter().map(|s| s.entry.ticket).collect();
    assert_eq!(tickets.len(), 1);
    let components =
        attempts.iter().flat_map(|s| s.entry.ciphertexts.as_slice().iter().map(|c| c.c1.to_bytes()));
    assert_eq!(components.collect::<BTreeSet<_>>().len(), 3 * 4);
    let cast = json(world.of(2, &["vote", "cast", "--choice", "Abstain", "--yes", "--json"]));
    assert_eq!(cast["receipt"]["row"]["ticket"], attempts[0].entry.ticket.to_string());
    assert_eq!(cast["attempts"], 1);
}

/// Member 3. A39: files and entries of every choice, vote and mask have one
/// size, and the file holds what will be public, nothing else.
#[test]
fn a39_every_choice_and_a_mask_have_one_size() {
    let world = World::single();
    let mut sizes = BTreeSet::new();
    for choice in ["Approve", "Reject", "Abstain", "1"] {
        let file = world.path("size.ballot");
        let submission = prepare(world, 3, choice, &file);
        sizes.insert(fs::metadata(&file).unwrap().len());
        assert_eq!(submission.to_bytes(), fs::read(&file).unwrap());
    }
    good(submit(world, 3, &world.path("size.ballot")));
    let slot = read(&world.path("size.ballot")).entry.slot.to_string();
    json(world.of(MASKER, &["mask", "once", "--slot", &slot, "--json"]));
    let size = |entry: BoardEntry| Submission { election: world.election, entry }.to_bytes().len() as u64;
    sizes.extend(world.entries().into_iter().map(size));
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

/// A23: several members mask one slot
/// while its owner votes again; everybody lands, the vote too.
#[test]
fn a23_masks_at_the_same_time_do_not_keep_a_vote_out() {
    let world = World::new(RuleKind::SingleChoice, 4);
    let vote = |choice: &str| world.of(0, &["vote", "cast", "--choice", choice, "--yes", "--json"]);
    let slot = json(vote("Approve"))["receipt"]["row"]["slot"].as_str().unwrap().to_owned();
    let mask = |member: usize| world.of(member, &["mask", "once", "--slot", &slot, "--json"]);
    std::thread::scope(|scope| {
        let maskers: Vec<_> = (1..4)
            .map(|member| (member, &mask))
            .map(|(member, mask)| scope.spawn(move || drop(json(mask(member)))))
            .collect();
        json(vote("Reject"));
        for masker in maskers {
            masker.join().unwrap();
        }
    });
    let status = json(world.of(0, &["vote", "status", "--json"]));
    assert_eq!(status["entries"].as_array().unwrap().len(), 5);
    let entries = world.entries();
    let components: Vec<_> =
        entries.iter().flat_map(|e| e.ciphertexts.as_slice().iter().map(|c| c.c1.to_bytes())).collect();
    assert_eq!(components.iter().collect::<BTreeSet<_>>().len(), 5 * 4, "A63");
}

/// Member 4, with nothing but a file that member 1 fetched.
#[test]
fn a_vote_is_prepared_from_a_state_without_any_node() {
    let world = World::single();
    let (state, file) = (world.path("shared.state"), world.path("offline.ballot"));
    let fetched = json(world.of(1, &["vote", "state", "--out", &state, "--json"]));
    assert_eq!(fetched["members"], 7);
    let id = world.election.to_string();
    let args = [
        "vote",
        "prepare",
        "--election",
        &id,
        "--choice",
        "Reject",
        "--yes",
        "--state",
        &state,
        "--out",
        &file,
    ];
    // Neither node nor organiser: the id commits to the organiser.
    let output = super::world::run(&world.home(4), &args);
    let paper = String::from_utf8_lossy(&output.stderr).into_owned();
    good(output);
    for part in
        ["Shall we plant a tree?", "1. Approve", "INSECURE", "Organised by 0x", "Reject with 0.01 tokens"]
    {
        assert!(paper.contains(part), "{part} in {paper}");
    }
    assert!(!paper.contains('\u{1b}'), "control characters of a proposal reach the terminal");
    good(submit(world, 4, &file));
    let other = format!("0x{}", "01".repeat(32));
    let args = ["vote", "status", "--election", &other, "--state", &state];
    assert!(bad(super::world::run(&world.home(4), &args)).contains("another"));
}

/// Member 5: what goes wrong before anything is sent.
#[test]
fn wrong_choices_files_and_identities_say_how_to_go_on() {
    let world = World::single();
    let prepare = |choice: &str, out: &str| {
        world.of(5, &["vote", "prepare", "--choice", choice, "--yes", "--out", out])
    };
    let out = world.path("wrong.ballot");
    assert!(bad(prepare("Maybe", &out)).contains("Approve"));
    let letter = world.path("letter.txt");
    fs::write(&letter, "Dear all").unwrap();
    assert!(bad(prepare("Approve", &letter)).contains("--out"));
    assert_eq!(fs::read(&letter).unwrap(), b"Dear all");
    assert!(bad(submit(world, 5, &letter)).contains("not a prepared ballot"));
    let unasked = world.of(5, &["vote", "cast", "--choice", "Approve"]);
    assert!(bad(unasked).contains("--yes"));
    let masker = world.of(MASKER, &["vote", "cast", "--choice", "Approve", "--yes"]);
    assert!(bad(masker).contains("no weight"));
    let stranger = tempfile::tempdir().unwrap();
    let home = stranger.path().join("home");
    good(super::world::run(&home, &["identity", "new"]));
    let id = world.election.to_string();
    let args = ["vote", "cast", "--choice", "Approve", "--yes", "--node", &world.url, "--election", &id];
    assert!(bad(super::world::run(&home, &args)).contains("not in this census"));
    let not_ours = format!("0x{}", "07".repeat(20));
    let other = super::world::run(&home, &[&args[..], &["--organiser", &not_ours]].concat());
    assert!(bad(other).contains("somebody else made this election"));
    let slot = Slot::from_field(5u64.into()).to_string();
    assert!(bad(world.of(5, &["mask", "once", "--slot", &slot])).contains("nothing to mask"));
}

/// A8 on the command line, and amounts in tokens: a split election.
#[test]
fn a_split_vote_is_written_in_tokens() {
    let world = World::new(RuleKind::Split, 2);
    let cast = |choice: &str| world.of(0, &["vote", "cast", "--choice", choice, "--yes", "--json"]);
    let over = bad(cast("Approve=100,Reject=0.01"));
    assert!(over.contains("weight is 10000"), "{over}");
    assert!(bad(cast("Approve=-1")).contains("amount"));
    let cast = cast("Approve=79.5,2=20.5");
    assert!(String::from_utf8_lossy(&cast.stderr).contains("Approve 79.50, Reject 20.50"));
    let slot = json(cast)["receipt"]["row"]["slot"].clone();
    // The only slot there is to draw at random.
    let masked = json(world.of(1, &["mask", "once", "--delay", "1s", "--json"]));
    assert_eq!(masked["receipt"]["row"]["slot"], slot);
    let options = world.draft.options.clone();
    let choice = Choice::parse(RuleKind::Split, &options, 2, "Approve=79.5,2=20.5").unwrap();
    assert_eq!(choice.votes(world.draft.rule, 10_000).unwrap(), [7_950, 2_050, 0]);
    // A39: rules do not show in the size.
    let size =
        |entry: &BoardEntry| Submission { election: world.election, entry: entry.clone() }.to_bytes().len();
    assert!(world.entries().iter().all(|e| size(e) == size(super::files::entry())));
}
