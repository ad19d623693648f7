//! Names of the methods that are served, for metrics: callers choose paths,
//! and each new label would cost memory for ever.

use crate::metrics::Call;
use prost::Message;
use prost_types::FileDescriptorSet;
use std::{collections::HashMap, sync::LazyLock};

/// Stands for every path that is not served.
const UNKNOWN: Call = Call { service: "unknown", method: "unknown" };

/// Served besides the services of this workspace.
const OTHERS: [(&str, &str); 4] = [
    ("grpc.health.v1.Health", "Check"),
    ("grpc.health.v1.Health", "Watch"),
    ("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"),
    ("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo"),
];

static NAMES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).map(|set| set.file).unwrap_or_default();
    let ours = files.into_iter().flat_map(|file| {
        let package = file.package().to_owned();
        file.service.into_iter().flat_map(move |service| {
            let name = format!("{package}.{}", service.name());
            service.method.into_iter().map(move |method| (name.clone(), method.name().to_owned()))
        })
    });
    let others = OTHERS.map(|(service, method)| (service.to_owned(), method.to_owned()));
    ours.chain(others).collect()
});

static CALLS: LazyLock<HashMap<String, Call>> = LazyLock::new(|| {
    let entry = |(service, method): &'static (String, String)| {
        (format!("/{service}/{method}"), Call { service, method })
    };
    NAMES.iter().map(entry).collect()
});

/// Calls that may be large, by service and method.
const LARGE: [(&str, &str); 4] = [
    ("tabella.v1.AttestationService", "Submit"),
    ("tabella.v1.ElectionService", "CreateDraft"),
    ("tabella.v1.ElectionService", "FreezeCensus"),
    ("tabella.v1.TrusteeService", "Post"),
];

/// How many bytes a call may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// One short message.
    Small,
    /// As many as the service reads.
    Large,
    /// Any number of short messages.
    Stream,
}

/// The weight of a call.
pub fn weight(call: &Call) -> Weight {
    let is = |(service, method): &(&str, &str)| (*service, *method) == (call.service, call.method);
    if LARGE.iter().any(is) {
        Weight::Large
    } else if OTHERS.iter().any(is) {
        Weight::Stream
    } else {
        Weight::Small
    }
}

/// The call that a path stands for.
pub fn call(path: &str) -> &'static Call {
    CALLS.get(path).unwrap_or(&UNKNOWN)
}

/// Names of this workspace's services; each is named once.
pub fn services() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&str> = NAMES.iter().map(|(service, _)| service.as_str()).collect();
    names.dedup();
    names.into_iter().filter(|name| OTHERS.iter().all(|(other, _)| other != name))
}

/// Paths of all methods.
#[cfg(test)]
pub fn paths() -> impl Iterator<Item = &'static str> {
    CALLS.keys().map(String::as_str)
}
