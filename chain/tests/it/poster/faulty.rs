//! A chain that fails: answers get lost, transactions too, fees are refused,
//! and the process can be killed at any step.

use chain::{
    Backend, Embedded, Hash,
    backend::{Answer, Block, Call, Error, Receipt, SendError},
    transaction::{Fee, Transaction},
};
use circuits::types::Address;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// What goes wrong, by the number of the transaction that is handed in.
pub type Fault = fn(u64) -> Mishap;

/// What goes wrong with one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    None,
    /// The connection breaks before the node has it.
    LostRequest,
    /// The connection breaks after the node has it.
    LostAnswer,
    /// The node takes it, and forgets it.
    Dropped,
    /// The node takes it, and keeps it for a better offer.
    Kept,
    /// The node wants a better offer.
    Underpriced,
    /// The node says something unusual and does not take it.
    Refused,
    /// What stands before the node refuses what the node puts into a block,
    /// and does not show it at once.
    RefusedYetMined,
    /// The same, and the node keeps it for a better offer.
    RefusedYetKept,
}

/// An embedded chain behind a bad connection.
#[derive(Clone)]
pub struct Faulty {
    pub inner: Embedded,
    fault: Fault,
    pub state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub struct State {
    /// Transactions that were handed in.
    pub sends: u64,
    /// Kept for a better offer, by nonce.
    kept: BTreeMap<u64, (Hash, Fee)>,
    /// Not shown yet; with the looks at the receipt until it is.
    hidden: BTreeMap<Hash, u32>,
    /// Calls until the process dies, if it is to.
    pub fuse: Option<u64>,
}

impl Faulty {
    pub fn new(inner: Embedded, fault: Fault) -> Self {
        Self { inner, fault, state: Arc::default() }
    }

    /// Burns down the fuse: what a killed process does not do does not happen.
    fn burn(&self) -> Answer<()> {
        let mut state = self.state.lock().unwrap();
        match &mut state.fuse {
            None => Ok(()),
            Some(0) => Err(Self::killed()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn killed() -> Error {
        Error::Refused { chain: "a killed process".into(), what: "everything", problem: "it is dead".into() }
    }

    fn broken(what: &'static str) -> SendError {
        SendError::Chain(Error::Unreachable { chain: "a bad line".into(), what, problem: "reset".into() })
    }
}

/// What nobody has a rule for.
fn refused() -> SendError {
    let problem = "daily limit exceeded".into();
    SendError::Chain(Error::Refused { chain: "a bad line".into(), what: "a transaction", problem })
}

impl Backend for Faulty {
    fn name(&self) -> String {
        "a bad line".into()
    }
    async fn chain_id(&self) -> Answer<u64> {
        self.inner.chain_id().await
    }
    async fn latest(&self) -> Answer<Block> {
        self.burn()?;
        self.inner.latest().await
    }
    async fn nonce(&self, account: Address) -> Answer<u64> {
        self.burn()?;
        self.inner.nonce(account).await
    }
    async fn balance(&self, _: Address) -> Answer<u128> {
        Ok(u128::MAX)
    }
    async fn code(&self, account: Address) -> Answer<Vec<u8>> {
        self.inner.code(account).await
    }
    async fn call(&self, call: &Call) -> Answer<Vec<u8>> {
        self.burn()?;
        self.inner.call(call).await
    }
    async fn estimate(&self, call: &Call) -> Answer<u64> {
        self.burn()?;
        self.inner.estimate(call).await
    }
    async fn tip(&self) -> Answer<u128> {
        Ok(1_000_000_000)
    }

    async fn send(&self, raw: &[u8]) -> Result<(), SendError> {
        self.burn()?;
        let (it, _, hash) = Transaction::decode(raw).unwrap();
        let (number, kept) = {
            let mut state = self.state.lock().unwrap();
            state.sends += 1;
            (state.sends, state.kept.get(&it.nonce).copied())
        };
        if let Some((old, fee)) = kept {
            if old == hash {
                return Err(SendError::Known);
            }
            // The rule of nodes: a tenth more in both parts.
            if it.fee.max * 10 < fee.max * 11 || it.fee.tip * 10 < fee.tip * 11 {
                return Err(SendError::Underpriced("replacement transaction underpriced".into()));
            }
        }
        let mishap = (self.fault)(number);
        match mishap {
            Mishap::LostRequest => return Err(Self::broken("a transaction")),
            Mishap::Dropped => return Ok(()),
            Mishap::Underpriced => return Err(SendError::Underpriced("transaction underpriced".into())),
            Mishap::Refused => return Err(refused()),
            Mishap::Kept | Mishap::RefusedYetKept => {
                let mut state = self.state.lock().unwrap();
                state.kept.insert(it.nonce, (hash, it.fee));
                if mishap == Mishap::Kept {
                    return Ok(());
                }
                state.hidden.insert(hash, u32::MAX);
                return Err(refused());
            }
            Mishap::None | Mishap::LostAnswer | Mishap::RefusedYetMined => {}
        }
        // The embedded chain charges nothing, so offers are of no concern to it.
        self.inner.send(raw).await?;
        self.state.lock().unwrap().kept.remove(&it.nonce);
        // Killed after the node has it, before the answer.
        self.burn()?;
        match mishap {
            Mishap::LostAnswer => Err(Self::broken("a transaction")),
            Mishap::RefusedYetMined => {
                self.state.lock().unwrap().hidden.insert(hash, 2);
                Err(refused())
            }
            _ => Ok(()),
        }
    }

    async fn receipt(&self, transaction: Hash) -> Answer<Option<Receipt>> {
        self.burn()?;
        if let Some(looks) = self.state.lock().unwrap().hidden.get_mut(&transaction).filter(|l| **l > 0) {
            *looks -= 1;
            return Ok(None);
        }
        self.inner.receipt(transaction).await
    }

    async fn knows(&self, transaction: Hash) -> Answer<bool> {
        let (hidden, kept) = {
            let state = self.state.lock().unwrap();
            let kept = state.kept.values().any(|(hash, _)| *hash == transaction);
            (state.hidden.get(&transaction).is_some_and(|looks| *looks > 0), kept)
        };
        if hidden {
            return Ok(false);
        }
        Ok(kept || self.inner.knows(transaction).await?)
    }

    async fn creation(&self, transaction: Hash) -> Answer<Option<Vec<u8>>> {
        self.inner.creation(transaction).await
    }

    async fn endow(&self, account: Address) -> Answer<bool> {
        self.inner.endow(account).await
    }
}
