use super::*;
use keyfile::{Cost, Passphrase, Sealer};
use std::{
    cell::Cell,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
};

/// Fails one save, then refuses all further ones.
struct Failing<'a> {
    inner: MemoryStorage,
    saves_left: &'a Cell<u32>,
}

impl Storage for Failing<'_> {
    fn load(&self, draft: DraftId) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, StorageError> {
        self.inner.load(draft)
    }

    fn save(&mut self, draft: DraftId, state: &[u8]) -> Result<(), StorageError> {
        match self.saves_left.get() {
            0 => Err(StorageError::Failed("disk".into())),
            left => {
                self.saves_left.set(left - 1);
                self.inner.save(draft, state)
            }
        }
    }
}

/// What cannot be stored is not released: at every save of a key generation.
#[test]
fn nothing_is_released_that_is_not_stored() {
    let mut rng = seeded("failing storage");
    let fixture = Fixture::new(2, 2, &mut rng);
    let mut two = fixture.trustee(2);
    let saves = Cell::new(1);
    let storage = Failing { inner: MemoryStorage::new(), saves_left: &saves };
    let mut one = Trustee::new(fixture.keys[0].clone(), &fixture.draft, storage).unwrap();
    for _ in 0..8 {
        let sent = one.outgoing();
        for message in two.outgoing() {
            // The disk fails: an error, and nothing was released. Then it works.
            let known = one.handle(&message).is_ok_and(|out| out.is_empty());
            assert!(known || one.outgoing() == sent);
        }
        saves.set(1);
        for message in two.outgoing() {
            let _ = one.handle(&message);
        }
        for message in one.outgoing() {
            two.handle(&message).unwrap();
        }
    }
    assert_eq!((one.phase(), two.phase()), (Phase::Census, Phase::Census));
    saves.set(0);
    assert!(matches!(one.sign_key(&fixture.census, KEY_HASHES), Err(Error::Storage(_))));
    assert_eq!(one.phase(), Phase::Census);
    let stored = one.into_storage().inner;
    let one = Trustee::new(fixture.keys[0].clone(), &fixture.draft, stored).unwrap();
    assert!(one.outgoing().iter().all(|m| m.route.round != Round::Key));
}

#[test]
fn file_storage_keeps_states_and_is_locked() {
    let mut rng = seeded("files");
    let fixture = Fixture::new(2, 2, &mut rng);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trustee-1");
    let open = || FileStorage::open(&path);
    let trustee = Trustee::new(fixture.keys[0].clone(), &fixture.draft, open().unwrap()).unwrap();
    let sent = trustee.outgoing();
    assert!(matches!(open(), Err(StorageError::Locked(_))), "one process at a time");
    drop(trustee);
    let trustee = Trustee::new(fixture.keys[0].clone(), &fixture.draft, open().unwrap()).unwrap();
    assert_eq!(trustee.outgoing(), sent);
    drop(trustee);
    let file = path.join(format!("{}.state", fixture.draft.draft.id()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // A49: any changed byte is noticed, and so is another trustee's file.
    let good = std::fs::read(&file).unwrap();
    for _ in 0..64 {
        let mut bad = good.clone();
        bad[rng.gen_range(0..good.len())] ^= 1 << rng.gen_range(0..8);
        std::fs::write(&file, &bad).unwrap();
        let refused = Trustee::new(fixture.keys[0].clone(), &fixture.draft, open().unwrap());
        assert!(matches!(refused, Err(Error::State { cause: InvalidState::Checksum, .. })));
    }
    for length in [0, 1, 31, 32, 33, good.len() - 1] {
        std::fs::write(&file, &good[..length]).unwrap();
        assert!(Trustee::new(fixture.keys[0].clone(), &fixture.draft, open().unwrap()).is_err());
    }
    std::fs::write(&file, &good).unwrap();
    let refused = Trustee::new(fixture.keys[1].clone(), &fixture.draft, open().unwrap());
    assert!(matches!(refused, Err(Error::State { cause: InvalidState::Index(1), .. })));
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(zeroize::Zeroizing::new(text.to_owned())).unwrap()
}

fn sealed(path: &Path, text: &str) -> SealedStorage<FileStorage> {
    let passphrase = passphrase(text);
    let sealer = Sealer::new(&passphrase, Cost::LEAST);
    SealedStorage::new(FileStorage::open(path).unwrap(), sealer, passphrase)
}

#[test]
fn sealed_states_hold_no_secret_in_plain_and_open_with_their_passphrase_only() {
    let mut rng = seeded("sealed");
    let network = Network::ready(3, 2, seeded("sealed network"));
    let (draft, state) = (network.fixture.draft.draft.id(), network.state(1));
    let bytes = state.to_bytes(draft, 1);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trustee");
    sealed(&path, "words").save(draft, &bytes).unwrap();
    let file = path.join(format!("{draft}.state"));
    let text = fs::read_to_string(&file).unwrap();
    let share = state.share.unwrap().to_bytes();
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert!(!text.contains(&hexadecimal(share.as_slice())));
    assert!(!text.as_bytes().windows(32).any(|w| w == share.as_slice()));
    // Under another salt, as after a change of passphrase and back.
    assert_eq!(sealed(&path, "words").load(draft).unwrap().unwrap()[..], bytes[..]);
    assert!(matches!(sealed(&path, "other").load(draft), Err(StorageError::Sealed { .. })));
    // A49: a changed digit of the sealed part is noticed.
    let at = text.rfind("\"sealed\"").unwrap() + 20 + rng.gen_range(0..64);
    let mut bad = text.clone().into_bytes();
    bad[at] = if bad[at] == b'0' { b'1' } else { b'0' };
    fs::write(&file, bad).unwrap();
    assert!(matches!(sealed(&path, "words").load(draft), Err(StorageError::Sealed { .. })));
    // The file of another draft is not taken for this one's.
    let other = DraftId::from_field(fr(9));
    fs::write(path.join(format!("{other}.state")), &text).unwrap();
    assert!(matches!(sealed(&path, "words").load(other), Err(StorageError::Label { .. })));
}

/// The largest state, of 16 trustees with aborts, fits a file after sealing.
#[test]
fn largest_state_is_kept_and_read_back() {
    let network = Network::ready(16, 16, seeded("largest state"));
    let mut state = network.state(1);
    for by in 1..=16 {
        let route = Route { round: Round::Key, from: 2, to: 0 };
        let evidence = [1u8, 2].map(|x| network.fixture.forge(route, vec![x; 4096])).to_vec();
        let abort = Abort { by, culprit: 2, reason: Reason::Equivocation, evidence };
        let route = Route { round: Round::Abort, from: by, to: 0 };
        state.aborts.insert(by, network.fixture.forge(route, abort.to_body()));
    }
    let draft = network.fixture.draft.draft.id();
    let bytes = state.to_bytes(draft, 1);
    let directory = tempfile::tempdir().unwrap();
    let mut storage = sealed(&directory.path().join("trustee"), "words");
    storage.save(draft, &bytes).unwrap();
    assert_eq!(storage.load(draft).unwrap().unwrap()[..], bytes[..]);
}

#[test]
fn a_directory_that_others_may_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trustee");
    drop(FileStorage::open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(FileStorage::open(&path), Err(StorageError::Exposed(_))));
}

#[test]
fn looking_at_states_needs_no_lock_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trustee");
    let mut running = FileStorage::open(&path).unwrap();
    let draft = DraftId::from_field(fr(3));
    running.save(draft, b"state").unwrap();
    let mut look = FileStorage::look(&path);
    assert_eq!(look.load(draft).unwrap().unwrap()[..], b"state"[..]);
    assert!(matches!(look.save(draft, b"other"), Err(StorageError::ReadOnly(_))));
    assert!(FileStorage::is_open(&path).unwrap());
    let mut shared = Arc::new(Mutex::new(running));
    shared.clone().save(draft, b"newer").unwrap();
    assert_eq!(shared.load(draft).unwrap().unwrap()[..], b"newer"[..]);
    shared.save(draft, b"newest").unwrap();
    assert_eq!(look.load(draft).unwrap().unwrap()[..], b"newest"[..]);
    drop(shared);
    let asks = fs::File::open(path.join("lock")).unwrap();
    asks.lock_shared().unwrap();
    assert!(!FileStorage::is_open(&path).unwrap(), "others who ask do not count");
    assert!(matches!(FileStorage::open(&path), Err(StorageError::Locked(_))));
    assert!(!FileStorage::is_open(directory.path().join("none")).unwrap());
}

/// A67: a trustee whose directory was lost or put back to an older copy sends
/// nothing, whichever of its messages the node shows.
#[test]
fn a67_trustee_restored_from_an_older_copy_notices_and_stores_nothing() {
    let mut rng = seeded("restored");
    let mut network = Network::new(Fixture::new(3, 2, &mut rng), rng);
    let fixture = network.fixture.clone();
    let (keys, draft) = (fixture.keys[0].clone(), fixture.draft.draft.id());
    let begun = network.trustees[0].storage().clone();
    network.start(&mut honest);
    let shared = network.trustees[0].storage().clone();
    network.sign_keys(&mut honest);
    let held: Vec<Message> = network.wire.iter().map(|b| Message::from_bytes(b).unwrap()).collect();
    let resume = |storage: &MemoryStorage, held: &[Message]| {
        Trustee::resume(keys.clone(), &fixture.draft, storage.clone(), held)
    };
    for old in [&MemoryStorage::new(), &begun, &shared] {
        assert!(matches!(resume(old, &held), Err(Error::Impostor)));
    }
    // Its own newest state, others' messages, and forgeries do not matter.
    let newest = network.trustees[0].storage().clone();
    assert_eq!(resume(&newest, &held).unwrap().phase(), Phase::Ready);
    let others: Vec<Message> = held.iter().filter(|m| m.route.from != 1).cloned().collect();
    assert!(resume(&begun, &others).is_ok());
    let mut forged = held[0].clone();
    forged.route = Route { round: Round::Key, from: 1, to: 0 };
    assert!(resume(&begun, &[forged]).is_ok());
    // Nothing was drawn for a trustee without a state.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trustee");
    let refused = Trustee::resume(keys.clone(), &fixture.draft, FileStorage::open(&path).unwrap(), &held);
    assert!(matches!(refused, Err(Error::Impostor)));
    assert!(FileStorage::open(&path).unwrap().load(draft).unwrap().is_none());
}
