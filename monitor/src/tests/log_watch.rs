//! Logs of audits on nodes that withhold, lie, or break off.

use super::{
    fixture::fixture,
    following::config,
    logs::{Judge, NOW, bad, logged, tree},
    operator::{FakeNode, Serving},
};
use crate::{Kind, Monitor, Pass, watch::now};
use audit::{
    attestation::NotProven,
    log::{Entry, Parties},
    testing::ORGANISATION,
};
use circuits::types::{Domain, Head, SignedHead, TypedData};
use prometheus_client::registry::Registry;
use std::{path::Path, sync::Arc, time::Duration};
use tonic::Status;

/// Longer than any test.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn monitor(directory: &Path, node: &FakeNode, judge: Judge, patience: Duration) -> Monitor {
    let fixture = fixture();
    let mut config = config(directory, &fixture, &[node]);
    config.elections.clear();
    (config.patience, config.operator) = (patience, Some(fixture.operator.address()));
    config.attestations = Arc::new(judge);
    Monitor::open(config, &mut Registry::default()).unwrap()
}

fn good() -> Judge {
    Judge(Ok(()))
}

fn head(entries: &[Entry], time: u64) -> SignedHead {
    let (fixture, tree) = (fixture(), tree(entries));
    let parties = Parties {
        operator: fixture.operator.address(),
        organiser: fixture.organiser.address(),
        organisation: ORGANISATION.into(),
    };
    let election_id = parties.log().place();
    let head = Head { election_id, size: tree.len(), root: tree.root(), time, closed: false };
    SignedHead { head, signature: fixture.operator.sign(head.signing_hash(&Domain::default())) }
}

/// A node with a log of three events.
async fn serve() -> (FakeNode, Serving, Vec<Entry>) {
    let fixture = fixture();
    let (node, serving) = FakeNode::start(&fixture, &[]).await;
    // Valid now, whatever the clock says.
    let events = logged(&fixture.organiser, now().max(NOW));
    (node.view().log, node.view().log_head) = (events.clone(), Some(head(&events, 10)));
    (node, serving, events)
}

/// A problem that will be asked again, and no accusation.
fn is_open(pass: &Pass) -> bool {
    pass.findings.is_empty() && !pass.problems.is_empty() && pass.unsettled
}

fn kinds(pass: &Pass) -> Vec<(Kind, bool)> {
    pass.findings.iter().map(|f| (f.kind, f.proof)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_not_shown_are_doubted_until_they_are() {
    let (directory, (node, _serving, events)) = (tempfile::tempdir().unwrap(), serve().await);
    let mut patient = monitor(directory.path(), &node, good(), PATIENCE);
    let refused = Status::permission_denied("not for you");
    for (shown, refusal) in [(1, None), (3, Some(refused))] {
        (node.view().log, node.view().log_refusal) = (events[..shown].to_vec(), refusal);
        let pass = patient.pass().await.unwrap();
        assert!(is_open(&pass), "{pass:?}");
        assert!(pass.problems[0].what.contains("does not show them; asked again"), "{pass:?}");
    }
    node.view().log_refusal = None;
    let pass = patient.pass().await.unwrap();
    assert!(pass.is_ok() && !pass.unsettled, "{pass:?}");
    assert_eq!((pass.logs[0].verified, pass.logs[0].valid), (3, 1));
}

/// What lasts is named; a full house or a lost connection never is.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_stay_away_are_withheld_and_a_busy_node_is_not_named() {
    let cases = [
        (1, None, true),
        (3, Some(Status::permission_denied("not for you")), true),
        (3, Some(Status::resource_exhausted("no place")), false),
        (3, Some(Status::unavailable("going down")), false),
    ];
    for (shown, refusal, named) in cases {
        let (directory, (node, _serving, events)) = (tempfile::tempdir().unwrap(), serve().await);
        (node.view().log, node.view().log_refusal) = (events[..shown].to_vec(), refusal.clone());
        let pass = monitor(directory.path(), &node, good(), Duration::ZERO).pass().await.unwrap();
        let expected = if named { vec![(Kind::Withheld, false)] } else { Vec::new() };
        assert_eq!(kinds(&pass), expected, "{refusal:?}: {pass:?}");
        assert_eq!(pass.problems.is_empty(), named, "{refusal:?}: {pass:?}");
    }
}

/// A37: without a later time the shorter head is this monitor's word alone;
/// so is a head that nobody signed.
#[tokio::test(flavor = "multi_thread")]
async fn a37_a_shorter_log_and_an_unsigned_head_are_doubts_first() {
    let (directory, (node, _serving, events)) = (tempfile::tempdir().unwrap(), serve().await);
    let mut patient = monitor(directory.path(), &node, good(), PATIENCE);
    assert!(patient.pass().await.unwrap().is_ok());
    let mut unsigned = head(&events, 10);
    unsigned.head.time = 11;
    for wrong in [head(&events[..2], 9), unsigned] {
        node.view().log_head = Some(wrong);
        let pass = patient.pass().await.unwrap();
        assert!(is_open(&pass), "{pass:?}");
    }
    node.view().log_head = Some(head(&events, 10));
    let pass = patient.pass().await.unwrap();
    assert!(pass.is_ok() && !pass.unsettled, "{pass:?}");
    node.view().log_head = Some(head(&events[..2], 11));
    assert_eq!(kinds(&patient.pass().await.unwrap()), [(Kind::Rollback, true)]);
}

/// A60: also after a start without a key, or one that ended in between.
#[tokio::test(flavor = "multi_thread")]
async fn a60_an_attestation_is_judged_when_there_is_a_key() {
    let (directory, (node, _serving, _)) = (tempfile::tempdir().unwrap(), serve().await);
    assert_eq!(monitor(directory.path(), &node, good(), PATIENCE).pass().await.unwrap().logs[0].valid, 1);
    let directory = tempfile::tempdir().unwrap();
    let no_key = Judge(Err(NotProven::NoKey("other parameters".into())));
    let pass = monitor(directory.path(), &node, no_key, PATIENCE).pass().await.unwrap();
    assert!(pass.findings.is_empty() && pass.problems.len() == 1, "{pass:?}");
    assert_eq!((pass.logs[0].attestations, pass.logs[0].valid), (1, 0));
    for _ in 0..2 {
        let pass = monitor(directory.path(), &node, bad(), PATIENCE).pass().await.unwrap();
        assert_eq!(kinds(&pass), [(Kind::InvalidAttestation, true)], "{pass:?}");
        assert_eq!((pass.logs[0].verified, pass.logs[0].valid), (3, 0));
    }
}
