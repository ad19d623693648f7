//! Who takes part: members with fresh accounts and real weights, trustees,
//! organiser and operator.

use anyhow::{Context, Result};
use circuits::types::{AccountKey, CensusDefinition, Holder, holders_digest};
use client::{identity::Identity, organiser::holders};
use rand_core::OsRng;
use std::{fs::File, io::Read, path::Path};

/// Balances of 1,200 ENS holders; see `examples/README.md`.
const SAMPLE: &[u8] = include_bytes!("../../../examples/ens-holders.csv");
/// Decimals of the ENS token.
const TOKEN_DECIMALS: u8 = 18;
/// Decimals of a census unit: a hundredth of a token.
pub const CENSUS_DECIMALS: u8 = 2;

/// A member of the organisation.
#[derive(Debug)]
pub struct Member {
    /// The account that holds the tokens.
    pub account: AccountKey,
    /// The voting secret, known to the member alone.
    pub identity: Identity,
    /// Units.
    pub weight: u64,
}

/// The members, ascending by address, as the census has them.
#[derive(Debug)]
pub struct Members {
    /// The members.
    pub list: Vec<Member>,
    /// What rounding dropped, in the token's smallest units.
    pub dust: String,
}

impl Members {
    /// Gives every holder of a table a fresh account, so that there is a key
    /// to sign each registration with; the weights are the table's.
    ///
    /// # Errors
    /// If the table has malformed rows, all of which are listed.
    pub fn of(census: Option<&Path>) -> Result<Self> {
        let mut table: Box<dyn Read> = match census {
            Some(path) => Box::new(File::open(path).with_context(|| format!("{}", path.display()))?),
            None => Box::new(SAMPLE),
        };
        let table = holders::read_csv(&mut table, TOKEN_DECIMALS, CENSUS_DECIMALS)?;
        let member = |h: &Holder| Member {
            account: AccountKey::random(&mut OsRng),
            identity: Identity::generate(),
            weight: h.weight,
        };
        let mut list: Vec<Member> = table.holders.iter().map(member).collect();
        list.sort_by_key(|m| m.account.address());
        Ok(Self { list, dust: table.dust.to_string() })
    }

    /// The table of holders under the new addresses.
    pub fn holders(&self) -> Vec<Holder> {
        let holder = |m: &Member| Holder { address: m.account.address(), weight: m.weight };
        self.list.iter().map(holder).collect()
    }

    /// The definition of the census over that table.
    pub fn definition(&self) -> CensusDefinition {
        CensusDefinition {
            source: holders_digest(&self.holders()),
            snapshot: "balances of ENS holders, addresses replaced".into(),
            decimals: CENSUS_DECIMALS,
            maskers: Vec::new(),
        }
    }

    /// Units of every member.
    pub fn weights(&self) -> Vec<u64> {
        self.list.iter().map(|m| m.weight).collect()
    }
}

/// Organiser and operator.
#[derive(Debug)]
pub struct Staff {
    /// Signs the draft, the census, opening and closing.
    pub organiser: AccountKey,
    /// Signs heads.
    pub operator: AccountKey,
}

impl Staff {
    /// Fresh accounts.
    pub fn new() -> Self {
        Self { organiser: AccountKey::random(&mut OsRng), operator: AccountKey::random(&mut OsRng) }
    }
}
