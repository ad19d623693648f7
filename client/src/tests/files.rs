//! Files that come from anywhere: states, prepared ballots, receipts.

use super::{
    fixture::{Fixture, entries, entry},
    server::FakeNode,
};
use crate::{
    board::{InvalidBoard, Mirror},
    election::{Reference, Trust},
    receipt::{Document, InvalidDocument, Verdict, verdict},
    state::{InvalidState, State, read_bytes},
    submission::{InvalidSubmission, Submission},
    vote::{Policy, VoteError},
};
use circuits::types::*;
use proptest::prelude::*;
use prost::Message;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use verifier::KeyHash;

/// As the fixture's key says.
fn keys(_: BallotShape, _: usize) -> Option<[KeyHash; VERIFYING_KEYS]> {
    let key = |i: u8| KeyHash([i; 32]);
    let [registration, ballot] = [super::fixture::registration_key(), super::fixture::ballot_key()];
    Some([registration.hash(), ballot.hash(), key(2), key(3), key(4)])
}

fn trust(organiser: Option<Address>) -> Trust {
    Trust { organiser, verifying_keys: keys, development_keys: true }
}

struct World {
    fake: FakeNode,
    node: crate::Node,
    which: Reference,
    directory: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let fixture = Arc::new(Fixture::new(RuleKind::SingleChoice));
        let which = Reference::Election(fixture.election.id);
        let (fake, node) = FakeNode::start(fixture).await;
        fake.state().entries = entries();
        Self { fake, node, which, directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("a.state")
    }

    async fn keep(&self) -> Result<State, crate::Error> {
        State::keep(&self.path(), &self.node, self.which, &trust(None)).await
    }

    fn read(&self, path: &Path) -> Result<State, crate::Error> {
        State::read(path, self.which, &trust(Some(self.fake.fixture.organiser.address())))
    }

    fn calls(&self, name: &str) -> usize {
        self.fake.take_calls().iter().filter(|c| c.0 == name).count()
    }
}

#[tokio::test]
async fn a_kept_state_is_read_without_a_node_and_grows_with_it() {
    let world = World::new().await;
    assert_eq!(world.keep().await.unwrap().mirror.len(), 3);
    let first = world.read(&world.path()).unwrap();
    assert_eq!((first.mirror.len(), first.census.root()), (3, world.fake.fixture.census.root()));
    let new = entry(9, CiphertextDigest::empty(), 9);
    world.fake.state().entries.push(new.clone());
    world.fake.take_calls();
    let again = world.keep().await.unwrap();
    assert_eq!(world.calls("GetElection"), 0, "nothing is downloaded twice");
    assert_eq!(again.mirror.slot(new.slot).unwrap().digest, new.next_digest);
    drop(again);
    assert_eq!(world.read(&world.path()).unwrap().mirror.len(), 4);
    let before = fs::read(world.path()).unwrap();
    drop(world.keep().await.unwrap());
    assert_eq!(fs::read(world.path()).unwrap(), before, "no news, no growth");
}

#[tokio::test]
async fn a_state_in_use_elsewhere_is_still_usable() {
    let world = World::new().await;
    let held = world.keep().await.unwrap();
    world.fake.state().entries.push(entry(9, CiphertextDigest::empty(), 9));
    assert_eq!(world.keep().await.unwrap().mirror.len(), 4);
    drop(held);
    assert_eq!(world.read(&world.path()).unwrap().mirror.len(), 3);
}

/// A35, A37: what was signed is remembered between runs.
#[tokio::test]
async fn a37_a_node_that_was_rolled_back_or_shows_another_board_is_noticed_after_a_restart() {
    let world = World::new().await;
    drop(world.keep().await.unwrap());
    world.fake.state().entries.truncate(1);
    let behind = world.keep().await.unwrap_err();
    assert!(matches!(behind, crate::Error::Board(InvalidBoard::Behind { known: 3, shown: 1 })), "{behind}");
    world.fake.state().entries = entries();
    world.fake.state().entries[2] = entry(4, CiphertextDigest::empty(), 8);
    let split = world.keep().await.unwrap_err();
    assert!(matches!(split, crate::Error::Board(InvalidBoard::SplitView { .. })), "{split}");
}

/// A crash while writing cuts the file anywhere.
#[tokio::test]
async fn a49_a_state_cut_off_anywhere_is_good_up_to_its_last_head() {
    let world = World::new().await;
    world.fake.state().entries.truncate(1);
    drop(world.keep().await.unwrap());
    let short = fs::read(world.path()).unwrap();
    world.fake.state().entries = entries();
    drop(world.keep().await.unwrap());
    let whole = fs::read(world.path()).unwrap();
    assert!(whole.starts_with(&short));
    for length in (0..whole.len()).step_by(97).chain(short.len() - 2..short.len() + 3) {
        let state = read_bytes(&whole[..length], world.which, &trust(None)).unwrap();
        assert_eq!(state.map(|s| s.mirror.len()), (length >= short.len()).then_some(1), "{length}");
    }
    fs::write(world.path(), &whole[..whole.len() - 1]).unwrap();
    assert_eq!(world.keep().await.unwrap().mirror.len(), 3);
    assert_eq!(fs::read(world.path()).unwrap(), whole);
}

/// What a file says is checked like what a node says; no byte passes
/// unnoticed that changes census or board.
#[tokio::test]
async fn a10_a_changed_byte_of_a_state_is_refused_or_changes_nothing() {
    let world = World::new().await;
    let state = world.keep().await.unwrap();
    let (root, head) = (state.census.root(), state.mirror.head().unwrap().head.root);
    drop(state);
    let whole = fs::read(world.path()).unwrap();
    let mut refused = 0;
    for i in (0..whole.len()).step_by(41) {
        let mut bytes = whole.clone();
        bytes[i] ^= 0x11;
        match read_bytes(&bytes, world.which, &trust(None)) {
            Err(_) | Ok(None) => refused += 1,
            Ok(Some(state)) => {
                assert_eq!(state.census.root(), root, "byte {i}");
                assert_eq!(state.mirror.head().unwrap().head.root, head, "byte {i}");
            }
        }
    }
    assert!(refused > whole.len() / 41 / 2, "{refused}");
}

#[tokio::test]
async fn a_state_of_another_election_organiser_or_kind_is_refused() {
    let world = World::new().await;
    drop(world.keep().await.unwrap());
    let path = world.path();
    let other = Reference::Election(ElectionId::from_field(5u64.into()));
    assert!(State::read(&path, other, &trust(None)).is_err());
    assert!(State::read(&path, world.which, &trust(Some(Address([7; 20])))).is_err());
    let no_keys = Trust { verifying_keys: |_, _| None, ..trust(None) };
    assert!(State::read(&path, world.which, &no_keys).is_err());
    let other_keys = Trust { verifying_keys: |_, _| Some([KeyHash([9; 32]); 5]), ..trust(None) };
    assert!(State::read(&path, world.which, &other_keys).is_err());
    let text = world.directory.path().join("letter.txt");
    fs::write(&text, "Dear all").unwrap();
    let kept = State::keep(&text, &world.node, world.which, &trust(None)).await;
    assert!(matches!(kept, Err(crate::Error::State { cause: InvalidState::Magic, .. })));
    assert_eq!(fs::read(&text).unwrap(), b"Dear all");
}

fn submission() -> Submission {
    Submission { election: ElectionId::from_field(5u64.into()), entry: entries().remove(2) }
}

/// A15: one canonical form, whatever protobuf would also allow.
#[test]
fn a15_a_prepared_ballot_has_one_form() {
    let submission = submission();
    let bytes = submission.to_bytes();
    assert_eq!(Submission::from_bytes(&bytes), Ok(submission.clone()));
    let unknown_field = [&bytes[..], &[0x78, 1]].concat();
    assert_eq!(Submission::from_bytes(&unknown_field), Err(InvalidSubmission::NotCanonical));
    let twice = [&bytes[..], &bytes[..]].concat();
    assert!(Submission::from_bytes(&twice).is_err());
    assert!(Submission::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    let request = proto::v1::SubmitBallotRequest::decode(&bytes[..]).unwrap();
    let no_entry = proto::v1::SubmitBallotRequest { entry: None, ..request };
    assert_eq!(Submission::from_bytes(&no_entry.encode_to_vec()), Err(InvalidSubmission::Missing));
    let mut changed = submission;
    changed.entry.ciphertexts = entry(1, CiphertextDigest::empty(), 77).ciphertexts;
    assert_eq!(Submission::from_bytes(&changed.to_bytes()), Err(InvalidSubmission::Digest));
}

const QUICK: Policy = Policy {
    attempts: 1,
    sends: 2,
    pause: std::time::Duration::from_millis(1),
    longest_pause: std::time::Duration::from_millis(1),
    delay: std::time::Duration::ZERO,
};

#[tokio::test]
async fn a_prepared_ballot_sent_twice_has_one_entry_and_a_stale_one_says_so() {
    let world = World::new().await;
    let election = &world.fake.fixture.election;
    let new = entry(9, CiphertextDigest::empty(), 9);
    let submission = Submission { election: election.id, entry: new.clone() };
    let first = submission.send(&world.node, election, &QUICK).await.unwrap();
    let second = submission.send(&world.node, election, &QUICK).await.unwrap();
    assert_eq!((first.row, first.path.index), (second.row, second.path.index));
    let stale = Submission { election: election.id, entry: entry(9, CiphertextDigest::empty(), 10) };
    let refused = stale.send(&world.node, election, &QUICK).await.unwrap_err();
    assert!(matches!(&refused, crate::Error::Vote(VoteError::Stale(r)) if r.reason == "STALE"), "{refused}");
    assert!(refused.to_string().contains("ticket is kept"));
    let elsewhere = Submission { election: ElectionId::from_field(5u64.into()), entry: new };
    assert!(elsewhere.send(&world.node, election, &QUICK).await.is_err());
}

fn mirror(fixture: &Fixture, entries: &[BoardEntry], closed: bool) -> Mirror {
    let mut mirror = Mirror::new(&fixture.election);
    mirror.extend(entries).unwrap();
    let rows: Vec<_> = entries.iter().map(BoardEntry::row).collect();
    mirror.adopt(fixture.head(mirror.len(), board_root(&rows), closed)).unwrap();
    mirror
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| Fixture::new(RuleKind::SingleChoice))
}

fn document() -> Document {
    let receipt = mirror(fixture(), &entries(), false).receipt(1).unwrap();
    Document::new(fixture().election.draft(), receipt)
}

#[test]
fn a_receipt_proves_itself_and_nothing_else() {
    let fixture = fixture();
    let document = document();
    let text = document.to_json();
    let read = Document::from_json(&text).unwrap();
    assert_eq!(read, document);
    read.require(fixture.election.id, fixture.election.draft()).unwrap();
    let other = ElectionId::from_field(5u64.into());
    let refused = read.require(other, fixture.election.draft());
    assert!(matches!(refused, Err(InvalidDocument::OtherElection { .. })));
    let mut forged = document.clone();
    forged.operator = Address([1; 20]);
    assert!(matches!(Document::from_json(&forged.to_json()), Err(InvalidDocument::Receipt(_))));
    let mut draft = fixture.election.draft().clone();
    draft.operator = Address([1; 20]);
    assert!(matches!(read.require(read.election(), &draft), Err(InvalidDocument::Operator { .. })));
}

#[test]
fn a36_a_receipt_is_honoured_behind_or_broken() {
    let fixture = fixture();
    let receipt = document().receipt;
    let say = |entries: &[BoardEntry], closed| verdict(&receipt, &mirror(fixture, entries, closed));
    let all = entries();
    assert_eq!(say(&all, true), Some(Verdict::Honoured(3)));
    assert_eq!(say(&all[..1], false), Some(Verdict::Behind(1)));
    assert!(matches!(say(&all[..1], true), Some(Verdict::Broken(_))));
    let other = [all[0].clone(), entry(5, CiphertextDigest::empty(), 5)];
    assert!(matches!(say(&other, false), Some(Verdict::Broken(_))));
    assert_eq!(verdict(&receipt, &Mirror::new(&fixture.election)), None);
}

proptest! {
    #[test]
    fn any_bytes_are_a_file_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..2000, at in 0usize..2000, with in any::<u8>()) {
        let _ = Submission::from_bytes(&bytes);
        prop_assert!(Document::from_json(&bytes).is_err());
        let which = Reference::Election(fixture().election.id);
        let magic = [&b"tabella.state.v1"[..], &bytes].concat();
        prop_assert!(!matches!(read_bytes(&magic, which, &trust(None)), Ok(Some(_))));
        let changed = |whole: Vec<u8>| {
            let mut whole = whole[..cut.min(whole.len())].to_vec();
            if let Some(byte) = whole.get_mut(at) {
                *byte = with;
            }
            whole
        };
        let _ = Submission::from_bytes(&changed(submission().to_bytes()));
        let _ = Document::from_json(&changed(document().to_json()));
    }
}
