//! Receipts that a member keeps, and what they prove. spec: `board.receipt`,
//! `board.misbehaviour`; A35, A36.

mod document;

pub use document::{Document, InvalidDocument};

use crate::{board::Mirror, tickets::replace};
use circuits::types::{Receipt, SignedHead};
use prost::Message;
use proto::{convert::InvalidField, v1};
use std::{fs, io, path::Path};

/// What a board says about a kept receipt. spec: `client.receipt_check`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promised leaf is at the promised place, under a head of this size.
    Honoured(u32),
    /// The board is open and shorter than the receipt says.
    Behind(u32),
    /// The operator broke the promise; here is the proof.
    Broken(Evidence),
}

/// Compares a *checked* receipt of the mirror's election with the mirror;
/// `None` if the mirror has no head yet.
pub fn verdict(receipt: &Receipt, mirror: &Mirror) -> Option<Verdict> {
    let head = mirror.head()?;
    let size = head.head.size;
    if receipt.broken_by_size(&head.head) {
        return Some(Verdict::Broken(Evidence::Dropped(Box::new((receipt.clone(), *head)))));
    }
    let Some(shown) = mirror.receipt(receipt.path.index) else { return Some(Verdict::Behind(size)) };
    Some(match receipt.contradicts(&shown) {
        true => Verdict::Broken(contradiction(receipt, &shown)),
        false => Verdict::Honoured(size),
    })
}

/// Proof that the operator broke a promise; checkable by anyone who knows
/// the operator's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Two receipts, of whatever sizes, with different leaves at one index.
    Contradiction(Box<[Receipt; 2]>),
    /// A receipt for an entry, and a last head below it.
    Dropped(Box<(Receipt, SignedHead)>),
}

/// Why a file of receipts is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidReceipts {
    /// See the message.
    #[error("cannot read or write the receipts: {0}")]
    Io(#[from] io::Error),
    /// See the message.
    #[error("not a file of receipts: {0}")]
    Message(#[from] prost::DecodeError),
    /// See the message.
    #[error("not a file of receipts: {0}")]
    Field(#[from] InvalidField),
}

/// Receipts of one operator's boards. They name slots: whoever reads them
/// knows which entries are the member's, so keep them as private as the
/// secret, and hand out single ones only.
#[derive(Clone, Debug, Default)]
pub struct Receipts(Vec<Receipt>);

impl Receipts {
    /// Keeps a *checked* receipt and says which kept ones it contradicts.
    pub fn add(&mut self, receipt: Receipt) -> Vec<Evidence> {
        let against = self.0.iter().filter(|kept| kept.contradicts(&receipt));
        let evidence = against.map(|kept| contradiction(kept, &receipt)).collect();
        if !self.0.contains(&receipt) {
            self.0.push(receipt);
        }
        evidence
    }

    /// The receipts, oldest first.
    pub fn as_slice(&self) -> &[Receipt] {
        &self.0
    }

    /// Compares every receipt of the mirror's election with the mirror,
    /// which holds the board as the operator shows it now.
    pub fn audit(&self, mirror: &Mirror) -> Vec<Evidence> {
        let broken = |receipt: &Receipt| match verdict(receipt, mirror)? {
            Verdict::Broken(evidence) => Some(evidence),
            Verdict::Honoured(_) | Verdict::Behind(_) => None,
        };
        self.0.iter().filter_map(broken).collect()
    }

    /// Reads what [`Receipts::save`] wrote; none if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read or is malformed.
    pub fn load(path: &Path) -> Result<Self, InvalidReceipts> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(e.into()),
        };
        let (mut rest, mut out) = (&bytes[..], Self::default());
        while !rest.is_empty() {
            out.0.push(v1::Receipt::decode_length_delimited(&mut rest)?.try_into()?);
        }
        Ok(out)
    }

    /// Replaces the file atomically: length-delimited `tabella.v1.Receipt`s,
    /// readable by the owner only.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), InvalidReceipts> {
        let bytes: Vec<u8> =
            self.0.iter().flat_map(|r| v1::Receipt::from(r).encode_length_delimited_to_vec()).collect();
        Ok(replace(path, &bytes)?)
    }
}

fn contradiction(a: &Receipt, b: &Receipt) -> Evidence {
    Evidence::Contradiction(Box::new([a.clone(), b.clone()]))
}
