//! A35 to A37: an operator who shows two histories, or an older one.

use super::*;
use client::{
    Error,
    board::InvalidBoard,
    organiser,
    receipt::{Evidence, Receipts},
};
use std::fs;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

/// A35: two nodes with one operator's key are two views of one board. Their
/// receipts prove it, at different sizes too, and a voter's copy of the one
/// refuses the other.
#[tokio::test(flavor = "multi_thread")]
async fn a35_two_views_of_one_board_are_evidence() {
    let (world, places) = (World::new(), [(); 2].map(|()| tempfile::tempdir().unwrap()));
    let one = world.serve(places[0].path()).await;
    let two = world.serve(places[1].path()).await;
    let first = &world.scenario.first;
    let mut receipts = Receipts::default();
    for request in &first[..3] {
        let receipt = one.submit(request).await.unwrap();
        world.scenario.check_receipt(request, &receipt).unwrap();
        assert!(receipts.add(receipt).is_empty(), "one view alone is no evidence");
    }
    let mut mirror = one.mirror().await;
    for request in &first[3..5] {
        two.submit(request).await.unwrap();
    }
    // A repeat has its receipt under the newest head.
    let other = two.submit(&first[3]).await.unwrap();
    world.scenario.check_receipt(&first[3], &other).unwrap();
    let behind = mirror.sync(&two.client).await.unwrap_err();
    let [Evidence::Contradiction(pair)] = &receipts.add(other)[..] else { panic!("no evidence") };
    assert!(pair[0].contradicts(&pair[1]));
    assert_ne!(pair[0].head.head.size, pair[1].head.head.size, "at different sizes");
    for receipt in pair.iter() {
        let (id, domain) = (world.scenario.election_id(), world.scenario.domain());
        receipt.check(id, &domain, world.scenario.operator_address()).unwrap();
    }
    assert!(matches!(behind, Error::Board(InvalidBoard::SplitView { .. })), "{behind}");
    for request in &first[5..8] {
        two.submit(request).await.unwrap();
    }
    let grown = mirror.sync(&two.client).await.unwrap_err();
    assert!(matches!(grown, Error::Board(_)), "a longer view does not hide it: {grown}");
    one.stop().await;
    two.stop().await;
}

/// A36, A37: with journal and second path both rolled back the node starts,
/// but a voter's copy refuses the shorter board, and once it is closed the
/// receipt for the dropped entry is evidence. With the journal alone rolled
/// back it does not start.
#[tokio::test(flavor = "multi_thread")]
async fn a36_a37_a_dropped_entry_is_noticed_by_whoever_has_seen_it() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let (live, backup) = (place.path().join("live"), place.path().join("backup"));
    let served = world.serve(&live).await;
    served.submit(&world.scenario.first[0]).await.unwrap();
    served.stop().await;
    copy(&live, &backup);
    let served = world.serve(&live).await;
    let dropped = served.submit(&world.scenario.first[1]).await.unwrap();
    let mut mirror = served.mirror().await;
    served.stop().await;

    let half = place.path().join("half");
    copy(&backup, &half);
    fs::remove_dir_all(half.join("heads")).unwrap();
    copy(&live.join("heads"), &half.join("heads"));
    let refused = serve::start(serve::config(&world.scenario, &half), &world.keys).await.unwrap_err();
    assert!(refused.to_string().contains("rolled back"), "{refused}");

    let served = world.serve(&backup).await;
    let behind = mirror.sync(&served.client).await.unwrap_err();
    assert!(matches!(behind, Error::Board(InvalidBoard::Behind { known: 2, shown: 1 })), "{behind}");
    let mut receipts = Receipts::default();
    receipts.add(dropped);
    assert!(receipts.audit(&served.mirror().await).is_empty(), "the entry may still come");
    let (draft, id) = (world.scenario.draft(), world.scenario.election_id());
    organiser::close(&served.client, &world.scenario.organiser, draft, id).await.unwrap();
    let evidence = receipts.audit(&served.mirror().await);
    assert!(matches!(&evidence[..], [Evidence::Dropped(_)]), "{evidence:?}");
    served.stop().await;
}
