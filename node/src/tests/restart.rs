//! What survives the end of the process.

use super::fixture::*;
use crate::{NodeError, ledger::OpenError};
use circuits::types::*;
use std::{fs, path::Path, sync::Arc};
use tonic::Code;

pub fn copy(from: &Path, to: &Path) {
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

async fn start_fails(world: &World, place: &Place) -> NodeError {
    try_start(world, place.config(world)).await.map(|_| ()).unwrap_err()
}

/// A4: after a restart, with the index or with one built anew, the state is
/// the same and an entry sent again is the same entry.
#[tokio::test(flavor = "multi_thread")]
async fn a4_a_restart_changes_nothing() {
    let place = Place::new();
    let mut world = World::new(30, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let a = world.entry(1, None);
    let b = world.entry(1, Some(&a));
    let first = node.submit(id, &a).await.unwrap();
    node.submit(id, &b).await.unwrap();
    let before = (node.election(&world).await, node.entries(id).await, node.head(id).await);
    node.stop().await;
    for reindex in [false, true] {
        let mut config = place.config(&world);
        config.reindex = reindex;
        let mut node = serve_with(&world, config, Arc::new(Lenient)).await;
        assert_eq!((node.election(&world).await, node.entries(id).await, node.head(id).await), before);
        let again = node.submit(id, &a).await.unwrap();
        assert_eq!((again.path.index, again.row), (0, first.row));
        let stale = world.entry(1, Some(&a));
        is(node.submit(id, &stale).await, Code::Aborted, "STALE");
        let mut spent = world.entry(2, None);
        spent.ticket = b.ticket;
        is(node.submit(id, &spent).await, Code::AlreadyExists, "TICKET_SPENT");
        is(node.register(&world.registration(0, 0)).await, Code::FailedPrecondition, "COUNTER");
        assert_eq!(node.entries(id).await.len(), 2);
        node.stop().await;
    }
    fs::remove_dir_all(place.data().join("index")).unwrap();
    let mut node = serve(&world, &place).await;
    let c = world.entry(1, Some(&b));
    assert_eq!(node.submit(id, &c).await.unwrap().path.index, 2);
    node.stop().await;
}

/// A37: a data directory restored from an old copy contradicts the heads at
/// the second path.
#[tokio::test(flavor = "multi_thread")]
async fn a37_a_rolled_back_journal_is_refused() {
    let place = Place::new();
    let mut world = World::new(31, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    node.submit(id, &entry).await.unwrap();
    node.stop().await;
    let old = place.path().join("old");
    copy(&place.data(), &old);
    let mut node = serve(&world, &place).await;
    let entry = world.entry(2, None);
    node.submit(id, &entry).await.unwrap();
    node.stop().await;
    fs::remove_dir_all(place.data()).unwrap();
    copy(&old, &place.data());
    let error = start_fails(&world, &place).await;
    assert!(matches!(error, NodeError::Open(OpenError::Store(_))), "{error}");
    assert!(error.to_string().contains("rolled back"), "{error}");
}

/// A37: a journal of the same size with another entry is refused too.
#[tokio::test(flavor = "multi_thread")]
async fn a37_a_replaced_journal_is_refused() {
    let place = Place::new();
    let mut world = World::new(32, keys(vec![]));
    let id = world.election_id();
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    node.stop().await;
    let fork = place.path().join("fork");
    copy(&place.data(), &fork);
    let mut node = serve(&world, &place).await;
    let entry = world.entry(1, None);
    node.submit(id, &entry).await.unwrap();
    node.stop().await;
    let heads = place.path().join("heads");
    let kept = place.path().join("kept");
    copy(&heads, &kept);
    fs::remove_dir_all(&heads).unwrap();
    fs::remove_dir_all(place.data()).unwrap();
    copy(&fork, &place.data());
    let mut node = serve(&world, &place).await;
    let other = world.entry(1, None);
    node.submit(id, &other).await.unwrap();
    node.stop().await;
    fs::remove_dir_all(&heads).unwrap();
    copy(&kept, &heads);
    let error = start_fails(&world, &place).await;
    assert!(matches!(error, NodeError::Open(OpenError::HeadContradicted { size: 1, .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_the_same_directory_and_another_operator_are_refused() {
    let place = Place::new();
    let mut world = World::new(33, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.create(&world.draft).await.unwrap();
    let error = start_fails(&world, &place).await;
    assert!(matches!(error, NodeError::Open(OpenError::Directory(_))), "{error}");
    node.stop().await;
    world.operator = AccountKey::random(&mut world.rng);
    let error = start_fails(&world, &place).await;
    assert!(matches!(error, NodeError::Open(OpenError::Operator { .. })), "{error}");
}
