//! Every rule of the organiser's, the members' and the trustees' calls.

use super::fixture::*;
use circuits::types::*;
use proto::v1::{self, node_service_client::NodeServiceClient};
use tonic::Code;
use tonic_types::StatusExt;

#[tokio::test]
async fn drafts_are_checked() {
    let place = Place::new();
    let world = World::new(2, keys(vec![]));
    let mut node = serve(&world, &place).await;
    let with = |change: fn(&mut Draft)| {
        let mut draft = world.draft.draft.clone();
        change(&mut draft);
        sign_draft(draft, &world.organiser)
    };
    is(node.create(&with(|d| d.threshold = 1)).await, Code::InvalidArgument, "DRAFT");
    is(node.create(&with(|d| d.operator = Address([1; 20]))).await, Code::FailedPrecondition, "OPERATOR");
    is(node.create(&with(|d| d.threshold = 3)).await, Code::FailedPrecondition, "NO_KEYS");
    is(node.create(&with(|d| d.organiser = Address([1; 20]))).await, Code::PermissionDenied, "DRAFT");
    let mut text = world.draft.clone();
    text.proposal = "other".into();
    is(node.create(&text).await, Code::InvalidArgument, "DRAFT");
    node.set_time(CLOSING);
    is(node.create(&world.draft).await, Code::FailedPrecondition, "CLOSING_PAST");
    node.set_time(OPENING);
    node.create(&world.draft).await.unwrap();
    node.create(&world.draft).await.unwrap();
    let list = node.elections.list_elections(v1::ListElectionsRequest::default()).await.unwrap().into_inner();
    assert_eq!(list.elections.len(), 1);
    let empty = node.elections.create_draft(v1::CreateDraftRequest::default()).await.unwrap_err();
    assert_eq!(empty.get_details_bad_request().unwrap().field_violations[0].field, "draft");
    node.stop().await;
}

#[tokio::test]
async fn organisers_outside_the_list_are_refused() {
    let place = Place::new();
    let world = World::new(3, keys(vec![]));
    let mut config = place.config(&world);
    config.organisers = vec![Address([1; 20])];
    let mut node = serve_with(&world, config, std::sync::Arc::new(Lenient)).await;
    is(node.create(&world.draft).await, Code::PermissionDenied, "ORGANISER");
    node.stop().await;
}

/// What an organiser asks before a draft is written.
#[tokio::test]
async fn a_node_says_whose_it_is_and_what_it_takes() {
    let place = Place::new();
    let world = World::new(31, keys(vec![]));
    let mut config = place.config(&world);
    config.organisers = vec![Address([1; 20])];
    let (operator, holders) = (config.operator.address(), config.limits.holders as u64);
    let node = serve_with(&world, config, std::sync::Arc::new(Lenient)).await;
    let mut client = NodeServiceClient::connect(format!("http://{}", node.node.address())).await.unwrap();
    node.set_time(CLOSING + 7);
    let info = client.get_info(v1::GetInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.operator, info.time), (operator.0.to_vec(), CLOSING + 7));
    assert_eq!((info.organisers, info.limits.unwrap().holders), (vec![vec![1; 20]], holders));
    node.stop().await;
}

/// A65, A69: counters rise, identities stay with their account, and the
/// account signs.
#[tokio::test]
async fn a69_old_registrations_are_refused() {
    let place = Place::new();
    let world = World::new(4, keys(vec![]));
    let mut node = serve(&world, &place).await;
    let first = world.registration(0, 5);
    is(node.register(&first).await, Code::NotFound, "UNKNOWN_ORGANISATION");
    node.create(&world.draft).await.unwrap();
    node.register(&first).await.unwrap();
    node.register(&first).await.unwrap();
    is(node.register(&world.registration(0, 4)).await, Code::FailedPrecondition, "COUNTER");
    let fresh = IdentityCommitment::from_field(99u64.into());
    let again = world.registration_of(&world.members[0].account, fresh, 5);
    is(node.register(&again).await, Code::FailedPrecondition, "COUNTER");
    let again = world.registration_of(&world.members[0].account, fresh, 6);
    node.register(&again).await.unwrap();
    is(node.register(&first).await, Code::FailedPrecondition, "COUNTER");
    let thief = world.registration_of(&world.members[1].account, fresh, 1);
    is(node.register(&thief).await, Code::AlreadyExists, "IDENTITY_TAKEN");
    let mut forged = world.registration(1, 1);
    forged.message.address = world.members[2].account.address();
    is(node.register(&forged).await, Code::PermissionDenied, "SIGNATURE");
    let mut other_chain = world.registration(1, 1);
    other_chain.message.chain_id = 9;
    is(node.register(&other_chain).await, Code::NotFound, "UNKNOWN_ORGANISATION");
    let mut unproven = world.registration(1, 1);
    unproven.proof = ProofBytes([0xff; 256]);
    is(node.register(&unproven).await, Code::InvalidArgument, "REGISTRATION_PROOF");
    let organisation = world.draft.draft.organisation.clone();
    let request = v1::ListRegistrationsRequest { organisation, start: 0 };
    let mut stream = node.registry.list_registrations(request).await.unwrap().into_inner();
    let listed = stream.message().await.unwrap().unwrap().registrations;
    let listed: Vec<Registration> = listed.into_iter().map(|r| r.try_into().unwrap()).collect();
    assert_eq!(listed, [first, again]);
    node.stop().await;
}

/// Many registrations at once share syncs; two for one account do not.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_registrations_of_one_account_have_one_winner_per_counter() {
    let place = Place::new();
    let world = World::new(5, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.create(&world.draft).await.unwrap();
    let calls: Vec<_> = (0..16u64)
        .map(|i| {
            let identity = IdentityCommitment::from_field((100 + i).into());
            let r = world.registration_of(&world.members[0].account, identity, 1);
            let mut registry = node.registry.clone();
            tokio::spawn(async move {
                registry.register(v1::RegisterRequest { registration: Some((&r).into()) }).await
            })
        })
        .collect();
    let mut accepted = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(status) => assert_eq!(status.code(), Code::FailedPrecondition),
        }
    }
    assert_eq!(accepted, 1);
    node.stop().await;
}

/// A13: the census is what holders and registrations give, and nothing else.
#[tokio::test]
async fn a13_a_census_that_does_not_follow_from_the_registrations_is_refused() {
    let place = Place::new();
    let world = World::new(6, keys(vec![]));
    let mut node = serve(&world, &place).await;
    let statement = world.statement();
    is(node.freeze(&world, &statement).await, Code::NotFound, "UNKNOWN_DRAFT");
    node.create(&world.draft).await.unwrap();
    is(node.freeze(&world, &statement).await, Code::InvalidArgument, "CENSUS");
    for i in 0..world.members.len() - 1 {
        node.register(&world.registration(i, 1)).await.unwrap();
    }
    let differs = node.freeze(&world, &statement).await.unwrap_err();
    let info = differs.get_details_error_info().unwrap();
    assert_eq!((differs.code(), info.reason.as_str()), (Code::FailedPrecondition, "CENSUS_DIFFERS"));
    assert_ne!(info.metadata["root"], statement.root.to_string());
    node.register(&world.registration(world.members.len() - 1, 1)).await.unwrap();
    let signature = world.organiser.sign(statement.signing_hash(&world.draft.draft.domain()));
    let mut holders = world.holders();
    holders[1].weight += 1;
    is(node.freeze_as(&statement, signature, holders).await, Code::InvalidArgument, "CENSUS");
    let mut holders = world.holders();
    holders.swap(0, 1);
    is(node.freeze_as(&statement, signature, holders).await, Code::InvalidArgument, "HOLDER");
    let stranger = world.operator.sign(statement.signing_hash(&world.draft.draft.domain()));
    is(node.freeze_as(&statement, stranger, world.holders()).await, Code::PermissionDenied, "SIGNATURE");
    node.freeze(&world, &statement).await.unwrap();
    node.freeze(&world, &statement).await.unwrap();
    let mut other = statement;
    other.total += 1;
    is(node.freeze(&world, &other).await, Code::AlreadyExists, "CENSUS_FROZEN");
    let request = v1::GetCensusRequest { draft_id: world.draft_id().to_bytes().to_vec() };
    let leaves = node.registry.get_census(request).await.unwrap().into_inner().message().await.unwrap();
    let leaves: Vec<CensusEntry> =
        leaves.unwrap().entries.into_iter().map(|e| e.try_into().unwrap()).collect();
    assert_eq!(leaves, world.census().entries());
    node.stop().await;
}

/// A17, A27, A61: the trustees' messages.
#[tokio::test]
async fn trustees_messages_are_checked_and_a_conflict_is_kept() {
    let place = Place::new();
    let world = World::new(7, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.create(&world.draft).await.unwrap();
    let commit = world.message(1, 1, 0, vec![1]);
    is(node.post(&commit).await, Code::FailedPrecondition, "PHASE");
    for i in 0..world.members.len() {
        node.register(&world.registration(i, 1)).await.unwrap();
    }
    node.freeze(&world, &world.statement()).await.unwrap();
    node.post(&commit).await.unwrap();
    node.post(&commit).await.unwrap();
    let conflict = world.message(1, 1, 0, vec![2]);
    is(node.post(&conflict).await, Code::AlreadyExists, "TRUSTEE_CONFLICT");
    is(node.post(&world.message(1, 1, 0, vec![3])).await, Code::AlreadyExists, "TRUSTEE_CONFLICT");
    let mut forged = commit.clone();
    forged.from = 2;
    is(node.post(&forged).await, Code::PermissionDenied, "TRUSTEE");
    forged.from = 4;
    is(node.post(&forged).await, Code::InvalidArgument, "TRUSTEE");
    is(node.post(&world.message(1, 9, 0, vec![])).await, Code::InvalidArgument, "TRUSTEE_ROUND");
    is(node.post(&world.message(1, 1, 2, vec![])).await, Code::InvalidArgument, "TRUSTEE_RECIPIENT");
    is(node.post(&world.message(1, 3, 1, vec![])).await, Code::InvalidArgument, "TRUSTEE_RECIPIENT");
    is(node.post(&world.message(1, 5, 0, vec![1])).await, Code::FailedPrecondition, "PHASE");
    is(node.post(&world.message(1, 4, 0, vec![1])).await, Code::InvalidArgument, "KEY_STATEMENT");
    let key = world.election_key();
    let mut other = key.clone();
    other.verifying_keys[1] = [9; 32];
    is(node.post(&world.key_message(1, &other)).await, Code::FailedPrecondition, "KEY_VERIFYING_KEYS");
    let mut other = key.clone();
    other.census_total += 1;
    is(node.post(&world.key_message(1, &other)).await, Code::FailedPrecondition, "KEY_CENSUS");
    is(node.open(&world).await, Code::FailedPrecondition, "KEY_INCOMPLETE");
    node.post(&world.key_message(1, &key)).await.unwrap();
    node.post(&world.key_message(2, &key)).await.unwrap();
    let mut other = key.clone();
    other.transcript = [1; 32];
    node.post(&world.key_message(3, &other)).await.unwrap();
    is(node.open(&world).await, Code::FailedPrecondition, "KEY_DISAGREES");
    let request = v1::ListRequest { draft_id: world.draft_id().to_bytes().to_vec(), start: 0 };
    let list = node.trustees.list(request).await.unwrap().into_inner();
    assert_eq!(list.messages.len(), 4);
    assert_eq!(list.conflicts, [(&conflict).into()]);
    node.stop().await;
}

#[tokio::test]
async fn voting_opens_and_closes_by_the_rules() {
    let place = Place::new();
    let mut world = World::new(8, keys(vec![]));
    let mut node = serve(&world, &place).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    is(node.submit(id, &entry).await, Code::NotFound, "UNKNOWN_ELECTION");
    node.freeze_all(&world).await;
    for i in 1..=TRUSTEES {
        node.post(&world.key_message(i, &world.election_key())).await.unwrap();
    }
    is(node.submit(id, &entry).await, Code::FailedPrecondition, "PHASE");
    let draft_id = world.draft_id().to_bytes().to_vec();
    let signature = world.order(Order::Close(id));
    let swapped = v1::OpenElectionRequest { draft_id, signature };
    is(node.elections.open_election(swapped).await, Code::PermissionDenied, "SIGNATURE");
    is(node.close(&world, vec![]).await, Code::FailedPrecondition, "PHASE");
    node.set_time(OPENING - 1);
    node.open(&world).await.unwrap();
    assert_eq!(node.head(id).await.head.size, 0);
    is(node.submit(id, &entry).await, Code::FailedPrecondition, "NOT_OPEN_YET");
    node.set_time(OPENING);
    node.submit(id, &entry).await.unwrap();
    is(node.close(&world, vec![]).await, Code::FailedPrecondition, "TOO_EARLY");
    let opening = world.order(Order::Open(id));
    is(node.close(&world, opening).await, Code::PermissionDenied, "SIGNATURE");
    let head = node.close(&world, world.order(Order::Close(id))).await.unwrap();
    assert!(head.head.closed && head.head.size == 1);
    assert_eq!(node.close(&world, vec![]).await.unwrap(), head);
    let later = world.entry(2, None);
    is(node.submit(id, &later).await, Code::FailedPrecondition, "PHASE");
    let repeat = node.submit(id, &entry).await.unwrap();
    assert_eq!((repeat.path.index, repeat.head), (0, head));
    assert!(!node.election(&world).await.close_signature.is_empty());
    node.stop().await;
}

#[tokio::test]
async fn the_node_closes_at_the_closing_time_and_not_before() {
    let place = Place::new();
    let mut world = World::with(9, keys(vec![]), |d| d.early_close = false);
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    is(node.close(&world, world.order(Order::Close(id))).await, Code::FailedPrecondition, "NO_EARLY_CLOSE");
    node.set_time(CLOSING);
    let entry = world.entry(1, None);
    let (code, reason) = why(node.submit(id, &entry).await);
    assert!(code == Code::FailedPrecondition && ["VOTING_OVER", "PHASE"].contains(&reason.as_str()));
    let mut tries = 0;
    while !node.head(id).await.head.closed {
        tries += 1;
        assert!(tries < 100, "not closed 10 s after the closing time");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(node.election(&world).await.close_signature.is_empty());
    node.stop().await;
}

/// A33: t - 1 valid decryptions give no result; one more does.
#[tokio::test]
async fn a33_the_result_is_proven_once_enough_decryptions_are_valid() {
    let place = Place::new();
    let mut world = World::new(10, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let id = world.election_id();
    let entry = world.entry(1, None);
    node.submit(id, &entry).await.unwrap();
    node.close(&world, world.order(Order::Close(id))).await.unwrap();
    let request = v1::GetTallyRequest { election_id: id.to_bytes().to_vec() };
    node.post(&world.message(1, 5, 0, vec![1])).await.unwrap();
    node.post(&world.message(2, 5, 0, vec![0])).await.unwrap();
    is(node.elections.get_tally(request.clone()).await, Code::NotFound, "NOT_FOUND");
    node.post(&world.message(3, 5, 0, vec![1])).await.unwrap();
    let mut tries = 0;
    let tally = loop {
        match node.elections.get_tally(request.clone()).await {
            Ok(answer) => break answer.into_inner().tally.unwrap(),
            Err(_) => tries += 1,
        }
        assert!(tries < 100, "no result after 10 s");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(tally.quorum, [1, 3]);
    assert_eq!(node.election(&world).await.phase(), v1::Phase::Tallied);
    let attempts = node.prover.0.load(std::sync::atomic::Ordering::SeqCst);
    assert!(attempts <= 2, "{attempts} attempts for two sets of decryptions");
    node.stop().await;
}

/// What a record needs is served.
#[tokio::test]
async fn everything_that_was_signed_is_served() {
    let place = Place::new();
    let world = World::new(11, keys(vec![]));
    let mut node = serve(&world, &place).await;
    node.open_all(&world).await;
    let e = node.election(&world).await;
    assert_eq!(SignedDraft::try_from(e.draft.unwrap()).unwrap(), world.draft);
    assert_eq!(CensusStatement::try_from(e.census.unwrap()).unwrap(), world.statement());
    let key = SignedElectionKey::try_from(e.key.unwrap()).unwrap();
    key.check(&world.draft.draft).unwrap();
    let open = Signature::from_bytes(&e.open_signature).unwrap();
    let hash = Order::Open(world.election_id()).signing_hash(&world.draft.draft.domain());
    open.verify(hash, world.organiser.address()).unwrap();
    assert!(e.insecure_development_keys);
    for hash in key.key.verifying_keys {
        let request = v1::GetVerifyingKeyRequest { hash: hash.to_vec() };
        let bytes = node.elections.get_verifying_key(request).await.unwrap().into_inner().key;
        assert_eq!(verifier::VerifyingKey::from_bytes(&bytes).unwrap().hash().0, hash);
    }
    let request = v1::GetHoldersRequest { draft_id: world.draft_id().to_bytes().to_vec() };
    let holders = node.registry.get_holders(request).await.unwrap().into_inner().message().await.unwrap();
    let holders: Vec<Holder> = holders.unwrap().holders.into_iter().map(|h| h.try_into().unwrap()).collect();
    assert_eq!(holders, world.holders());
    node.stop().await;
}
