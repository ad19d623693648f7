//! `tabella node run`, `check` and `reindex`.

use super::{OfflineOptions, RunOptions, kind::Kind, settings};
use crate::{attestations::AttestationKeys, keys::ElectionKeys, log, metrics, tally::Prover};
use anyhow::{Context, Result, ensure};
use node::{Deps, KeySet, Metrics};
use prometheus_client::registry::Registry;
use prover::KeyStore;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use settings::Loaded;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::runtime::Runtime;

/// File descriptors that a node needs besides its connections.
const DESCRIPTORS: u64 = 256;
/// Wait for threads at work when the node has ended: a proof that is being
/// made is not waited for.
const THREADS_GRACE: Duration = Duration::from_millis(100);

/// Serves until a signal.
///
/// # Errors
/// If the node does not start, or ends by itself.
pub fn serve(options: &RunOptions) -> Result<()> {
    let mut source = options.config.clone();
    source.set.extend(options.listen.iter().map(|address| format!("listen={address}")));
    let loaded = load(&source)?;
    allow_descriptors(loaded.settings.limits.connections)?;
    let config = loaded.config(&source.passphrase)?;
    let operator = config.operator.address().to_string();
    let mut deps = deps(&loaded)?;
    let mut registry = Registry::default();
    deps.metrics = Metrics::register(&mut registry);
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let ended = runtime.block_on(async {
        let metrics = match loaded.settings.metrics {
            Some(address) => Some(metrics::serve(address, Arc::new(registry)).await?),
            None => None,
        };
        let tls = config.tls.is_some();
        let ready = |address| report(options.json, address, tls, &operator, metrics);
        Ok(node::run(config, deps, ready).await?)
    });
    runtime.shutdown_timeout(THREADS_GRACE);
    ended
}

fn report(json: bool, address: SocketAddr, tls: bool, operator: &str, metrics: Option<SocketAddr>) {
    let url = format!("{}://{address}", if tls { "https" } else { "http" });
    if json {
        println!("{}", json!({ "address": url, "operator": operator, "metrics": metrics }));
    } else {
        println!("The node of operator {operator} serves at {url}");
    }
}

/// Opens the data as a start does and says what is there.
///
/// # Errors
/// If configuration or data cannot be used.
pub fn offline(options: &OfflineOptions, reindex: bool) -> Result<()> {
    let loaded = load(&options.config)?;
    let mut config = loaded.config(&options.config.passphrase)?;
    config.reindex = reindex;
    let deps = deps(&loaded)?;
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let found = runtime.block_on(node::check(config, deps))?;
    let cut = found.recovery.torn.map_or(0, |t| t.bytes);
    if options.json {
        let (frames, elections, entries) = (found.recovery.frames, found.elections, found.entries);
        println!(
            "{}",
            json!({
                "frames": frames, "elections": elections, "entries": entries, "cut_bytes": cut,
                "logs": found.logs, "attestations": found.attestations,
            })
        );
        return Ok(());
    }
    println!(
        "{}: {} frames, {} elections, {} entries, {} attestations on {} logs{}",
        if reindex { "The index is built" } else { "The node can start" },
        found.recovery.frames,
        found.elections,
        found.entries,
        found.attestations,
        found.logs,
        if cut > 0 { format!("; cut {cut} bytes that were never acknowledged") } else { String::new() },
    );
    Ok(())
}

fn load(options: &super::ConfigOptions) -> Result<Loaded> {
    let loaded = settings::load(options, std::env::vars())?;
    log::init(&loaded.settings.log.filter, loaded.settings.log.format)?;
    Ok(loaded)
}

/// The keys of the kinds of elections, made now if they are missing.
fn deps(loaded: &Loaded) -> Result<Deps> {
    let directory = match &loaded.settings.keys_dir {
        Some(directory) => loaded.path(directory),
        None => KeyStore::default_directory().context("keys")?,
    };
    let store = Arc::new(KeyStore::of_circuits(directory.clone()));
    let mut keys = Vec::new();
    for Kind { shape, threshold } in &loaded.settings.elections {
        keys.extend(ElectionKeys::from_store(store.clone(), *shape, usize::from(*threshold))?.verifying);
    }
    let set = Arc::new(KeySet::new(&keys, true)?);
    tracing::warn!(
        "the keys are INSECURE development keys: anyone can forge proofs; see docs/spec/14-setup.md"
    );
    let progress = |what: &str, done, all| tracing::debug!(done, all, "{what}");
    let ptau = loaded.settings.ptau.as_deref().map(|file| loaded.path(file));
    let mut deps = Deps::new(set, Arc::new(Prover::new(store, Arc::new(progress))));
    deps.attestations = Arc::new(AttestationKeys::new(ptau, Some(directory)));
    Ok(deps)
}

/// Lets this process have a descriptor for every connection.
fn allow_descriptors(connections: usize) -> Result<()> {
    let needed = u64::try_from(connections)?.saturating_add(DESCRIPTORS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    ensure!(
        maximum.is_none_or(|maximum| maximum >= needed),
        "limits.connections = {connections} needs {needed} file descriptors, and this process may have {}; \
        raise its limit (LimitNOFILE= of systemd, ulimit -n) or lower the key",
        maximum.unwrap_or(u64::MAX)
    );
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })?)
}
