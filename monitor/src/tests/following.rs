//! Honest operators: nothing is found, everything is verified once.

use super::{
    fixture::{Fixture, fixture, trust},
    operator::FakeNode,
};
use crate::{Config, Endpoint, Error, Monitor, Pass, store::StoreError};
use audit::attestation::{Attestation, AttestationProofs, NotProven};
use prometheus_client::{encoding::text::encode, registry::Registry};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Has no key for any attestation.
#[derive(Debug)]
struct NoProofs;

impl AttestationProofs for NoProofs {
    fn verify(&self, _: &Attestation) -> Result<(), NotProven> {
        Err(NotProven::NoKey("there are no attestations here".into()))
    }
}

pub fn config(directory: &Path, fixture: &Fixture, nodes: &[&FakeNode]) -> Config {
    Config {
        directory: directory.to_owned(),
        nodes: nodes.iter().map(|n| Endpoint::new(&n.url, None)).collect(),
        trust: trust(fixture.organiser.address()),
        elections: vec![fixture.election.id],
        receipts: None,
        peer_heads: Vec::new(),
        patience: Duration::ZERO,
        operator: None,
        attestations: std::sync::Arc::new(NoProofs),
    }
}

pub fn open(directory: &Path, fixture: &Fixture, nodes: &[&FakeNode]) -> Monitor {
    Monitor::open(config(directory, fixture, nodes), &mut Registry::default()).unwrap()
}

pub async fn once(directory: &Path, fixture: &Fixture, nodes: &[&FakeNode]) -> Pass {
    open(directory, fixture, nodes).pass().await.unwrap()
}

fn election_directory(directory: &Path, fixture: &Fixture) -> PathBuf {
    directory.join(fixture.election.id.to_string())
}

/// A node that lags behind another of the same operator is no misbehaviour.
#[tokio::test(flavor = "multi_thread")]
async fn a_lagging_node_is_no_misbehaviour() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let all = fixture.votes(5);
    let (ahead, _ahead) = FakeNode::start(&fixture, &all).await;
    let (lagging, _lagging) = FakeNode::start(&fixture, &all[..2]).await;
    ahead.view().time = 20;
    let mut registry = Registry::default();
    let mut monitor =
        Monitor::open(config(directory.path(), &fixture, &[&ahead, &lagging]), &mut registry).unwrap();
    for _ in 0..2 {
        let pass = monitor.pass().await.unwrap();
        assert!(pass.is_ok(), "{pass:?}");
        assert_eq!((pass.elections[0].verified, pass.elections[0].slots), (5, 3));
        assert_eq!(pass.elections[0].head, Some(ahead.head()));
    }
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let election = fixture.election.id;
    assert!(
        text.contains(&format!("tabella_monitor_entries_verified{{election=\"{election}\"}} 5")),
        "{text}"
    );
    assert!(text.contains(&format!("tabella_monitor_node_up{{node=\"{}\"}} 1", lagging.url)), "{text}");
    assert!(!text.contains("misbehaviours_total{"), "{text}");
}

/// The first node to be asked may be the one that lags.
#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_nodes_does_not_matter() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let all = fixture.votes(4);
    let (lagging, _lagging) = FakeNode::start(&fixture, &all[..1]).await;
    let (ahead, _ahead) = FakeNode::start(&fixture, &all).await;
    let pass = once(directory.path(), &fixture, &[&lagging, &ahead]).await;
    assert!(pass.is_ok(), "{pass:?}");
    assert_eq!(pass.elections[0].verified, 4);
}

/// A monitor that was killed goes on where its checkpoint is: what it has
/// verified is not asked for again, and what it had not finished is.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_monitor_resumes_at_its_checkpoint() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let all = fixture.votes(6);
    let (node, _serving) = FakeNode::start(&fixture, &all[..4]).await;
    assert!(once(directory.path(), &fixture, &[&node]).await.is_ok());
    // As if killed between writing entries and the checkpoint.
    let path = election_directory(directory.path(), &fixture).join("entries.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([7; 1_000]);
    fs::write(&path, bytes).unwrap();
    node.view().entries = all.clone();
    node.view().starts.clear();
    let pass = once(directory.path(), &fixture, &[&node]).await;
    assert!(pass.is_ok(), "{pass:?}");
    assert_eq!(pass.elections[0].verified, 6);
    assert_eq!(node.view().starts, [4]);
}

/// A node that is restarted in between is asked again, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_is_followed_again() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let all = fixture.votes(3);
    let (node, serving) = FakeNode::start(&fixture, &all[..2]).await;
    let mut monitor = open(directory.path(), &fixture, &[&node]);
    assert!(monitor.pass().await.unwrap().is_ok());
    drop(serving);
    let down = monitor.pass().await.unwrap();
    assert!(down.findings.is_empty() && !down.is_ok(), "{down:?}");
    node.view().entries = all.clone();
    let _serving = node.restart().await;
    let pass = monitor.pass().await.unwrap();
    assert!(pass.is_ok(), "{pass:?}");
    assert_eq!(pass.elections[0].verified, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_elections_all_of_the_organiser_are_followed() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, _serving) = FakeNode::start(&fixture, &fixture.votes(1)).await;
    let mut all = config(directory.path(), &fixture, &[&node]);
    all.elections.clear();
    let mut monitor = Monitor::open(all, &mut Registry::default()).unwrap();
    assert_eq!(monitor.pass().await.unwrap().elections.len(), 1);
    assert!(!monitor.is_done());
    drop(monitor);
    let mut foreign = config(directory.path(), &fixture, &[&node]);
    (foreign.elections, foreign.trust) = (Vec::new(), trust(fixture.operator.address()));
    let mut monitor = Monitor::open(foreign, &mut Registry::default()).unwrap();
    let pass = monitor.pass().await.unwrap();
    assert!(pass.elections.is_empty() && pass.is_ok(), "{pass:?}");
}

/// New entries end the wait at once; without them it ends in time.
#[tokio::test(flavor = "multi_thread")]
async fn new_entries_end_the_wait() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let all = fixture.votes(2);
    let (node, _serving) = FakeNode::start(&fixture, &all[..1]).await;
    let mut monitor = open(directory.path(), &fixture, &[&node]);
    monitor.pass().await.unwrap();
    monitor.wait(Duration::from_millis(50)).await;
    node.view().entries = all;
    let long = Duration::from_secs(60);
    tokio::time::timeout(long / 2, monitor.wait(long)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_directory_is_refused_and_a_second_monitor_too() {
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, _serving) = FakeNode::start(&fixture, &fixture.votes(3)).await;
    let mut monitor = open(directory.path(), &fixture, &[&node]);
    monitor.pass().await.unwrap();
    let config = || config(directory.path(), &fixture, &[&node]);
    let second = Monitor::open(config(), &mut Registry::default());
    assert!(matches!(second, Err(Error::Store(StoreError::Locked(_)))));
    drop(monitor);
    for (file, position) in [("entries.bin", 100), ("entries.bin", 800), ("checkpoint.json", 200)] {
        let path = election_directory(directory.path(), &fixture).join(file);
        let good = fs::read(&path).unwrap();
        let mut bytes = good.clone();
        bytes[position] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let damaged = open(directory.path(), &fixture, &[&node]).pass().await;
        assert!(matches!(damaged, Err(Error::Store(StoreError::Damaged { .. }))), "{file}: {damaged:?}");
        fs::write(&path, &good[..good.len() - 1]).unwrap();
        let damaged = open(directory.path(), &fixture, &[&node]).pass().await;
        assert!(matches!(damaged, Err(Error::Store(StoreError::Damaged { .. }))), "{file}: {damaged:?}");
        fs::write(&path, &good).unwrap();
    }
    assert!(once(directory.path(), &fixture, &[&node]).await.is_ok());
}

/// Registrations after the freeze, also of members under a new identity, do
/// not count against a census.
#[tokio::test(flavor = "multi_thread")]
async fn later_registrations_do_not_count_against_the_census() {
    use client::{identity::Identity, registration};
    let (fixture, directory) = (fixture(), tempfile::tempdir().unwrap());
    let (node, _serving) = FakeNode::start(&fixture, &[]).await;
    let key = super::fixture::registration_key();
    let stranger = circuits::types::AccountKey::random(&mut rand_core::OsRng);
    let later =
        registration::sign(&key, &stranger, &Identity::generate(), 1, super::fixture::ORGANISATION, 1);
    node.view().registrations.push(later.unwrap());
    let pass = once(directory.path(), &fixture, &[&node]).await;
    assert!(pass.is_ok(), "{pass:?}");
}
