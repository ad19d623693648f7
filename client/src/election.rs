//! An election as a voter sees it: nothing is used that was not checked.
//! spec: `client.election`.

use crate::{Error, Node, error::During};
use circuits::{
    ballot::Context,
    types::{
        Address, BallotShape, CensusStatement, Domain, Draft, DraftId, ElectionId, InvalidElectionKey,
        InvalidSignature, InvalidSignedDraft, NonCanonical, Order, Signature, SignedDraft, SignedElectionKey,
        TypedData, VERIFYING_KEYS,
    },
};
use proto::v1::{self, Phase, get_election_request::Id};
use verifier::KeyHash;

/// What the voter knows without the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The organiser's account, from the organisation itself.
    pub organiser: Address,
    /// Hashes of the voter's own verifying keys, in the order of
    /// `CircuitId::of_election` (A17).
    pub verifying_keys: [KeyHash; VERIFYING_KEYS],
    /// Whether these are development keys.
    pub development_keys: bool,
}

/// What the voter knows before the election's kind is known.
#[derive(Clone, Copy, Debug)]
pub struct Trust {
    /// The organiser's account; `None` if the election's identifier, which
    /// commits to it, is what the voter has from the organisation.
    /// spec: `client.election_id`
    pub organiser: Option<Address>,
    /// Hashes of the voter's own verifying keys, by shape and threshold.
    pub verifying_keys: fn(BallotShape, usize) -> Option<[KeyHash; VERIFYING_KEYS]>,
    /// See [`Expected::development_keys`].
    pub development_keys: bool,
}

impl Trust {
    /// What to expect of an election with this draft.
    ///
    /// # Errors
    /// If the voter has no keys of its kind.
    pub fn expected(&self, draft: &Draft) -> Result<Expected, InvalidElection> {
        let (shape, threshold) = (draft.rule.shape(), draft.threshold);
        let verifying_keys = (self.verifying_keys)(shape, usize::from(threshold));
        Ok(Expected {
            organiser: self.organiser.unwrap_or(draft.organiser),
            verifying_keys: verifying_keys.ok_or(InvalidElection::NoKeys { shape, threshold })?,
            development_keys: self.development_keys,
        })
    }
}

/// Why an election is refused. Do not vote in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidElection {
    /// See the message.
    #[error("the node answered with another draft or election than asked for; do not trust it")]
    OtherElection,
    /// See [`InvalidSignedDraft`].
    #[error("draft: {0}")]
    Draft(#[from] InvalidSignedDraft),
    /// See the message.
    #[error("the draft is organised by {found}, not by {expected}; somebody else made this election")]
    Organiser {
        /// Expected.
        expected: Address,
        /// Found.
        found: Address,
    },
    /// See the message.
    #[error("the election is not yet open (phase {0:?}); try again later")]
    NotOpen(Phase),
    /// See the message.
    #[error("the key is not complete (phase {0:?}); wait until all trustees have signed it")]
    NoKey(Phase),
    /// See the message.
    #[error("organiser's signature over {what}: {cause}")]
    Signature {
        /// What was signed.
        what: &'static str,
        /// What is wrong.
        cause: InvalidSignature,
    },
    /// See the message.
    #[error("the trustees signed another census than the organiser froze")]
    Census,
    /// See [`InvalidElectionKey`].
    #[error("key: {0}; nobody knows who could decrypt (A61)")]
    Key(#[from] InvalidElectionKey),
    /// See the message.
    #[error(
        "the election's {circuit} key is {found}, yours is {expected} (A17); get the keys of the election's \
         version of the software, or do not vote"
    )]
    VerifyingKey {
        /// Which circuit.
        circuit: &'static str,
        /// The voter's own.
        expected: KeyHash,
        /// The election's.
        found: KeyHash,
    },
    /// See the message.
    #[error(
        "this program has no keys of elections with ballots of {} options and {threshold} deciding trustees",
        .shape.options()
    )]
    NoKeys {
        /// The ballots' shape.
        shape: BallotShape,
        /// The draft's threshold.
        threshold: u8,
    },
    /// See the message.
    #[error("the election's identifier is malformed: {0}")]
    Id(#[from] NonCanonical),
}

/// The circuits whose keys an election pins, in order.
const CIRCUITS: [&str; VERIFYING_KEYS] = ["registration", "ballot", "tally", "tally chunk", "tally final"];

/// Position of `ballot` among them.
const BALLOT_KEY: usize = 1;

/// An opened election, checked.
#[derive(Clone, Debug)]
pub struct Election {
    /// The draft with the proposal's text.
    pub signed_draft: SignedDraft,
    /// The frozen census.
    pub census: CensusStatement,
    /// By the organiser, over the census.
    pub census_signature: Signature,
    /// The key with all trustees' signatures.
    pub key: SignedElectionKey,
    /// Recomputed from the key.
    pub id: ElectionId,
    /// By the organiser, over the order to open.
    pub open_signature: Signature,
    /// By the organiser, if closed before the closing time.
    pub close_signature: Option<Signature>,
    /// As the node says.
    pub phase: Phase,
    /// Anyone can forge votes and results: the keys are development keys.
    /// Show it wherever the election is shown.
    pub insecure_development_keys: bool,
}

impl Election {
    /// Hash of the key that verifies ballots.
    pub fn ballot_key(&self) -> KeyHash {
        KeyHash(self.key.key.verifying_keys[BALLOT_KEY])
    }

    /// The draft.
    pub fn draft(&self) -> &Draft {
        &self.signed_draft.draft
    }

    /// The EIP-712 domain.
    pub fn domain(&self) -> Domain {
        self.draft().domain()
    }

    /// What all ballots have in common.
    pub fn context(&self) -> Context {
        Context {
            census_root: self.census.root,
            election_id: self.id,
            rule: self.draft().rule,
            pk: self.key.key.public_key,
        }
    }
}

/// A draft or an election by its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// By the draft's id.
    Draft(DraftId),
    /// By the election's id.
    Election(ElectionId),
}

const CALL: &str = "ElectionService.GetElection";

/// What the node says about an election, unchecked.
///
/// # Errors
/// If the node refuses.
pub async fn fetch_raw(node: &Node, which: Reference) -> Result<v1::GetElectionResponse, Error> {
    let id = match which {
        Reference::Draft(id) => Id::DraftId(id.to_bytes().to_vec()),
        Reference::Election(id) => Id::ElectionId(id.to_bytes().to_vec()),
    };
    let request = v1::GetElectionRequest { id: Some(id) };
    Ok(node.elections().get_election(request).await.during(CALL)?.into_inner())
}

/// One line of a node's list, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The draft.
    pub draft_id: DraftId,
    /// The election, once its key is complete.
    pub election_id: Option<ElectionId>,
    /// Where it stands.
    pub phase: Phase,
    /// The organisation.
    pub organisation: String,
    /// Voting starts, Unix seconds.
    pub opening: u64,
    /// Voting ends, Unix seconds.
    pub closing: u64,
}

/// Most elections that a list is read to.
const LIST_MAX: usize = 1 << 20;

/// All drafts and elections of a node, in the order of their drafts.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn list(node: &Node) -> Result<Vec<Summary>, Error> {
    const CALL: &str = "ElectionService.ListElections";
    let (mut out, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListElectionsRequest { page_size: 0, page_token };
        let page = node.elections().list_elections(request).await.during(CALL)?.into_inner();
        let end = page.elections.is_empty();
        for line in page.elections {
            out.push(summary(line)?);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() || end {
            return Ok(out);
        }
        if out.len() > LIST_MAX {
            return Err(Error::Incomplete { call: CALL, problem: "does not end" });
        }
    }
}

fn summary(line: v1::ElectionSummary) -> Result<Summary, Error> {
    let id = (!line.election_id.is_empty()).then(|| ElectionId::from_bytes(&line.election_id));
    Ok(Summary {
        draft_id: DraftId::from_bytes(&line.draft_id).map_err(InvalidElection::Id)?,
        election_id: id.transpose().map_err(InvalidElection::Id)?,
        phase: line.phase(),
        organisation: line.organisation,
        opening: line.opening,
        closing: line.closing,
    })
}

/// A draft, checked; for members who register and trustees.
///
/// # Errors
/// If the node refuses, or the draft is not the organiser's.
pub async fn fetch_draft(node: &Node, id: DraftId, organiser: Address) -> Result<SignedDraft, Error> {
    let raw = fetch_raw(node, Reference::Draft(id)).await?;
    let signed = SignedDraft::try_from(raw.draft.during(CALL)?).during(CALL)?;
    check_draft(&signed, organiser)?;
    if signed.draft.id() == id { Ok(signed) } else { Err(InvalidElection::OtherElection.into()) }
}

/// An election whose key is complete, checked like one before voting, save
/// for the order to open. For the organiser who gives that order.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// The draft with the proposal's text.
    pub signed_draft: SignedDraft,
    /// The frozen census, signed by the organiser.
    pub census: CensusStatement,
    /// The key with all trustees' signatures.
    pub key: SignedElectionKey,
    /// Recomputed from the key.
    pub id: ElectionId,
}

/// A complete key, checked: the draft's and the organiser's signatures, the
/// trustees' signatures and shares, the census, the verifying keys.
///
/// # Errors
/// If the node refuses, the key is not complete, or anything is wrong.
pub async fn fetch_keyed(node: &Node, id: DraftId, expected: &Expected) -> Result<Keyed, Error> {
    read_keyed(fetch_raw(node, Reference::Draft(id)).await?, id, expected)
}

/// [`fetch_keyed`] from the node's answer.
pub(crate) fn read_keyed(
    raw: v1::GetElectionResponse,
    id: DraftId,
    expected: &Expected,
) -> Result<Keyed, Error> {
    let phase = raw.phase();
    let signed_draft = SignedDraft::try_from(raw.draft.during(CALL)?).during(CALL)?;
    check_draft(&signed_draft, expected.organiser)?;
    if signed_draft.draft.id() != id {
        return Err(InvalidElection::OtherElection.into());
    }
    if matches!(phase, Phase::Unspecified | Phase::Draft | Phase::KeyGeneration) {
        return Err(InvalidElection::NoKey(phase).into());
    }
    let census = CensusStatement::try_from(raw.census.during(CALL)?).during(CALL)?;
    let key = SignedElectionKey::try_from(raw.key.during(CALL)?).during(CALL)?;
    let signature = Signature::from_bytes(&raw.census_signature);
    let signature = signature.map_err(|cause| InvalidElection::Signature { what: "the census", cause })?;
    check_key(&signed_draft, &census, &signature, &key)?;
    check_keys(key.key.verifying_keys, expected.verifying_keys)?;
    let id = key.key.election_id();
    Ok(Keyed { signed_draft, census, key, id })
}

/// An opened election, checked.
///
/// # Errors
/// If the node refuses, or anything is wrong with the election.
pub async fn fetch(node: &Node, which: Reference, expected: &Expected) -> Result<Election, Error> {
    accept_as(fetch_raw(node, which).await?, which, expected)
}

/// What a node or a file says about an opened election, checked.
///
/// # Errors
/// If anything is missing or wrong.
pub fn accept(raw: v1::GetElectionResponse, which: Reference, trust: &Trust) -> Result<Election, Error> {
    let draft = raw.draft.clone().during(CALL)?;
    let expected = trust.expected(&SignedDraft::try_from(draft).during(CALL)?.draft)?;
    accept_as(raw, which, &expected)
}

fn accept_as(raw: v1::GetElectionResponse, which: Reference, expected: &Expected) -> Result<Election, Error> {
    let election = read(raw)?;
    check(&election, expected)?;
    let same = match which {
        Reference::Draft(id) => election.draft().id() == id,
        Reference::Election(id) => election.id == id,
    };
    if !same {
        return Err(InvalidElection::OtherElection.into());
    }
    let insecure_development_keys = election.insecure_development_keys || expected.development_keys;
    Ok(Election { insecure_development_keys, ..election })
}

/// The typed form of an answer about an opened election, unchecked.
///
/// # Errors
/// If a part is missing or malformed, or the election is not open.
pub(crate) fn read(raw: v1::GetElectionResponse) -> Result<Election, Error> {
    let phase = raw.phase();
    if !matches!(phase, Phase::Voting | Phase::Closed | Phase::Tallied) {
        return Err(InvalidElection::NotOpen(phase).into());
    }
    let signature = |what, bytes: &[u8]| {
        Signature::from_bytes(bytes).map_err(|cause| InvalidElection::Signature { what, cause })
    };
    let key = SignedElectionKey::try_from(raw.key.during(CALL)?).during(CALL)?;
    let id = ElectionId::from_bytes(&raw.election_id).map_err(InvalidElection::Id)?;
    let close =
        (!raw.close_signature.is_empty()).then(|| signature("the order to close", &raw.close_signature));
    Ok(Election {
        signed_draft: SignedDraft::try_from(raw.draft.during(CALL)?).during(CALL)?,
        census: CensusStatement::try_from(raw.census.during(CALL)?).during(CALL)?,
        census_signature: signature("the census", &raw.census_signature)?,
        key,
        id,
        open_signature: signature("the order to open", &raw.open_signature)?,
        close_signature: close.transpose()?,
        phase,
        insecure_development_keys: raw.insecure_development_keys,
    })
}

fn check_draft(signed: &SignedDraft, organiser: Address) -> Result<(), InvalidElection> {
    signed.check()?;
    let found = signed.draft.organiser;
    if found == organiser { Ok(()) } else { Err(InvalidElection::Organiser { expected: organiser, found }) }
}

/// Checks everything a voter must know before voting: the organiser's
/// signatures over draft, census and opening; the text; the trustees' key;
/// that the identifier is that of all this; and the verifying keys.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(election: &Election, expected: &Expected) -> Result<(), InvalidElection> {
    check_draft(&election.signed_draft, expected.organiser)?;
    check_key(&election.signed_draft, &election.census, &election.census_signature, &election.key)?;
    if election.key.key.election_id() != election.id {
        return Err(InvalidElection::OtherElection);
    }
    let (draft, domain) = (election.draft(), election.domain());
    let open = Order::Open(election.id).signing_hash(&domain);
    signed_by_organiser(draft, "the order to open", &election.open_signature, open)?;
    if let Some(signature) = &election.close_signature {
        let close = Order::Close(election.id).signing_hash(&domain);
        signed_by_organiser(draft, "the order to close", signature, close)?;
    }
    check_keys(election.key.key.verifying_keys, expected.verifying_keys)
}

/// The census is the organiser's, and the trustees' key is complete and for
/// this census.
fn check_key(
    signed: &SignedDraft,
    census: &CensusStatement,
    census_signature: &Signature,
    key: &SignedElectionKey,
) -> Result<(), InvalidElection> {
    let draft = &signed.draft;
    signed_by_organiser(draft, "the census", census_signature, census.signing_hash(&draft.domain()))?;
    key.check(draft)?;
    let frozen = (draft.id(), census.root, census.total);
    let keyed = (key.key.draft_id, key.key.census_root, key.key.census_total);
    if census.draft_id == frozen.0 && keyed == frozen { Ok(()) } else { Err(InvalidElection::Census) }
}

fn signed_by_organiser(
    draft: &Draft,
    what: &'static str,
    signature: &Signature,
    hash: [u8; 32],
) -> Result<(), InvalidElection> {
    let check = signature.verify(hash, draft.organiser);
    check.map_err(|cause| InvalidElection::Signature { what, cause })
}

fn check_keys(
    found: [[u8; 32]; VERIFYING_KEYS],
    expected: [KeyHash; VERIFYING_KEYS],
) -> Result<(), InvalidElection> {
    let mut keys = CIRCUITS.into_iter().zip(expected).zip(found.map(KeyHash));
    match keys.find(|((_, expected), found)| expected != found) {
        Some(((circuit, expected), found)) => Err(InvalidElection::VerifyingKey { circuit, expected, found }),
        None => Ok(()),
    }
}
