//! `tabella receipt`: honoured, behind, broken.

use super::world::{World, bad, good, json, run};
use circuits::{
    primitives::merkle::BoardTree,
    types::{BoardRow, Head, Receipt, RuleKind, SignedHead, Slot, TypedData},
};
use client::{board::Mirror, receipt::Document};
use std::fs;
use verifier::record::{Files, Record};

fn check(world: &World, member: usize, file: &str) -> std::process::Output {
    let organiser = world.organiser.address().to_string();
    let args = ["receipt", "check", file, "--node", &world.url, "--organiser", &organiser, "--json"];
    run(&world.home(member), &args)
}

/// A receipt that the operator really signed, over a board of its making.
fn promised(world: &World, rows: &[BoardRow], seq: u32) -> Document {
    let mut tree = BoardTree::new();
    for row in rows {
        tree.append(row.leaf()).unwrap();
    }
    let size = u32::try_from(rows.len()).unwrap();
    let head = Head { election_id: world.election, size, root: tree.root(), time: 1, closed: false };
    let signature = world.operator.sign(head.signing_hash(&world.draft.domain()));
    let path = tree.path_at(seq, size).unwrap();
    let row = rows[seq as usize];
    Document::new(&world.draft, Receipt { row, head: SignedHead { head, signature }, path })
}

/// Member 1. A36: what the board holds is honoured, an entry that was promised
/// and is not there is evidence for everyone.
#[test]
fn a36_receipts_are_compared_with_the_node() {
    let world = World::single();
    let cast = json(world.of(1, &["vote", "cast", "--choice", "Approve", "--yes", "--json"]));
    let file = cast["file"].as_str().unwrap();
    let honoured = json(check(world, 1, file));
    assert_eq!((honoured["ok"].as_bool(), &honoured["seq"]), (Some(true), &cast["seq"]));
    assert!(good(run(&world.home(1), &["receipt", "list"])).contains(file));
    let listed = json(run(&world.home(1), &["receipt", "list", "--json"]));
    let listed = listed["receipts"].as_array().unwrap();
    assert!(listed.iter().any(|r| r["file"] == file && r["seq"] == cast["seq"]), "{listed:?}");

    let mut rows: Vec<BoardRow> = world.entries().iter().map(|e| e.row()).collect();
    rows[0].slot = Slot::from_field(5u64.into());
    let forged = world.path("dropped.json");
    fs::write(&forged, promised(world, &rows, 0).to_json()).unwrap();
    let output = check(world, 1, &forged);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "broken");
    assert_eq!(report["evidence"]["receipts"].as_array().unwrap().len(), 2);
    assert!(bad(output).contains("A36"));
    let evidence = fs::read(world.path("dropped.evidence.json")).unwrap();
    let evidence: serde_json::Value = serde_json::from_slice(&evidence).unwrap();
    assert_eq!(evidence, report["evidence"]);
    for receipt in evidence["receipts"].as_array().unwrap() {
        Document::from_json(receipt.to_string().as_bytes()).unwrap();
    }

    // A37: an open board shorter than its operator signed.
    let long = vec![rows[0]; 1000];
    let ahead = world.path("ahead.json");
    fs::write(&ahead, promised(world, &long, 999).to_json()).unwrap();
    assert!(bad(check(world, 1, &ahead)).contains("A37"));
}

/// A36: a board that was closed below a promised entry.
#[test]
fn a36_a_receipt_for_an_entry_that_was_dropped_is_evidence() {
    let world = World::new(RuleKind::SingleChoice, 2);
    let cast = json(world.of(0, &["vote", "cast", "--choice", "Approve", "--yes", "--json"]));
    let honoured = cast["file"].as_str().unwrap();
    // The entry after it was acknowledged too, and is not on the board.
    let mut rows: Vec<BoardRow> = world.entries().iter().map(|e| e.row()).collect();
    rows.push(super::files::entry().row());
    let dropped = world.path("dropped.json");
    fs::write(&dropped, promised(&world, &rows, 1).to_json()).unwrap();
    assert!(bad(check(&world, 0, &dropped)).contains("A37"), "while voting is on it may still come");
    world.runtime.block_on(async {
        let node = client::Node::connect(&world.url).await.unwrap();
        let closed = client::organiser::close(&node, &world.organiser, &world.draft, world.election);
        assert_eq!(closed.await.unwrap().head.size, 1);
    });
    assert_eq!(json(check(&world, 0, honoured))["verdict"], "honoured");
    let output = check(&world, 0, &dropped);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["ok"], &report["verdict"]), (&false.into(), &"broken".into()));
    assert!(bad(output).contains("A36"));
    let evidence = fs::read(world.path("dropped.evidence.json")).unwrap();
    let evidence: serde_json::Value = serde_json::from_slice(&evidence).unwrap();
    assert_eq!(evidence, report["evidence"]);
    assert_eq!(evidence["kind"], "dropped");
    // Anybody can check both halves: the promise, and the operator's last head.
    let [receipt] = &evidence["receipts"].as_array().unwrap()[..] else { panic!("{evidence}") };
    let document = Document::from_json(receipt.to_string().as_bytes()).unwrap();
    let last: SignedHead = serde_json::from_value(evidence["last_head"].clone()).unwrap();
    last.check(&world.draft.domain(), world.draft.operator).unwrap();
    assert!(last.head.closed && last.head.size <= document.receipt.path.index);
}

#[test]
fn a_receipt_that_proves_nothing_is_refused() {
    let (world, place) = (World::single(), tempfile::tempdir().unwrap());
    let row = BoardRow { slot: Slot::from_field(5u64.into()), ..super::files::entry().row() };
    let mut document = promised(world, &[row], 0);
    let file = place.path().join("receipt.json");
    let file = file.to_str().unwrap();
    document.receipt.head.head.size = 2;
    fs::write(file, document.to_json()).unwrap();
    assert!(bad(check(world, 1, file)).contains("proves nothing"));
    fs::write(file, "{}").unwrap();
    assert!(bad(check(world, 1, file)).contains("not a receipt"));
    assert!(bad(run(&world.home(1), &["receipt", "check", file])).contains("not a receipt"));
}

/// Offline, against the record of the demo's election.
#[test]
fn a36_receipts_are_compared_with_a_record() {
    let record_path = &crate::demo::demo().0;
    let place = tempfile::tempdir().unwrap();
    let mut files = Files::new();
    crate::records::read(record_path, "", &mut files);
    let record = Record::from_files(&files).unwrap();
    let receipt = Mirror::of_record(&record).unwrap().receipt(3).unwrap();
    let document = Document::new(&record.election.draft.draft, receipt);
    let file = place.path().join("receipt.json");
    fs::write(&file, document.to_json()).unwrap();
    let (file, record_path) = (file.to_str().unwrap(), record_path.to_str().unwrap());
    let home = place.path().join("home");
    let honoured = json(run(&home, &["receipt", "check", file, "--record", record_path, "--json"]));
    assert_eq!(honoured["verdict"], "honoured");
    let other = World::single();
    let foreign = promised(other, &[super::files::entry().row()], 0);
    fs::write(file, foreign.to_json()).unwrap();
    let refused = bad(run(&home, &["receipt", "check", file, "--record", record_path]));
    assert!(refused.contains("for election"), "{refused}");
}
