//! A3, A4, A9, A10, A12, A14, A15: the same ballot again, another one in its
//! place, and every change of one.

use super::*;
use circuits::{
    curve::Fr,
    params::Tag,
    primitives::poseidon,
    types::{CiphertextDigest, ProofBytes, field_from_bytes},
};
use client::choice::Choice;
use e2e::scenario::unproven;
use verifier::{Proof, curve::Bn254};

/// Entries of one slot that all build on the same state, with real proofs
/// and tickets of their own.
async fn rivals(world: &World, served: &Served, member: usize, count: usize) -> Vec<SubmitBallotRequest> {
    let mirror = served.mirror().await;
    let mut rivals = Vec::new();
    for _ in 0..count {
        let voter = world.voter(served, member);
        let intent = voter.intend_vote(&mirror, &Choice::Single(1)).unwrap();
        rivals.push(world.request(&voter.prove(&mirror, &intent).await.unwrap()));
    }
    rivals
}

/// One winner among distinct entries, each sent twice.
async fn one_wins(served: &Served, rivals: &[SubmitBallotRequest]) -> Receipt {
    let twice = [rivals, rivals].concat();
    let answers = served.submit_all(&twice).await;
    let (first, again) = answers.split_at(rivals.len());
    let won = first.iter().flatten().collect::<Vec<_>>();
    assert_eq!(won.len(), 1, "one entry on one state");
    for (a, b) in first.iter().zip(again) {
        match (a, b) {
            (Ok(a), Ok(b)) => assert_eq!((a.path.index, a.row), (b.path.index, b.row)),
            (Err(a), Err(b)) => {
                for status in [a, b] {
                    assert_eq!(why(status), (Code::Aborted, "STALE".into()));
                    let current = &status.get_details_error_info().unwrap().metadata["current_digest"];
                    assert_eq!(*current, won[0].row.next_digest.to_string());
                }
            }
            _ => panic!("an entry and its repeat differ"),
        }
    }
    won[0].clone()
}

/// A3, A4: rivals at once, then again on the winner's state, then after a
/// restart: each state of the slot has one entry.
#[tokio::test(flavor = "multi_thread")]
async fn a3_a4_rivals_for_one_slot_leave_one_entry_per_state_across_restarts() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let first = rivals(&world, &served, 0, 3).await;
    let one = one_wins(&served, &first).await;
    let second = rivals(&world, &served, 0, 3).await;
    let two = one_wins(&served, &second).await;
    assert_eq!((one.path.index, two.path.index), (0, 1));
    served.stop().await;
    let served = world.serve(place.path()).await;
    for (rivals, won) in [(&first, &one), (&second, &two)] {
        for request in rivals {
            let row = world.scenario.entry(request).unwrap().row();
            match served.submit(request).await {
                Ok(receipt) => assert_eq!((receipt.path.index, receipt.row), (won.path.index, won.row)),
                Err(status) => {
                    assert_ne!(row.next_digest, won.row.next_digest, "an accepted entry is repeated");
                    assert_eq!(why(&status), (Code::Aborted, "STALE".into()));
                }
            }
        }
    }
    assert_eq!(served.mirror().await.len(), 2);
    served.stop().await;
}

/// Other valid proofs of the same statement: re-randomised, and with two
/// points negated.
fn malleated(world: &World, entry: &BoardEntry) -> Vec<BoardEntry> {
    let proof = ark_groth16::Proof::<Bn254>::from(Proof::from_bytes(&entry.proof).unwrap());
    let vk = world.keys.verifying[1].points();
    let again = || ark_groth16::Groth16::<Bn254>::rerandomize_proof(vk, &proof, &mut rand_core::OsRng);
    let negated = ark_groth16::Proof { a: -proof.a, b: -proof.b, c: proof.c };
    let other = |p| BoardEntry { proof: Proof::try_from(p).unwrap().to_bytes(), ..entry.clone() };
    [again(), again(), negated].map(other).to_vec()
}

/// A9: never a second receipt or count, at once or later.
#[tokio::test(flavor = "multi_thread")]
async fn a9_other_proofs_of_one_entry_are_repeats() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let entry = world.scenario.entry(&world.scenario.first[0]).unwrap();
    let mut all = malleated(&world, &entry);
    all.push(entry);
    let requests: Vec<_> = all.iter().map(|e| world.request(e)).collect();
    let mut rows = Vec::new();
    for answer in served.submit_all(&requests).await {
        let receipt = answer.unwrap();
        rows.push((receipt.path.index, receipt.row));
    }
    assert!(rows.iter().all(|r| *r == rows[0]), "one entry, one leaf");
    let revote = &world.scenario.later[0];
    assert_eq!(served.submit(revote).await.unwrap().path.index, 1);
    for request in &requests {
        assert_eq!(served.submit(request).await.unwrap().path.index, 0);
    }
    assert_eq!(served.mirror().await.len(), 2);
    served.stop().await;
}

/// The submission with one bit of one byte changed, for every byte of each
/// field.
fn flipped(request: &SubmitBallotRequest) -> Vec<SubmitBallotRequest> {
    type Pick = fn(&mut SubmitBallotRequest) -> &mut Vec<u8>;
    let fields: [Pick; 7] = [
        |r| &mut r.election_id,
        |r| &mut r.entry.as_mut().unwrap().slot,
        |r| &mut r.entry.as_mut().unwrap().prev_digest,
        |r| &mut r.entry.as_mut().unwrap().next_digest,
        |r| &mut r.entry.as_mut().unwrap().ticket,
        |r| &mut r.entry.as_mut().unwrap().ciphertexts,
        |r| &mut r.entry.as_mut().unwrap().proof,
    ];
    let mut all = Vec::new();
    for pick in fields {
        for i in 0..pick(&mut request.clone()).len() {
            let mut bad = request.clone();
            pick(&mut bad)[i] ^= 1 << (i % 8);
            all.push(bad);
        }
    }
    all
}

/// A10, A12: no relay changes a byte of a submission, and a ballot of
/// another election is none of this one.
#[tokio::test(flavor = "multi_thread")]
async fn a10_a12_only_the_very_submission_that_was_proven_is_accepted() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let ballot = &world.scenario.first[0];
    let changed = flipped(ballot);
    assert_eq!(changed.len(), 5 * 32 + 4 * 128 + 256);
    for (part, start) in changed.chunks(64).zip((0..).step_by(64)) {
        for (answer, i) in served.submit_all(part).await.into_iter().zip(start..) {
            let (code, reason) = refused(answer);
            let expected = [Code::InvalidArgument, Code::Aborted, Code::NotFound];
            assert!(expected.contains(&code), "change {i}: {code:?} {reason}");
        }
    }
    let other = unproven(24).unwrap();
    let foreign =
        SubmitBallotRequest { election_id: other.election_id().to_bytes().to_vec(), ..ballot.clone() };
    assert_eq!(refused(served.submit(&foreign).await).0, Code::NotFound, "an election of another node");
    let elsewhere = tempfile::tempdir().unwrap();
    let node = serve::start(serve::config(&other, elsewhere.path()), &world.keys).await.unwrap();
    let client = serve::connect(&node).await.unwrap();
    let election = Arc::new(other.open_on(&client).await.unwrap());
    let second = Served::over(node, client, election).await;
    let refusal = refused(second.submit(&foreign).await);
    assert_eq!(refusal, (Code::InvalidArgument, "BALLOT_PROOF".into()), "replayed in another election");
    second.stop().await;
    assert!(served.mirror().await.is_empty());
    served.submit(ballot).await.unwrap();
    served.stop().await;
}

/// The entry with other ciphertexts and the digest that goes with them, so
/// that nothing but the points is wrong.
fn with_points(entry: &BoardEntry, change: impl FnOnce(&mut [u8])) -> proto::v1::BoardEntry {
    let mut wire = proto::v1::BoardEntry::from(entry);
    change(&mut wire.ciphertexts);
    let coordinates: Option<Vec<Fr>> =
        wire.ciphertexts.chunks(32).map(|x| field_from_bytes(x).ok()).collect();
    if let Some(coordinates) = coordinates {
        let digest = CiphertextDigest::from_field(poseidon::sponge(Tag::Ciphertext4, &coordinates));
        wire.next_digest = digest.to_bytes().to_vec();
    }
    wire
}

fn minus(x: &[u8]) -> [u8; 32] {
    circuits::types::field_to_bytes(-field_from_bytes(x).unwrap())
}

/// Ciphertexts whose first point is bad in one way each.
fn bad_ciphertexts(entry: &BoardEntry) -> Vec<(&'static str, proto::v1::BoardEntry)> {
    let mut one = [0; 32];
    one[31] = 1;
    let set = |x: [u8; 32], y: [u8; 32]| {
        with_points(entry, move |bytes| {
            bytes[..32].copy_from_slice(&x);
            bytes[32..64].copy_from_slice(&y);
        })
    };
    let bytes = entry.ciphertexts.to_bytes();
    let x: [u8; 32] = bytes[..32].try_into().unwrap();
    let y: [u8; 32] = bytes[32..64].try_into().unwrap();
    vec![
        ("off the curve", set(x, one)),
        ("the identity", set([0; 32], one)),
        ("of order 2", set([0; 32], minus(&one))),
        ("of order 4", set(one, [0; 32])),
        ("plus a point of order 2", set(minus(&x), minus(&y))),
        ("of the wrong sign", set(minus(&x), y)),
        ("x is not below r", set([0xff; 32], y)),
        ("both coordinates zero", set([0; 32], [0; 32])),
    ]
}

/// Proofs that are bad in one way each.
fn bad_proofs(entry: &BoardEntry) -> Vec<(&'static str, Vec<u8>)> {
    let good = entry.proof.0.to_vec();
    let with = |range: std::ops::Range<usize>, value: u8| {
        let mut bytes = good.clone();
        bytes[range].fill(value);
        bytes
    };
    let swapped = [&good[192..], &good[64..192], &good[..64]].concat();
    vec![
        ("A at infinity", with(0..64, 0)),
        ("B at infinity", with(64..192, 0)),
        ("C at infinity", with(192..256, 0)),
        ("A not below the modulus", with(0..32, 0xff)),
        ("A off the curve", with(33..34, good[33] ^ 1)),
        ("B off the curve", with(65..66, good[65] ^ 1)),
        ("A and C exchanged", swapped),
        ("all zero", vec![0; 256]),
        ("a byte short", good[..255].to_vec()),
        ("a byte over", [&good[..], &[0]].concat()),
        ("twice", good.repeat(2)),
        ("none", Vec::new()),
    ]
}

/// A14, A15: bad points and over-long or short fields are refused by name,
/// and the node goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a14_a15_bad_points_and_other_lengths_are_refused() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let ballot = &world.scenario.first[0];
    let entry = world.scenario.entry(ballot).unwrap();
    let with = |entry| SubmitBallotRequest { entry: Some(entry), ..ballot.clone() };
    for (what, bad) in bad_ciphertexts(&entry) {
        let (code, reason) = refused(served.submit(&with(bad)).await);
        assert_eq!(code, Code::InvalidArgument, "{what}: {reason}");
    }
    for (what, proof) in bad_proofs(&entry) {
        let bad = proto::v1::BoardEntry { proof, ..(&entry).into() };
        let (code, reason) = refused(served.submit(&with(bad)).await);
        assert_eq!(code, Code::InvalidArgument, "{what}: {reason}");
    }
    type Pick = fn(&mut proto::v1::BoardEntry) -> &mut Vec<u8>;
    let fields: [Pick; 5] = [
        |e| &mut e.slot,
        |e| &mut e.prev_digest,
        |e| &mut e.next_digest,
        |e| &mut e.ticket,
        |e| &mut e.ciphertexts,
    ];
    for (i, pick) in fields.into_iter().enumerate() {
        let length = pick(&mut (&entry).into()).len();
        for other in [0, length - 1, length + 1, 2 * length] {
            let mut bad = proto::v1::BoardEntry::from(&entry);
            pick(&mut bad).resize(other, 0);
            let status = served.submit(&with(bad)).await.map(|r| r.path.index).unwrap_err();
            let named = status.get_details_bad_request().is_some_and(|b| !b.field_violations.is_empty());
            assert!(status.code() == Code::InvalidArgument && named, "field {i}: {status:?}");
        }
    }
    assert_eq!(served.submit(ballot).await.unwrap().path.index, 0);
    served.stop().await;
}

/// Nothing but the proof is wrong in these, so each takes a place in a batch
/// with valid ones, which are accepted all the same.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_proofs_in_a_batch_do_not_touch_the_valid_ones() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let first = &world.scenario.first;
    let proofs: Vec<ProofBytes> = first.iter().map(|r| world.scenario.entry(r).unwrap().proof).collect();
    let exchanged = |i: usize| {
        let entry = world.scenario.entry(&first[i]).unwrap();
        world.request(&BoardEntry { proof: proofs[(i + 1) % proofs.len()], ..entry })
    };
    let mixed: Vec<_> =
        (0..first.len()).map(|i| if i % 2 == 0 { first[i].clone() } else { exchanged(i) }).collect();
    for (i, answer) in served.submit_all(&mixed).await.into_iter().enumerate() {
        match i % 2 {
            0 => world.scenario.check_receipt(&mixed[i], &answer.unwrap()).unwrap(),
            _ => assert_eq!(refused(answer), (Code::InvalidArgument, "BALLOT_PROOF".into())),
        }
    }
    assert_eq!(served.mirror().await.len() as usize, first.len() / 2);
    served.stop().await;
}
