use super::*;
use std::cell::Cell;

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
    use std::os::unix::fs::PermissionsExt;
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
