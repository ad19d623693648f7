//! Streams that break off, and nodes that say no: asked again, and held
//! against a node only when it lasts. spec: `monitor.doubt`

use super::{
    fixture::{Fixture, fixture},
    following::config,
    operator::FakeNode,
};
use crate::{Kind, Monitor, Pass};
use prometheus_client::registry::Registry;
use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};
use tonic::Status;

/// Longer than any test.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn patient(directory: &Path, fixture: &Fixture, nodes: &[&FakeNode]) -> Monitor {
    let config = crate::Config { patience: PATIENCE, ..config(directory, fixture, nodes) };
    Monitor::open(config, &mut Registry::default()).unwrap()
}

/// A problem that will be asked again, and no accusation.
fn is_open(pass: &Pass) -> bool {
    pass.findings.is_empty() && !pass.problems.is_empty() && pass.unsettled
}

/// A restart, a proxy or an old connection: what came is kept, and the rest
/// asked for from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_is_taken_up_where_it_ended() {
    let (fixture, all) = (fixture(), fixture().votes(6));
    for status in [None, Some(Status::unavailable("going down")), Some(Status::unknown("reset"))] {
        let directory = tempfile::tempdir().unwrap();
        let (node, _serving) = FakeNode::start(&fixture, &all).await;
        node.view().ends = Some((1, status.clone()));
        let mut monitor = patient(directory.path(), &fixture, &[&node]);
        for verified in [2, 4] {
            let pass = monitor.pass().await.unwrap();
            assert!(is_open(&pass), "{status:?}: {pass:?}");
            assert_eq!(pass.elections[0].verified, verified);
        }
        let pass = monitor.pass().await.unwrap();
        // The last page ends with the board; what follows it is not read.
        assert!(pass.is_ok() && !pass.unsettled, "{status:?}: {pass:?}");
        assert_eq!(node.view().starts, [0, 2, 4]);
    }
}

/// Without any entry it is a doubt, that ends when the node answers again.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_shows_nothing_is_doubted_until_it_does() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, _serving) = FakeNode::start(&fixture, &fixture.votes(3)).await;
    let mut monitor = patient(directory.path(), &fixture, &[&node]);
    for status in [None, Some(Status::not_found("no such board"))] {
        node.view().ends = Some((0, status));
        let pass = monitor.pass().await.unwrap();
        assert!(is_open(&pass), "{pass:?}");
        assert!(pass.problems[0].what.contains("does not show them; asked again"), "{pass:?}");
    }
    node.view().ends = None;
    let pass = monitor.pass().await.unwrap();
    assert!(pass.is_ok() && !pass.unsettled, "{pass:?}");
}

/// A refusal that lasts is named; a full house or a lost connection never is.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_lasts_is_named_and_a_busy_node_is_not() {
    let fixture = fixture();
    let cases = [
        (None, true),
        (Some(Status::permission_denied("not for you")), true),
        (Some(Status::resource_exhausted("no place")), false),
        (Some(Status::unavailable("going down")), false),
    ];
    for (status, named) in cases {
        let directory = tempfile::tempdir().unwrap();
        let (node, _serving) = FakeNode::start(&fixture, &fixture.votes(3)).await;
        node.view().ends = Some((0, status.clone()));
        let config = config(directory.path(), &fixture, &[&node]);
        let mut monitor = Monitor::open(config, &mut Registry::default()).unwrap();
        let (_, pass) = (monitor.pass().await.unwrap(), monitor.pass().await.unwrap());
        let kinds: BTreeSet<Kind> = pass.findings.iter().map(|f| f.kind).collect();
        assert_eq!(kinds.contains(&Kind::Withheld), named, "{status:?}: {pass:?}");
        assert_eq!(pass.problems.is_empty(), named, "{status:?}: {pass:?}");
        assert!(!pass.unsettled);
    }
}

/// A list of registrations that was cut off gives no census: nobody is
/// accused of having left somebody out.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_cut_off_is_asked_for_again() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, _serving) = FakeNode::start(&fixture, &fixture.votes(2)).await;
    let whole = std::mem::take(&mut node.view().registrations);
    let mut monitor = patient(directory.path(), &fixture, &[&node]);
    assert!(is_open(&monitor.pass().await.unwrap()));
    node.view().registrations = whole;
    let pass = monitor.pass().await.unwrap();
    assert!(pass.is_ok() && !pass.unsettled, "{pass:?}");
}

/// A35: what is proven does not wait.
#[tokio::test(flavor = "multi_thread")]
async fn a35_two_signed_views_are_named_at_once() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (a, _a) = FakeNode::start(&fixture, &fixture.votes(3)).await;
    let (b, _b) = FakeNode::start(&fixture, &fixture.others(3)).await;
    let pass = patient(directory.path(), &fixture, &[&a, &b]).pass().await.unwrap();
    assert!(pass.findings.iter().any(|f| f.kind == Kind::SplitView && f.proof), "{pass:?}");
}

/// A61: an election that is not in order may still be one that broke off.
#[tokio::test(flavor = "multi_thread")]
async fn a61_an_election_that_is_not_in_order_is_asked_for_again() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let mut forged = Fixture::clone(&fixture);
    forged.election.key.signatures.swap(0, 1);
    let (node, _serving) = FakeNode::start(&std::sync::Arc::new(forged), &[]).await;
    let pass = patient(directory.path(), &fixture, &[&node]).pass().await.unwrap();
    assert!(is_open(&pass), "{pass:?}");
    assert_eq!(pass.waiting, [fixture.election.id]);
}

/// Every pass that meets a problem doubles the pause, up to the interval.
#[tokio::test(flavor = "multi_thread")]
async fn a_troubled_node_is_asked_less_often() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, serving) = FakeNode::start(&fixture, &fixture.votes(1)).await;
    let mut monitor = patient(directory.path(), &fixture, &[&node]);
    monitor.pass().await.unwrap();
    drop(serving);
    for _ in 0..3 {
        assert!(!monitor.pass().await.unwrap().is_ok());
    }
    let start = Instant::now();
    monitor.wait(Duration::from_millis(900)).await;
    assert!(start.elapsed() >= Duration::from_millis(900));
    assert!(monitor.pause(Duration::from_secs(60)) > monitor.pause(Duration::from_secs(1)));
    let _serving = node.restart().await;
    monitor.pass().await.unwrap();
    assert!(monitor.pause(Duration::from_secs(60)) < Duration::from_secs(1));
}
