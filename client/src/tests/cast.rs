//! Votes and masks on the wire.

use super::{
    fixture::{Fixture, WEIGHTS, ballot_key},
    server::{Act, Call, FakeNode},
};
use crate::{
    Error, Node,
    board::Mirror,
    census,
    choice::Choice,
    election::{self, Reference},
    organiser, record,
    tickets::{FileTickets, MemoryTickets, TicketStore},
    vote::{Policy, VoteError, Voter},
};
use circuits::{curve::GENERATOR, types::*};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tonic::Code;

const QUICK: Policy = Policy {
    attempts: 4,
    sends: 3,
    pause: Duration::from_millis(2),
    longest_pause: Duration::from_millis(10),
    delay: Duration::from_millis(2),
};

struct World {
    fake: FakeNode,
    node: Node,
}

impl World {
    async fn new() -> Self {
        let (fake, node) = FakeNode::start(Arc::new(Fixture::new(RuleKind::SingleChoice))).await;
        Self { fake, node }
    }

    fn voter_with(&self, member: usize, tickets: Arc<dyn TicketStore>) -> Voter {
        let f = &self.fake.fixture;
        let election = Arc::new(f.election.clone());
        let voter = Voter::new(election, &f.census, &f.members[member], ballot_key(), tickets).unwrap();
        voter.with_policy(QUICK)
    }

    fn voter(&self, member: usize) -> Voter {
        self.voter_with(member, Arc::new(MemoryTickets::default()))
    }

    fn mirror(&self) -> Mirror {
        Mirror::new(&self.fake.fixture.election)
    }

    async fn vote(&self, member: usize, option: usize) -> Result<crate::vote::Accepted, Error> {
        self.voter(member).cast_vote(&self.node, &mut self.mirror(), &Choice::Single(option)).await
    }

    /// What a slot's ciphertexts decrypt to, by trying the known weights.
    fn decrypt(&self, slot: Slot) -> Vec<u64> {
        let state = self.fake.state();
        let last = state.entries.iter().rev().find(|e| e.slot == slot).unwrap();
        let open = |c: &Ciphertext| {
            let point = c.c2.affine() + (-(c.c1.affine() * self.fake.fixture.secret));
            let fits = |w: &u64| point == GENERATOR * circuits::curve::Scalar::from(*w);
            WEIGHTS.into_iter().find(fits).unwrap()
        };
        last.ciphertexts.as_slice().iter().map(open).collect()
    }
}

fn first_components<'a>(entries: impl IntoIterator<Item = &'a BoardEntry>) -> Vec<[u8; 64]> {
    let points = |e: &'a BoardEntry| e.ciphertexts.as_slice().iter().map(|c| c.c1.to_bytes());
    entries.into_iter().flat_map(points).collect()
}

#[tokio::test]
async fn a_vote_a_second_vote_and_a_mask_land_with_valid_proofs() {
    let world = World::new().await;
    let voter = world.voter(0);
    let mut mirror = world.mirror();
    let first = voter.cast_vote(&world.node, &mut mirror, &Choice::Single(0)).await.unwrap();
    assert_eq!((first.seq, first.attempts), (0, 1));
    assert_eq!(world.decrypt(voter.slot()), [100, 0, 0, 0]);
    voter.cast_vote(&world.node, &mut mirror, &Choice::Single(2)).await.unwrap();
    world.voter(3).cast_mask(&world.node, &mut mirror, voter.slot()).await.unwrap();
    assert_eq!(world.decrypt(voter.slot()), [0, 0, 100, 0]);
    let key = ballot_key().verifying_key().prepare();
    let mut checked = world.mirror().with_proofs(key);
    checked.sync(&world.node).await.unwrap();
    assert_eq!((checked.len(), checked.slots()), (3, 1));
}

#[tokio::test]
async fn a_voter_starts_from_nothing_but_the_organisers_address_and_keys() {
    let world = World::new().await;
    let f = &world.fake.fixture;
    let election =
        election::fetch(&world.node, Reference::Election(f.election.id), &f.expected()).await.unwrap();
    let census = census::fetch(&world.node, &election.draft().census, &election.census).await.unwrap();
    assert_eq!(census.root(), f.census.root());
    let holders = census::fetch_holders(&world.node, election.draft().id()).await.unwrap();
    assert_eq!(holders, f.holders);
    let other = Reference::Election(ElectionId::from_field(5u64.into()));
    assert!(election::fetch(&world.node, other, &f.expected()).await.is_err());
    let draft =
        election::fetch_draft(&world.node, election.draft().id(), f.organiser.address()).await.unwrap();
    assert_eq!(draft, f.election.signed_draft);
}

/// A63: retries of a vote keep slot and ticket, and repeat no randomness.
#[tokio::test]
async fn a63_a_retried_vote_has_fresh_randomness_and_the_same_ticket() {
    let world = World::new().await;
    world.fake.script([Act::Overtake, Act::Limit, Act::Overtake]);
    let accepted = world.vote(0, 1).await.unwrap();
    assert_eq!(accepted.attempts, 3);
    check_retries(&world);
}

/// A63: the same for a mask, whose attempts also add to what is there.
#[tokio::test]
async fn a63_a_retried_mask_has_fresh_randomness_and_the_same_ticket() {
    let world = World::new().await;
    let slot = world.voter(0).slot();
    world.vote(0, 1).await.unwrap();
    world.fake.state().submitted.clear();
    world.fake.script([Act::Overtake, Act::Limit, Act::Overtake]);
    let accepted = world.voter(3).cast_mask(&world.node, &mut world.mirror(), slot).await.unwrap();
    assert_eq!(accepted.attempts, 3);
    check_retries(&world);
}

/// After `Overtake, Limit, Overtake` four submissions: entry 1 twice, since
/// a rate limit does not need a new proof.
fn check_retries(world: &World) {
    let state = world.fake.state();
    let sent = &state.submitted;
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[1], sent[2], "the limit is not about the content");
    let attempts = [&sent[0], &sent[1], &sent[3]];
    let pairs: BTreeSet<_> = attempts.iter().map(|e| (e.slot, e.ticket)).collect();
    assert_eq!(pairs.len(), 1, "slot and ticket are kept");
    let before: BTreeSet<_> = attempts.iter().map(|e| e.prev_digest).collect();
    assert_eq!(before.len(), 3, "each attempt is on the newest content");
    // Differences of attempts on different bases would be equal too if
    // randomness were repeated: compare what was added to each base.
    let added = attempts.iter().flat_map(|e| {
        let base = state.entries.iter().find(|b| b.slot == e.slot && b.next_digest == e.prev_digest);
        e.ciphertexts.as_slice().iter().enumerate().map(move |(k, c)| {
            let base = base.map_or(CurvePoint::identity(), |b| b.ciphertexts.as_slice()[k].c1);
            CurvePoint::from(c.c1.affine() + (-base.affine())).to_bytes()
        })
    });
    let added: Vec<[u8; 64]> = added.collect();
    let distinct: BTreeSet<[u8; 64]> = added.iter().copied().collect();
    assert_eq!(distinct.len(), 12, "no option's randomness is repeated over any base");
    let sent = first_components(attempts);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 12, "nor over the identity");
}

/// A64, A39: votes for whatever option and masks make the same calls with
/// requests of the same length, about the whole board only.
#[tokio::test]
async fn a64_votes_and_masks_make_the_same_calls() {
    let world = World::new().await;
    let slot = world.voter(0).slot();
    world.vote(0, 0).await.unwrap();
    let mut traces: Vec<Vec<Call>> = Vec::new();
    for option in 0..3 {
        world.fake.take_calls();
        world.vote(1, option).await.unwrap();
        traces.push(world.fake.take_calls());
    }
    for masker in [3, 0] {
        world.voter(masker).cast_mask(&world.node, &mut world.mirror(), slot).await.unwrap();
        traces.push(world.fake.take_calls());
    }
    let methods: Vec<&str> = traces[0].iter().map(|(method, _)| *method).collect();
    assert_eq!(methods, ["GetHead", "StreamEntries", "Submit"]);
    traces.iter().for_each(|trace| assert_eq!(trace, &traces[0]));
}

/// A64: the same under retries and lost answers.
#[tokio::test]
async fn a64_retries_of_votes_and_masks_make_the_same_calls() {
    let world = World::new().await;
    let slot = world.voter(0).slot();
    world.vote(0, 0).await.unwrap();
    let trouble = [Act::Unreachable, Act::Overtake, Act::Limit, Act::AcceptAndLose];
    let mut mirror = world.mirror();
    mirror.sync(&world.node).await.unwrap();
    world.fake.take_calls();
    world.fake.script(trouble);
    world.voter(0).cast_vote(&world.node, &mut mirror, &Choice::Single(1)).await.unwrap();
    let vote = world.fake.take_calls();
    world.fake.script(trouble);
    world.voter(3).cast_mask(&world.node, &mut mirror, slot).await.unwrap();
    assert_eq!(world.fake.take_calls(), vote);
}

#[tokio::test]
async fn a_lost_answer_does_not_double_the_vote() {
    let world = World::new().await;
    world.fake.script([Act::AcceptAndLose]);
    let accepted = world.vote(0, 1).await.unwrap();
    assert_eq!((accepted.seq, accepted.attempts), (0, 1));
    assert_eq!(world.fake.state().entries.len(), 1);
}

/// The entry is found on the board by its ticket; the receipt is made from
/// the board, without a question about it.
#[tokio::test]
async fn an_entry_that_landed_unseen_and_was_overwritten_counts_as_success() {
    let world = World::new().await;
    world.fake.script([Act::AcceptLoseAndOvertake]);
    let accepted = world.vote(0, 1).await.unwrap();
    assert_eq!((accepted.seq, accepted.attempts), (0, 1));
    assert_eq!(world.fake.state().entries.len(), 2);
    let f = &world.fake.fixture.election;
    accepted.receipt.check(f.id, &f.domain(), f.draft().operator).unwrap();
}

/// A9: a relay that re-randomises the proof changes nothing for the voter.
#[tokio::test]
async fn a9_rerandomised_proofs_are_the_same_entry() {
    let world = World::new().await;
    world.fake.script([Act::Rerandomise]);
    assert_eq!(world.vote(0, 1).await.unwrap().seq, 0);
}

#[tokio::test]
async fn a_slot_that_is_always_overtaken_gives_up_and_keeps_its_ticket() {
    let world = World::new().await;
    let voter = world.voter(0);
    let mut mirror = world.mirror();
    world.fake.script([Act::Overtake; 4]);
    let error = voter.cast_vote(&world.node, &mut mirror, &Choice::Single(1)).await.unwrap_err();
    assert!(matches!(error, Error::Vote(VoteError::TooBusy { attempts: 4 })));
    voter.cast_vote(&world.node, &mut mirror, &Choice::Single(1)).await.unwrap();
    voter.cast_vote(&world.node, &mut mirror, &Choice::Single(1)).await.unwrap();
    let tickets: Vec<Ticket> = world.fake.state().submitted.iter().map(|e| e.ticket).collect();
    assert!(tickets[..5].iter().all(|t| *t == tickets[0]));
    assert_ne!(tickets[5], tickets[0], "the next vote has a ticket of its own");
}

/// A23: one attacker has sixteen masks; a vote outlasts them.
#[tokio::test]
async fn a23_a_vote_outlasts_the_masks_of_one_attacker() {
    let world = World::new().await;
    world.fake.script([Act::Overtake; 16]);
    let policy = Policy { attempts: Policy::default().attempts, ..QUICK };
    let voter = world.voter(0).with_policy(policy);
    let accepted = voter.cast_vote(&world.node, &mut world.mirror(), &Choice::Single(1)).await.unwrap();
    assert_eq!((accepted.seq, accepted.attempts), (16, 17));
}

/// A63: after a crash the same slot gets the same ticket, from the file.
#[tokio::test]
async fn a63_a_mask_after_a_crash_keeps_its_ticket() {
    let world = World::new().await;
    world.vote(0, 1).await.unwrap();
    let slot = world.voter(0).slot();
    let directory = tempfile::tempdir().unwrap();
    let restart = || world.voter_with(3, Arc::new(FileTickets::new(directory.path().join("t.json"))));
    world.fake.script([Act::Unreachable; 3]);
    let error = restart().cast_mask(&world.node, &mut world.mirror(), slot).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { refusal, .. } if refusal.code == Code::Unavailable));
    restart().cast_mask(&world.node, &mut world.mirror(), slot).await.unwrap();
    restart().cast_mask(&world.node, &mut world.mirror(), slot).await.unwrap();
    let sent: Vec<Ticket> = world.fake.state().submitted[1..].iter().map(|e| e.ticket).collect();
    assert!(sent[..4].iter().all(|t| *t == sent[0]));
    assert_ne!(sent[4], sent[0]);
}

#[tokio::test]
async fn nothing_is_sent_if_the_ticket_cannot_be_kept() {
    let world = World::new().await;
    world.vote(0, 1).await.unwrap();
    world.fake.take_calls();
    let voter = world.voter_with(3, Arc::new(FileTickets::new("/nonexistent/t.json")));
    let slot = world.voter(0).slot();
    let error = voter.cast_mask(&world.node, &mut world.mirror(), slot).await.unwrap_err();
    assert!(matches!(error, Error::Tickets(_)));
    assert!(world.fake.take_calls().iter().all(|(method, _)| *method != "Submit"));
}

#[tokio::test]
async fn entries_that_cannot_succeed_are_refused_before_anything_is_sent() {
    let world = World::new().await;
    let masker = world.voter(3).cast_vote(&world.node, &mut world.mirror(), &Choice::Single(0)).await;
    assert!(matches!(masker, Err(Error::Choice(crate::choice::InvalidChoice::NoWeight))));
    assert!(matches!(world.vote(0, 3).await, Err(Error::Choice(_))));
    assert!(world.fake.take_calls().is_empty());
    let empty = Slot::from_field(3u64.into());
    let mask = world.voter(3).cast_mask(&world.node, &mut world.mirror(), empty).await;
    assert!(matches!(mask, Err(Error::Vote(VoteError::NothingToMask(_)))));
    world.fake.state().closed = true;
    assert!(matches!(world.vote(0, 0).await, Err(Error::Vote(VoteError::Closed))));
    assert!(world.fake.state().submitted.is_empty());
}

#[tokio::test]
async fn a_board_that_closes_meanwhile_ends_the_attempts() {
    let world = World::new().await;
    world.fake.script([Act::OvertakeAndClose]);
    assert!(matches!(world.vote(0, 0).await, Err(Error::Vote(VoteError::Closed))));
}

#[tokio::test]
async fn a_copied_ticket_is_noticed() {
    let world = World::new().await;
    world.fake.script([Act::CopyTicket]);
    assert!(matches!(world.vote(0, 0).await, Err(Error::Vote(VoteError::TicketTaken { seq: 0 }))));
}

#[tokio::test]
async fn receipts_for_other_entries_are_refused() {
    let world = World::new().await;
    world.vote(1, 0).await.unwrap();
    world.fake.script([Act::OtherReceipt]);
    assert!(matches!(world.vote(0, 0).await, Err(Error::Vote(VoteError::OtherEntry))));
}

#[tokio::test]
async fn refusals_say_what_where_and_how_to_mend() {
    let world = World::new().await;
    world.fake.script([Act::Refuse]);
    let error = world.vote(0, 0).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "BallotService.Submit: InvalidArgument: refused; entry.slot: it is ugly (mend the request; it can never \
         succeed as it is)"
    );
    let nobody = Node::connect("http://127.0.0.1:1").await.unwrap_err();
    assert!(matches!(nobody, Error::Connect { .. }) && nobody.to_string().contains("refused"), "{nobody}");
    assert!(matches!(Node::connect("no address").await, Err(Error::Connect { .. })));
}

/// A17: a voter does not prove with a key that the election does not pin.
#[tokio::test]
async fn a17_a_voter_needs_the_pinned_key() {
    let world = World::new().await;
    let f = &world.fake.fixture;
    let election = Arc::new(f.election.clone());
    let key = super::fixture::registration_key();
    let voter = Voter::new(election, &f.census, &f.members[0], key, Arc::new(MemoryTickets::default()));
    assert!(matches!(voter, Err(Error::Vote(VoteError::Key { .. }))));
}

#[tokio::test]
async fn the_organiser_publishes_freezes_opens_and_closes() {
    let world = World::new().await;
    let f = &world.fake.fixture;
    let (node, draft, id) = (&world.node, f.election.draft(), f.election.id);
    assert_eq!(organiser::publish(node, &f.election.signed_draft).await.unwrap(), draft.id());
    let frozen = organiser::freeze(node, &f.organiser, draft, &f.holders, &f.census).await.unwrap();
    assert_eq!(frozen, f.election.census);
    organiser::open(node, &f.organiser, draft, id).await.unwrap();
    let head = organiser::close(node, &f.organiser, draft, id).await.unwrap();
    assert!(head.head.closed);
    assert!(organiser::close_due(node, draft, id).await.is_ok());
    let stranger = &f.operator;
    assert!(matches!(organiser::open(node, stranger, draft, id).await, Err(Error::Order(_))));
    let other = ElectionId::from_field(9u64.into());
    assert!(organiser::open(node, &f.organiser, draft, other).await.is_err());
}

#[tokio::test]
async fn parts_of_a_record_are_fetched_and_keys_checked() {
    let world = World::new().await;
    world.vote(0, 0).await.unwrap();
    world.vote(1, 1).await.unwrap();
    world.vote(2, 2).await.unwrap();
    let id = world.fake.fixture.election.id;
    let head = record::fetch_head(&world.node, id).await.unwrap();
    let entries = record::fetch_entries(&world.node, id, head.head.size).await.unwrap();
    assert_eq!(entries, world.fake.state().entries);
    assert!(matches!(record::fetch_entries(&world.node, id, 4).await, Err(Error::Incomplete { .. })));
    assert_eq!(record::fetch_tally(&world.node, id).await.unwrap(), None);
    let hash = ballot_key().hash();
    assert_eq!(record::fetch_verifying_key(&world.node, hash).await.unwrap().hash(), hash);
    let other = verifier::KeyHash([1; 32]);
    assert!(matches!(record::fetch_verifying_key(&world.node, other).await, Err(Error::Key { .. })));
    let files = record::fetch_files(&world.node, id).await.unwrap();
    let files: Vec<_> = files.iter().map(|(path, data)| (path.as_str(), &data[..])).collect();
    assert_eq!(files, [("a", &b"12"[..]), ("b/c", &b"3"[..])]);
}

/// A63: a masker finishes a mask that was begun, with its slot and ticket,
/// before it draws another slot; it ends when its tickets do, having changed
/// no slot's meaning.
#[tokio::test]
async fn a63_a_masker_spends_its_tickets_and_ends() {
    use crate::masker::{End, Pace, Step, step};
    let world = World::new().await;
    world.vote(0, 1).await.unwrap();
    world.vote(1, 0).await.unwrap();
    let before: Vec<Vec<u64>> = [0, 1].map(|m| world.decrypt(world.voter(m).slot())).to_vec();
    let (masker, mut mirror) = (world.voter(3), world.mirror());
    mirror.sync(&world.node).await.unwrap();
    let begun = masker.intend_mask(&mirror, world.voter(1).slot()).unwrap();
    let (pace, left) = (Pace::Every(Duration::from_micros(1)), Duration::from_secs(600));
    let mut rows = Vec::new();
    let end = loop {
        match step(&masker, &world.node, &mut mirror, pace, left).await.unwrap() {
            Step::Masked(accepted) => rows.push(accepted.receipt.row),
            Step::Missed => panic!("nobody was in the way"),
            Step::End(end) => break end,
        }
    };
    assert_eq!((end, rows.len(), masker.masks(&mirror)), (End::Tickets, 16, 16));
    assert_eq!((rows[0].slot, rows[0].ticket), (begun.slot(), begun.ticket()));
    assert_eq!(rows.iter().map(|r| r.slot).collect::<BTreeSet<_>>().len(), 2);
    assert_eq!([0, 1].map(|m| world.decrypt(world.voter(m).slot())).to_vec(), before);
    let over = step(&world.voter(2), &world.node, &mut mirror, pace, Duration::ZERO).await.unwrap();
    assert!(matches!(over, Step::End(End::Closed)));
}
