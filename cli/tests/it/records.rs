//! A32: an operator who edits a record and signs it again. Each edit is
//! noticed by the check that exists for it; the plan without an edit is
//! noticed by none but the signature of the wrong operator.

use circuits::types::{AccountKey, BoardEntry, ROUND_DECRYPTION};
use rand_core::OsRng;
use std::{collections::BTreeSet, fs, path::Path, process::Command, sync::OnceLock};
use verifier::record::{Files, Record, check};

/// The record of a demo with 9 voters under the approval rule.
fn record() -> &'static Record {
    static RECORD: OnceLock<Record> = OnceLock::new();
    RECORD.get_or_init(|| {
        let out = tempfile::tempdir().unwrap().keep().join("demo");
        let demo = Command::new(env!("CARGO_BIN_EXE_tabella"))
            .args(["demo", "--voters", "9", "--rule", "approval", "--options", "a,b", "--out"])
            .arg(&out)
            .output()
            .unwrap();
        assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
        let mut files = Files::new();
        read(&out.join("record"), "", &mut files);
        Record::from_files(&files).unwrap()
    })
}

fn read(directory: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// One edit with the check that notices it.
struct Edit {
    name: &'static str,
    edit: fn(&mut Record),
    noticed_by: &'static str,
}

const EDITS: &[Edit] = &[
    Edit { name: "drop the last ballot", edit: |r| drop(r.entries.pop()), noticed_by: "board.head" },
    Edit { name: "drop a middle ballot", edit: |r| drop(r.entries.remove(3)), noticed_by: "board.head" },
    Edit {
        name: "double a ballot",
        edit: |r| r.entries.push(r.entries[0].clone()),
        noticed_by: "board.replay",
    },
    Edit { name: "swap two ballots", edit: |r| r.entries.swap(0, 1), noticed_by: "board.head" },
    Edit { name: "swap two proofs", edit: swap_proofs, noticed_by: "board.proofs" },
    Edit { name: "move a ciphertext", edit: swap_ciphertexts, noticed_by: "board.replay" },
    Edit { name: "move a unit between totals", edit: move_a_unit, noticed_by: "tally.totals" },
    Edit { name: "move a unit, seen by the proof", edit: move_a_unit, noticed_by: "tally.proof" },
    Edit { name: "count a slot more", edit: |r| r.tally.slots += 1, noticed_by: "tally.proof" },
    Edit { name: "alias the totals", edit: alias_totals, noticed_by: "tally.proof" },
    Edit {
        name: "repeat a trustee",
        edit: |r| r.tally.quorum = vec![1, 1],
        noticed_by: "decryption.partial",
    },
    Edit { name: "too few trustees", edit: |r| r.tally.quorum = vec![1], noticed_by: "decryption.partial" },
    Edit {
        name: "name the absent trustee",
        edit: |r| r.tally.quorum = vec![1, 3],
        noticed_by: "decryption.partial",
    },
    Edit {
        name: "drop the decryptions",
        edit: |r| r.messages.retain(|m| m.round != ROUND_DECRYPTION),
        noticed_by: "decryption.partial",
    },
    Edit { name: "drop the tally's proof", edit: |r| r.tally.proofs.clear(), noticed_by: "tally.proof" },
    Edit {
        name: "a ballot's proof for the tally's",
        edit: |r| r.tally.proofs[0].proof = r.entries[0].proof,
        noticed_by: "tally.proof",
    },
    Edit { name: "leave a member out", edit: |r| drop(r.registrations.pop()), noticed_by: "census.root" },
    Edit { name: "a heavier holder", edit: |r| r.holders[0].weight += 1, noticed_by: "census.root" },
    Edit {
        name: "another counter in a registration",
        edit: |r| r.registrations[0].message.counter += 1,
        noticed_by: "census.registrations",
    },
    Edit {
        name: "another member's proof of knowledge",
        edit: |r| r.registrations[0].proof = r.registrations[1].proof,
        noticed_by: "census.registrations",
    },
    Edit { name: "drop a verifying key", edit: |r| drop(r.keys.pop()), noticed_by: "setup.keys" },
    Edit {
        name: "one trustee has not signed",
        edit: |r| r.election.key.signatures.truncate(2),
        noticed_by: "election.key",
    },
    Edit {
        name: "swap two verification shares",
        edit: |r| r.election.key.key.verification_shares.swap(0, 1),
        noticed_by: "election.key",
    },
    Edit {
        name: "no order to close",
        edit: |r| r.election.close_signature = None,
        noticed_by: "election.orders",
    },
    Edit { name: "an open head", edit: |r| r.election.head.head.closed = false, noticed_by: "board.head" },
    Edit {
        name: "another text",
        edit: |r| r.election.draft.proposal.push('!'),
        noticed_by: "election.draft",
    },
    Edit {
        name: "another quorum",
        edit: |r| r.election.draft.draft.pass_rule.quorum += 1,
        noticed_by: "election.draft",
    },
];

fn swap_proofs(r: &mut Record) {
    let (a, b) = (r.entries[0].proof, r.entries[1].proof);
    (r.entries[0].proof, r.entries[1].proof) = (b, a);
}

fn swap_ciphertexts(r: &mut Record) {
    let content = |e: &BoardEntry| e.ciphertexts.clone();
    let (a, b) = (content(&r.entries[0]), content(&r.entries[1]));
    (r.entries[0].ciphertexts, r.entries[1].ciphertexts) = (b, a);
}

fn move_a_unit(r: &mut Record) {
    let from = usize::from(r.tally.totals[0] == 0);
    r.tally.totals[from] -= 1;
    r.tally.totals[1 - from] += 1;
}

/// Totals that pack to the same public inputs as the true ones.
fn alias_totals(r: &mut Record) {
    assert!(r.tally.totals[1] > 0);
    r.tally.totals[0] += 1 << 44;
    r.tally.totals[1] -= 1;
}

fn failures(record: &Record) -> BTreeSet<&'static str> {
    let files = record.to_files(&AccountKey::random(&mut OsRng));
    let report = check(&files, &mut |_| {});
    report.checks.iter().filter(|c| !c.ok).map(|c| c.id).collect()
}

#[test]
fn a32_every_edit_by_the_operator_is_noticed() {
    assert_eq!(failures(record()), BTreeSet::from(["record.signature"]), "the honest plan");
    for Edit { name, edit, noticed_by } in EDITS {
        let mut edited = record().clone();
        edit(&mut edited);
        let failures = failures(&edited);
        assert!(failures.contains(noticed_by), "{name}: {failures:?} lacks {noticed_by}");
    }
}
