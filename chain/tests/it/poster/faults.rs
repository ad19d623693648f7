//! A52: nothing is posted twice and no nonce is left out, whatever fails.

use super::{
    Disk, check,
    disk::Reach,
    faulty::{Fault, Faulty, Mishap},
    key, ledger, poster, story,
};
use chain::{
    Backend, Embedded, Outbox, Poster,
    backend::{Data, Error as ChainError, SendError},
    outbox::{Broken, Event, Posting, PostingId},
    poster::{Error, Posted},
    transaction::{Fee, Transaction},
};
use circuits::types::{AccountKey, Address};
use std::sync::{Arc, Mutex};

const ENTRIES: u64 = 4;

fn chain() -> (tempfile::TempDir, Embedded) {
    let directory = tempfile::tempdir().unwrap();
    let chain = Embedded::open(directory.path()).unwrap();
    (directory, chain)
}

async fn survives(fault: Fault) {
    let (_directory, chain) = chain();
    let faulty = Faulty::new(chain.clone(), fault);
    let mut poster = poster(faulty.clone(), Disk::default()).await.unwrap();
    let ledger = story(&mut poster, ENTRIES).await.unwrap();
    check(&chain, ledger, ENTRIES).await;
    assert!(faulty.state.lock().unwrap().sends > ENTRIES + 1, "nothing went wrong");
}

#[tokio::test]
async fn a52_every_second_transaction_whose_request_is_lost_is_sent_again() {
    survives(|n| if n % 2 == 1 { Mishap::LostRequest } else { Mishap::None }).await;
}

#[tokio::test]
async fn a52_every_second_transaction_whose_answer_is_lost_is_not_sent_twice() {
    let (_directory, chain) = chain();
    let faulty = Faulty::new(chain.clone(), |n| if n % 2 == 1 { Mishap::LostAnswer } else { Mishap::None });
    let mut poster = poster(faulty.clone(), Disk::default()).await.unwrap();
    let ledger = story(&mut poster, ENTRIES).await.unwrap();
    check(&chain, ledger, ENTRIES).await;
    assert_eq!(faulty.state.lock().unwrap().sends, ENTRIES + 1);
}

#[tokio::test]
async fn a52_dropped_transactions_are_sent_again() {
    survives(|n| if n % 3 != 0 { Mishap::Dropped } else { Mishap::None }).await;
}

#[tokio::test]
async fn a52_underpriced_transactions_are_replaced_by_better_offers() {
    survives(|n| if n % 3 != 0 { Mishap::Underpriced } else { Mishap::None }).await;
}

#[tokio::test]
async fn a52_transactions_that_no_block_takes_are_replaced_by_better_offers() {
    survives(|n| if n % 3 != 0 { Mishap::Kept } else { Mishap::None }).await;
}

#[tokio::test]
async fn a52_all_faults_in_turn_leave_one_transaction_each() {
    const ALL: [Mishap; 6] = [
        Mishap::Kept,
        Mishap::LostAnswer,
        Mishap::Dropped,
        Mishap::LostRequest,
        Mishap::None,
        Mishap::Underpriced,
    ];
    survives(|n| ALL[usize::try_from(n % 6).unwrap()]).await;
}

/// The node refuses each better offer once: what was offered before is still
/// under way.
#[tokio::test]
async fn a52_an_offer_that_the_node_refuses_to_raise_goes_on_waiting() {
    survives(|n| match n % 3 {
        1 => Mishap::Kept,
        2 => Mishap::Refused,
        _ => Mishap::None,
    })
    .await;
}

/// Posts the ledger, whose first transaction is said to be refused, and again
/// in another life; returns how often a transaction was handed in.
async fn refused_at_first(fault: Fault) -> u64 {
    let ((_directory, chain), disk) = (chain(), Disk::default());
    let faulty = Faulty::new(chain.clone(), fault);
    let mut first = poster(faulty.clone(), disk.healthy()).await.unwrap();
    let refused = first.post(ledger::creation()).await.unwrap_err();
    assert!(matches!(refused, Error::Refused { .. }), "{refused}");
    drop(first);
    let mut second = poster(faulty.clone(), disk).await.unwrap();
    let ledger = story(&mut second, ENTRIES).await.unwrap();
    check(&chain, ledger, ENTRIES).await;
    faulty.state.lock().unwrap().sends
}

/// Only a receipt shows a contract that was created, and the receipt comes
/// late: a second transaction would create a second contract.
#[tokio::test]
async fn a52_a_creation_that_was_refused_and_is_in_a_block_is_not_made_twice() {
    let sends = refused_at_first(|n| if n == 1 { Mishap::RefusedYetMined } else { Mishap::None }).await;
    assert_eq!(sends, ENTRIES + 1);
}

/// The next attempt has the same nonce, so that one of the two counts.
#[tokio::test]
async fn a52_a_creation_that_was_refused_and_waits_for_a_block_is_not_made_twice() {
    let sends = refused_at_first(|n| if n == 1 { Mishap::RefusedYetKept } else { Mishap::None }).await;
    assert!(sends > ENTRIES + 1, "it was replaced");
}

#[tokio::test]
async fn a52_a_creation_that_was_refused_for_good_is_made_by_the_next_attempt() {
    let sends = refused_at_first(|n| if n == 1 { Mishap::Refused } else { Mishap::None }).await;
    assert_eq!(sends, ENTRIES + 2);
}

/// A chain with a ledger and its first entry, nonces 0 and 1, and the outbox
/// of a process that died after it wrote down the `signed` posting with this
/// nonce, and `queued` before it.
async fn died(nonce: u64, queued: Option<u64>, signed: u64) -> (tempfile::TempDir, Embedded, Disk, Address) {
    let ((directory, chain), disk) = (chain(), Disk::default());
    let mut first = poster(chain.clone(), disk.healthy()).await.unwrap();
    let ledger = story(&mut first, 1).await.unwrap();
    drop(first);
    let mut outbox = Outbox::over(Box::new(disk.healthy())).unwrap();
    for n in queued.into_iter().chain([signed]) {
        outbox.add(Event::Queue { posting: ledger::entry(ledger, n) }).unwrap();
    }
    let Posting { id, to, data: Data(data), .. } = ledger::entry(ledger, signed);
    let (gas, fee) = (100_000, Fee { max: 1, tip: 1 });
    let chain_id = chain.chain_id().await.unwrap();
    let transaction = Transaction { chain_id, nonce, to, data, gas, fee }.sign(&key());
    let (hash, raw) = (transaction.hash, Data(transaction.raw));
    outbox.add(Event::Sign { id, nonce, gas, fee, hash, raw }).unwrap();
    (directory, chain, disk, ledger)
}

/// A posting that had been refused is tried again while a later one is under
/// way: that one goes first, since its nonce is lower.
#[tokio::test]
async fn a52_an_earlier_posting_does_not_wait_for_a_later_one_that_never_left() {
    let (_directory, chain, disk, ledger) = died(2, Some(1), 2).await;
    let mut second = poster(chain.clone(), disk).await.unwrap();
    second.post(ledger::entry(ledger, 1)).await.unwrap();
    check(&chain, ledger, 3).await;
}

/// A given up transaction used nonce 2 in a block that is no longer part of
/// the chain.
#[tokio::test]
async fn a52_a_nonce_that_nothing_uses_any_more_is_filled() {
    let (_directory, chain, disk, ledger) = died(3, None, 1).await;
    let mut second = poster(chain.clone(), disk.healthy()).await.unwrap();
    let posted = second.post(ledger::entry(ledger, 1)).await.unwrap();
    assert!(matches!(posted, Posted::Mined(_)));
    assert_eq!(ledger::stored(&chain, ledger, 1).await, ledger::word(2));
    assert_eq!(chain.nonce(key().address()).await.unwrap(), 4);
    let outbox = Outbox::over(Box::new(disk)).unwrap();
    let filler = outbox.get(&PostingId::new(key().address(), "nonce", 2)).unwrap();
    assert_eq!((filler.nonce, filler.is_there()), (Some(2), true));
}

/// Lives that end at a chosen point, each followed by one that goes on.
async fn killed(disk: Disk, dying: Disk, chain: &Embedded, fuse: Option<u64>) -> bool {
    let faulty = Faulty::new(chain.clone(), |_| Mishap::None);
    faulty.state.lock().unwrap().fuse = fuse;
    let died = match poster(faulty, dying).await {
        Ok(mut poster) => story(&mut poster, ENTRIES).await.is_err(),
        Err(_) => true,
    };
    let mut second = poster(Faulty::new(chain.clone(), |_| Mishap::None), disk).await.unwrap();
    let ledger = story(&mut second, ENTRIES).await.unwrap();
    check(chain, ledger, ENTRIES).await;
    died
}

/// Kills at every write of the outbox: before it, half-way, and after it.
#[tokio::test]
async fn a52_a_kill_at_every_write_of_the_outbox_posts_everything_once() {
    let mut deaths = 0;
    for reach in [Reach::Nothing, Reach::Half, Reach::All] {
        for nth in 0.. {
            let ((_directory, chain), disk) = (chain(), Disk::default());
            if !killed(disk.healthy(), disk.dying_at(nth, reach), &chain, None).await {
                break;
            }
            deaths += 1;
        }
    }
    // Queue, sign, mine and finish of every posting, and the beginning.
    assert_eq!(deaths, 3 * (4 * (ENTRIES + 1) + 1));
}

/// Kills between any two questions to the chain, also between the node's
/// taking of a transaction and its answer.
#[tokio::test]
async fn a52_a_kill_at_every_call_to_the_chain_posts_everything_once() {
    let mut deaths = 0;
    for fuse in 0.. {
        let ((_directory, chain), disk) = (chain(), Disk::default());
        if !killed(disk.healthy(), disk.healthy(), &chain, Some(fuse)).await {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 8 * (ENTRIES + 1), "{deaths}");
}

/// Without its outbox a poster sees on the chain what is there.
#[tokio::test]
async fn a52_a_lost_outbox_posts_nothing_twice() {
    let (_directory, chain) = chain();
    let mut first = poster(chain.clone(), Disk::default()).await.unwrap();
    let ledger = story(&mut first, ENTRIES).await.unwrap();
    let mut second = poster(chain.clone(), Disk::default()).await.unwrap();
    for n in 0..ENTRIES {
        assert_eq!(second.post(ledger::entry(ledger, n)).await.unwrap(), Posted::Found);
    }
    check(&chain, ledger, ENTRIES).await;
}

/// Somebody else uses the account, against the rules.
#[tokio::test]
async fn a52_a_nonce_that_another_program_took_is_given_up_and_the_posting_goes_on() {
    let (_directory, chain) = chain();
    let (disk, news) = (Disk::default(), Arc::new(Mutex::new(Vec::new())));
    let faulty = Faulty::new(chain.clone(), |n| if n == 2 { Mishap::Dropped } else { Mishap::None });
    let heard = news.clone();
    let outbox = Outbox::over(Box::new(disk)).unwrap();
    let report = Box::new(move |n: &chain::poster::News| heard.lock().unwrap().push(n.to_string()));
    let mut poster = Poster::new(faulty.clone(), outbox, key(), super::policy(), report).await.unwrap();
    let created = poster.post(ledger::creation()).await.unwrap();
    let Posted::Mined(mined) = created else { panic!() };
    let ledger = chain.receipt(mined.hash).await.unwrap().unwrap().created.unwrap();
    // The second transaction is dropped; the intruder takes its nonce before
    // it is sent again.
    let stolen = Transaction {
        chain_id: chain.chain_id().await.unwrap(),
        nonce: 1,
        to: Some(Address([1; 20])),
        data: vec![],
        gas: 50_000,
        fee: Fee { max: 0, tip: 0 },
    };
    chain.send(&stolen.sign(&key()).raw).await.unwrap();
    poster.post(ledger::entry(ledger, 0)).await.unwrap();
    assert_eq!(ledger::stored(&chain, ledger, 0).await, ledger::word(1));
    assert_eq!(chain.nonce(key().address()).await.unwrap(), 3);
    drop(poster);
    assert!(news.lock().unwrap().iter().any(|n| n.contains("in block")));
}

#[tokio::test]
async fn a_posting_that_the_contract_refuses_uses_no_nonce_and_blocks_nothing() {
    let (_directory, chain) = chain();
    let mut poster = poster(chain.clone(), Disk::default()).await.unwrap();
    let ledger = story(&mut poster, 1).await.unwrap();
    let mut again = ledger::entry(ledger, 0);
    again.id = PostingId::new("test", "again", 0);
    again.done = chain::outbox::Done::Receipt;
    let refused = poster.post(again).await.unwrap_err();
    assert!(matches!(refused, Error::Reverted { .. }), "{refused}");
    assert_eq!(chain.nonce(key().address()).await.unwrap(), 2);
    poster.post(ledger::entry(ledger, 1)).await.unwrap();
    check(&chain, ledger, 2).await;
}

#[tokio::test]
async fn a53_an_outbox_of_another_chain_or_account_is_refused() {
    let (_directory, chain) = chain();
    let disk = Disk::default();
    poster(chain.clone(), disk.healthy()).await.unwrap();
    let mut outbox = Outbox::over(Box::new(disk.healthy())).unwrap();
    let other = outbox.claim(1, key().address()).unwrap_err();
    assert!(matches!(other, Broken::Other { on, chain: 1, .. } if on != 1), "{other}");
    let stranger = AccountKey::from_bytes(&[8; 32]).unwrap().address();
    let mut outbox = Outbox::over(Box::new(disk.healthy())).unwrap();
    assert!(matches!(
        outbox.claim(chain.chain_id().await.unwrap(), stranger),
        Err(Broken::Other { account, .. }) if account == stranger
    ));
}

#[tokio::test]
async fn a53_a_transaction_for_another_chain_is_refused() {
    let (_directory, chain) = chain();
    let foreign = Transaction {
        chain_id: 1,
        nonce: 0,
        to: None,
        data: ledger::creation_code(),
        gas: 1_000_000,
        fee: Fee { max: 0, tip: 0 },
    };
    let refused = chain.send(&foreign.sign(&key()).raw).await.unwrap_err();
    assert!(matches!(refused, SendError::Chain(ChainError::Refused { .. })), "{refused}");
}

/// What one process writes another one sees, with lines torn in between.
#[tokio::test]
async fn an_embedded_chain_is_the_same_for_every_process() {
    let (directory, first) = chain();
    let second = Embedded::open(directory.path()).unwrap();
    let mut poster = poster(first.clone(), Disk::default()).await.unwrap();
    let ledger = story(&mut poster, 2).await.unwrap();
    check(&second, ledger, 2).await;
    // A process that died while it wrote.
    let path = directory.path().join("blocks.jsonl");
    let whole = std::fs::read(&path).unwrap();
    let torn = [&whole[..], b"0123abcd {\"parent\""].concat();
    std::fs::write(&path, torn).unwrap();
    check(&second, ledger, 2).await;
    poster.post(ledger::entry(ledger, 2)).await.unwrap();
    check(&second, ledger, 3).await;
    check(&Embedded::open(directory.path()).unwrap(), ledger, 3).await;
}

/// A crash may tear the first line as any other; another file is not touched.
#[tokio::test]
async fn an_embedded_chain_whose_first_line_is_torn_begins_anew() {
    let (directory, empty) = chain();
    drop(empty);
    let path = directory.path().join("blocks.jsonl");
    let first = std::fs::read(&path).unwrap();
    for length in 0..first.len() {
        std::fs::write(&path, &first[..length]).unwrap();
        assert_eq!(Embedded::open(directory.path()).unwrap().latest().await.unwrap().number, 0);
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }
    std::fs::write(&path, "mine").unwrap();
    let broken = Embedded::open(directory.path()).unwrap_err();
    assert!(broken.to_string().contains("does not begin with"), "{broken}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[test]
fn an_embedded_chain_with_a_changed_block_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (directory, chain) = chain();
    runtime.block_on(async {
        let mut poster = poster(chain, Disk::default()).await.unwrap();
        story(&mut poster, 2).await.unwrap();
    });
    let path = directory.path().join("blocks.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().nth(2).unwrap();
    let (_, json) = line.split_once(' ').unwrap();
    // The checksum is right, the hash is not.
    let forged = json.replacen("\"succeeded\":true", "\"succeeded\":false", 1);
    let forged = format!("{:08x} {forged}", crc32c::crc32c(forged.as_bytes()));
    std::fs::write(&path, text.replace(line, &forged)).unwrap();
    let broken = Embedded::open(directory.path()).unwrap_err();
    assert!(broken.to_string().contains("does not follow"), "{broken}");
}
