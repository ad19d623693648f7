//! The embedded chain or another one, behind one type: the same code posts to
//! both.

use super::{Answer, Backend, Block, Call, Embedded, Hash, Receipt, Rpc, SendError};
use circuits::types::Address;

/// A chain of either kind.
#[derive(Clone, Debug)]
pub enum Chain {
    /// In a directory.
    Embedded(Embedded),
    /// Over JSON-RPC.
    Rpc(Rpc),
}

/// Asks whichever it is.
macro_rules! either {
    ($self:ident, $chain:ident => $question:expr) => {
        match $self {
            Chain::Embedded($chain) => $question.await,
            Chain::Rpc($chain) => $question.await,
        }
    };
}

impl Backend for Chain {
    fn name(&self) -> String {
        match self {
            Chain::Embedded(chain) => chain.name(),
            Chain::Rpc(chain) => chain.name(),
        }
    }

    async fn chain_id(&self) -> Answer<u64> {
        either!(self, chain => chain.chain_id())
    }

    async fn latest(&self) -> Answer<Block> {
        either!(self, chain => chain.latest())
    }

    async fn nonce(&self, account: Address) -> Answer<u64> {
        either!(self, chain => chain.nonce(account))
    }

    async fn balance(&self, account: Address) -> Answer<u128> {
        either!(self, chain => chain.balance(account))
    }

    async fn code(&self, account: Address) -> Answer<Vec<u8>> {
        either!(self, chain => chain.code(account))
    }

    async fn call(&self, call: &Call) -> Answer<Vec<u8>> {
        either!(self, chain => chain.call(call))
    }

    async fn estimate(&self, call: &Call) -> Answer<u64> {
        either!(self, chain => chain.estimate(call))
    }

    async fn tip(&self) -> Answer<u128> {
        either!(self, chain => chain.tip())
    }

    async fn send(&self, raw: &[u8]) -> Result<(), SendError> {
        either!(self, chain => chain.send(raw))
    }

    async fn receipt(&self, transaction: Hash) -> Answer<Option<Receipt>> {
        either!(self, chain => chain.receipt(transaction))
    }

    async fn knows(&self, transaction: Hash) -> Answer<bool> {
        either!(self, chain => chain.knows(transaction))
    }

    async fn creation(&self, transaction: Hash) -> Answer<Option<Vec<u8>>> {
        either!(self, chain => chain.creation(transaction))
    }

    async fn endow(&self, account: Address) -> Answer<bool> {
        either!(self, chain => chain.endow(account))
    }
}
