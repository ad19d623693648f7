//! Logs of audits over the wire.

use super::fixture::*;
use crate::{Metrics, NodeError, jobs::attestation::AttestationQueue, ledger::OpenError};
use audit::{
    attestation::{Attestation, AttestationProofs, NotProven, Terms},
    log::{Entry, Event, Log, LogId, Parties, Receipt},
    testing::{self, ORGANISATION, anchor, attestation, registration, revocation, terms},
};
use circuits::types::*;
use proto::v1::{self, attestation_service_client::AttestationServiceClient};
use std::{
    fs,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

type Client = AttestationServiceClient<Channel>;

/// A node with its callers: the organiser of the fixture, and an auditor.
struct Office {
    world: World,
    place: Place,
    auditor: AccountKey,
    parties: Parties,
}

impl Office {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, keys(vec![]));
        let auditor = AccountKey::random(&mut world.rng);
        let (operator, organiser) = (world.operator.address(), world.organiser.address());
        let parties = Parties { operator, organiser, organisation: ORGANISATION.into() };
        Self { world, place: Place::new(), auditor, parties }
    }

    async fn serve(&self) -> (Served, Client) {
        let node = serve(&self.world, &self.place).await;
        let client = AttestationServiceClient::new(node.channel.clone());
        (node, client)
    }

    fn id(&self) -> Vec<u8> {
        self.parties.log().to_bytes().to_vec()
    }

    fn attestation(&self, records: u8, change: impl FnOnce(&mut Terms)) -> Attestation {
        let mut terms = terms(OPENING);
        change(&mut terms);
        attestation(&self.auditor, &terms, records, &[])
    }

    async fn register(&self, client: &mut Client, counter: u64) -> Result<Receipt, Status> {
        let signed = registration(&self.world.organiser, self.auditor.address(), counter);
        let organiser = self.parties.organiser.0.to_vec();
        let request = v1::RegisterAuditorRequest { organiser, registration: Some((&signed).into()) };
        let answer = client.register_auditor(request).await?.into_inner();
        assert_eq!(answer.log_id, self.id());
        Ok(self.checked(answer.receipt))
    }

    async fn anchor(&self, client: &mut Client, attestation: &Attestation) -> Result<Receipt, Status> {
        let signed = anchor(&self.auditor, attestation);
        let request = v1::AnchorRequest { log_id: self.id(), anchor: Some((&signed).into()) };
        Ok(self.checked(client.anchor(request).await?.into_inner().receipt))
    }

    async fn submit(&self, client: &mut Client, attestation: &Attestation) -> Result<Receipt, Status> {
        self.submit_bytes(client, attestation.to_bytes()).await
    }

    async fn submit_bytes(&self, client: &mut Client, attestation: Vec<u8>) -> Result<Receipt, Status> {
        let request = v1::SubmitAttestationRequest { log_id: self.id(), attestation };
        Ok(self.checked(client.submit(request).await?.into_inner().receipt))
    }

    async fn revoke(&self, client: &mut Client, id: [u8; 32], by: &AccountKey) -> Result<Receipt, Status> {
        let signed = revocation(by, id, OPENING);
        let request = v1::RevokeAttestationRequest { log_id: self.id(), revocation: Some((&signed).into()) };
        Ok(self.checked(client.revoke(request).await?.into_inner().receipt))
    }

    fn checked(&self, receipt: Option<v1::LogReceipt>) -> Receipt {
        let receipt = Receipt::try_from(receipt.unwrap()).unwrap();
        receipt.check(&self.parties).unwrap();
        receipt
    }

    /// A registered auditor, and anchored records of each number.
    async fn begin(&self, client: &mut Client, records: &[u8]) {
        self.register(client, 1).await.unwrap();
        for number in records {
            self.anchor(client, &self.attestation(*number, |_| {})).await.unwrap();
        }
    }

    async fn get(&self, client: &mut Client, id: [u8; 32]) -> v1::GetAttestationResponse {
        let request = v1::GetAttestationRequest { log_id: self.id(), id: id.to_vec(), time: 0 };
        client.get(request).await.unwrap().into_inner()
    }

    async fn list(&self, client: &mut Client, request: v1::ListAttestationsRequest) -> Vec<Vec<u8>> {
        let request = v1::ListAttestationsRequest { log_id: self.id(), ..request };
        client.list(request).await.unwrap().into_inner().attestations.into_iter().map(|a| a.id).collect()
    }

    /// All events, as a reader replays them, with the head over them.
    async fn replay(&self, client: &mut Client) -> (Log, SignedHead) {
        let request = v1::GetLogHeadRequest { log_id: self.id() };
        let head = client.get_head(request).await.unwrap().into_inner().head.unwrap();
        let head = SignedHead::try_from(head).unwrap();
        self.parties.check_head(&head).unwrap();
        let mut log = Log::new(self.parties.clone());
        while log.tree().len() < head.head.size {
            let request = v1::ListEventsRequest { log_id: self.id(), start: log.tree().len(), limit: 2 };
            let events = client.list_events(request).await.unwrap().into_inner().events;
            assert!((1..=2).contains(&events.len()));
            for event in events {
                log.admit(&Entry::try_from(event).unwrap()).unwrap();
            }
        }
        assert_eq!(log.tree().root(), head.head.root);
        (log, head)
    }
}

fn details(status: &Status, key: &str) -> String {
    status.get_details_error_info().unwrap().metadata[key].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_is_registered_anchored_submitted_revoked_and_served() {
    let office = Office::new(90);
    let (node, mut client) = office.serve().await;
    office.begin(&mut client, &[1, 2]).await;
    let (first, second) = (office.attestation(1, |_| {}), office.attestation(2, |_| {}));
    let receipt = office.submit(&mut client, &first).await.unwrap();
    assert_eq!((receipt.path.index, receipt.row.id), (3, first.id()));
    assert_eq!(receipt.row.content, keccak256(first.to_bytes()));
    office.submit(&mut client, &second).await.unwrap();
    office.revoke(&mut client, second.id(), &office.world.organiser).await.unwrap();

    let shown = office.get(&mut client, first.id()).await;
    assert_eq!(shown.attestation, first.to_bytes());
    assert_eq!((shown.status(), shown.time), (v1::AttestationStatus::Valid, OPENING));
    let receipts =
        [shown.receipt, shown.registration_receipt, shown.anchor_receipt].map(|r| office.checked(r));
    assert_eq!(receipts.each_ref().map(|r| r.path.index), [3, 0, 1]);
    assert!(receipts.iter().all(|r| r.head == receipts[0].head));
    let shown = office.get(&mut client, second.id()).await;
    assert_eq!(shown.status(), v1::AttestationStatus::Revoked);
    assert_eq!(office.checked(shown.revocation_receipt).path.index, 5);

    let (log, head) = office.replay(&mut client).await;
    assert_eq!((head.head.size, log.attestations().len()), (6, 2));
    let request = v1::ProveLogRequest { log_id: office.id(), first_size: 2, second_size: 6 };
    let proof = client.prove_consistency(request).await.unwrap().into_inner();
    let proof = circuits::primitives::merkle::ConsistencyProof::try_from(proof).unwrap();
    proof.check((2, log.tree().root_at(2).unwrap()), (6, head.head.root)).unwrap();
    let request = v1::ProveLogRequest { log_id: office.id(), first_size: 2, second_size: 7 };
    assert_eq!(client.prove_consistency(request).await.unwrap_err().code(), Code::NotFound);
    let request = v1::ProveEventRequest { log_id: office.id(), seq: 5 };
    office.checked(client.prove_inclusion(request).await.unwrap().into_inner().receipt);
    let request = v1::ProveEventRequest { log_id: office.id(), seq: 6 };
    assert_eq!(client.prove_inclusion(request).await.unwrap_err().code(), Code::NotFound);
    node.stop().await;
}

/// A9: the same message again is the same event, whatever its signature.
#[tokio::test(flavor = "multi_thread")]
async fn a9_a_repeat_gives_a_receipt_of_the_same_event() {
    let office = Office::new(91);
    let (node, mut client) = office.serve().await;
    office.begin(&mut client, &[1]).await;
    let attestation = office.attestation(1, |_| {});
    let first = office.submit(&mut client, &attestation).await.unwrap();
    let again = office.submit(&mut client, &attestation).await.unwrap();
    assert_eq!((first.row, first.path.index), (again.row, again.path.index));
    assert_eq!(office.register(&mut client, 1).await.unwrap().path.index, 0);
    assert_eq!(office.anchor(&mut client, &attestation).await.unwrap().path.index, 1);
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (mut client, request) = (client.clone(), office.attestation(1, |t| t.issued += 1).to_bytes());
            let log_id = office.id();
            tokio::spawn(async move {
                client.submit(v1::SubmitAttestationRequest { log_id, attestation: request }).await
            })
        })
        .collect();
    for call in calls {
        match call.await.unwrap() {
            Ok(answer) => assert_eq!(office.checked(answer.into_inner().receipt).path.index, 3),
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
        }
    }
    assert_eq!(office.replay(&mut client).await.0.tree().len(), 4);
    node.stop().await;
}

/// A56 to A60: what an auditor or a stranger must not do, each with the
/// reason, and nothing of it on the log.
#[tokio::test(flavor = "multi_thread")]
async fn a56_a57_a59_what_breaks_a_rule_is_refused_with_its_reason() {
    let office = Office::new(92);
    let (node, mut client) = office.serve().await;
    let good = office.attestation(1, |_| {});
    let unknown = office.submit(&mut client, &good).await;
    is(unknown, Code::NotFound, "UNKNOWN_LOG");
    let forged = v1::RegisterAuditorRequest {
        organiser: office.parties.organiser.0.to_vec(),
        registration: Some((&registration(&office.auditor, office.auditor.address(), 1)).into()),
    };
    is(client.register_auditor(forged).await, Code::PermissionDenied, "SIGNATURE");
    office.begin(&mut client, &[1]).await;
    is(
        office.submit(&mut client, &office.attestation(2, |_| {})).await,
        Code::FailedPrecondition,
        "NOT_ANCHORED",
    );
    let replayed = office.submit(&mut client, &office.attestation(1, |t| t.system = "Another".into())).await;
    let status = replayed.unwrap_err();
    assert_eq!(details(&status, "differs"), "system");
    is::<()>(Err(status), Code::FailedPrecondition, "REPLAYED");
    let elsewhere = office.attestation(1, |t| t.organisation = "Another".into());
    is(office.submit(&mut client, &elsewhere).await, Code::InvalidArgument, "ORGANISATION");
    let chain = office.attestation(1, |t| t.domain.chain_id = 5);
    is(office.submit(&mut client, &chain).await, Code::InvalidArgument, "DOMAIN");
    let future = office.attestation(1, |t| (t.issued, t.expires) = (OPENING + 400, OPENING + 500));
    is(office.submit(&mut client, &future).await, Code::FailedPrecondition, "FUTURE");
    let expired = office.attestation(1, |t| (t.issued, t.expires) = (OPENING - 10, OPENING));
    is(office.submit(&mut client, &expired).await, Code::FailedPrecondition, "EXPIRED");
    let stranger = AccountKey::from_bytes(&[9; 32]).unwrap();
    let unregistered = attestation(&stranger, &terms(OPENING), 1, &[]);
    is(office.submit(&mut client, &unregistered).await, Code::FailedPrecondition, "NOT_REGISTERED");
    let mut signed_by_other = good.clone();
    signed_by_other.signature = unregistered.signature;
    is(office.submit(&mut client, &signed_by_other).await, Code::PermissionDenied, "SIGNATURE");
    let unproven = attestation(&office.auditor, &terms(OPENING), 1, &[0xff]);
    let status = office.submit(&mut client, &unproven).await.unwrap_err();
    assert_eq!((status.code(), details(&status, "check")), (Code::InvalidArgument, "audit.proof".into()));
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "attestation");
    is(office.revoke(&mut client, good.id(), &office.auditor).await, Code::NotFound, "UNKNOWN_ATTESTATION");
    office.submit(&mut client, &good).await.unwrap();
    is(office.revoke(&mut client, good.id(), &stranger).await, Code::PermissionDenied, "REVOKER");
    assert_eq!(office.replay(&mut client).await.0.tree().len(), 3);
    node.stop().await;
}

/// A46, A50, A15: attestations that are none.
#[tokio::test(flavor = "multi_thread")]
async fn a46_a50_malformed_attestations_are_refused_by_field() {
    let office = Office::new(93);
    let (node, mut client) = office.serve().await;
    office.begin(&mut client, &[1]).await;
    let good = String::from_utf8(office.attestation(1, |_| {}).to_bytes()).unwrap();
    let bad: [Vec<u8>; 7] = [
        vec![],
        b"{}".to_vec(),
        vec![0xff; 1000],
        vec![b' '; (1 << 20) + 1],
        b"[".repeat(1 << 19),
        good.replacen("{", "{\n  \"unknown\": 1,", 1).into_bytes(),
        good.replace("  \"version\": 1", " \"version\": 1").into_bytes(),
    ];
    for bytes in bad {
        let status = office.submit_bytes(&mut client, bytes).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "attestation");
    }
    let huge = office.submit_bytes(&mut client, vec![b' '; 2 << 20]).await.unwrap_err();
    assert!(matches!(huge.code(), Code::OutOfRange | Code::ResourceExhausted), "{huge}");
    let mut changed = v1::SignedDataAnchor::from(&anchor(&office.auditor, &office.attestation(2, |_| {})));
    changed.anchor.as_mut().unwrap().data_root.push(0);
    let request = v1::AnchorRequest { log_id: office.id(), anchor: Some(changed) };
    let status = client.anchor(request).await.unwrap_err();
    assert_eq!(
        status.get_details_bad_request().unwrap().field_violations[0].field,
        "anchor.anchor.data_root"
    );
    let request = v1::AnchorRequest { log_id: office.id(), anchor: None };
    assert_eq!(client.anchor(request).await.unwrap_err().code(), Code::InvalidArgument);
    let wrong = v1::ListAttestationsRequest { log_id: office.id(), status: 99, ..Default::default() };
    assert_eq!(client.list(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    let wrong =
        v1::ListAttestationsRequest { log_id: office.id(), page_token: "x".into(), ..Default::default() };
    assert_eq!(client.list(wrong).await.unwrap_err().code(), Code::NotFound);
    office.submit_bytes(&mut client, good.into_bytes()).await.unwrap();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_pages_and_filters_and_a_stated_time() {
    let office = Office::new(94);
    let (node, mut client) = office.serve().await;
    office.begin(&mut client, &[1, 2]).await;
    let attestations = [
        office.attestation(1, |_| {}),
        office.attestation(1, |t| t.issued += 1),
        office.attestation(2, |t| t.expires += 10),
    ];
    for attestation in &attestations {
        office.submit(&mut client, attestation).await.unwrap();
    }
    office.revoke(&mut client, attestations[1].id(), &office.auditor).await.unwrap();
    let ids: Vec<Vec<u8>> = attestations.iter().map(|a| a.id().to_vec()).collect();
    let any = v1::ListAttestationsRequest::default;
    assert_eq!(office.list(&mut client, any()).await, ids);
    let status = |status: v1::AttestationStatus, time| v1::ListAttestationsRequest {
        status: status.into(),
        time,
        ..any()
    };
    assert_eq!(office.list(&mut client, status(v1::AttestationStatus::Revoked, 0)).await, ids[1..2]);
    let expires = attestations[0].claim.expires;
    assert_eq!(office.list(&mut client, status(v1::AttestationStatus::Expired, expires)).await, ids[..1]);
    assert_eq!(office.list(&mut client, status(v1::AttestationStatus::Valid, expires)).await, ids[2..]);
    let root = attestations[2].claim.data_root.to_vec();
    assert_eq!(
        office.list(&mut client, v1::ListAttestationsRequest { data_root: root, ..any() }).await,
        ids[2..]
    );
    let none = v1::ListAttestationsRequest { system: "Another".into(), ..any() };
    assert!(office.list(&mut client, none).await.is_empty());
    let none = v1::ListAttestationsRequest { auditor: vec![1; 20], ..any() };
    assert!(office.list(&mut client, none).await.is_empty());
    let none = v1::ListAttestationsRequest { model_commitment: vec![1; 32], ..any() };
    assert!(office.list(&mut client, none).await.is_empty());
    let (mut paged, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListAttestationsRequest { log_id: office.id(), page_size: 2, page_token, ..any() };
        let page = client.list(request).await.unwrap().into_inner();
        assert!(page.attestations.len() <= 2);
        paged.extend(page.attestations.into_iter().map(|a| a.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, ids);
    let request = v1::ListAuditorsRequest { log_id: office.id(), ..Default::default() };
    assert_eq!(client.list_auditors(request).await.unwrap().into_inner().auditors.len(), 1);
    let logs = client.list_logs(v1::ListLogsRequest::default()).await.unwrap().into_inner().logs;
    assert_eq!((logs.len(), &logs[0].organisation[..], logs[0].size), (1, ORGANISATION, 7));
    node.stop().await;
}

/// A4: after a restart, with the index or with one built anew, the log is the
/// same and a message sent again is the same event.
#[tokio::test(flavor = "multi_thread")]
async fn a4_a_restart_changes_nothing_on_the_log() {
    let office = Office::new(95);
    let (mut node, mut client) = office.serve().await;
    office.begin(&mut client, &[1]).await;
    let good = office.attestation(1, |_| {});
    let receipt = office.submit(&mut client, &good).await.unwrap();
    let before = office.replay(&mut client).await.1;
    // Elections are on the same journal.
    node.create(&office.world.draft).await.unwrap();
    node.stop().await;
    for reindex in [false, true] {
        let mut config = office.place.config(&office.world);
        config.reindex = reindex;
        let node = serve_with(&office.world, config, Arc::new(Lenient)).await;
        let mut client = AttestationServiceClient::new(node.channel.clone());
        assert_eq!(office.replay(&mut client).await.1, before);
        assert_eq!(office.submit(&mut client, &good).await.unwrap(), receipt);
        node.stop().await;
    }
    fs::remove_dir_all(office.place.data().join("index")).unwrap();
    let (node, mut client) = office.serve().await;
    office.revoke(&mut client, good.id(), &office.auditor).await.unwrap();
    assert_eq!(office.replay(&mut client).await.1.head.size, 4);
    node.stop().await;
}

/// A37: a log that was rolled back, or is another operator's, is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a37_a_rolled_back_or_foreign_log_is_refused_at_start() {
    let mut office = Office::new(96);
    let (node, mut client) = office.serve().await;
    office.begin(&mut client, &[1]).await;
    node.stop().await;
    let old = office.place.path().join("old");
    super::restart::copy(&office.place.data(), &old);
    let (node, mut client) = office.serve().await;
    office.submit(&mut client, &office.attestation(1, |_| {})).await.unwrap();
    node.stop().await;
    let new = office.place.path().join("new");
    super::restart::copy(&office.place.data(), &new);
    fs::remove_dir_all(office.place.data()).unwrap();
    super::restart::copy(&old, &office.place.data());
    let start = async |office: &Office| {
        try_start(&office.world, office.place.config(&office.world)).await.map(|_| ()).unwrap_err()
    };
    let error = start(&office).await;
    assert!(matches!(error, NodeError::Open(OpenError::Store(_))), "{error}");
    assert!(error.to_string().contains("rolled back"), "{error}");
    fs::remove_dir_all(office.place.data()).unwrap();
    super::restart::copy(&new, &office.place.data());
    office.world.operator = AccountKey::random(&mut office.world.rng);
    let error = start(&office).await;
    assert!(matches!(error, NodeError::Open(OpenError::Operator { .. })), "{error}");
}

/// Waits for a word before each attestation.
#[derive(Debug)]
struct Slow(Mutex<mpsc::Receiver<()>>);

impl AttestationProofs for Slow {
    fn verify(&self, _: &Attestation) -> Result<(), NotProven> {
        // As long as somebody may give it.
        let _ = self.0.lock().unwrap().recv();
        Ok(())
    }
}

/// A43, A46: attestations that wait are bounded, and the queue works on.
#[tokio::test(flavor = "multi_thread")]
async fn a43_the_queue_of_attestations_is_bounded() {
    let (word, words) = mpsc::channel();
    let queue = AttestationQueue::new(Arc::new(Slow(Mutex::new(words))), 2, &Metrics::default());
    let attestation =
        || Box::new(attestation(&AccountKey::from_bytes(&[3; 32]).unwrap(), &terms(OPENING), 1, &[]));
    let wait = |queue: &AttestationQueue| {
        let (queue, attestation) = (queue.clone(), attestation());
        tokio::spawn(async move { queue.verify(attestation).await.map(|(_, verdict)| verdict) })
    };
    let (first, second) = (wait(&queue), wait(&queue));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(wait(&queue).await.unwrap().is_err(), "a third one has no place");
    for _ in 0..2 {
        word.send(()).unwrap();
    }
    assert_eq!(first.await.unwrap().unwrap(), Ok(()));
    assert_eq!(second.await.unwrap().unwrap(), Ok(()));
    word.send(()).unwrap();
    assert_eq!(wait(&queue).await.unwrap().unwrap(), Ok(()));
}

/// Each signer has a rate of its own, logs and their events have limits, and
/// only the operator's organisers begin logs.
#[tokio::test(flavor = "multi_thread")]
async fn a46_logs_have_limits() {
    let office = Office::new(97);
    let mut config = office.place.config(&office.world);
    config.limits.attestation_burst = 3;
    config.limits.attestation_events = 4;
    config.limits.attestation_logs = 1;
    config.limits.attestation_rows = 1;
    config.organisers = vec![office.world.organiser.address()];
    let node = serve_with(&office.world, config, Arc::new(Lenient)).await;
    let mut client = AttestationServiceClient::new(node.channel.clone());
    let stranger = AccountKey::from_bytes(&[9; 32]).unwrap();
    let of_another = |name: &str, organiser: &AccountKey| {
        let mut r = registration(organiser, stranger.address(), 1).registration;
        r.organisation = name.into();
        let signed = testing::sign_registration(organiser, r);
        let organiser = organiser.address().0.to_vec();
        v1::RegisterAuditorRequest { organiser, registration: Some((&signed).into()) }
    };
    let request = of_another(ORGANISATION, &stranger);
    is(client.register_auditor(request).await, Code::PermissionDenied, "ORGANISER");
    office.begin(&mut client, &[1]).await;
    let request = of_another("Another", &office.world.organiser);
    is(client.register_auditor(request).await, Code::ResourceExhausted, "LOGS_FULL");
    let large = office.submit(&mut client, &office.attestation(1, |_| {})).await;
    is(large, Code::InvalidArgument, "SHAPE_LIMIT");
    office.anchor(&mut client, &office.attestation(2, |_| {})).await.unwrap();
    let limited = office.anchor(&mut client, &office.attestation(3, |_| {})).await.unwrap_err();
    assert!(limited.get_details_retry_info().is_some());
    is::<()>(Err(limited), Code::ResourceExhausted, "ATTESTATION_LIMIT");
    office.register(&mut client, 2).await.unwrap();
    is(office.register(&mut client, 3).await, Code::ResourceExhausted, "LOG_FULL");
    node.stop().await;
}

/// The events of a journal read back as they were written.
#[test]
fn log_ids_name_their_place() {
    let office = Office::new(98);
    let id = office.parties.log();
    assert_eq!(LogId::at(id.place()), id);
    let signed = registration(&office.world.organiser, office.auditor.address(), 1);
    let entry = Entry { time: 7, event: Event::Auditor(signed) };
    assert_eq!(Entry::try_from(v1::LogEvent::from(&entry)).unwrap(), entry);
}
