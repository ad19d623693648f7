use super::fixture::{Fixture, entries, entry};
use crate::{
    board::Mirror,
    receipt::{Evidence, Receipts},
};
use circuits::types::{BoardEntry, CiphertextDigest, RuleKind, board_root};

fn mirror(fixture: &Fixture, entries: &[BoardEntry], closed: bool) -> Mirror {
    let mut mirror = Mirror::new(&fixture.election);
    mirror.extend(entries).unwrap();
    let rows: Vec<_> = entries.iter().map(BoardEntry::row).collect();
    mirror.adopt(fixture.head(mirror.len(), board_root(&rows), closed)).unwrap();
    mirror
}

/// A35, A36: a board without the promised entry, or with another in its
/// place, is evidence, at whatever size.
#[test]
fn a36_broken_promises_are_evidence() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let all = entries();
    let promised = mirror(&fixture, &all, false).receipt(2).unwrap();
    let mut receipts = Receipts::default();
    assert!(receipts.add(promised.clone()).is_empty());

    assert!(receipts.audit(&mirror(&fixture, &all, true)).is_empty());
    let dropped = receipts.audit(&mirror(&fixture, &all[..2], true));
    assert!(matches!(&dropped[..], [Evidence::Dropped(_)]));
    // An open board below the entry proves nothing yet.
    assert!(receipts.audit(&mirror(&fixture, &all[..2], false)).is_empty());

    let mut other = all.clone();
    other[2] = entry(3, CiphertextDigest::empty(), 7);
    other.push(entry(4, CiphertextDigest::empty(), 8));
    let shown = mirror(&fixture, &other, false);
    let Evidence::Contradiction(pair) = receipts.audit(&shown).remove(0) else { panic!() };
    assert!(pair[0].contradicts(&pair[1]));
    assert_eq!(receipts.add(shown.receipt(2).unwrap()).len(), 1);
}

#[test]
fn receipts_come_back_from_their_file() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let board = mirror(&fixture, &entries(), false);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("receipts");
    let mut receipts = Receipts::load(&path).unwrap();
    assert!(receipts.as_slice().is_empty());
    (0..3).for_each(|i| drop(receipts.add(board.receipt(i).unwrap())));
    receipts.save(&path).unwrap();
    assert_eq!(Receipts::load(&path).unwrap().as_slice(), receipts.as_slice());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.pop();
    std::fs::write(&path, bytes).unwrap();
    assert!(Receipts::load(&path).is_err());
}
