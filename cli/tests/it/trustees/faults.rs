//! A trustee that cheats, over the wire: the honest ones end the generation
//! and name it (A27, A61).

use super::*;
use client::trustees;
use trustee::{KeyStatement, MemoryStorage, Message, Phase, Trustee};

const CULPRIT: u8 = 3;

/// Trustee 3, run by this test with its real keys.
struct Cheat {
    machine: Trustee<MemoryStorage>,
    account: AccountKey,
    draft: SignedDraft,
    client: client::Node,
}

impl Cheat {
    fn new(scene: &mut Scene) -> Self {
        let keys = scene.party(CULPRIT).keys();
        let account: [u8; 32] = keys.to_bytes()[1..33].try_into().unwrap();
        let machine = Trustee::new(keys, &scene.draft, MemoryStorage::new()).unwrap();
        let account = AccountKey::from_bytes(&account).unwrap();
        Self { machine, account, draft: scene.draft.clone(), client: scene.client.clone() }
    }

    /// A properly signed message with any body.
    fn sign(&self, round: u8, to: u8, body: Vec<u8>) -> TrusteeMessage {
        let draft = &self.draft.draft;
        let content = TrusteeContent { draft_id: draft.id(), round, from: CULPRIT, to, body: &body };
        let signature = self.account.sign(content.signing_hash(&draft.domain()));
        TrusteeMessage { draft_id: draft.id(), round, from: CULPRIT, to, body, signature }
    }

    /// Takes part as trustees do, with its messages changed, until some other
    /// trustee ends the generation.
    async fn take_part(
        &mut self,
        census: Option<&Census>,
        change: impl Fn(&Self, TrusteeMessage) -> TrusteeMessage,
    ) {
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < PATIENCE, "nobody has noticed");
            let (messages, _) = trustees::fetch(&self.client, self.draft.draft.id()).await.unwrap();
            if messages.iter().any(|m| m.round == 255) {
                return;
            }
            for m in &messages {
                // What it has changed itself, it does not know.
                let _ = self.machine.handle(&Message::try_from(m.clone()).unwrap());
            }
            if let (Phase::Census, Some(census)) = (self.machine.phase(), census) {
                let keys =
                    world().verifying.iter().map(|k| k.hash().0).collect::<Vec<_>>().try_into().unwrap();
                self.machine.sign_key(census, keys).unwrap();
            }
            for m in self.machine.outgoing() {
                let place = |h: &TrusteeMessage| (h.round, h.from, h.to);
                let m = change(self, TrusteeMessage::from(&m));
                if messages.iter().all(|h| place(h) != place(&m)) {
                    trustees::post(&self.client, &m).await.unwrap();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Both honest trustees end with an error that names the culprit, and so
/// does what anyone can ask the node.
async fn assert_named(scene: &mut Scene, what: &str, proven: bool) {
    let named = format!("trustee {CULPRIT} {what}");
    for index in 1..=2 {
        assert_eq!(scene.party(index).ended(), Some(1), "{}", scene.party(index).log());
        let log = scene.party(index).log();
        assert!(log.contains(&named) && log.contains("restart under a new draft"), "{log}");
        let status = scene.party(index).status();
        assert_eq!(status["drafts"][0]["phase"], "aborted");
        assert_eq!(status["drafts"][0]["aborts"][0]["culprit"], CULPRIT);
    }
    let progress = scene.progress();
    let aborts = progress["aborts"].as_array().unwrap();
    let of_it = aborts.iter().find(|a| a["reason"].as_str().unwrap() == what).unwrap();
    assert_eq!((&of_it["culprit"], &of_it["proven"]), (&CULPRIT.into(), &proven.into()));
    assert_ne!(scene.phase().await, proto::v1::Phase::Keyed);
}

/// A27: the node refuses the second message, keeps it, and shows it.
#[tokio::test(flavor = "multi_thread")]
async fn a27_equivocation_is_shown_to_all_and_named() {
    let mut scene = Scene::new(3, |_| ()).await;
    scene.start(1);
    scene.start(2);
    let (one, other) = (Cheat::new(&mut scene), Cheat::new(&mut scene));
    let commit = |cheat: &Cheat| TrusteeMessage::from(&cheat.machine.outgoing()[0]);
    trustees::post(&scene.client, &commit(&one)).await.unwrap();
    assert!(trustees::post(&scene.client, &commit(&other)).await.is_err());
    assert_named(&mut scene, "sent two different messages in one round", true).await;
    assert_eq!(scene.progress()["conflicts"], serde_json::json!([CULPRIT]));
}

/// A27: shares that do not open.
#[tokio::test(flavor = "multi_thread")]
async fn a27_a_bad_share_is_named() {
    let mut scene = Scene::new(3, |_| ()).await;
    scene.start(1);
    scene.start(2);
    let mut cheat = Cheat::new(&mut scene);
    let bad = |cheat: &Cheat, m: TrusteeMessage| match m.round {
        3 => cheat.sign(3, m.to, vec![5; trustee::ENVELOPE_BYTES]),
        _ => m,
    };
    cheat.take_part(None, bad).await;
    assert_named(&mut scene, "sent a share that does not fit its commitments", false).await;
}

/// A61: a trustee signs a key of its own choice.
#[tokio::test(flavor = "multi_thread")]
async fn a61_another_key_is_not_signed_but_named() {
    let mut scene = Scene::new(3, |_| ()).await;
    scene.start(1);
    scene.start(2);
    let mut cheat = Cheat::new(&mut scene);
    let census = world().census(&scene.draft.draft);
    let another = |cheat: &Cheat, m: TrusteeMessage| {
        if m.round != ROUND_KEY {
            return m;
        }
        let draft = &cheat.draft.draft;
        let mut key = KeyStatement::from_body(draft, &m.body).unwrap().key;
        // The public key stands behind root (32) and total (8).
        let mut body = m.body.clone();
        key.public_key = GroupElement::generator();
        body[40..104].copy_from_slice(&key.public_key.to_bytes());
        let at = body.len() - 65;
        body[at..].copy_from_slice(&cheat.account.sign(key.signing_hash(&draft.domain())).to_bytes());
        cheat.sign(ROUND_KEY, 0, body)
    };
    cheat.take_part(Some(&census), another).await;
    assert_named(&mut scene, "signed another key than the messages give", false).await;
}

/// Malformed messages that a node carries all the same name their sender and
/// stop nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn a50_messages_that_no_trustee_sends_are_skipped_and_named() {
    let mut scene = Scene::new(3, |_| ()).await;
    let cheat = Cheat::new(&mut scene);
    let abort = cheat.sign(255, 0, vec![7; 5]);
    trustees::post(&scene.client, &abort).await.unwrap();
    trustees::post(&scene.client, &cheat.sign(2, 0, vec![1; 5000])).await.unwrap();
    scene.start(1);
    scene.start(2);
    for index in 1..=2 {
        scene.party(index).says("the abort of trustee 3 is refused");
        scene.party(index).says("the reveal of trustee 3 is refused");
        scene.party(index).says("waits for the commitment of trustee 3");
        assert!(scene.party(index).is_running());
    }
    assert_eq!(scene.progress()["missing"][0]["index"], CULPRIT);
}
