use super::fixture::rng;
use crate::tickets::{FileTickets, MemoryTickets, Owner, TicketError, TicketStore};
use circuits::types::{ElectionId, IdentityCommitment, Slot, Ticket};

fn owner(election: u64, identity: u64) -> Owner {
    let identity = IdentityCommitment::from_field(identity.into());
    Owner { election: ElectionId::from_field(election.into()), identity }
}

fn slot(x: u64) -> Slot {
    Slot::from_field(x.into())
}

/// A63: an index that was handed out stays with its slot.
fn indices_stay_with_their_slots(store: &dyn TicketStore) {
    let none = |_: u8| false;
    let a = owner(1, 1);
    assert_eq!(store.mask(a, slot(10), &none).unwrap(), 0);
    assert_eq!(store.mask(a, slot(11), &none).unwrap(), 1);
    assert_eq!(store.mask(a, slot(10), &none).unwrap(), 0);
    // Index 0 is on the board: the slot gets another, and never 0 again.
    assert_eq!(store.mask(a, slot(10), &|j| j == 0).unwrap(), 2);
    assert_eq!(store.mask(a, slot(12), &|j| j == 0).unwrap(), 3);
    // Spent on the board though not known here, say by another device.
    assert_eq!(store.mask(a, slot(13), &|j| j == 4).unwrap(), 5);
    // Others have tickets of their own.
    assert_eq!(store.mask(owner(2, 1), slot(10), &none).unwrap(), 0);
    assert_eq!(store.mask(owner(1, 2), slot(11), &none).unwrap(), 0);
}

fn a_vote_keeps_its_ticket_until_it_is_spent(store: &dyn TicketStore) {
    let mut rng = rng(5);
    let [t, u, v] = [0; 3].map(|_| Ticket::random(&mut rng));
    let (a, none) = (owner(7, 7), |_: Ticket| false);
    assert_eq!(store.vote(a, t, &none).unwrap(), t);
    assert_eq!(store.vote(a, u, &none).unwrap(), t);
    assert_eq!(store.vote(a, u, &|x| x == t).unwrap(), u);
    store.forget_vote(a).unwrap();
    assert_eq!(store.vote(a, v, &none).unwrap(), v);
}

fn sixteen_and_no_more(store: &dyn TicketStore) {
    let a = owner(9, 9);
    for j in 0..16 {
        assert_eq!(store.mask(a, slot(j), &|_| false).unwrap(), j as u8);
    }
    assert!(matches!(store.mask(a, slot(99), &|_| false), Err(TicketError::Exhausted)));
    assert_eq!(store.mask(a, slot(3), &|_| false).unwrap(), 3);
}

fn masks_that_were_begun_are_known(store: &dyn TicketStore) {
    let a = owner(11, 11);
    assert!(store.unfinished(a, &|_| false).unwrap().is_empty());
    store.mask(a, slot(1), &|_| false).unwrap();
    store.mask(a, slot(2), &|_| false).unwrap();
    assert_eq!(store.unfinished(a, &|_| false).unwrap(), [slot(1), slot(2)]);
    assert_eq!(store.unfinished(a, &|j| j == 0).unwrap(), [slot(2)]);
}

fn suite(store: &dyn TicketStore) {
    masks_that_were_begun_are_known(store);
    indices_stay_with_their_slots(store);
    a_vote_keeps_its_ticket_until_it_is_spent(store);
    sixteen_and_no_more(store);
}

#[test]
fn a63_tickets_in_memory() {
    suite(&MemoryTickets::default());
}

#[test]
fn a63_tickets_in_a_file_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tickets.json");
    suite(&FileTickets::new(&path));
    let again = FileTickets::new(&path);
    assert_eq!(again.mask(owner(1, 1), slot(11), &|_| false).unwrap(), 1);
    let mut rng = rng(6);
    let t = Ticket::random(&mut rng);
    let kept = again.vote(owner(7, 7), t, &|_| false).unwrap();
    assert_ne!(kept, t);
}

#[test]
fn a_damaged_or_unwritable_file_hands_out_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tickets.json");
    std::fs::write(&path, "{\"x\": 1}").unwrap();
    let error = FileTickets::new(&path).mask(owner(1, 1), slot(1), &|_| false).unwrap_err();
    assert!(matches!(error, TicketError::Malformed { .. }));
    let error = FileTickets::new(directory.path().join("no/such/directory/t")).forget_vote(owner(1, 1));
    assert!(matches!(error, Err(TicketError::File { .. })));
}

#[cfg(unix)]
#[test]
fn the_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tickets.json");
    FileTickets::new(&path).mask(owner(1, 1), slot(1), &|_| false).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
