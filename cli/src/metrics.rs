//! Metrics for Prometheus over HTTP. The address tells how busy a node is:
//! keep it on loopback or a private network.

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// Content type of the OpenMetrics text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `/metrics` and `/healthz` as long as the runtime lives; port 0
/// picks a free port. Returns the address that it listens on.
///
/// # Errors
/// If the address is taken or not this machine's.
pub async fn serve(address: SocketAddr, registry: Arc<Registry>) -> Result<SocketAddr> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot serve metrics on {address}; choose another address or stop what uses it")
    })?;
    let address = listener.local_addr()?;
    let router =
        Router::new().route("/metrics", get(metrics)).route("/healthz", get("ok\n")).with_state(registry);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
    Ok(address)
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use prometheus_client::metrics::counter::Counter;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_registry_is_served_as_open_metrics() {
        let (mut registry, counter) = (Registry::default(), Counter::<u64>::default());
        registry.register("entries", "Entries seen", counter.clone());
        let address = serve("127.0.0.1:0".parse().unwrap(), Arc::new(registry)).await.unwrap();
        counter.inc_by(3);
        let answer = get(address, "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(OPEN_METRICS), "{answer}");
        assert!(answer.contains("entries_total 3") && answer.trim_end().ends_with("# EOF"), "{answer}");
        assert!(get(address, "/healthz").await.ends_with("ok\n"));
        assert!(get(address, "/other").await.starts_with("HTTP/1.1 404"));
        assert!(serve(address, Arc::new(Registry::default())).await.is_err(), "the address is taken");
    }
}
