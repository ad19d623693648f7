//! What is packaged is what there is.

use crate::spec_ids::{read, root};

/// The image is built from the whole workspace: cargo wants every member's
/// manifest, and the binary whatever its members include.
#[test]
fn the_dockerfile_copies_every_member_of_the_workspace() {
    let manifest = read(&root().join("Cargo.toml"));
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ["));
    let members = members.unwrap().trim_end_matches(']').split(", ").map(|m| m.trim_matches('"'));
    let dockerfile = read(&root().join("Dockerfile"));
    let copied = |folder: &str| dockerfile.lines().any(|l| l == format!("COPY {folder} {folder}"));
    let missing: Vec<&str> = members.chain(["examples"]).filter(|m| !copied(m)).collect();
    assert!(missing.is_empty(), "the Dockerfile does not copy {missing:?}");
}

/// The unit reloads the certificate, and gives the node room for all its
/// connections.
#[test]
fn the_unit_fits_the_node() {
    let unit = read(&root().join("deploy/tabella-node.service"));
    let value = |key: &str| unit.lines().find_map(|l| l.strip_prefix(&format!("{key}=")).map(str::to_owned));
    assert_eq!(value("ExecReload").unwrap(), "/bin/kill -HUP $MAINPID");
    let descriptors: usize = value("LimitNOFILE").unwrap().parse().unwrap();
    let limits = node::Limits::default();
    assert!(descriptors > limits.connections + 256);
    let stop: u64 = value("TimeoutStopSec").unwrap().parse().unwrap();
    assert!(stop > 2 * limits.shutdown_grace.as_secs());
}
