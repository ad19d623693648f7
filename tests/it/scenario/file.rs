//! A scenario's file: records, each with its length and checksum. The first
//! is the election, each further one a `tabella.v1.SubmitBallotRequest`.

use super::{Member, Scenario, make};
use crate::keys::Keys;
use anyhow::{Context, Result};
use circuits::types::{AccountKey, Registration, SignedDraft, TrusteeMessage};
use client::identity::Identity;
use prost::Message;
use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use trustee::{MemoryStorage, Storage, Trustee, TrusteeKeys};

/// Changes whenever a file of before cannot be used any more.
const FORMAT: u32 = 1;
/// Length and checksum before each record.
const PREFIX: usize = 8;

/// An open file, held by a lock: who comes second waits for the first.
pub struct File {
    file: fs::File,
    records: Vec<Vec<u8>>,
}

impl File {
    /// Opens or creates the file of a scenario of this size under these
    /// keys, and cuts a torn record off its end.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn open(members: usize, ballots: usize, keys: &Keys) -> Result<Self> {
        let path = directory().join(format!("v{FORMAT}-m{members}-k{ballots}-{}.scenario", keys.digest()));
        let opened = fs::create_dir_all(directory()).and_then(|()| {
            fs::File::options().read(true).write(true).create(true).truncate(false).open(&path)
        });
        let mut file = opened.with_context(|| path.display().to_string())?;
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (records, whole) = split(&bytes);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file, records })
    }

    /// The whole records.
    pub fn records(&self) -> &[Vec<u8>] {
        &self.records
    }

    /// Adds records.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn append(&mut self, records: &[Vec<u8>]) -> Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            bytes.extend(u32::try_from(record.len())?.to_be_bytes());
            bytes.extend(crc32c::crc32c(record).to_be_bytes());
            bytes.extend(record);
        }
        self.file.write_all(&bytes)?;
        self.records.extend_from_slice(records);
        Ok(())
    }
}

/// Below the directory that cargo builds into by default.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/scenarios")
}

/// The records up to the first that is torn, and where it begins.
fn split(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut records, mut at) = (Vec::new(), 0);
    while let Some(record) = record(&bytes[at..]) {
        at += PREFIX + record.len();
        records.push(record.to_vec());
    }
    (records, at)
}

fn record(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let record = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (crc32c::crc32c(record) == u32::from_be_bytes(*checksum)).then_some(record)
}

/// The parties' secrets.
pub struct Parties {
    /// See [`Scenario::operator`].
    pub operator: AccountKey,
    /// See [`Scenario::organiser`].
    pub organiser: AccountKey,
    /// See [`Scenario::members`].
    pub members: Vec<Member>,
    /// See [`Scenario::trustees`].
    pub trustees: Vec<TrusteeKeys>,
}

/// Messages of the file alone.
mod wire {
    use proto::v1;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Election {
        #[prost(bytes, tag = "1")]
        pub operator: Vec<u8>,
        #[prost(bytes, tag = "2")]
        pub organiser: Vec<u8>,
        #[prost(message, repeated, tag = "3")]
        pub members: Vec<Member>,
        #[prost(bytes, repeated, tag = "4")]
        pub trustees: Vec<Vec<u8>>,
        #[prost(bytes, repeated, tag = "5")]
        pub states: Vec<Vec<u8>>,
        #[prost(message, optional, tag = "6")]
        pub draft: Option<v1::SignedDraft>,
        #[prost(message, repeated, tag = "7")]
        pub registrations: Vec<v1::Registration>,
        #[prost(message, repeated, tag = "8")]
        pub messages: Vec<v1::TrusteeMessage>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Member {
        #[prost(bytes, tag = "1")]
        pub account: Vec<u8>,
        #[prost(bytes, tag = "2")]
        pub identity: Vec<u8>,
        #[prost(uint64, tag = "3")]
        pub weight: u64,
    }
}

/// The first record.
pub fn encode(
    parties: &Parties,
    draft: &SignedDraft,
    registrations: &[Registration],
    generated: &make::Generated,
) -> Vec<u8> {
    let member = |m: &Member| wire::Member {
        account: m.account.to_bytes().to_vec(),
        identity: m.identity.export().to_vec(),
        weight: m.weight,
    };
    wire::Election {
        operator: parties.operator.to_bytes().to_vec(),
        organiser: parties.organiser.to_bytes().to_vec(),
        members: parties.members.iter().map(member).collect(),
        trustees: parties.trustees.iter().map(|k| k.to_bytes().to_vec()).collect(),
        states: generated.states.clone(),
        draft: Some(draft.into()),
        registrations: registrations.iter().map(Into::into).collect(),
        messages: generated.messages.iter().map(Into::into).collect(),
    }
    .encode_to_vec()
}

/// The scenario of a first record, without ballots.
///
/// # Errors
/// If the record is not of this version.
pub fn decode(record: &[u8]) -> Result<Scenario> {
    let m = wire::Election::decode(record)?;
    let draft = SignedDraft::try_from(m.draft.context("the draft")?)?;
    let members = m.members.iter().map(member).collect::<Result<Vec<_>>>()?;
    let trustees = m.trustees.iter().map(|k| Ok(TrusteeKeys::from_bytes(k)?)).collect::<Result<Vec<_>>>()?;
    let mut storage = MemoryStorage::new();
    storage.save(draft.draft.id(), m.states.first().context("a trustee's state")?)?;
    let first = Trustee::new(trustees.first().context("a trustee")?.clone(), &draft, storage)?;
    Ok(Scenario {
        operator: account(&m.operator)?,
        organiser: account(&m.organiser)?,
        census: make::census(&draft, &members)?,
        members,
        key: first.election_key().context("the key is complete")?,
        trustees,
        registrations: m.registrations.into_iter().map(Registration::try_from).collect::<Result<_, _>>()?,
        messages: m.messages.into_iter().map(TrusteeMessage::try_from).collect::<Result<_, _>>()?,
        draft,
        first: Vec::new(),
        later: Vec::new(),
        states: m.states,
    })
}

fn account(bytes: &[u8]) -> Result<AccountKey> {
    AccountKey::from_bytes(bytes.try_into()?).context("an account's key")
}

fn member(m: &wire::Member) -> Result<Member> {
    let (account, identity) = (account(&m.account)?, Identity::import(&m.identity)?);
    Ok(Member { account, identity, weight: m.weight })
}
