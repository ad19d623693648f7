//! Bytes that are no request, or a request in a form of its own.

use super::fixture::*;
use bytes::{Buf, BufMut};
use circuits::types::*;
use http::uri::PathAndQuery;
use proptest::prelude::*;
use prost::Message;
use proto::v1;
use std::time::Duration;
use tonic::{
    Code, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};
use tonic_types::StatusExt;

/// Bytes as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

/// Sends one message to a method and takes one answer, streams or not.
async fn send(channel: &Channel, path: &'static str, bytes: Vec<u8>) -> Result<Option<Vec<u8>>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|e| Status::from_error(e.into()))?;
    let path = PathAndQuery::from_static(path);
    let request = tonic::Request::new(tokio_stream::once(bytes));
    client.streaming(request, path, Raw).await?.into_inner().message().await
}

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A field that claims `length` bytes and has `content`.
fn field(number: u64, length: u64, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(number << 3 | 2, &mut out);
    varint(length, &mut out);
    out.extend(content);
    out
}

fn hostile() -> Vec<Vec<u8>> {
    let nested = (0..2_000).fold(Vec::new(), |inner: Vec<u8>, _| field(1, inner.len() as u64, &inner));
    vec![
        vec![],
        vec![0xff; 64],
        // Lengths that memory should not be set aside for.
        field(1, u64::MAX, &[]),
        field(1, 1 << 40, &[1, 2, 3]),
        field(2, u64::from(u32::MAX), &[]),
        nested,
        // Very many fields: unknown, doubled, empty sub-messages.
        field(1, 0, &[]).repeat(400),
        field(2, 0, &[]).repeat(400),
        field(1000, 1, &[1]).repeat(200),
        field(1, 31, &[0xff; 31]),
        field(1, 32, &[0xff; 32]),
        field(1, 32, &[0; 32]),
        // A group that does not end, and a wire type that is none.
        vec![0x0b],
        vec![0x0f],
    ]
}

/// Whether a method answers for as long as the caller likes.
fn endless(path: &str) -> bool {
    path.ends_with("/Watch")
}

/// A46, A50: whatever a caller sends to whichever method, it gets a code, and
/// the next caller an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a46_a50_hostile_bytes_to_every_method_leave_the_node_serving() {
    let place = Place::new();
    let mut world = World::new(80, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let paths: Vec<&str> = crate::transport::paths().filter(|p| !endless(p)).collect();
    assert!(paths.len() > 24, "{paths:?}");
    for path in paths {
        for bytes in hostile() {
            let call = send(&node.channel, path, bytes);
            let answer = tokio::time::timeout(Duration::from_secs(10), call).await.expect(path);
            let code = answer.err().map_or(Code::Ok, |s| s.code());
            assert!(code != Code::Unavailable && code != Code::Cancelled, "{path}: {code:?}");
        }
    }
    let entry = world.entry(1, None);
    node.submit(world.election_id(), &entry).await.unwrap();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a46_messages_beyond_a_services_limit_are_refused_unread() {
    let place = Place::new();
    let world = World::new(81, keys(vec![]));
    let mut node = serve(&world, &place).await;
    for (path, limit) in [
        ("/tabella.v1.BallotService/Submit", 16 << 10),
        ("/tabella.v1.BoardService/GetHead", 1 << 10),
        ("/tabella.v1.RegistryService/Register", 4 << 10),
        ("/tabella.v1.TrusteeService/Post", 128 << 10),
        ("/tabella.v1.ElectionService/CreateDraft", 3 << 20),
        ("/tabella.v1.NodeService/GetInfo", 1 << 10),
        ("/tabella.v1.AttestationService/Submit", (1 << 20) + (4 << 10)),
        ("/grpc.health.v1.Health/Check", 4 << 10),
        ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", 4 << 10),
    ] {
        match send(&node.channel, path, vec![0; limit + 1]).await {
            Err(status) => assert_eq!(status.code(), Code::OutOfRange, "{path}: {status}"),
            // It ends its stream without a word.
            Ok(answer) => assert!(path.contains("reflection") && answer.is_none(), "{path}"),
        }
    }
    // Its service reads drafts of 3 MiB, but this call needs 32 bytes.
    let call = send(&node.channel, "/tabella.v1.ElectionService/GetElection", vec![0; 1 << 20]);
    assert!(call.await.unwrap_err().message().contains("length limit"));
    node.create(&world.draft).await.unwrap();
    node.stop().await;
}

/// A46: one large call at a time, if so configured; small ones go on.
#[tokio::test]
async fn a46_large_calls_have_places() {
    let place = Place::new();
    let world = World::new(85, keys(vec![]));
    let mut config = place.config(&world);
    config.limits.uploads = 1;
    let mut node = serve_with(&world, config, std::sync::Arc::new(Lenient)).await;
    let mut slow = node.elections.clone();
    let held = tokio::spawn(async move { slow.freeze_census(tokio_stream::pending()).await.map(|_| ()) });
    // No call but the held one until it has its place.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused = node.create(&world.draft).await;
    is(refused, Code::ResourceExhausted, "UPLOADS");
    node.elections.list_elections(v1::ListElectionsRequest::default()).await.unwrap();
    held.abort();
    node.stop().await;
}

/// A46: lists within a message have limits of their own.
#[tokio::test]
async fn a46_lists_have_limits() {
    let place = Place::new();
    let world = World::new(82, keys(vec![]));
    let mut config = place.config(&world);
    config.limits.holders = 5_000;
    let mut node = serve_with(&world, config, std::sync::Arc::new(Lenient)).await;
    node.create(&world.draft).await.unwrap();
    let statement = world.statement();
    let header = v1::FreezeCensusHeader {
        statement: Some((&statement).into()),
        signature: world
            .organiser
            .sign(statement.signing_hash(&world.draft.draft.domain()))
            .to_bytes()
            .to_vec(),
    };
    let part = |part| v1::FreezeCensusRequest { part: Some(part) };
    let holders = |n: u32| {
        let holder =
            |i: u32| v1::Holder { address: [vec![1; 16], i.to_be_bytes().to_vec()].concat(), weight: 1 };
        part(v1::freeze_census_request::Part::Holders(v1::HolderBatch {
            holders: (0..n).map(holder).collect(),
        }))
    };
    let head = || part(v1::freeze_census_request::Part::Header(header.clone()));
    for batches in [vec![holders(4_097)], vec![holders(4_000), holders(4_000)]] {
        let parts = std::iter::once(head()).chain(batches);
        let status =
            node.elections.freeze_census(tokio_stream::iter(parts.collect::<Vec<_>>())).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "holders");
    }
    let mut forged = header.clone();
    forged.signature = world.operator.sign([1; 32]).to_bytes().to_vec();
    let forged = part(v1::freeze_census_request::Part::Header(forged));
    // It is told so before it has sent a table.
    let parts = tokio_stream::StreamExt::chain(tokio_stream::once(forged), tokio_stream::pending());
    let refused = tokio::time::timeout(Duration::from_secs(10), node.elections.freeze_census(parts)).await;
    is(refused.unwrap(), Code::PermissionDenied, "SIGNATURE");
    node.stop().await;
}

/// A15: doubled and unknown fields, and fields in another order, end in the
/// one form that every reader gets; bytes that are too many do not.
#[tokio::test]
async fn a15_what_is_served_has_one_form() {
    let place = Place::new();
    let mut world = World::new(83, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let (id, entry) = (world.election_id(), world.entry(1, None));
    let canonical = v1::BoardEntry::from(&entry).encode_to_vec();
    let (id_bytes, path) = (id.to_bytes(), "/tabella.v1.BallotService/Submit");
    let submit = |entry: &[u8]| [field(2, entry.len() as u64, entry), field(1, 32, &id_bytes)].concat();
    for extra in [0, 1, 4] {
        let mut long = v1::BoardEntry::from(&entry);
        long.proof.extend(vec![0; extra]);
        long.slot.extend(vec![0; extra]);
        if extra > 0 {
            let status = send(&node.channel, path, submit(&long.encode_to_vec())).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
        }
    }
    let noisy = [field(1, 32, &[0xff; 32]), canonical.clone(), field(99, 3, b"abc")].concat();
    send(&node.channel, path, submit(&noisy)).await.unwrap();
    let request = v1::ListEntriesRequest { election_id: id_bytes.to_vec(), start: 0, limit: 0 };
    let list = "/tabella.v1.BoardService/ListEntries";
    let served = send(&node.channel, list, request.encode_to_vec()).await.unwrap().unwrap();
    assert_eq!(served, field(1, canonical.len() as u64, &canonical));
    send(&node.channel, path, submit(&canonical)).await.unwrap();
    assert_eq!(node.entries(id).await, [entry]);
    node.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A50: random bytes, and valid requests with bytes changed, to every
    /// method of one node.
    #[test]
    fn a50_random_requests_never_stop_the_node(
        random in prop::collection::vec(any::<u8>(), 0..600),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let mut world = World::new(84, keys(vec![]));
            let mut node = serve(&world, &place).await;
            node.create(&world.draft).await.unwrap();
            let entry = world.entry(1, None);
            let valid = [
                v1::SubmitBallotRequest {
                    election_id: world.election_id().to_bytes().to_vec(),
                    entry: Some((&entry).into()),
                }.encode_to_vec(),
                v1::CreateDraftRequest { draft: Some((&world.draft).into()) }.encode_to_vec(),
                v1::RegisterRequest { registration: Some((&world.registration(0, 1)).into()) }.encode_to_vec(),
                v1::PostRequest { message: Some((&world.message(1, 1, 0, vec![1; 40])).into()) }.encode_to_vec(),
            ];
            let changed = valid.into_iter().map(|mut bytes| {
                changes.iter().for_each(|(at, byte)| { let i = at.index(bytes.len()); bytes[i] = *byte; });
                bytes
            });
            for bytes in changed.chain([random.clone()]) {
                for path in crate::transport::paths().filter(|p| !endless(p)) {
                    let call = send(&node.channel, path, bytes.clone());
                    let answer = tokio::time::timeout(Duration::from_secs(10), call).await.expect(path);
                    let code = answer.err().map_or(Code::Ok, |s| s.code());
                    assert!(code != Code::Unavailable && code != Code::Cancelled, "{path}: {code:?}");
                }
            }
            node.create(&world.draft).await.unwrap();
            node.stop().await;
        });
    }
}
