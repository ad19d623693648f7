//! The census: who may vote, with which weight. spec: `census`.

use super::{Address, CensusDefinition, CensusRoot, IdentityCommitment, keccak256};
use crate::{
    curve::Fr,
    params::{CENSUS_CAPACITY, TOTAL_BITS},
    primitives::merkle::{CensusTree, census_leaf},
};
use std::collections::BTreeMap;

/// One holder of tokens in the source table, in census units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// The account.
    pub address: Address,
    /// Units, above zero.
    pub weight: u64,
}

/// The digest of a table of holders: `keccak256` over address (20 bytes) and
/// weight (8 bytes, big-endian) of every row in ascending order of address.
/// spec: `census.source`
pub fn holders_digest(holders: &[Holder]) -> [u8; 32] {
    let bytes: Vec<u8> =
        holders.iter().flat_map(|h| h.address.0.into_iter().chain(h.weight.to_be_bytes())).collect();
    keccak256(bytes)
}

/// One leaf of the census.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CensusEntry {
    /// The member's account.
    pub address: Address,
    /// The member's registered identity.
    pub identity: IdentityCommitment,
    /// Units; zero for a masker leaf only.
    pub weight: u64,
}

/// Why a census is refused. Entry numbers count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCensus {
    /// See the message.
    #[error("the census is empty; no holder is registered")]
    Empty,
    /// See the message.
    #[error("{0} leaves; at most 16,777,216")]
    Capacity(usize),
    /// See the message.
    #[error("the total weight is {0} units; it must be below 2^44: use fewer decimals")]
    Total(u128),
    /// See the message.
    #[error("entry {0}: addresses must ascend without repetition")]
    Order(usize),
    /// See the message.
    #[error("entry {0}: its identity is also that of entry {1}; each member registers their own")]
    DuplicateIdentity(usize, usize),
    /// See the message.
    #[error("entry {0}: zero weight, but {1} is not among the draft's maskers")]
    ZeroWeight(usize, Address),
    /// See the message.
    #[error("the table of holders does not hash to the draft's census source")]
    Source,
}

/// A checked census with its tree.
#[derive(Clone, Debug)]
pub struct Census {
    entries: Vec<CensusEntry>,
    total: u64,
    tree: CensusTree,
}

impl Census {
    /// The census of the registered holders and maskers: ascending by
    /// address. `identity` gives an account's registered identity.
    ///
    /// # Errors
    /// If the holders are not those of the definition, or a limit is broken.
    pub fn of_registered(
        definition: &CensusDefinition,
        holders: &[Holder],
        identity: impl Fn(Address) -> Option<IdentityCommitment>,
    ) -> Result<Self, InvalidCensus> {
        if holders_digest(holders) != definition.source {
            return Err(InvalidCensus::Source);
        }
        Self::new(definition, Self::registered_entries(definition, holders, identity))
    }

    /// The leaves of [`Census::of_registered`], unchecked and without a tree.
    pub fn registered_entries(
        definition: &CensusDefinition,
        holders: &[Holder],
        identity: impl Fn(Address) -> Option<IdentityCommitment>,
    ) -> Vec<CensusEntry> {
        let mut weights: BTreeMap<Address, u64> = definition.maskers.iter().map(|a| (*a, 0)).collect();
        weights.extend(holders.iter().map(|h| (h.address, h.weight)));
        let entry = |(address, weight): (Address, u64)| {
            identity(address).map(|identity| CensusEntry { address, identity, weight })
        };
        weights.into_iter().filter_map(entry).collect()
    }

    /// A census from entries in ascending order of address.
    ///
    /// # Errors
    /// The first rule that the entries break.
    pub fn new(definition: &CensusDefinition, entries: Vec<CensusEntry>) -> Result<Self, InvalidCensus> {
        if entries.is_empty() {
            return Err(InvalidCensus::Empty);
        }
        if entries.len() as u64 > CENSUS_CAPACITY {
            return Err(InvalidCensus::Capacity(entries.len()));
        }
        let mut identities = BTreeMap::new();
        for (i, e) in entries.iter().enumerate() {
            if i > 0 && entries[i - 1].address >= e.address {
                return Err(InvalidCensus::Order(i));
            }
            if let Some(first) = identities.insert(e.identity, i) {
                return Err(InvalidCensus::DuplicateIdentity(i, first));
            }
            if e.weight == 0 && definition.maskers.binary_search(&e.address).is_err() {
                return Err(InvalidCensus::ZeroWeight(i, e.address));
            }
        }
        let total: u128 = entries.iter().map(|e| u128::from(e.weight)).sum();
        let total =
            u64::try_from(total).ok().filter(|t| t >> TOTAL_BITS == 0).ok_or(InvalidCensus::Total(total))?;
        let tree = CensusTree::new(leaves(&entries));
        Ok(Self { entries, total, tree })
    }

    /// The leaves' content, in order.
    pub fn entries(&self) -> &[CensusEntry] {
        &self.entries
    }

    /// Sum of all weights, in units, below 2^44.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The tree over the leaves.
    pub fn tree(&self) -> &CensusTree {
        &self.tree
    }

    /// The root.
    pub fn root(&self) -> CensusRoot {
        self.tree.root()
    }

    /// Position of the member with this identity.
    pub fn position(&self, identity: IdentityCommitment) -> Option<u64> {
        self.entries.iter().position(|e| e.identity == identity).map(|i| i as u64)
    }
}

fn leaves(entries: &[CensusEntry]) -> Vec<Fr> {
    let leaf = |e: &CensusEntry| census_leaf(e.identity, e.weight);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        entries.par_iter().map(leaf).collect()
    }
    #[cfg(not(feature = "parallel"))]
    entries.iter().map(leaf).collect()
}
