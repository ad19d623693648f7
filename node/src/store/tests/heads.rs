//! A37: the highest signed head at a second path. spec: `storage.head_file`

use super::*;

const ELECTION: Id = [3; 32];

fn head(size: u64) -> SignedHead {
    SignedHead { size, content: payload(size, 60) }
}

fn open(disk: &SimStorage) -> Result<HeadFiles, HeadError> {
    HeadFiles::open(Box::new(disk.clone()))
}

fn kept(sizes: &[u64]) -> SimStorage {
    let disk = SimStorage::default();
    let files = open(&disk).unwrap();
    sizes.iter().for_each(|size| files.keep(ELECTION, head(*size)).unwrap());
    disk
}

#[test]
fn the_highest_head_survives_a_restart() {
    let disk = kept(&[1, 4, 4, 9]);
    let files = open(&disk).unwrap();
    assert_eq!(files.highest(&ELECTION), Some(head(9)));
    assert_eq!(files.highest(&[0; 32]), None);
    assert_eq!(files.all(), [(ELECTION, head(9))]);
}

#[test]
fn a_lower_head_is_refused() {
    let files = open(&kept(&[9])).unwrap();
    assert!(matches!(files.keep(ELECTION, head(8)), Err(HeadError::Behind { signed: 9, size: 8, .. })));
    files.keep([4; 32], head(8)).unwrap();
}

#[test]
fn a37_a_board_behind_its_signed_head_is_refused() {
    let files = open(&kept(&[9])).unwrap();
    assert!(matches!(files.check(&ELECTION, 8), Err(HeadError::RolledBack { board: 8, signed: 9, .. })));
    files.check(&ELECTION, 9).unwrap();
    files.check(&ELECTION, 10).unwrap();
    files.check(&[0; 32], 0).unwrap();
}

#[test]
fn a37_a_changed_or_shortened_head_file_is_refused() {
    let disk = kept(&[9]);
    let name = hex::encode(ELECTION) + ".head";
    let size = disk.bytes(&name).len();
    for offset in 0..size {
        let changed = disk.fork();
        changed.tamper(&name, |bytes| bytes[offset] ^= 1);
        assert!(matches!(open(&changed), Err(HeadError::Corrupt { .. })), "byte {offset}");
        let cut = disk.fork();
        cut.tamper(&name, |bytes| bytes.truncate(offset));
        assert!(matches!(open(&cut), Err(HeadError::Corrupt { .. })), "cut to {offset}");
    }
    disk.tamper(&name, |bytes| bytes.push(0));
    assert!(matches!(open(&disk), Err(HeadError::Corrupt { .. })));
}

#[test]
fn a37_the_head_of_another_election_under_this_name_is_refused() {
    let disk = kept(&[9]);
    disk.rename(&(hex::encode(ELECTION) + ".head"), &(hex::encode([4; 32]) + ".head")).unwrap();
    assert!(matches!(open(&disk), Err(HeadError::Corrupt { .. })));
}

#[test]
fn a_crash_leaves_the_old_head_or_the_new_one() {
    for (call, seed) in (0..6).flat_map(|call| (0..40).map(move |seed| (call, seed))) {
        let disk = kept(&[4]);
        let files = open(&disk).unwrap();
        disk.fail_after(call, Blow::Death);
        let result = files.keep(ELECTION, head(7));
        disk.power_cut(seed);
        let found = open(&disk).unwrap().highest(&ELECTION).unwrap();
        let fits = found == head(7) || (result.is_err() && found == head(4));
        assert!(fits, "call {call}, seed {seed}: {result:?}, then {found:?}");
    }
}

#[test]
fn over_long_content_is_refused() {
    let files = open(&SimStorage::default()).unwrap();
    let content = vec![0; MAX_HEAD + 1];
    assert!(matches!(files.keep(ELECTION, SignedHead { size: 1, content }), Err(HeadError::TooLong { .. })));
    let longest = SignedHead { size: 1, content: vec![0; MAX_HEAD] };
    files.keep(ELECTION, longest).unwrap();
}
