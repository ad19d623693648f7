//! What a trustee decrypts, and what it refuses.

use super::*;
use circuits::decryption::dlog::Solver;
use client::{Error, board::Mirror, choice::Choice, organiser};
use node::jobs::verification::Proofs;
use proto::v1;
use serde_json::json;
use std::sync::Arc;
use trustee::{CheckedBoard, Message, combine};
use verifier::{Claim, KeyHash, VerifyError};

/// The totals that the decryptions on the node give.
async fn totals(scene: &Scene, election: &client::election::Election) -> Vec<u64> {
    let head = client::record::fetch_head(&scene.client, election.id).await.unwrap();
    let entries = client::record::fetch_entries(&scene.client, election.id, head.head.size).await.unwrap();
    let board = CheckedBoard::replay(election.id, BallotShape::Shape4, &entries, &|_| Ok(())).unwrap();
    let (messages, _) = scene.messages().await;
    let messages: Vec<Message> = messages.into_iter().filter_map(|m| Message::try_from(m).ok()).collect();
    let draft = &scene.draft.draft;
    combine(draft, &election.key, &board, &messages, &Solver::new(), |_, _, _| ()).unwrap().totals
}

/// A33: 2 of 3 suffice; 1 does not, and whoever asks hears who is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a33_with_two_killed_both_are_named_and_with_one_back_there_is_a_result() {
    let mut scene = Scene::new(3, |_| ()).await;
    assert_eq!(scene.progress()["missing"].as_array().unwrap().len(), 3);
    scene.start_all();
    scene.keyed().await;
    assert_eq!(scene.progress()["round"], json!(null));
    scene.party(2).kill();
    scene.party(3).kill();
    let election = scene.open().await;
    for (member, option) in [(0, 0), (1, 1), (2, 0)] {
        scene.vote(&election, member, option).await;
    }
    let head = scene.close(&election).await;
    assert_eq!(scene.party(1).ended(), Some(0), "{}", scene.party(1).log());
    let progress = scene.progress();
    let signer = |i: u8| scene.draft.draft.trustees[usize::from(i) - 1].signer;
    let missing = json!([{"index": 2, "signer": signer(2)}, {"index": 3, "signer": signer(3)}]);
    assert_eq!((&progress["round"], &progress["missing"]), (&json!(5), &missing));
    assert_eq!((&progress["decrypted"], &progress["threshold"]), (&json!([1]), &json!(2)));
    scene.start(2);
    assert_eq!(scene.party(2).ended(), Some(0), "{}", scene.party(2).log());
    let status = scene.party(2).status();
    let decrypted = json!({"root": head.head.root, "entries": 3});
    assert_eq!(status["drafts"][0]["decrypted"], decrypted);
    assert_eq!(status["drafts"][0]["phase"], "decrypted");
    assert_eq!(scene.progress()["missing"], json!([]));
    assert_eq!(totals(&scene, &election).await, [120, 50]);
    // Nothing remains: the same command ends at once, and posts nothing.
    let before = scene.messages().await;
    scene.start(2);
    assert_eq!(scene.party(2).ended(), Some(0));
    assert_eq!(scene.messages().await, before);
}

/// A29: a node whose clock is ahead closes the board too early.
#[tokio::test(flavor = "multi_thread")]
async fn a29_a_board_that_is_closed_too_early_is_not_decrypted() {
    let mut scene = Scene::new(2, |r| r.early_close = false).await;
    scene.start_all();
    scene.keyed().await;
    let election = scene.open().await;
    scene.vote(&election, 0, 0).await;
    scene.set_ahead(2 * DAY);
    match organiser::close_due(&scene.client, election.draft(), election.id).await {
        Ok(_) => {}
        // The node had noticed by itself.
        Err(Error::Refused { .. }) => assert_eq!(scene.phase().await, v1::Phase::Closed),
        Err(other) => panic!("{other}"),
    }
    for index in 1..=2 {
        scene.party(index).says("this draft does not allow an early end; waits until then");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(scene.party(1).is_running() && scene.party(2).is_running());
    assert!(scene.decryptions().await.is_empty());
    assert_eq!(scene.party(1).log().matches("decryption refused").count(), 1, "said once");
}

/// A29: fewer slots than the draft asks for.
#[tokio::test(flavor = "multi_thread")]
async fn a29_too_few_ballots_are_not_decrypted() {
    let mut scene = Scene::new(2, |r| r.min_ballots = 2).await;
    scene.start_all();
    scene.keyed().await;
    let election = scene.open().await;
    scene.vote(&election, 0, 0).await;
    // The same slot again does not count twice.
    let mut mirror = Mirror::new(&election);
    let voter = scene.voter(&election, 0).await;
    voter.cast_vote(&scene.client, &mut mirror, &Choice::Single(1)).await.unwrap();
    scene.close(&election).await;
    for index in 1..=2 {
        assert_eq!(scene.party(index).ended(), Some(1));
        assert!(scene.party(index).log().contains("1 slots hold a ballot; this draft asks for at least 2"));
        assert_eq!(scene.party(index).status()["drafts"][0]["decrypted"], json!(null));
    }
    assert!(scene.decryptions().await.is_empty());
}

/// Verifies nothing: a node that lets anything in.
#[derive(Debug)]
struct Lenient;

impl Proofs for Lenient {
    fn verify(&self, _: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>> {
        vec![Ok(()); claims.len()]
    }
}

/// A29: a board with one ballot whose proof does not hold.
#[tokio::test(flavor = "multi_thread")]
async fn a29_a_board_with_an_invalid_ballot_is_not_decrypted() {
    let mut scene = Scene::with_proofs(2, Some(Arc::new(Lenient)), |_| ()).await;
    scene.start_all();
    scene.keyed().await;
    let election = scene.open().await;
    scene.vote(&election, 0, 0).await;
    let mut mirror = Mirror::new(&election);
    mirror.sync(&scene.client).await.unwrap();
    let voter = scene.voter(&election, 1).await;
    let intent = voter.intend_vote(&mirror, &Choice::Single(1)).unwrap();
    let mut entry = voter.prove(&mirror, &intent).await.unwrap();
    // A proof of something else.
    entry.proof = world().registrations[0].proof;
    let request = v1::SubmitBallotRequest {
        election_id: election.id.to_bytes().to_vec(),
        entry: Some((&entry).into()),
    };
    let mut ballots = v1::ballot_service_client::BallotServiceClient::connect(scene.url()).await.unwrap();
    ballots.submit(request).await.unwrap();
    let head = scene.close(&election).await;
    assert_eq!(head.head.size, 2);
    for index in 1..=2 {
        assert_eq!(scene.party(index).ended(), Some(1));
        let log = scene.party(index).log();
        assert!(log.contains("entry 1: its proof does not hold"), "{log}");
    }
    assert!(scene.decryptions().await.is_empty());
}

/// A29, A67: the operator rolls the board back after a decryption, lets
/// another ballot in, and asks again.
#[tokio::test(flavor = "multi_thread")]
async fn a67_a_second_board_of_one_draft_is_not_decrypted() {
    let mut scene = Scene::new(2, |_| ()).await;
    scene.start_all();
    scene.keyed().await;
    let election = scene.open().await;
    scene.vote(&election, 0, 0).await;
    (1..=2).for_each(|i| scene.party(i).kill());
    scene.stop_node().await;
    let place = scene.place.path().to_owned();
    copy(&place.join("node"), &place.join("fork"));
    scene.resume_node().await;
    let first = scene.close(&election).await;
    scene.start(1);
    assert_eq!(scene.party(1).ended(), Some(0), "{}", scene.party(1).log());
    scene.stop_node().await;

    scene.resume_node_from("fork").await;
    scene.vote(&election, 1, 1).await;
    let second = scene.close(&election).await;
    assert_ne!(first.head.root, second.head.root);
    scene.start(1);
    assert_eq!(scene.party(1).ended(), Some(1));
    let log = scene.party(1).log();
    assert!(log.contains(&format!("this trustee has decrypted root {}", first.head.root)), "{log}");
    assert!(log.contains("tell organiser and monitors"), "{log}");
    assert!(scene.decryptions().await.is_empty());
    assert_eq!(scene.party(1).status()["drafts"][0]["decrypted"]["root"], json!(first.head.root));
}
