//! A node in this process that serves a scenario.

use crate::{keys::Keys, scenario::Scenario};
use anyhow::Result;
use circuits::types::Tally;
use node::{Config, Deps, Node, TallyCase, TallyFailure, TallyProver};
use std::{path::Path, sync::Arc};

/// Proves no results: tests of intake and storage close no election.
#[derive(Clone, Copy, Debug)]
pub struct NoTally;

/// Why [`NoTally`] proves nothing.
#[derive(Clone, Copy, Debug)]
struct Unsupported;

impl std::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this node proves no results")
    }
}

impl std::error::Error for Unsupported {}

impl TallyProver for NoTally {
    fn prove(&self, _: &TallyCase) -> Result<Tally, TallyFailure> {
        Err(TallyFailure::Failed(Box::new(Unsupported)))
    }
}

/// A configuration with default limits over directories below `place`, on a
/// free port of the loopback interface.
pub fn config(scenario: &Scenario, place: &Path) -> Config {
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    Config::new(place.join("data"), place.join("heads"), listen, scenario.operator.clone())
}

/// A node with real keys that verifies every proof.
///
/// # Errors
/// If it does not start.
pub async fn start(config: Config, keys: &Keys) -> Result<Node> {
    Ok(Node::start(config, Deps::new(Arc::new(keys.set()?), Arc::new(NoTally))).await?)
}

/// A connection of its own to a node.
///
/// # Errors
/// If the node does not answer.
pub async fn connect(node: &Node) -> Result<client::Node> {
    Ok(client::Node::connect(&format!("http://{}", node.address())).await?)
}
