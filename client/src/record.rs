//! Everything that an election record is made of, fetched over gRPC.
//! spec: `record.contents`.
//!
//! Nothing is judged here: the record is written with what the node gives,
//! and verifying it says what is wrong.

use crate::{
    Error, Node, census,
    election::{self, Election, Reference},
    error::During,
    registration,
};
use circuits::types::{
    BoardEntry, CensusEntry, DraftId, ElectionId, Holder, Registration, SignedHead, Tally, TrusteeMessage,
};
use proto::v1;
use std::collections::BTreeMap;
use tonic::Code;
use verifier::{InvalidKey, KeyHash, VerifyingKey};

/// Pages of trustees' messages read at most: far above what 16 trustees send.
const PAGES_MAX: usize = 1024;

/// The parts of a record, typed and unchecked.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Draft, census statement, key, orders.
    pub election: Election,
    /// All registrations of the organisation, in log order.
    pub registrations: Vec<Registration>,
    /// The table of holders.
    pub holders: Vec<Holder>,
    /// The leaves of the census.
    pub census: Vec<CensusEntry>,
    /// The trustees' messages, in log order.
    pub trustee_messages: Vec<TrusteeMessage>,
    /// Second messages that were refused: evidence.
    pub conflicts: Vec<TrusteeMessage>,
    /// All entries, in log order.
    pub entries: Vec<BoardEntry>,
    /// The newest head.
    pub head: SignedHead,
    /// The result, once there is one.
    pub tally: Option<Tally>,
    /// The keys that the election pins (registration, ballot, tally, tally
    /// chunk, tally final), then any others that the node names.
    pub verifying_keys: Vec<VerifyingKey>,
}

/// Fetches all parts.
///
/// # Errors
/// If the node refuses, or a part is malformed.
pub async fn fetch(node: &Node, id: ElectionId) -> Result<Raw, Error> {
    let answer = election::fetch_raw(node, Reference::Election(id)).await?;
    let named = answer.verifying_keys.clone();
    let election = election::read(answer)?;
    let draft = election.draft().id();
    let (trustee_messages, conflicts) = fetch_messages(node, draft).await?;
    let head = fetch_head(node, id).await?;
    let mut hashes: Vec<[u8; 32]> = election.key.key.verifying_keys.to_vec();
    for hash in named.iter().filter_map(|h| <[u8; 32]>::try_from(&h[..]).ok()) {
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    let mut verifying_keys = Vec::with_capacity(hashes.len());
    for hash in hashes {
        verifying_keys.push(fetch_verifying_key(node, KeyHash(hash)).await?);
    }
    Ok(Raw {
        registrations: registration::fetch(node, &election.draft().organisation).await?,
        holders: census::fetch_holders(node, draft).await?,
        census: census::fetch_entries(node, draft).await?,
        entries: fetch_entries(node, id, head.head.size).await?,
        tally: fetch_tally(node, id).await?,
        election,
        trustee_messages,
        conflicts,
        head,
        verifying_keys,
    })
}

/// The newest head, unchecked.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch_head(node: &Node, id: ElectionId) -> Result<SignedHead, Error> {
    const CALL: &str = "BoardService.GetHead";
    let request = v1::GetHeadRequest { election_id: id.to_bytes().to_vec() };
    let head = node.board().get_head(request).await.during(CALL)?.into_inner().head;
    SignedHead::try_from(head.during(CALL)?).during(CALL)
}

/// The first `size` entries, unchecked.
///
/// # Errors
/// If the node refuses or has fewer.
pub async fn fetch_entries(node: &Node, id: ElectionId, size: u32) -> Result<Vec<BoardEntry>, Error> {
    const CALL: &str = "BoardService.StreamEntries";
    let request = v1::StreamEntriesRequest { election_id: id.to_bytes().to_vec(), start: 0, follow: false };
    let mut stream = node.board().stream_entries(request).await.during(CALL)?.into_inner();
    let (mut out, size) = (Vec::new(), size as usize);
    while out.len() < size
        && let Some(page) = stream.message().await.during(CALL)?
    {
        if page.start as usize != out.len() {
            return Err(Error::Incomplete { call: CALL, problem: "skips entries" });
        }
        let room = size - out.len();
        for entry in page.entries.into_iter().take(room) {
            out.push(BoardEntry::try_from(entry).during(CALL)?);
        }
    }
    if out.len() == size {
        Ok(out)
    } else {
        Err(Error::Incomplete { call: CALL, problem: "has fewer entries than the head says" })
    }
}

/// All messages of the trustees with the refused ones, unchecked.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch_messages(
    node: &Node,
    draft: DraftId,
) -> Result<(Vec<TrusteeMessage>, Vec<TrusteeMessage>), Error> {
    const CALL: &str = "TrusteeService.List";
    let (mut messages, mut conflicts) = (Vec::new(), Vec::new());
    for _ in 0..PAGES_MAX {
        let start = u32::try_from(messages.len()).expect("1024 pages are below 2^32 messages");
        let request = v1::ListRequest { draft_id: draft.to_bytes().to_vec(), start };
        let page = node.trustees().list(request).await.during(CALL)?.into_inner();
        for message in page.conflicts {
            conflicts.push(TrusteeMessage::try_from(message).during(CALL)?);
        }
        if page.messages.is_empty() {
            return Ok((messages, conflicts));
        }
        for message in page.messages {
            messages.push(TrusteeMessage::try_from(message).during(CALL)?);
        }
    }
    Err(Error::Incomplete { call: CALL, problem: "does not end" })
}

/// The result, or `None` as long as it is not proven.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch_tally(node: &Node, id: ElectionId) -> Result<Option<Tally>, Error> {
    const CALL: &str = "ElectionService.GetTally";
    let request = v1::GetTallyRequest { election_id: id.to_bytes().to_vec() };
    let answer = node.elections().get_tally(request).await;
    if answer.as_ref().is_err_and(|s| s.code() == Code::NotFound) {
        return Ok(None);
    }
    let tally = answer.during(CALL)?.into_inner().tally.during(CALL)?;
    Tally::try_from(tally).during(CALL).map(Some)
}

/// Largest record read, in bytes.
const RECORD_BYTES_MAX: usize = 4 << 30;
/// Most files of a record.
const RECORD_FILES_MAX: usize = 1 << 16;

/// The files of the record as the node exports them, by path, unverified.
/// Paths are the node's words: the writer must refuse those that leave its
/// directory.
///
/// # Errors
/// If the node refuses, or the record is over a limit.
pub async fn fetch_files(node: &Node, id: ElectionId) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    const CALL: &str = "ElectionService.GetRecord";
    let request = v1::GetRecordRequest { election_id: id.to_bytes().to_vec() };
    let mut stream = node.elections().get_record(request).await.during(CALL)?.into_inner();
    let (mut files, mut bytes) = (BTreeMap::<String, Vec<u8>>::new(), 0);
    while let Some(part) = stream.message().await.during(CALL)? {
        bytes += part.data.len();
        files.entry(part.path).or_default().extend(part.data);
        if bytes > RECORD_BYTES_MAX || files.len() > RECORD_FILES_MAX {
            return Err(Error::Incomplete { call: CALL, problem: "is larger than any record" });
        }
    }
    Ok(files)
}

/// The verifying key with this hash, checked against it.
///
/// # Errors
/// If the node has no such key or sends another.
pub async fn fetch_verifying_key(node: &Node, hash: KeyHash) -> Result<VerifyingKey, Error> {
    const CALL: &str = "ElectionService.GetVerifyingKey";
    let request = v1::GetVerifyingKeyRequest { hash: hash.0.to_vec() };
    let bytes = node.elections().get_verifying_key(request).await.during(CALL)?.into_inner().key;
    let read = || -> Result<VerifyingKey, InvalidKey> {
        let key = VerifyingKey::from_bytes(&bytes)?;
        key.require_hash(hash)?;
        Ok(key)
    };
    read().map_err(|cause| Error::Key { call: CALL, cause })
}
