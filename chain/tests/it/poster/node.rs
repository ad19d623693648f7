//! The poster against a real node: A51, and the same story as on the
//! embedded chain.

use super::{Disk, check_nonces, key, ledger, policy, story};
use crate::anvil::{self, Anvil};
use chain::{
    Backend, Outbox, Policy, Poster, Rpc,
    backend::Call,
    outbox::{Done, Posting},
    poster::Error,
    revert::Revert,
};
use circuits::types::Address;
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Makes blocks until it is dropped, as a chain does.
struct Miner(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Miner {
    fn start(node: &Anvil) -> Self {
        let (on, port) = (Arc::new(AtomicBool::new(true)), node.port());
        let flag = on.clone();
        let thread = std::thread::spawn(move || {
            while flag.load(Ordering::Relaxed) {
                anvil::ask(port, "anvil_mine", &json!(["0x1"]));
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self(on, Some(thread))
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
        let _ = self.1.take().map(std::thread::JoinHandle::join);
    }
}

type News = Arc<Mutex<Vec<String>>>;

async fn poster(node: &Anvil, policy: Policy) -> (Poster<Rpc>, News) {
    poster_of(node, policy, Disk::default()).await
}

async fn poster_of(node: &Anvil, policy: Policy, disk: Disk) -> (Poster<Rpc>, News) {
    let chain = Rpc::new(&node.url()).unwrap();
    assert!(chain.endow(key().address()).await.unwrap());
    let news = News::default();
    let heard = news.clone();
    let outbox = Outbox::over(Box::new(disk)).unwrap();
    let report = Box::new(move |n: &chain::poster::News| heard.lock().unwrap().push(n.to_string()));
    (Poster::new(chain, outbox, key(), policy, report).await.unwrap(), news)
}

#[tokio::test]
async fn the_same_story_ends_the_same_on_a_real_node() {
    let node = Anvil::start();
    let (mut poster, _) = poster(&node, policy()).await;
    let ledger = story(&mut poster, 3).await.unwrap();
    check_nonces(poster.chain(), ledger, 3).await;
    // A refusal comes with name and argument, as from the embedded chain.
    let again = Call { from: key().address(), to: Some(ledger), data: ledger::entry(ledger, 0).data.0 };
    let refused = poster.chain().call(&again).await.unwrap_err();
    let chain::backend::Error::Reverted(Revert { data, .. }) = refused else { panic!("{refused}") };
    assert_eq!(data.0[4..], ledger::word(0));
    assert!(matches!(poster.chain().estimate(&again).await, Err(chain::backend::Error::Reverted(_))));
}

/// Every entry in a block of its own; the newest `depth` blocks go away
/// before they are deep enough.
#[tokio::test]
async fn a51_reorganisations_of_depth_1_to_7_post_everything_once() {
    let node = Anvil::start();
    let (mut poster, news) = poster(&node, Policy { confirmations: 9, ..policy() }).await;
    let ledger = {
        let _miner = Miner::start(&node);
        story(&mut poster, 0).await.unwrap()
    };
    let mut next = 0;
    for depth in 1..=7u64 {
        let mut ids = Vec::new();
        for n in next..next + 8 {
            let posting = ledger::entry(ledger, n);
            ids.push(posting.id.clone());
            poster.post(posting).await.unwrap();
        }
        next += 8;
        news.lock().unwrap().clear();
        node.ask("anvil_reorg", json!([depth, []]));
        let _miner = Miner::start(&node);
        poster.settle(&ids).await.unwrap();
        let lost = news.lock().unwrap().iter().filter(|n| n.contains("reorganised away")).count();
        assert_eq!(lost as u64, depth, "the operator hears of each");
    }
    check_nonces(poster.chain(), ledger, next).await;
}

/// Deeper than what was called final: the next use of the outbox mends it.
#[tokio::test]
async fn a51_a_reorganisation_past_finality_is_noticed_and_mended() {
    let node = Anvil::start();
    let (mut poster, news) = poster(&node, policy()).await;
    let ledger = story(&mut poster, 6).await.unwrap();
    node.ask("anvil_reorg", json!([4, []]));
    poster.post(ledger::entry(ledger, 6)).await.unwrap();
    check_nonces(poster.chain(), ledger, 7).await;
    assert_eq!(news.lock().unwrap().iter().filter(|n| n.contains("reorganised away")).count(), 4);
}

/// Nothing but its receipt shows it: it is the same contract afterwards.
#[tokio::test]
async fn a51_a_creation_that_is_reorganised_away_is_made_once_more_in_the_same_place() {
    let node = Anvil::start();
    let (mut poster, news) = poster(&node, Policy { confirmations: 3, ..policy() }).await;
    let posting = ledger::creation();
    poster.post(posting.clone()).await.unwrap();
    let place = Address(alloy::primitives::Address::from(key().address().0).create(0).into_array());
    assert!(!poster.chain().code(place).await.unwrap().is_empty());
    node.ask("anvil_reorg", json!([1, []]));
    assert!(poster.chain().code(place).await.unwrap().is_empty());
    let _miner = Miner::start(&node);
    poster.settle(&[posting.id]).await.unwrap();
    assert!(!poster.chain().code(place).await.unwrap().is_empty());
    assert_eq!(poster.chain().nonce(key().address()).await.unwrap(), 1);
    assert_eq!(news.lock().unwrap().iter().filter(|n| n.contains("reorganised away")).count(), 1);
}

/// A replacement is in a block; a reorganisation puts there what it replaced.
#[tokio::test]
async fn a51_a_replaced_transaction_that_a_reorganisation_brings_back_counts_once() {
    let (node, disk) = (Anvil::start(), Disk::default());
    let (mut poster, news) = poster_of(&node, Policy { confirmations: 3, ..policy() }, disk.healthy()).await;
    let ledger = {
        let _miner = Miner::start(&node);
        story(&mut poster, 1).await.unwrap()
    };
    node.ask("evm_setAutomine", json!([false]));
    let port = node.port();
    let block = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(400));
        anvil::ask(port, "anvil_mine", &json!(["0x1"]));
    });
    let posting = ledger::entry(ledger, 1);
    poster.post(posting.clone()).await.unwrap();
    block.await.unwrap();
    let entry = || Outbox::over(Box::new(disk.healthy())).unwrap().get(&posting.id).unwrap().clone();
    let replaced = entry().sent[0].clone();
    assert_ne!(entry().mined.unwrap().hash, replaced.hash);
    let raw = format!("0x{}", hex::encode(&replaced.raw));
    node.ask("anvil_reorg", json!([1, [[raw, 0]]]));
    news.lock().unwrap().clear();
    let _miner = Miner::start(&node);
    poster.settle(std::slice::from_ref(&posting.id)).await.unwrap();
    assert_eq!(entry().mined.unwrap().hash, replaced.hash);
    assert_eq!(news.lock().unwrap().iter().filter(|n| n.contains("reorganised away")).count(), 1);
    check_nonces(poster.chain(), ledger, 2).await;
}

/// Somebody is faster. Where nothing but the receipt tells, the transaction
/// could still succeed in another block, beside that of the next attempt.
#[tokio::test]
async fn a51_a_failed_transaction_is_tried_again_when_its_block_is_deep_enough() {
    let node = Anvil::start();
    let patient = Policy { confirmations: 3, bump_after: Duration::from_secs(60), ..policy() };
    let (mut poster, news) = poster(&node, patient).await;
    let ledger = {
        let _miner = Miner::start(&node);
        story(&mut poster, 1).await.unwrap()
    };
    node.ask("evm_setAutomine", json!([false]));
    let rival = json!({
        "from": node.ask("eth_accounts", json!([]))[0],
        "to": ledger.to_string(),
        "data": format!("0x{}", hex::encode([ledger::word(1), ledger::word(7)].concat())),
        "gas": "0x30d40",
        "maxFeePerGas": "0x174876e800",
        "maxPriorityFeePerGas": "0x174876e800",
    });
    let (port, heard) = (node.port(), news.clone());
    let blocks = tokio::task::spawn_blocking(move || {
        let pause = || std::thread::sleep(Duration::from_millis(300));
        pause();
        anvil::ask(port, "eth_sendTransaction", &json!([rival]));
        anvil::ask(port, "anvil_mine", &json!(["0x1"]));
        pause();
        let before = heard.lock().unwrap().clone();
        anvil::ask(port, "anvil_mine", &json!(["0x2"]));
        before
    });
    let posting = Posting { done: Done::Receipt, ..ledger::entry(ledger, 1) };
    let refused = poster.post(posting).await.unwrap_err();
    assert!(matches!(refused, Error::Reverted { .. }), "{refused}");
    let before = blocks.await.unwrap();
    let says = |news: &[String], what| news.iter().any(|n| n.contains(what));
    assert!(says(&before, "1 of 3 confirmations") && !says(&before, "failed"), "{before:?}");
    assert!(says(&news.lock().unwrap(), "failed in block"));
}

/// The node takes no transaction into a block for a while: the offers rise,
/// and one of them gets in.
#[tokio::test]
async fn a52_a_transaction_that_no_block_takes_offers_more_and_counts_once() {
    let node = Anvil::start();
    let (mut poster, news) = poster(&node, policy()).await;
    let ledger = story(&mut poster, 1).await.unwrap();
    node.ask("evm_setAutomine", json!([false]));
    let port = node.port();
    let block = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(400));
        anvil::ask(port, "anvil_mine", &json!(["0x1"]));
    });
    poster.post(ledger::entry(ledger, 1)).await.unwrap();
    block.await.unwrap();
    check_nonces(poster.chain(), ledger, 2).await;
    assert!(news.lock().unwrap().iter().any(|n| n.contains("replaced by")));
}

#[tokio::test]
async fn a52_a_transaction_that_the_node_drops_is_sent_again() {
    let node = Anvil::start();
    let (mut poster, news) = poster(&node, Policy { bump_after: Duration::from_secs(60), ..policy() }).await;
    let ledger = story(&mut poster, 1).await.unwrap();
    node.ask("evm_setAutomine", json!([false]));
    let port = node.port();
    let drop = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(300));
        anvil::ask(port, "anvil_dropAllTransactions", &json!([]));
        anvil::ask(port, "evm_setAutomine", &json!([true]));
    });
    poster.post(ledger::entry(ledger, 1)).await.unwrap();
    drop.await.unwrap();
    check_nonces(poster.chain(), ledger, 2).await;
    assert!(news.lock().unwrap().iter().any(|n| n.contains("had lost it")));
}

#[tokio::test]
async fn an_account_that_cannot_pay_hears_how_much_it_needs() {
    let node = Anvil::start();
    let outbox = Outbox::over(Box::new(Disk::default())).unwrap();
    let chain = Rpc::new(&node.url()).unwrap();
    let mut poster = Poster::new(chain, outbox, key(), policy(), Box::new(|_| ())).await.unwrap();
    let refused = poster.post(ledger::creation()).await.unwrap_err();
    let Error::Unfunded { account, have: 0, need, .. } = &refused else { panic!("{refused}") };
    assert!(*account == key().address() && *need > 0);
    // The same goes on once it can.
    assert!(poster.chain().endow(key().address()).await.unwrap());
    story(&mut poster, 1).await.unwrap();
}

/// A contract that is none: nothing is posted to it.
#[tokio::test]
async fn a53_a_wrong_chain_or_contract_is_noticed() {
    let node = Anvil::start_with(&["--chain-id", "4242"]);
    let chain = Rpc::new(&node.url()).unwrap();
    assert_eq!(chain.chain_id().await.unwrap(), 4242);
    assert!(chain.code(Address([5; 20])).await.unwrap().is_empty());
    // Not a chain on which others' coin may be spent.
    assert!(!chain.endow(key().address()).await.unwrap());
}
