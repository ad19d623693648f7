use super::fixture::{Fixture, entries, entry};
use crate::board::{EntryFault, InvalidBoard, Mirror};
use circuits::types::{BoardEntry, BoardRow, CiphertextDigest, RuleKind, Ticket, board_root};

fn root(entries: &[BoardEntry]) -> circuits::types::BoardRoot {
    board_root(&entries.iter().map(BoardEntry::row).collect::<Vec<BoardRow>>())
}

#[test]
fn a_mirror_knows_slots_tickets_and_gives_receipts() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let all = entries();
    let mut mirror = Mirror::new(&fixture.election);
    assert_eq!(mirror.random_slot(), None);
    mirror.extend(&all[..2]).unwrap();
    mirror.adopt(fixture.head(2, root(&all[..2]), false)).unwrap();
    mirror.extend(&all[2..]).unwrap();
    mirror.adopt(fixture.head(3, root(&all), true)).unwrap();
    assert_eq!((mirror.len(), mirror.slots(), mirror.is_closed()), (3, 2, true));
    assert_eq!(mirror.digest(all[0].slot), all[2].next_digest);
    assert_eq!(mirror.slot(all[0].slot).unwrap().ciphertexts, all[2].ciphertexts);
    assert_eq!(mirror.spent(all[1].ticket), Some(1));
    assert!([all[0].slot, all[1].slot].contains(&mirror.random_slot().unwrap()));
    let receipt = mirror.receipt(1).unwrap();
    let e = &fixture.election;
    receipt.check(e.id, &e.domain(), e.draft().operator).unwrap();
    assert_eq!(mirror.receipt(3), None);
}

/// A3, A10, A32: each broken entry is named with its fault.
#[test]
fn broken_entries_are_refused() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    type Break = (fn(&mut BoardEntry), EntryFault);
    let cases: [Break; 3] = [
        (|e| e.ciphertexts = entry(1, CiphertextDigest::empty(), 9).ciphertexts, EntryFault::Digest),
        (|e| e.prev_digest = CiphertextDigest::empty(), EntryFault::Chain),
        (|e| e.ticket = Ticket::from_field(1u64.into()), EntryFault::Ticket),
    ];
    for (change, fault) in cases {
        let (mut mirror, mut all) = (Mirror::new(&fixture.election), entries());
        change(&mut all[2]);
        assert_eq!(mirror.extend(&all), Err(InvalidBoard::Entry { seq: 2, fault }));
    }
}

/// Two masks with opposite randomness would bring an old digest back.
#[test]
fn a_digest_that_a_slot_has_held_is_refused() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let (mut mirror, mut all) = (Mirror::new(&fixture.election), entries());
    (all[2].ciphertexts, all[2].next_digest) = (all[0].ciphertexts.clone(), all[0].next_digest);
    let fault = EntryFault::RepeatedDigest;
    assert_eq!(mirror.extend(&all), Err(InvalidBoard::Entry { seq: 2, fault }));
}

#[test]
fn entries_with_false_proofs_are_named_if_asked_for() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let key = super::fixture::ballot_key().verifying_key().prepare();
    let mut mirror = Mirror::new(&fixture.election).with_proofs(key);
    let error = mirror.extend(&entries()).unwrap_err();
    assert!(matches!(error, InvalidBoard::Entry { seq: 0, fault: EntryFault::Proof(_) }));
    assert!(mirror.is_empty());
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let all = entries();
    let mut mirror = Mirror::new(&fixture.election);
    mirror.extend(&all[..2]).unwrap();
    let other = fixture.head(2, root(&all[..1]), false);
    assert!(matches!(mirror.adopt(other), Err(InvalidBoard::Root { size: 2, .. })));
    let long = fixture.head(3, root(&all), false);
    assert_eq!(mirror.adopt(long), Err(InvalidBoard::Short { size: 3, found: 2 }));
    let mut forged = fixture.head(2, root(&all[..2]), false);
    forged.head.time += 1;
    assert!(matches!(mirror.adopt(forged), Err(InvalidBoard::HeadSignature(_))));
}

/// A35, A37: views that no one board can have are kept as evidence.
#[test]
fn a35_split_views_are_noticed_at_every_size() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let all = entries();
    let view = |size: usize, closed| {
        let mut mirror = Mirror::new(&fixture.election);
        mirror.extend(&all[..size]).unwrap();
        mirror.adopt(fixture.head(size as u32, root(&all[..size]), closed)).unwrap();
        mirror
    };
    let split =
        |mirror: &Mirror, head| matches!(mirror.check_head(&head), Err(InvalidBoard::SplitView { .. }));
    let elsewhere = [all[1].clone(), all[0].clone()];
    assert!(split(&view(2, false), fixture.head(2, root(&elsewhere), false)), "same size");
    assert!(split(&view(3, false), fixture.head(2, root(&elsewhere), false)), "smaller, other history");
    assert!(split(&view(2, true), fixture.head(3, root(&all), true)), "entries after the last head");
    assert!(split(&view(3, false), fixture.head(2, root(&all[..2]), true)), "closed below an entry");
    assert!(!split(&view(2, false), fixture.head(3, root(&all), true)));
    // A37: rolled back, or another replica that lags.
    let behind = view(3, false).check_head(&fixture.head(2, root(&all[..2]), false));
    assert_eq!(behind, Err(InvalidBoard::Behind { known: 3, shown: 2 }));
    let mut closed = view(3, true);
    closed.adopt(fixture.head(3, root(&all), false)).unwrap();
    assert!(closed.is_closed());
}
