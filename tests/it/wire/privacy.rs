//! A39, A41, A42, A64: what the wire tells about a member.

use super::*;
use client::{board::Mirror, choice::Choice};
use proto::v1::{GetTallyRequest, PostRequest, trustee_service_client::TrusteeServiceClient};
use std::sync::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use trustee::{CheckedBoard, Closing};

/// Carries connections to the node and keeps what the client sends on each.
struct Relay {
    address: std::net::SocketAddr,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Relay {
    async fn to(node: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, sent) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = sent.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let node = TcpStream::connect(node).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_node, mut to_node) = node.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_node, &mut to_client).await });
                let kept = kept.clone();
                let connection = kept.lock().unwrap().len();
                kept.lock().unwrap().push(Vec::new());
                tokio::spawn(async move {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
                        kept.lock().unwrap()[connection].extend(&buffer[..n]);
                        if to_node.write_all(&buffer[..n]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, sent }
    }

    /// Lengths of the HTTP/2 frames that carry requests (DATA and HEADERS)
    /// of one submission over a fresh connection.
    async fn lengths(&self, request: &SubmitBallotRequest) -> Vec<(u8, usize)> {
        let url = format!("http://{}", self.address);
        let mut client = BallotServiceClient::connect(url).await.unwrap();
        client.submit(request.clone()).await.unwrap();
        drop(client);
        frames(self.sent.lock().unwrap().last().unwrap())
    }
}

/// Type and length of each DATA (0) and HEADERS (1) frame after the preface.
fn frames(bytes: &[u8]) -> Vec<(u8, usize)> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (mut rest, mut out) = (bytes.strip_prefix(PREFACE).unwrap(), Vec::new());
    while let Some((head, after)) = rest.split_first_chunk::<9>() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        if head[3] <= 1 {
            out.push((head[3], length));
        }
        rest = after.get(length..).unwrap_or_default();
    }
    out
}

/// A39: captured on the wire, submissions have one size: first votes for
/// each option, by members of all weights, re-votes and masks.
#[tokio::test(flavor = "multi_thread")]
async fn a39_all_submissions_have_one_size_on_the_wire() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let relay = Relay::to(served.node.address()).await;
    let mut sizes = Vec::new();
    for request in world.scenario.first.iter().chain(&world.scenario.later) {
        sizes.push(relay.lengths(request).await);
    }
    assert!(sizes[0].iter().any(|(kind, length)| *kind == 0 && *length > 900), "{:?}", sizes[0]);
    assert!(sizes.iter().all(|s| *s == sizes[0]), "{sizes:?}");
    served.stop().await;
}

/// A41: while the board is open there is no total, and nobody who helps to
/// make one: neither the node nor a trustee.
#[tokio::test(flavor = "multi_thread")]
async fn a41_there_are_no_interim_tallies() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let mut entries = Vec::new();
    for request in &world.scenario.first[..4] {
        served.submit(request).await.unwrap();
        entries.push(world.scenario.entry(request).unwrap());
    }
    let election_id = world.scenario.election_id();
    let request = GetTallyRequest { election_id: election_id.to_bytes().to_vec() };
    let refusal = served.elections.clone().get_tally(request).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let board = CheckedBoard::replay(election_id, e2e::keys::SHAPE, &entries, &|_| Ok(())).unwrap();
    let head = *served.mirror().await.head().unwrap();
    let closing = Closing { head, order: None, anchored: None, now: u64::MAX };
    let asked = world.scenario.trustee(1).unwrap().decrypt(&board, &closing);
    assert!(matches!(asked, Err(trustee::Error::Refused(_))), "{asked:?}");

    // A trustee who does it all the same finds no node that publishes it.
    let early = circuits::types::TrusteeMessage {
        round: circuits::types::ROUND_DECRYPTION,
        ..world.scenario.messages[0].clone()
    };
    let mut trustees =
        TrusteeServiceClient::connect(format!("http://{}", served.node.address())).await.unwrap();
    let request = PostRequest { message: Some((&early).into()) };
    assert_ne!(trustees.post(request).await.unwrap_err().code(), Code::Ok);
    served.stop().await;
}

/// A42: to a stranger, the slots of a member who has not voted, of nobody,
/// and of somebody outside the census are the same.
#[tokio::test(flavor = "multi_thread")]
async fn a42_the_node_does_not_tell_members_from_others() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let id = world.scenario.election_id();
    let template = world.scenario.entry(&world.scenario.first[1]).unwrap();
    let member = circuits::types::Slot::derive(world.scenario.members[0].identity.secret(), id);
    let outsider = circuits::types::Slot::derive(client::identity::Identity::generate().secret(), id);
    let nobody = circuits::types::Slot::from_field(7u64.into());
    let mut answers = Vec::new();
    for slot in [member, outsider, nobody] {
        let status = served.submit(&world.request(&BoardEntry { slot, ..template.clone() })).await;
        let status = status.map(|r| r.path.index).unwrap_err();
        answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    served.stop().await;
}

/// A64: no request of the voting interface has a field that names a member:
/// no address, no identity, no leaf. What a voter reads is the same for all.
#[test]
fn a64_no_call_of_the_voting_interface_names_a_member() {
    use prost::Message;
    let files = prost_types::FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let messages = || files.file.iter().flat_map(|f| &f.message_type);
    let fields = |name: &str| -> Vec<String> {
        let short = name.rsplit('.').next().unwrap();
        let message = messages().find(|m| m.name() == short).unwrap();
        message.field.iter().map(|f| f.name().to_owned()).collect()
    };
    let services = files.file.iter().flat_map(|f| &f.service);
    let voting = services.filter(|s| s.name() != "TrusteeService");
    let mut seen = 0;
    for method in voting.flat_map(|s| &s.method).filter(|m| m.name() != "Register") {
        for field in fields(method.input_type()) {
            seen += 1;
            let names = ["address", "identity", "member", "leaf", "account", "weight"];
            let named = names.iter().any(|n| field.contains(n));
            assert!(!named, "{} asks for {field}", method.name());
        }
    }
    assert!(seen > 10, "only {seen} fields found");
}

/// A63, A64: a vote and a mask that are overtaken retry with the same
/// ticket, in as many calls of the same kind.
#[tokio::test(flavor = "multi_thread")]
async fn a63_a64_overtaken_votes_and_masks_keep_their_ticket_and_land() {
    let (world, place) = (World::new(), tempfile::tempdir().unwrap());
    let served = world.serve(place.path()).await;
    let (first, later) = (&world.scenario.first, &world.scenario.later);
    for request in first {
        served.submit(request).await.unwrap();
    }
    // Slots 0 and 2 will move on under the voters' hands.
    let mut mirror = served.mirror().await;
    let voter = world.voter(&served, 0);
    let vote = voter.intend_vote(&mirror, &Choice::Single(2)).unwrap();
    let masker = world.voter(&served, 20);
    let slot = world.scenario.entry(&first[2]).unwrap().slot;
    let mask = masker.intend_mask(&mirror, slot).unwrap();
    let mut stale = Mirror::new(&served.election);
    stale.sync(&served.client).await.unwrap();
    for request in &later[..4] {
        served.submit(request).await.unwrap();
    }
    let voted = voter.cast(&served.client, &mut mirror, &vote).await.unwrap();
    let masked = masker.cast(&served.client, &mut stale, &mask).await.unwrap();
    assert_eq!((voted.attempts, masked.attempts), (2, 2), "one retry each");
    assert_eq!(voted.receipt.row.ticket, vote.ticket());
    assert_eq!((masked.receipt.row.ticket, masked.receipt.row.slot), (mask.ticket(), slot));
    served.stop().await;
}
