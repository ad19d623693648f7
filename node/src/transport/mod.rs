//! How calls reach the services: connections with their caps, TLS, gRPC-Web
//! and CORS, and a layer that limits, counts and logs calls. Neither handlers
//! nor the log ever see a peer's address (A40). spec: `node.transport`

mod connection;
mod incoming;
mod methods;
mod observe;
#[cfg(test)]
mod tests;
mod tls;

#[cfg(test)]
pub use methods::paths;
pub use methods::services;
pub use tls::{Acceptor, TlsError};

use crate::{config::Limits, metrics::Metrics};
use http::{HeaderName, HeaderValue, Method, header};
use std::{future::Future, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    service::Routes,
    transport::{Error, Server},
};
use tonic_web::GrpcWebLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Bytes of the headers of one request (A44).
const HEADERS_MAX: u32 = 8 << 10;
/// Streams that a caller may reset before the node has seen them, after which
/// the connection is closed (A44).
const PENDING_RESETS: usize = 20;
/// Streams that the node resets for a caller's mistakes before it closes the
/// connection (A44).
const LOCAL_RESETS: usize = 128;
/// How long browsers remember the answer about an origin.
const CORS_AGE: Duration = Duration::from_secs(3600);

/// See the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("origin {0:?} is none; write a scheme and a host, as in https://vote.example.org, or *")]
pub struct InvalidOrigin(pub String);

/// Serves `routes` to the connections of `listener` until `ended`, then lets
/// open requests end.
pub fn serve(
    listener: TcpListener,
    routes: Routes,
    tls: Option<Acceptor>,
    cors: CorsLayer,
    limits: &Limits,
    metrics: &Metrics,
    ended: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<Result<(), Error>> {
    // The outermost first: browsers ask before they call, and gRPC-Web
    // becomes gRPC before it is looked at.
    let mut server =
        builder(limits).layer(cors).layer(GrpcWebLayer::new()).layer(observe::Observe::new(limits, metrics));
    let server = server.add_routes(routes);
    let incoming = incoming::accept(listener, tls, limits, metrics);
    tokio::spawn(server.serve_with_incoming_shutdown(incoming, ended))
}

/// tonic leaves the number of streams unset, which is without limit (A44).
/// The end of a connection's age is kept by [`connection::Connection`]: with
/// a grace set, tonic 0.14 breaks connections off without asking them to
/// close first.
fn builder(limits: &Limits) -> Server {
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(limits.streams_per_connection)
        .concurrency_limit_per_connection(limits.requests_per_connection.max(1))
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .http2_max_header_list_size(HEADERS_MAX)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(LOCAL_RESETS))
        .max_connection_age(limits.connection_age)
}

/// What pages of these origins may do: call, and read status and details.
///
/// # Errors
/// If an origin is malformed.
pub fn cors(origins: &[String]) -> Result<CorsLayer, InvalidOrigin> {
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin", observe::REQUEST_ID];
    let allowed = ["x-grpc-web", "x-user-agent", "grpc-timeout"].map(HeaderName::from_static);
    Ok(CorsLayer::new()
        .allow_origin(allowed_origins(origins)?)
        .allow_methods([Method::POST])
        .allow_headers(allowed.into_iter().chain([header::CONTENT_TYPE]).collect::<Vec<_>>())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(CORS_AGE))
}

fn allowed_origins(origins: &[String]) -> Result<AllowOrigin, InvalidOrigin> {
    if origins.iter().any(|o| o == "*") {
        return Ok(AllowOrigin::any());
    }
    let origins: Result<Vec<HeaderValue>, _> = origins.iter().map(|o| origin(o)).collect();
    Ok(AllowOrigin::list(origins?))
}

/// Browsers compare text, so that a path or a final slash would never match.
fn origin(text: &str) -> Result<HeaderValue, InvalidOrigin> {
    let invalid = || InvalidOrigin(text.to_owned());
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(invalid)?;
    if host.is_empty() || host.contains('/') {
        return Err(invalid());
    }
    HeaderValue::from_str(text).map_err(|_| invalid())
}
