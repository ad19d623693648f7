//! Entries, heads and receipts, with proofs that only the test's verifier takes.

use super::fixture::*;
use crate::jobs::verification::Proofs;
use circuits::{primitives::merkle::ConsistencyProof, types::*};
use proto::v1;
use std::sync::{Arc, Mutex, mpsc};
use tonic::Code;
use tonic_types::StatusExt;
use verifier::{Claim, KeyHash, VerifyError};

fn check(world: &World, receipt: &Receipt) {
    let draft = &world.draft.draft;
    receipt.check(world.election_id(), &draft.domain(), draft.operator).unwrap();
}

#[tokio::test]
async fn receipts_and_the_board_agree() {
    let place = Place::new();
    let mut world = World::new(20, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let a = world.entry(1, None);
    let b = world.entry(2, None);
    let c = world.entry(1, Some(&a));
    for (seq, entry) in [&a, &b, &c].into_iter().enumerate() {
        let receipt = node.submit(id, entry).await.unwrap();
        check(&world, &receipt);
        assert_eq!((receipt.path.index as usize, receipt.row), (seq, entry.row()));
    }
    assert_eq!(node.entries(id).await, [a.clone(), b.clone(), c.clone()]);
    let head = node.head(id).await;
    assert_eq!(head.head.root, board_root(&[a.row(), b.row(), c.row()]));
    let election_id = id.to_bytes().to_vec();
    let request = v1::ProveInclusionRequest { election_id: election_id.clone(), seq: 0 };
    let proof = node.board.prove_inclusion(request).await.unwrap().into_inner().receipt.unwrap();
    check(&world, &proof.try_into().unwrap());
    let request = v1::ProveInclusionRequest { election_id: election_id.clone(), seq: 3 };
    is(node.board.prove_inclusion(request).await, Code::NotFound, "NOT_FOUND");
    let request = v1::ProveConsistencyRequest { election_id, first_size: 1, second_size: 3 };
    let proof = node.board.prove_consistency(request).await.unwrap().into_inner();
    let proof = ConsistencyProof::try_from(proof).unwrap();
    proof.check((1, board_root(&[a.row()])), (3, head.head.root)).unwrap();
    node.stop().await;
}

/// A3, A4: of many entries on one state of a slot, one is committed; the
/// others hear of the digest that is current now.
#[tokio::test(flavor = "multi_thread")]
async fn a3_a4_concurrent_entries_of_one_slot_have_one_winner() {
    let place = Place::new();
    let mut world = World::new(21, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entries: Vec<BoardEntry> = (0..24).map(|_| world.entry(1, None)).collect();
    let calls: Vec<_> =
        entries.iter().map(|e| tokio::spawn(submit(node.ballots.clone(), id, e.into()))).collect();
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for call in calls {
        match call.await.unwrap() {
            Ok(receipt) => won.push(receipt),
            Err(status) => lost.push(status),
        }
    }
    assert_eq!((won.len(), lost.len()), (1, 23));
    check(&world, &won[0]);
    for status in lost {
        let info = status.get_details_error_info().unwrap();
        assert_eq!((status.code(), info.reason.as_str()), (Code::Aborted, "STALE"));
        assert_eq!(info.metadata["current_digest"], won[0].row.next_digest.to_string());
    }
    assert_eq!(node.entries(id).await.len(), 1);
    node.stop().await;
}

/// A9: other bytes of a proof for the same (slot, prev, next) are a repeat,
/// also after the slot has moved on.
#[tokio::test(flavor = "multi_thread")]
async fn a9_a_rerandomised_proof_is_a_repeat() {
    let place = Place::new();
    let mut world = World::new(22, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    let variants: Vec<BoardEntry> =
        (1..=8).map(|b| BoardEntry { proof: ProofBytes([b; 256]), ..entry.clone() }).collect();
    let calls: Vec<_> =
        variants.iter().map(|e| tokio::spawn(submit(node.ballots.clone(), id, e.into()))).collect();
    let mut rows = Vec::new();
    for call in calls {
        let receipt = call.await.unwrap().unwrap();
        check(&world, &receipt);
        rows.push((receipt.path.index, receipt.row));
    }
    assert!(rows.iter().all(|r| *r == rows[0] && r.0 == 0), "one entry, one proof hash");
    let mask = world.entry(1, Some(&entry));
    assert_eq!(node.submit(id, &mask).await.unwrap().path.index, 1);
    assert_eq!(node.submit(id, &variants[3]).await.unwrap().path.index, 0);
    assert_eq!(node.entries(id).await.len(), 2);
    node.stop().await;
}

/// A4: a repeat that comes while its entry is on the log and its head is not
/// yet signed waits for the head.
#[tokio::test(flavor = "multi_thread")]
async fn a4_repeats_of_an_entry_on_its_way_get_its_receipt() {
    let place = Place::new();
    let mut world = World::new(28, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let mut calls = Vec::new();
    for slot in 1..=24 {
        let entry = world.entry(slot, None);
        for _ in 0..8 {
            calls.push((slot, tokio::spawn(submit(node.ballots.clone(), id, (&entry).into()))));
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    let mut seqs = std::collections::BTreeMap::new();
    for (slot, call) in calls {
        let receipt = call.await.unwrap().unwrap();
        check(&world, &receipt);
        assert_eq!(*seqs.entry(slot).or_insert(receipt.path.index), receipt.path.index);
    }
    assert_eq!(node.entries(id).await.len(), 24);
    node.stop().await;
}

#[tokio::test]
async fn entries_outside_the_rules_are_refused() {
    let place = Place::new();
    let mut world = World::new(23, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    let mut bad = entry.clone();
    bad.proof = ProofBytes([0xff; 256]);
    is(node.submit(id, &bad).await, Code::InvalidArgument, "BALLOT_PROOF");
    let mut bad = entry.clone();
    bad.next_digest = CiphertextDigest::from_field(5u64.into());
    is(node.submit(id, &bad).await, Code::InvalidArgument, "DIGEST");
    let mut bad = entry.clone();
    bad.prev_digest = bad.next_digest;
    is(node.submit(id, &bad).await, Code::InvalidArgument, "UNCHANGED");
    let mut bad = entry.clone();
    bad.ciphertexts = Ciphertexts::identity(BallotShape::Shape16);
    is(node.submit(id, &bad).await, Code::InvalidArgument, "SHAPE");
    node.submit(id, &entry).await.unwrap();
    let mut bad = world.entry(2, None);
    bad.ticket = entry.ticket;
    is(node.submit(id, &bad).await, Code::AlreadyExists, "TICKET_SPENT");
    let second = world.entry(1, Some(&entry));
    node.submit(id, &second).await.unwrap();
    let mut back = entry.clone();
    (back.prev_digest, back.ticket) = (second.next_digest, Ticket::from_field(8u64.into()));
    is(node.submit(id, &back).await, Code::AlreadyExists, "DIGEST_REPEATED");
    is(node.submit(id, &world.entry(1, Some(&entry))).await, Code::Aborted, "STALE");
    // A46: over-long messages do not reach the service.
    let mut long = v1::BoardEntry::from(&entry);
    long.ciphertexts = vec![0; 1 << 16];
    assert_eq!(submit(node.ballots.clone(), id, long).await.unwrap_err().code(), Code::OutOfRange);
    assert_eq!(node.entries(id).await.len(), 2);
    node.stop().await;
}

/// A23: votes and masks of one slot share a limit; refused entries do not
/// count, so nobody closes another's slot with garbage.
#[tokio::test]
async fn a23_a_slot_is_rate_limited() {
    let place = Place::new();
    let mut world = World::new(24, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    for _ in 0..20 {
        let mut bad = world.entry(1, None);
        bad.proof = ProofBytes([0xff; 256]);
        is(node.submit(id, &bad).await, Code::InvalidArgument, "BALLOT_PROOF");
    }
    let mut last = None;
    for _ in 0..6 {
        let entry = world.entry(1, last.as_ref());
        node.submit(id, &entry).await.unwrap();
        last = Some(entry);
    }
    let entry = world.entry(1, last.as_ref());
    let status = node.submit(id, &entry).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.get_details_retry_info().unwrap().retry_delay.unwrap().as_secs() <= 10);
    let other = world.entry(2, None);
    node.submit(id, &other).await.unwrap();
    node.stop().await;
}

/// A43: a full queue refuses at once and says when to come back.
#[tokio::test(flavor = "multi_thread")]
async fn a43_a_full_queue_refuses_at_once() {
    let place = Place::new();
    let mut world = World::new(25, keys(vec![]));
    let mut config = place.config(&world);
    (config.limits.verification_queue, config.limits.verification_batch) = (2, 1);
    let (word, words) = mpsc::channel();
    let mut node = serve_with(&world, config, Arc::new(Held(Mutex::new(words)))).await;
    for _ in 0..world.members.len() {
        word.send(()).unwrap();
    }
    node.open_all(&world).await;
    let id = world.election_id();
    let entries: Vec<BoardEntry> = (1..=12).map(|slot| world.entry(slot, None)).collect();
    let calls: Vec<_> =
        entries.iter().map(|e| tokio::spawn(submit(node.ballots.clone(), id, e.into()))).collect();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    drop(word);
    let (mut accepted, mut refused) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(status) => {
                assert_eq!(why::<()>(Err(status.clone())), (Code::ResourceExhausted, "QUEUE_FULL".into()));
                assert!(status.get_details_retry_info().is_some());
                refused += 1;
            }
        }
    }
    assert_eq!(accepted + refused, 12);
    assert!(accepted >= 2 && refused >= 8, "{accepted} accepted");
    node.stop().await;
}

/// A50: a verifier that panics costs its batch, and no more.
#[derive(Debug)]
struct Panicky;

impl Proofs for Panicky {
    fn verify(&self, key: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>> {
        assert!(claims.iter().all(|c| c.proof.0[0] != 0xee), "a test's panic");
        Lenient.verify(key, claims)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a50_a_panic_in_the_verifier_does_not_stop_the_node() {
    let place = Place::new();
    let mut world = World::new(26, keys(vec![]));
    let mut node = serve_with(&world, place.config(&world), Arc::new(Panicky)).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let mut evil = world.entry(1, None);
    evil.proof = ProofBytes([0xee; 256]);
    is(node.submit(id, &evil).await, Code::Unavailable, "VERIFIER_FAILED");
    let entry = world.entry(1, None);
    node.submit(id, &entry).await.unwrap();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_every_entry_until_the_board_is_closed() {
    let place = Place::new();
    let mut world = World::new(27, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let first = world.entry(1, None);
    node.submit(id, &first).await.unwrap();
    let request = v1::StreamEntriesRequest { election_id: id.to_bytes().to_vec(), start: 0, follow: true };
    let mut stream = node.board.stream_entries(request).await.unwrap().into_inner();
    let mut sent = vec![first];
    for slot in 2..20 {
        let entry = world.entry(slot, None);
        node.submit(id, &entry).await.unwrap();
        sent.push(entry);
    }
    node.close(&world, world.order(Order::Close(id))).await.unwrap();
    let mut seen: Vec<BoardEntry> = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        assert_eq!(part.start as usize, seen.len());
        seen.extend(part.entries.into_iter().map(|e| BoardEntry::try_from(e).unwrap()));
    }
    assert_eq!(seen, sent);
    node.stop().await;
}
