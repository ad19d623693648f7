//! Making a key: killed, cut off, restored from copies, and watched.

use super::*;
use circuits::{curve::Scalar, decryption::Lagrange};
use client::registration;
use hpke::{
    Deserializable, Kem, OpModeR, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256,
    single_shot_open,
};
use prover::KeyStore;
use rand_core::{OsRng, RngCore};
use std::collections::BTreeSet;
use verifier::CircuitId;

/// One message per place, and nothing was refused: nobody has signed twice.
async fn assert_once(scene: &Scene) {
    let (messages, conflicts) = scene.messages().await;
    assert!(conflicts.is_empty(), "{conflicts:?}");
    let places: BTreeSet<(u8, u8, u8)> = messages.iter().map(|m| (m.round, m.from, m.to)).collect();
    assert_eq!(places.len(), messages.len());
}

/// Kills a trustee at a time, at random moments of the key generation.
#[tokio::test(flavor = "multi_thread")]
async fn a67_trustees_killed_at_random_moments_make_one_key_and_sign_it_once() {
    let mut scene = Scene::new(3, |_| ()).await;
    scene.start_all();
    let (mut kills, mut seen) = (0, 0);
    while kills < 15 && scene.phase().await != proto::v1::Phase::Keyed {
        // At once after a new message, or at any other moment.
        let start = Instant::now();
        let longest = Duration::from_millis(u64::from(OsRng.next_u32() % 1500));
        let mut count = seen;
        while count == seen && start.elapsed() < longest {
            count = scene.messages().await.0.len();
        }
        let wait = u64::from(OsRng.next_u32() % 20);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let index = kills % 3 + 1;
        println!("kill {kills}: trustee {index}, {wait} ms after {} messages", count);
        scene.party(index).kill();
        scene.start(index);
        (kills, seen) = (kills + 1, count);
    }
    scene.keyed().await;
    assert_once(&scene).await;
    let raw =
        client::election::fetch_raw(&scene.client, client::election::Reference::Draft(scene.id())).await;
    let election = format!("0x{}", hex::encode(raw.unwrap().election_id));
    for index in 1..=3 {
        scene.party(index).says("waits for its closing");
        scene.party(index).kill();
        let status = scene.party(index).status();
        let draft = &status["drafts"][0];
        assert_eq!(draft["draft"], scene.id().to_string());
        assert_eq!((&draft["phase"], &draft["index"]), (&"ready".into(), &index.into()));
        assert_eq!(draft["signed"]["election"], election);
        assert_eq!(draft["signed"]["by_all"], true);
        scene.start(index);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_once(&scene).await;
}

/// The node stops during the key generation and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_node_is_survived_and_said() {
    let mut scene = Scene::new(2, |_| ()).await;
    scene.start(1);
    scene.party(1).says("waits for the commitment of trustee 2");
    let status = scene.party(1).status();
    assert_eq!(status["drafts"][0]["missing"][0]["index"], 2);
    scene.stop_node().await;
    scene.party(1).says("tries again until the node answers");
    scene.start(2);
    scene.party(2).says("tries again until the node answers");
    scene.resume_node().await;
    scene.keyed().await;
    assert!(scene.party(1).log().contains("the node answers again"));
    assert_once(&scene).await;
}

/// The log of registrations goes on after a freeze, for other drafts.
#[tokio::test(flavor = "multi_thread")]
async fn a69_registrations_after_the_freeze_do_not_stop_the_trustees() {
    let mut scene = Scene::new(2, |_| ()).await;
    let store = KeyStore::of_circuits(KeyStore::default_directory().unwrap());
    let key = store.get(CircuitId::Registration, &|_| ()).unwrap();
    let late = AccountKey::random(&mut OsRng);
    let identity = client::identity::Identity::generate();
    let registration = registration::sign(&key, &late, &identity, 1, ORGANISATION, 1).unwrap();
    registration::submit(&scene.client, &registration).await.unwrap();
    scene.start_all();
    scene.keyed().await;
    assert!(scene.party(1).log().contains("rebuilt the census of 4 members and 175 units"));
}

/// One process per trustee follows two drafts; a third one names others.
#[tokio::test(flavor = "multi_thread")]
async fn one_trustee_follows_all_drafts_that_name_it() {
    let mut scene = Scene::new(2, |_| ()).await;
    (1..=2).for_each(|i| scene.start_with(i, &["--all"]));
    scene.keyed().await;
    let mut second = scene.draft.draft.clone();
    second.nonce[0] ^= 1;
    let mut others = second.clone();
    others.nonce[0] ^= 2;
    others.trustees[1].encryption_key = [9; 32];
    let publish = |draft: Draft| {
        let text = scene.draft.proposal.clone();
        client::organiser::draft::sign(draft, text, &world().organiser).unwrap()
    };
    let [second, others] = [second, others].map(publish);
    for signed in [&others, &second] {
        client::organiser::publish(&scene.client, signed).await.unwrap();
        scene.freeze(signed).await;
    }
    scene.draft = second;
    scene.keyed().await;
    let taken_up = format!("draft={}", scene.id());
    scene.party(2).says(&taken_up);
    assert!(!scene.party(2).log().contains(&others.draft.id().to_string()));
    assert_eq!(scene.party(1).status()["drafts"].as_array().unwrap().len(), 3);
}

/// A67: a directory put back to an older copy sends nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a67_a_directory_restored_from_an_older_copy_is_refused() {
    let mut scene = Scene::new(2, |_| ()).await;
    scene.start(1);
    scene.party(1).says("waits for the commitment of trustee 2");
    scene.party(1).kill();
    let (place, dir) = (scene.place.path().to_owned(), scene.party(1).dir.clone());
    copy(&dir, &place.join("older"));
    scene.start_all();
    scene.keyed().await;
    let before = scene.messages().await;
    for copy_of in ["older", "lost"] {
        scene.party(1).kill();
        if copy_of == "older" {
            fs::rename(&dir, place.join("newest")).unwrap();
            fs::rename(place.join("older"), &dir).unwrap();
        } else {
            fs::remove_file(dir.join(format!("{}.state", scene.id()))).unwrap();
        }
        scene.start(1);
        assert_eq!(scene.party(1).ended(), Some(1));
        scene.party(1).says("put back to an older copy");
        assert_eq!(scene.messages().await, before, "{copy_of}: nothing was posted, nothing refused");
    }
    // The newest copy goes on.
    fs::remove_dir_all(&dir).unwrap();
    fs::rename(place.join("newest"), &dir).unwrap();
    scene.start(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(scene.party(1).is_running());
    assert_eq!(scene.party(1).status()["drafts"][0]["phase"], "ready");
}

/// What somebody who sees all of the node, and has all secrets of some
/// trustees, tries against the others.
struct Adversary {
    draft: DraftId,
    key: ElectionKey,
    shares: Vec<TrusteeMessage>,
}

impl Adversary {
    /// The secret in an envelope, opened with an encryption key.
    /// spec: `trustee.envelope`
    fn open(&self, m: &TrusteeMessage, secret: &[u8]) -> Option<[u8; 32]> {
        let mut info = b"tabella.v1.trustee-share".to_vec();
        info.extend(self.draft.to_bytes());
        info.extend([3, m.from, m.to]);
        let (encapsulated, ciphertext) = m.body.split_at(32);
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &<X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret).unwrap(),
            &<X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?,
            &info,
            ciphertext,
            &[],
        );
        opened.ok()?.try_into().ok()
    }

    /// Looks for the key, or a share of it, among all 32-byte strings of a
    /// view, in both byte orders; alone and together with a known share.
    fn search(&self, view: &[u8], known: (u8, Scalar)) -> bool {
        let mut candidates: BTreeSet<[u8; 32]> = BTreeSet::new();
        for window in view.windows(32) {
            let forward: [u8; 32] = window.try_into().unwrap();
            let mut reversed = forward;
            reversed.reverse();
            candidates.extend([forward, reversed]);
        }
        candidates.iter().filter_map(|b| scalar_from_bytes(b).ok()).any(|x| self.gives_key(x, known))
    }

    fn gives_key(&self, x: Scalar, (index, share): (u8, Scalar)) -> bool {
        let point = |x: Scalar| GroupElement::mul_generator(x);
        // The key itself, or another trustee's share of it.
        if point(x) == Some(self.key.public_key) {
            return true;
        }
        let other = (1..).zip(&self.key.verification_shares).find(|(_, vk)| Some(**vk) == point(x));
        let Some((other, _)) = other.filter(|(other, _)| *other != index) else { return false };
        let (low, high) =
            if index < other { ((index, share), (other, x)) } else { ((other, x), (index, share)) };
        let lagrange = Lagrange::new(&[low.0, high.0]).unwrap().scalars();
        point(low.1 * lagrange[0] + high.1 * lagrange[1]) == Some(self.key.public_key)
    }
}

/// A62: everything that the node sees during a key generation, and all
/// secrets of one trustee besides, do not give the key of 2 of 3.
#[tokio::test(flavor = "multi_thread")]
async fn a62_what_the_node_sees_does_not_give_the_key() {
    let mut scene = Scene::new(3, |_| ()).await;
    scene.start_all();
    scene.keyed().await;
    (1..=3).for_each(|i| scene.party(i).kill());
    let (messages, _) = scene.messages().await;
    let raw =
        client::election::fetch_raw(&scene.client, client::election::Reference::Draft(scene.id())).await;
    let key = SignedElectionKey::try_from(raw.unwrap().key.unwrap()).unwrap().key;
    scene.stop_node().await;
    let journal = bytes_below(&scene.place.path().join("node"));
    let shares: Vec<TrusteeMessage> = messages.iter().filter(|m| m.round == 3).cloned().collect();
    assert_eq!(shares.len(), 6);
    for m in &messages {
        assert!(journal.windows(m.body.len()).any(|w| w == m.body), "the journal holds every message");
    }
    let adversary = Adversary { draft: scene.id(), key, shares };

    // Envelopes open for their recipient alone, along their own route.
    let secrets: Vec<Vec<u8>> = scene.trustees.iter().map(|p| p.keys().to_bytes()[33..].to_vec()).collect();
    let mut hidden: Vec<[u8; 32]> = Vec::new();
    for m in &adversary.shares {
        for (index, secret) in (1..).zip(&secrets) {
            let opened = adversary.open(m, secret);
            assert_eq!(opened.is_some(), index == m.to, "envelope {} -> {} with key {index}", m.from, m.to);
            hidden.extend(opened);
            let moved = TrusteeMessage { from: 6 - m.from - m.to, ..m.clone() };
            assert!(adversary.open(&moved, secret).is_none());
        }
    }
    // No secret is anywhere in the node's files, in either byte order.
    let true_shares: Vec<[u8; 32]> = scene.trustees.iter().map(|p| p.share(scene.id())).collect();
    hidden.extend(&true_shares);
    for secret in hidden {
        let mut reversed = secret;
        reversed.reverse();
        assert!(!journal.windows(32).any(|w| w == secret || w == reversed));
    }
    // Nor does a search through the messages find one, whoever helps; and it
    // would find it, were it there.
    let view: Vec<u8> = messages.iter().flat_map(|m| m.body.clone()).collect();
    let scalar = |bytes: &[u8; 32]| scalar_from_bytes(bytes).unwrap();
    let known = (1, scalar(&true_shares[0]));
    assert!(!adversary.search(&view, known));
    assert!(adversary.search(&[&view[..100], &true_shares[1][..]].concat(), known));
    assert!(!adversary.search(&true_shares[0], known), "its own share is not enough");
}
