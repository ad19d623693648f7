//! Limits on connections and calls, over real sockets.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use super::methods;
use crate::{
    Config, InvalidOrigin, NodeError, Tls,
    metrics::{Answered, Call},
    tests::fixture::*,
};
use proto::v1::{self, election_service_client::ElectionServiceClient};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tonic::{
    Code,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// The preface of HTTP/2 and empty settings.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn world(seed: u64) -> World {
    World::new(seed, keys(vec![]))
}

async fn with(world: &World, place: &Place, change: impl FnOnce(&mut Config)) -> Served {
    let mut config = place.config(world);
    change(&mut config);
    serve_with(world, config, Arc::new(Lenient)).await
}

/// How long the other side keeps a connection open that sends `byte` every
/// 20 ms, or nothing.
async fn lifetime(address: SocketAddr, byte: Option<u8>) -> Duration {
    let (mut stream, start) = (TcpStream::connect(address).await.unwrap(), Instant::now());
    let mut answer = [0; 64];
    while start.elapsed() < Duration::from_secs(20) {
        if let Some(byte) = byte {
            // The other side may be gone: the read says so.
            let _ = stream.write_all(&[byte]).await;
        }
        if let Ok(read) = timeout(Duration::from_millis(20), stream.read(&mut answer)).await
            && !matches!(read, Ok(1..))
        {
            break;
        }
    }
    start.elapsed()
}

#[tokio::test]
async fn a45_a_connection_that_does_not_begin_is_closed() {
    let (place, world) = (Place::new(), world(60));
    let node = with(&world, &place, |c| c.limits.handshake_timeout = Duration::from_millis(300)).await;
    let address = node.node.address();
    // P, one byte at a time: it might become the preface of HTTP/2.
    for byte in [None, Some(b'P')] {
        let lived = lifetime(address, byte).await;
        assert!(lived < Duration::from_secs(5), "{byte:?} lived {lived:?}");
    }
    assert_eq!(node.metrics.connections.get(), 1, "the test's own channel");
    node.stop().await;
}

#[tokio::test]
async fn a45_silent_and_old_connections_are_closed() {
    let (place, world) = (Place::new(), world(61));
    let node = with(&world, &place, |c| {
        c.limits.idle_timeout = Duration::from_millis(300);
        c.limits.keepalive_interval = Duration::from_secs(60);
    })
    .await;
    let mut silent = TcpStream::connect(node.node.address()).await.unwrap();
    silent.write_all(HELLO).await.unwrap();
    let mut all = Vec::new();
    timeout(Duration::from_secs(5), silent.read_to_end(&mut all)).await.expect("closed").unwrap_or(0);
    node.stop().await;

    let place = Place::new();
    let node = with(&world, &place, |c| {
        c.limits.connection_age = Duration::from_millis(200);
        c.limits.shutdown_grace = Duration::from_millis(200);
    })
    .await;
    let mut old = TcpStream::connect(node.node.address()).await.unwrap();
    old.write_all(HELLO).await.unwrap();
    all.clear();
    timeout(Duration::from_secs(5), old.read_to_end(&mut all)).await.expect("closed").unwrap_or(0);
    assert!(frames(&all).iter().any(|(kind, _)| *kind == 7), "it was asked to go away first");
    let mut elections = node.elections.clone();
    for _ in 0..5 {
        sleep(Duration::from_millis(150)).await;
        elections.list_elections(v1::ListElectionsRequest::default()).await.unwrap();
    }
    node.stop().await;
}

/// A44, A45: beyond the cap connections are closed at once; those that are
/// there go on, and a free place is given again.
#[tokio::test]
async fn a45_connections_have_a_cap() {
    let (place, world) = (Place::new(), world(62));
    let mut node = with(&world, &place, |c| c.limits.connections_per_address = 3).await;
    let address = node.node.address();
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(HELLO).await.unwrap();
        stream.read_exact(&mut [0; 9]).await.unwrap();
        held.push(stream);
    }
    let lived = lifetime(address, None).await;
    assert!(lived < Duration::from_secs(5), "{lived:?}");
    assert_eq!(node.metrics.connections_refused.get(), 1);
    node.create(&world.draft).await.unwrap();
    drop(held);
    let mut tries = 0;
    while node.metrics.connections.get() > 1 {
        tries += 1;
        assert!(tries < 100, "a closed connection keeps its place");
        sleep(Duration::from_millis(20)).await;
    }
    let url = format!("http://{address}");
    let mut again = ElectionServiceClient::connect(url).await.unwrap();
    again.list_elections(v1::ListElectionsRequest::default()).await.unwrap();
    node.stop().await;
}

/// Kind and payload of each whole HTTP/2 frame.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if rest.len() < length {
            break;
        }
        frames.push((*kind, rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    frames
}

#[tokio::test]
async fn a44_limits_of_http2_are_announced() {
    let (place, world) = (Place::new(), world(63));
    let node = serve(&world, &place).await;
    let mut stream = TcpStream::connect(node.node.address()).await.unwrap();
    stream.write_all(HELLO).await.unwrap();
    let mut bytes = vec![0; 4096];
    let read = stream.read(&mut bytes).await.unwrap();
    let (_, settings) = frames(&bytes[..read]).into_iter().find(|(kind, _)| *kind == 4).unwrap();
    let setting = |id: u8| {
        let found = settings.chunks(6).find(|s| s[..2] == [0, id]);
        found.map(|s| u32::from_be_bytes(s[2..].try_into().unwrap()))
    };
    assert_eq!(setting(3), Some(128), "streams");
    assert_eq!(setting(6), Some(8 << 10), "bytes of headers");
    node.stop().await;
}

#[tokio::test]
async fn a44_oversized_headers_are_refused_and_the_connection_goes_on() {
    let (place, world) = (Place::new(), world(64));
    let mut node = serve(&world, &place).await;
    let mut request = tonic::Request::new(v1::ListElectionsRequest::default());
    request.metadata_mut().insert("x-filler", "a".repeat(20 << 10).parse().unwrap());
    assert!(node.elections.list_elections(request).await.is_err());
    node.create(&world.draft).await.unwrap();
    node.stop().await;
}

const SUBMIT: Call = Call { service: "tabella.v1.BallotService", method: "Submit" };

fn answered(node: &Served, code: &'static str) -> u64 {
    let Call { service, method } = SUBMIT;
    node.metrics.requests.get_or_create(&Answered { service, method, code }).get()
}

/// A call that takes too long is told so, one too many is refused at once,
/// and both are counted; the ballot that took long is on the board all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a44_calls_have_a_time_and_a_cap() {
    let (place, mut world) = (Place::new(), world(65));
    let (go, words) = mpsc::channel();
    world.members.iter().for_each(|_| go.send(()).unwrap());
    let mut config = place.config(&world);
    config.limits.request_timeout = Duration::from_secs(3);
    config.limits.requests = 1;
    let mut node = serve_with(&world, config, Arc::new(Held(Mutex::new(words)))).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    let slow = tokio::spawn(submit(node.ballots.clone(), id, (&entry).into()));
    let busy = loop {
        let other = node.elections.list_elections(v1::ListElectionsRequest::default()).await;
        if other.is_err() || slow.is_finished() {
            break other;
        }
    };
    is(busy, Code::ResourceExhausted, "BUSY");
    is(slow.await.unwrap(), Code::DeadlineExceeded, "TIMEOUT");
    assert_eq!(node.metrics.shed.get(), 1);
    assert_eq!(answered(&node, "DEADLINE_EXCEEDED"), 1);
    go.send(()).unwrap();
    while node.entries(id).await.is_empty() {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(node.submit(id, &entry).await.unwrap().path.index, 0);
    assert_eq!((answered(&node, "OK"), node.metrics.entries.get()), (1, 1));
    node.stop().await;
}

#[tokio::test]
async fn metrics_tell_what_happened_and_nothing_about_anybody() {
    let (place, mut world) = (Place::new(), world(66));
    let mut registry = prometheus_client::registry::Registry::default();
    let metrics = crate::Metrics::register(&mut registry);
    let mut node = serve_counting(&world, place.config(&world), Arc::new(Lenient), metrics).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    node.submit(id, &entry).await.unwrap();
    let mut bad = world.entry(2, None);
    bad.proof.0 = [0xff; 256];
    is(node.submit(id, &bad).await, Code::InvalidArgument, "BALLOT_PROOF");
    let mut client = tonic::client::Grpc::new(node.channel.clone());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = http::uri::PathAndQuery::from_static("/tabella.v1.Nothing/AtAll");
    let unknown = client.unary(tonic::Request::new(()), path, codec).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
    sleep(Duration::from_millis(1500)).await;
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let submit = "service=\"tabella.v1.BallotService\",method=\"Submit\"";
    for line in [
        format!("tabella_node_requests_total{{{submit},code=\"OK\"}} 1"),
        format!("tabella_node_requests_total{{{submit},code=\"INVALID_ARGUMENT\"}} 1"),
        format!("tabella_node_request_latency_seconds_count{{{submit}}} 2"),
        "tabella_node_requests_total{service=\"unknown\",method=\"unknown\",code=\"UNIMPLEMENTED\"} 1".into(),
        "tabella_node_verification_batch_count{queue=\"ballots\"} 2".into(),
        "tabella_node_verification_queue{queue=\"ballots\"} 0".into(),
        "tabella_node_entries_acknowledged_total 1".into(),
        "tabella_node_elections{phase=\"voting\"} 1".into(),
        "tabella_node_insecure_keys 1".into(),
        "tabella_node_writable 1".into(),
        "tabella_node_connections 1".into(),
    ] {
        assert!(text.lines().any(|l| l == line), "no line {line} in\n{text}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name)).unwrap();
        line.trim().parse::<f64>().unwrap()
    };
    assert!(value("tabella_node_commit_latency_seconds_count ") >= 1.0);
    assert!(value("tabella_node_commit_batch_sum ") >= value("tabella_node_commit_batch_count "));
    for secret in
        [id.to_string(), entry.slot.to_string(), "127.0.0.1".into(), world.draft.draft.organisation.clone()]
    {
        assert!(!text.contains(&secret), "{secret} is in the metrics");
    }
    node.stop().await;
}

#[tokio::test]
async fn health_is_told_for_every_service() {
    let (place, world) = (Place::new(), world(67));
    let node = serve(&world, &place).await;
    let mut health = HealthClient::new(node.channel.clone());
    let services: Vec<&str> = methods::services().collect();
    assert!(services.contains(&"tabella.v1.BallotService") && services.len() >= 6, "{services:?}");
    for service in services.into_iter().chain([""]) {
        let request = HealthCheckRequest { service: service.into() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    node.stop().await;
}

/// A follower is told to go on elsewhere, and does not hold the end back.
#[tokio::test]
async fn followers_end_with_the_node() {
    let (place, world) = (Place::new(), world(68));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let election_id = world.election_id().to_bytes().to_vec();
    let request = v1::StreamEntriesRequest { election_id, start: 0, follow: true };
    let mut stream = node.board.stream_entries(request).await.unwrap().into_inner();
    assert_eq!(node.metrics.followers.get(), 1);
    let reader = tokio::spawn(async move { stream.message().await });
    let (start, metrics) = (Instant::now(), node.metrics.clone());
    let Served { node, elections, registry, ballots, board, trustees, channel, .. } = node;
    drop((elections, registry, ballots, board, trustees, channel));
    node.shutdown().await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    is(reader.await.unwrap(), Code::Unavailable, "SHUTTING_DOWN");
    assert_eq!(metrics.followers.get(), 0);
}

#[tokio::test]
async fn a46_downloads_have_places() {
    let (place, world) = (Place::new(), world(69));
    let mut node = with(&world, &place, |c| {
        c.limits.downloads = 0;
        c.limits.followers = 1;
    })
    .await;
    node.open_all(&world).await;
    let election_id = world.election_id().to_bytes().to_vec();
    let request = |follow| v1::StreamEntriesRequest { election_id: election_id.clone(), start: 0, follow };
    is(node.board.stream_entries(request(false)).await.map(|_| ()), Code::ResourceExhausted, "DOWNLOADS");
    let _held = node.board.stream_entries(request(true)).await.unwrap();
    is(node.board.stream_entries(request(true)).await.map(|_| ()), Code::ResourceExhausted, "FOLLOWERS");
    let request = v1::GetCensusRequest { draft_id: world.draft_id().to_bytes().to_vec() };
    is(node.registry.get_census(request).await.map(|_| ()), Code::ResourceExhausted, "DOWNLOADS");
    node.stop().await;
}

#[tokio::test]
async fn drafts_and_registrations_have_rates() {
    let (place, world) = (Place::new(), world(70));
    let mut node = with(&world, &place, |c| {
        c.limits.draft_burst = 2;
        c.limits.registration_burst = 2;
    })
    .await;
    let draft = |nonce: u8| {
        let mut draft = world.draft.draft.clone();
        draft.nonce = [nonce; 32];
        sign_draft(draft, &world.organiser)
    };
    node.create(&draft(1)).await.unwrap();
    node.create(&draft(2)).await.unwrap();
    let refused = node.create(&draft(3)).await;
    assert!(tonic_types::StatusExt::get_details_retry_info(refused.as_ref().unwrap_err()).is_some());
    is(refused, Code::ResourceExhausted, "DRAFT_LIMIT");
    node.create(&draft(1)).await.unwrap();
    node.register(&world.registration(0, 1)).await.unwrap();
    node.register(&world.registration(0, 2)).await.unwrap();
    is(node.register(&world.registration(0, 3)).await, Code::ResourceExhausted, "REGISTRATION_LIMIT");
    node.register(&world.registration(0, 2)).await.unwrap();
    node.register(&world.registration(1, 1)).await.unwrap();
    node.stop().await;
}

/// Writes a new certificate with its key, in place of those before; the
/// certificate's text too.
fn certify(place: &Path) -> (Tls, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = Tls { certificate: place.join("tls.pem"), key: place.join("tls-key.pem") };
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.pem())
}

async fn over_tls(address: SocketAddr, authority: &str) -> Result<Channel, tonic::transport::Error> {
    let tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority)).domain_name("localhost");
    Endpoint::from_shared(format!("https://{address}"))?.tls_config(tls)?.connect().await
}

/// The client takes its own authority's word and no other's; whoever speaks
/// plainly or not at all is let go.
#[tokio::test]
async fn tls_serves_those_who_trust_the_certificate() {
    let (place, world) = (Place::new(), world(71));
    let (files, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (tls, authority) = certify(files.path());
    let mut config = place.config(&world);
    config.tls = Some(tls);
    config.limits.handshake_timeout = Duration::from_millis(500);
    let node = try_start(&world, config).await.unwrap();
    let address = node.address();
    let channel = over_tls(address, &authority).await.unwrap();
    let mut elections = ElectionServiceClient::new(channel);
    elections.list_elections(v1::ListElectionsRequest::default()).await.unwrap();
    assert!(over_tls(address, &certify(others.path()).1).await.is_err(), "another's certificate");
    let plain = ElectionServiceClient::connect(format!("http://{address}")).await;
    let plain = match plain {
        Ok(mut plain) => plain.list_elections(v1::ListElectionsRequest::default()).await.map(|_| ()).is_err(),
        Err(_) => true,
    };
    assert!(plain, "plain HTTP/2 on a TLS port");
    assert!(lifetime(address, None).await < Duration::from_secs(5), "a45: an idle handshake");
    assert!(lifetime(address, Some(0x16)).await < Duration::from_secs(5), "a45: a slow handshake");
    node.shutdown().await.unwrap();
}

/// Renewed files count for new connections once they are read again; those
/// that are open go on, and files that cannot be used change nothing.
#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_restart() {
    let (place, world, files) = (Place::new(), world(74), tempfile::tempdir().unwrap());
    let (tls, first) = certify(files.path());
    let mut config = place.config(&world);
    config.tls = Some(tls.clone());
    let node = try_start(&world, config).await.unwrap();
    let mut open = ElectionServiceClient::new(over_tls(node.address(), &first).await.unwrap());
    let (_, second) = certify(files.path());
    assert!(over_tls(node.address(), &second).await.is_err(), "not read yet");
    assert!(node.reload_certificate().unwrap());
    assert!(
        over_tls(node.address(), &second).await.is_ok() && over_tls(node.address(), &first).await.is_err()
    );
    open.list_elections(v1::ListElectionsRequest::default()).await.unwrap();
    fs::write(&tls.key, "half of a k").unwrap();
    assert!(node.reload_certificate().is_err());
    assert!(over_tls(node.address(), &second).await.is_ok());
    drop(open);
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_useless_certificate_and_a_useless_origin_stop_the_start() {
    let (place, world) = (Place::new(), world(72));
    let mut config = place.config(&world);
    let (files, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (good, other) = (certify(files.path()).0, certify(others.path()).0);
    let (none, no_pem) = (files.path().join("none.pem"), files.path().join("no.pem"));
    fs::write(&no_pem, "no pem").unwrap();
    let cases = [
        (Tls { certificate: none, key: good.key.clone() }, "cannot read"),
        (Tls { certificate: no_pem.clone(), key: good.key.clone() }, "in PEM"),
        (Tls { certificate: good.certificate.clone(), key: no_pem }, "both in PEM"),
        (Tls { certificate: good.certificate, key: other.key }, "must be that of the first"),
    ];
    for (tls, why) in cases {
        config.tls = Some(tls);
        let error = try_start(&world, config.clone()).await.unwrap_err();
        assert!(matches!(error, NodeError::Tls(_)) && error.to_string().contains(why), "{error}");
    }
    for origin in ["vote.example.org", "https://", "https://vote.example.org/", "https://a\nb"] {
        let mut config = place.config(&world);
        config.origins = vec![origin.into()];
        let error = try_start(&world, config).await.unwrap_err();
        assert!(matches!(&error, NodeError::Origin(InvalidOrigin(o)) if o == origin), "{error}");
    }
}

/// One HTTP/1.1 exchange, as text.
async fn exchange(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{head}host: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn grpc_web_is_for_the_pages_of_configured_origins() {
    let (place, world) = (Place::new(), world(73));
    let node = with(&world, &place, |c| c.origins = vec!["https://vote.example.org".into()]).await;
    let address = node.node.address();
    let path = "/tabella.v1.ElectionService/ListElections HTTP/1.1\r\n";
    let ask = |origin: &str| {
        let wanted = "access-control-request-method: POST\r\naccess-control-request-headers: content-type,x-grpc-web\r\n";
        format!("OPTIONS {path}origin: {origin}\r\n{wanted}")
    };
    let allowed = exchange(address, &ask("https://vote.example.org"), b"").await.to_lowercase();
    assert!(allowed.contains("access-control-allow-origin: https://vote.example.org"), "{allowed}");
    assert!(allowed.contains("access-control-allow-methods: post"), "{allowed}");
    let other = exchange(address, &ask("https://evil.example.org"), b"").await.to_lowercase();
    assert!(!other.contains("access-control-allow-origin"), "{other}");
    let call = format!(
        "POST {path}origin: https://vote.example.org\r\ncontent-type: application/grpc-web+proto\r\n"
    );
    let answer = exchange(address, &call, &[0; 5]).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200") && answer.contains("grpc-status:0"), "{answer}");
    for header in ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"] {
        let exposed = answer.lines().find(|l| l.starts_with("access-control-expose-headers:")).unwrap();
        assert!(exposed.contains(header), "{exposed}");
    }
    let missing =
        format!("POST {}content-type: application/grpc-web+proto\r\n", path.replace("List", "Lost"));
    assert!(exchange(address, &missing, &[0; 5]).await.contains("grpc-status: 12"));
    assert!(exchange(address, &format!("GET {path}"), b"").await.starts_with("HTTP/1.1 400"));
    node.stop().await;
}
