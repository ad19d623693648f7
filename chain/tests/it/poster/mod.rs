//! The poster against chains that fail, and processes that are killed.

mod disk;
mod faults;
mod faulty;
mod ledger;
mod node;

use chain::{Backend, Embedded, Outbox, Policy, Poster, outbox::PostingId, poster::Posted};
use circuits::types::{AccountKey, Address};
use disk::Disk;
use std::time::Duration;

/// Impatient, so that tests are fast.
pub fn policy() -> Policy {
    Policy {
        bump_after: Duration::from_millis(20),
        poll: Duration::from_millis(1),
        lag: Duration::from_millis(5),
        patience: Duration::from_secs(20),
        confirmations: 1,
        ..Policy::of_chain(1)
    }
}

/// A key that is the same in every life of a process.
pub fn key() -> AccountKey {
    AccountKey::from_bytes(&[7; 32]).unwrap()
}

pub async fn poster<B: Backend>(chain: B, disk: Disk) -> Result<Poster<B>, chain::poster::Error> {
    let outbox = Outbox::over(Box::new(disk))?;
    Poster::new(chain, outbox, key(), policy(), Box::new(|_| ())).await
}

/// Creates the ledger and stores `entries` entries, settled.
pub async fn story<B: Backend>(
    poster: &mut Poster<B>,
    entries: u64,
) -> Result<Address, chain::poster::Error> {
    let created = poster.post(ledger::creation()).await?;
    let Posted::Mined(mined) = created else { panic!("found without an answer to ask for") };
    let receipt = poster.chain().receipt(mined.hash).await?.expect("mined");
    let address = receipt.created.expect("it creates a contract");
    let mut ids = vec![PostingId::new("test", "ledger", 0)];
    for n in 0..entries {
        let posting = ledger::entry(address, n);
        ids.push(posting.id.clone());
        poster.post(posting).await?;
    }
    poster.settle(&ids).await?;
    Ok(address)
}

/// Every entry is there, by one transaction each, and no nonce is stuck.
pub async fn check(chain: &Embedded, ledger: Address, entries: u64) {
    check_nonces(chain, ledger, entries).await;
    assert_eq!(chain.latest().await.unwrap().number, entries + 1);
}

/// The same where other blocks may come between.
pub async fn check_nonces(chain: &impl Backend, ledger: Address, entries: u64) {
    for n in 0..entries {
        assert_eq!(ledger::stored(chain, ledger, n).await, ledger::word(n + 1), "entry {n}");
    }
    assert_eq!(chain.nonce(key().address()).await.unwrap(), entries + 1, "one transaction each");
}
