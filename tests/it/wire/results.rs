//! A66: results that count a trustee twice, or more than there is.

use super::*;
use circuits::{
    decryption::PartialDecryption,
    types::{AccountKey, ROUND_DECRYPTION, Tally, TrusteeContent, TrusteeMessage, TypedData},
};
use client::{organiser, record, trustees};
use node::{Deps, TallyCase, TallyFailure, TallyProver};
use proto::v1::GetTallyRequest;
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use trustee::{CheckedBoard, Closing};
use verifier::{
    decryption::{InvalidDecryption, InvalidQuorum, check_partial, check_quorum},
    tally::ClosedBoard,
};

/// Proves nothing; keeps what the node would have it combine.
#[derive(Debug, Default)]
struct Asked(Mutex<Vec<TrusteeMessage>>);

impl TallyProver for Asked {
    fn prove(&self, case: &TallyCase) -> Result<Tally, TallyFailure> {
        self.0.lock().unwrap().clone_from(&case.decryptions);
        Err(TallyFailure::NotEnough { valid: Vec::new(), needed: case.draft.draft.threshold })
    }
}

impl Asked {
    /// The decryptions of the case that has `count` of them.
    async fn case_of(&self, count: usize) -> Vec<TrusteeMessage> {
        let asked = async {
            loop {
                let decryptions = self.0.lock().unwrap().clone();
                if decryptions.len() == count {
                    return decryptions;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap()
    }
}

impl World {
    /// A decryption of trustee `index`, with fresh randomness each time: its
    /// state is that before the closing.
    fn decryption(&self, index: usize, board: &CheckedBoard, closing: &Closing) -> TrusteeMessage {
        (&self.scenario.trustee(index).unwrap().decrypt(board, closing).unwrap()).into()
    }

    /// The same body in the place of trustee `from`, signed by trustee
    /// `signer`.
    fn moved(&self, message: &TrusteeMessage, from: u8, signer: usize) -> TrusteeMessage {
        let keys = self.scenario.trustees[signer - 1].to_bytes();
        let account = AccountKey::from_bytes(keys[1..33].try_into().unwrap()).unwrap();
        let draft = self.scenario.draft();
        let content = TrusteeContent {
            draft_id: draft.id(),
            round: ROUND_DECRYPTION,
            from,
            to: 0,
            body: &message.body,
        };
        let signature = account.sign(content.signing_hash(&draft.domain()));
        TrusteeMessage { from, signature, ..message.clone() }
    }

    fn check(&self, board: &ClosedBoard, m: &TrusteeMessage) -> Result<PartialDecryption, InvalidDecryption> {
        check_partial(self.scenario.draft(), &self.scenario.key.key, board, m)
    }
}

/// One trustee fills one place, once; with another trustee's signature it is
/// in the log, and counts for nobody. The node then has no result, and whoever
/// says that it has one with a repeated trustee is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a66_one_trustee_does_not_count_as_two() {
    let (world, place, asked) = (World::new(), tempfile::tempdir().unwrap(), Arc::new(Asked::default()));
    let deps = Deps::new(Arc::new(world.keys.set().unwrap()), asked.clone());
    let node = node::Node::start(serve::config(&world.scenario, place.path()), deps).await.unwrap();
    let client = serve::connect(&node).await.unwrap();
    let election = Arc::new(world.scenario.open_on(&client).await.unwrap());
    let served = Served::over(node, client, election).await;
    for request in &world.scenario.first[..3] {
        served.submit(request).await.unwrap();
    }
    let (draft, id) = (world.scenario.draft(), world.scenario.election_id());
    let head = organiser::close(&served.client, &world.scenario.organiser, draft, id).await.unwrap();
    let order = circuits::types::Order::Close(id).signing_hash(&draft.domain());
    let order = Some(world.scenario.organiser.sign(order));
    let entries = record::fetch_entries(&served.client, id, head.head.size).await.unwrap();
    let board = CheckedBoard::replay(id, e2e::keys::SHAPE, &entries, &|_| Ok(())).unwrap();
    let closing = Closing { head, order, anchored: None, now: head.head.time };

    let [first, second] = [(); 2].map(|()| world.decryption(1, &board, &closing));
    assert_ne!(first.body, second.body);
    trustees::post(&served.client, &first).await.unwrap();
    trustees::post(&served.client, &first).await.unwrap();
    let code = |sent: Result<(), client::Error>| match sent.unwrap_err() {
        client::Error::Refused { refusal, .. } => refusal.code,
        other => panic!("{other}"),
    };
    assert_eq!(code(trustees::post(&served.client, &second).await), Code::AlreadyExists);
    let stolen = world.moved(&second, 2, 1);
    assert_eq!(code(trustees::post(&served.client, &stolen).await), Code::PermissionDenied);
    let lent = world.moved(&second, 2, 2);
    trustees::post(&served.client, &lent).await.unwrap();

    let closed = served.mirror().await.closed_board().unwrap();
    let case = asked.case_of(2).await;
    assert_eq!(case, [first.clone(), lent.clone()]);
    let partial = world.check(&closed, &first).unwrap();
    let refused = world.check(&closed, &lent).unwrap_err();
    assert_eq!(refused, InvalidDecryption::Index { from: 2, found: 1 });
    let request = GetTallyRequest { election_id: id.to_bytes().to_vec() };
    assert_eq!(served.elections.clone().get_tally(request).await.unwrap_err().code(), Code::NotFound);

    let mut valid = BTreeMap::from([(1, partial)]);
    let slots = closed.slots;
    for quorum in [vec![1, 1], vec![1, 2], vec![1]] {
        let refused = check_quorum(draft, slots, &valid, &quorum).map(|_| ());
        assert!(matches!(refused, Err(InvalidQuorum::Trustees { needed: 2, .. })), "{quorum:?}");
    }
    let third = world.decryption(3, &board, &closing);
    trustees::post(&served.client, &third).await.unwrap();
    assert_eq!(asked.case_of(3).await.len(), 3);
    valid.insert(3, world.check(&closed, &third).unwrap());
    assert!(check_quorum(draft, slots, &valid, &[1, 3]).is_ok());
    assert!(check_quorum(draft, slots, &valid, &[3, 1]).is_err(), "one order");
    served.stop().await;
}
