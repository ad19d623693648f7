//! An election's draft: everything that is fixed before the key exists.
//! spec: `election.draft`.

use super::{
    Address, DraftId, Rule, Signature, TypedData, hash_to_field, keccak256, signature::word_address,
    word_array, word_u64,
};
use crate::params::{TOTAL_BITS, TRUSTEES_MAX, TRUSTEES_MIN};

/// Longest text of a proposal, in bytes.
pub const PROPOSAL_TEXT_MAX: usize = 16 * 1024;
/// Longest name of an organisation, an option or a snapshot, in bytes.
pub const NAME_MAX: usize = 128;
/// Most calls of a proposal and most masker leaves.
pub const LIST_MAX: usize = 256;
/// Longest data of one call, in bytes.
pub const CALL_DATA_MAX: usize = 8 * 1024;

/// What a passed proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// A resolution: its text is all there is.
    Resolution,
    /// Runs the calls on chain.
    Action,
}

impl ProposalKind {
    /// 0 or 1.
    pub fn code(self) -> u8 {
        match self {
            ProposalKind::Resolution => 0,
            ProposalKind::Action => 1,
        }
    }

    /// The inverse of [`ProposalKind::code`].
    pub fn from_code(code: u32) -> Option<Self> {
        [ProposalKind::Resolution, ProposalKind::Action].into_iter().find(|k| u32::from(k.code()) == code)
    }
}

/// Where the outcome is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettlementMode {
    /// Nowhere: the record is all there is. Chain id 0, zero contract.
    None,
    /// On a chain that checks every ballot's proof.
    Validity,
}

impl SettlementMode {
    /// 0 or 1.
    pub fn code(self) -> u8 {
        match self {
            SettlementMode::None => 0,
            SettlementMode::Validity => 1,
        }
    }

    /// The inverse of [`SettlementMode::code`].
    pub fn from_code(code: u32) -> Option<Self> {
        [SettlementMode::None, SettlementMode::Validity].into_iter().find(|m| u32::from(m.code()) == code)
    }
}

/// A call that a passed proposal runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Contract to call.
    pub target: Address,
    /// Wei to send, a 256-bit big-endian integer.
    #[serde(with = "super::json::bytes")]
    pub value: [u8; 32],
    /// Calldata.
    #[serde(with = "super::json::bytes")]
    pub data: Vec<u8>,
}

impl TypedData for Call {
    const TYPE: &'static str = "Call(address target,uint256 value,bytes data)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![word_address(self.target), self.value, keccak256(&self.data)]
    }
}

/// When the proposal has passed. spec: `election.pass_rule`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassRule {
    /// Position of the option that means "yes".
    pub winning_option: u8,
    /// Fewest units over all options together.
    pub quorum: u64,
    /// The winning option needs more than this many parts ..
    pub majority_numerator: u32,
    /// .. of the units over all options.
    pub majority_denominator: u32,
}

impl PassRule {
    /// Whether totals (census units, in option order) pass.
    pub fn passed(&self, totals: &[u64]) -> bool {
        let all: u128 = totals.iter().map(|t| u128::from(*t)).sum();
        let yes = totals.get(usize::from(self.winning_option)).map_or(0, |t| u128::from(*t));
        all >= u128::from(self.quorum)
            && yes * u128::from(self.majority_denominator) > all * u128::from(self.majority_numerator)
    }
}

impl TypedData for PassRule {
    const TYPE: &'static str =
        "PassRule(uint8 winningOption,uint64 quorum,uint32 majorityNumerator,uint32 majorityDenominator)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            word_u64(self.winning_option.into()),
            word_u64(self.quorum),
            word_u64(self.majority_numerator.into()),
            word_u64(self.majority_denominator.into()),
        ]
    }
}

/// Where the census comes from. spec: `census.definition`
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CensusDefinition {
    /// `keccak256` of the canonical table of holders.
    #[serde(with = "super::json::bytes")]
    pub source: [u8; 32],
    /// In words, e.g. `ENS at block 21,000,000 of chain 1`.
    pub snapshot: String,
    /// Decimals of one census unit: weight = balance / 10^(token decimals - decimals).
    pub decimals: u8,
    /// Members with zero weight that may mask, never vote; ascending.
    pub maskers: Vec<Address>,
}

impl TypedData for CensusDefinition {
    const TYPE: &'static str =
        "CensusDefinition(bytes32 source,string snapshot,uint8 decimals,address[] maskers)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            self.source,
            keccak256(&self.snapshot),
            word_u64(self.decimals.into()),
            word_array(self.maskers.iter().map(|a| word_address(*a))),
        ]
    }
}

/// Unix times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Voting starts.
    pub opening: u64,
    /// Voting ends.
    pub closing: u64,
    /// The final root is on chain, or the election is void.
    pub root_deadline: u64,
    /// The tally is on chain, or the election is void.
    pub tally_deadline: u64,
}

impl TypedData for Times {
    const TYPE: &'static str =
        "Times(uint64 opening,uint64 closing,uint64 rootDeadline,uint64 tallyDeadline)";
    fn words(&self) -> Vec<[u8; 32]> {
        [self.opening, self.closing, self.root_deadline, self.tally_deadline].map(word_u64).to_vec()
    }
}

/// A trustee as the draft names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeIdentity {
    /// Account that signs the trustee's messages.
    pub signer: Address,
    /// X25519 public key that shares are encrypted to (HPKE).
    #[serde(with = "super::json::bytes")]
    pub encryption_key: [u8; 32],
}

impl TypedData for TrusteeIdentity {
    const TYPE: &'static str = "Trustee(address signer,bytes32 encryptionKey)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![word_address(self.signer), self.encryption_key]
    }
}

/// An election's draft. spec: `election.draft`
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Chain of settlement, or 0.
    pub chain_id: u64,
    /// Contract of settlement, or zero.
    pub contract: Address,
    /// The organisation that members registered with.
    pub organisation: String,
    /// Chain id in the members' registrations.
    pub registration_chain_id: u64,
    /// `keccak256` of the proposal's text.
    #[serde(with = "super::json::bytes")]
    pub proposal_digest: [u8; 32],
    /// What the proposal is.
    pub kind: ProposalKind,
    /// Calls to run when it passes.
    pub calls: Vec<Call>,
    /// Names of the options.
    pub options: Vec<String>,
    /// How weight may be spread.
    pub rule: Rule,
    /// When it has passed.
    pub pass_rule: PassRule,
    /// Where the census comes from.
    pub census: CensusDefinition,
    /// When what happens.
    pub times: Times,
    /// Whether the organiser may close before the closing time.
    pub early_close: bool,
    /// The trustees, by index from 1.
    pub trustees: Vec<TrusteeIdentity>,
    /// Trustees that decrypt together.
    pub threshold: u8,
    /// Trustees refuse to decrypt fewer slots.
    pub min_ballots: u32,
    /// Where the outcome is settled.
    pub settlement: SettlementMode,
    /// Account that signs heads.
    pub operator: Address,
    /// Account that signs this draft, the census, opening and closing.
    pub organiser: Address,
    /// Fresh randomness.
    #[serde(with = "super::json::bytes")]
    pub nonce: [u8; 32],
}

/// Why a draft is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDraft {
    /// See the message.
    #[error("{what} is {length} bytes long; at most {max}")]
    TooLong {
        /// Which field.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// See the message.
    #[error("{0} is empty; give it a text")]
    Empty(&'static str),
    /// See the message.
    #[error("too many {what}: {count}; at most {max}")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// Its length.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// See the message.
    #[error("the rule is for {rule} options, the draft names {options}")]
    Options {
        /// Options of the rule.
        rule: usize,
        /// Options named.
        options: usize,
    },
    /// See the message.
    #[error("two options are called {0:?}; make the names distinct")]
    DuplicateOption(String),
    /// See the message.
    #[error("the winning option {0} does not exist; options count from 0")]
    WinningOption(u8),
    /// See the message.
    #[error("the majority is {0}/{1}; it must be a fraction from 0 to below 1")]
    Majority(u32, u32),
    /// See the message.
    #[error("times must rise: opening < closing < root deadline < tally deadline")]
    Times,
    /// See the message.
    #[error("{n} trustees of whom {t} decrypt; needed: 2 <= t <= n <= 16")]
    Trustees {
        /// Trustees named.
        n: usize,
        /// The threshold.
        t: u8,
    },
    /// See the message.
    #[error("two trustees have the same signer or the same encryption key")]
    DuplicateTrustee,
    /// See the message.
    #[error("maskers must be in ascending order without repetition")]
    Maskers,
    /// See the message.
    #[error("min_ballots is 0; at least 1, since an empty board has nothing to decrypt")]
    MinBallots,
    /// See the message.
    #[error("the quorum is not below 2^44 units")]
    Quorum,
    /// See the message.
    #[error("decimals are {0}; at most 18")]
    Decimals(u8),
    /// See the message.
    #[error("without settlement the chain id is 0 and the contract zero; with it neither is")]
    Settlement,
    /// See the message.
    #[error("a resolution has no calls, an action at least one")]
    Calls,
}

impl Draft {
    /// `hashStruct(draft) >> 8`. spec: `election.draft_id`
    pub fn id(&self) -> DraftId {
        DraftId::from_field(hash_to_field(self.struct_hash()))
    }

    /// Checks every rule that a draft must obey by itself.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self) -> Result<(), InvalidDraft> {
        self.check_texts()?;
        self.check_proposal()?;
        self.check_people()
    }

    fn check_texts(&self) -> Result<(), InvalidDraft> {
        let names = [("the organisation", &self.organisation), ("the snapshot", &self.census.snapshot)];
        let options = self.options.iter().map(|o| ("an option", o));
        for (what, text) in names.into_iter().chain(options) {
            if text.is_empty() {
                return Err(InvalidDraft::Empty(what));
            }
            if text.len() > NAME_MAX {
                return Err(InvalidDraft::TooLong { what, length: text.len(), max: NAME_MAX });
            }
        }
        for (i, option) in self.options.iter().enumerate() {
            if self.options[..i].contains(option) {
                return Err(InvalidDraft::DuplicateOption(option.clone()));
            }
        }
        let long = self.calls.iter().map(|c| c.data.len()).find(|l| *l > CALL_DATA_MAX);
        if let Some(length) = long {
            return Err(InvalidDraft::TooLong { what: "the data of a call", length, max: CALL_DATA_MAX });
        }
        let lists = [("calls", self.calls.len()), ("maskers", self.census.maskers.len())];
        match lists.into_iter().find(|(_, count)| *count > LIST_MAX) {
            Some((what, count)) => Err(InvalidDraft::TooMany { what, count, max: LIST_MAX }),
            None => Ok(()),
        }
    }

    fn check_proposal(&self) -> Result<(), InvalidDraft> {
        let p = &self.pass_rule;
        if self.rule.options() != self.options.len() {
            let (rule, options) = (self.rule.options(), self.options.len());
            return Err(InvalidDraft::Options { rule, options });
        }
        if usize::from(p.winning_option) >= self.options.len() {
            return Err(InvalidDraft::WinningOption(p.winning_option));
        }
        if p.majority_numerator >= p.majority_denominator {
            return Err(InvalidDraft::Majority(p.majority_numerator, p.majority_denominator));
        }
        if p.quorum >> TOTAL_BITS != 0 {
            return Err(InvalidDraft::Quorum);
        }
        if (self.kind == ProposalKind::Action) == self.calls.is_empty() {
            return Err(InvalidDraft::Calls);
        }
        let unsettled = self.settlement == SettlementMode::None;
        if unsettled != (self.chain_id == 0) || unsettled != (self.contract == Address::default()) {
            return Err(InvalidDraft::Settlement);
        }
        let t = &self.times;
        let rising =
            t.opening < t.closing && t.closing < t.root_deadline && t.root_deadline < t.tally_deadline;
        if rising { Ok(()) } else { Err(InvalidDraft::Times) }
    }

    fn check_people(&self) -> Result<(), InvalidDraft> {
        let (n, t) = (self.trustees.len(), self.threshold);
        if usize::from(t) < TRUSTEES_MIN || n < usize::from(t) || n > TRUSTEES_MAX {
            return Err(InvalidDraft::Trustees { n, t });
        }
        for (i, a) in self.trustees.iter().enumerate() {
            let same = |b: &TrusteeIdentity| a.signer == b.signer || a.encryption_key == b.encryption_key;
            if self.trustees[..i].iter().any(same) {
                return Err(InvalidDraft::DuplicateTrustee);
            }
        }
        if self.census.decimals > 18 {
            return Err(InvalidDraft::Decimals(self.census.decimals));
        }
        if !self.census.maskers.is_sorted_by(|a, b| a < b) {
            return Err(InvalidDraft::Maskers);
        }
        if self.min_ballots == 0 { Err(InvalidDraft::MinBallots) } else { Ok(()) }
    }

    /// The EIP-712 domain of everything signed about this election.
    pub fn domain(&self) -> super::Domain {
        super::Domain { chain_id: self.chain_id, contract: self.contract }
    }
}

impl TypedData for Draft {
    const TYPE: &'static str = "Draft(uint256 chainId,address contract_,string organisation,uint256 registrationChainId,bytes32 proposalDigest,uint8 kind,Call[] calls,string[] options,uint32 rule,PassRule passRule,CensusDefinition census,Times times,bool earlyClose,Trustee[] trustees,uint8 threshold,uint32 minBallots,uint8 settlement,address operator,address organiser,bytes32 nonce)Call(address target,uint256 value,bytes data)CensusDefinition(bytes32 source,string snapshot,uint8 decimals,address[] maskers)PassRule(uint8 winningOption,uint64 quorum,uint32 majorityNumerator,uint32 majorityDenominator)Times(uint64 opening,uint64 closing,uint64 rootDeadline,uint64 tallyDeadline)Trustee(address signer,bytes32 encryptionKey)";

    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            word_u64(self.chain_id),
            word_address(self.contract),
            keccak256(&self.organisation),
            word_u64(self.registration_chain_id),
            self.proposal_digest,
            word_u64(self.kind.code().into()),
            word_array(self.calls.iter().map(TypedData::struct_hash)),
            word_array(self.options.iter().map(keccak256)),
            word_u64(self.rule.code().into()),
            self.pass_rule.struct_hash(),
            self.census.struct_hash(),
            self.times.struct_hash(),
            word_u64(self.early_close.into()),
            word_array(self.trustees.iter().map(TypedData::struct_hash)),
            word_u64(self.threshold.into()),
            word_u64(self.min_ballots.into()),
            word_u64(self.settlement.code().into()),
            word_address(self.operator),
            word_address(self.organiser),
            self.nonce,
        ]
    }
}

/// A draft with its proposal's text, signed by the organiser.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDraft {
    /// The draft.
    pub draft: Draft,
    /// Text whose `keccak256` is `draft.proposal_digest`.
    pub proposal: String,
    /// By `draft.organiser`.
    pub signature: Signature,
}

/// Why a signed draft is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignedDraft {
    /// See [`InvalidDraft`].
    #[error(transparent)]
    Draft(#[from] InvalidDraft),
    /// See the message.
    #[error("the proposal's text has {0} bytes; at most 16384")]
    ProposalLength(usize),
    /// See the message.
    #[error("the proposal's text does not hash to the draft's proposal_digest")]
    ProposalDigest,
    /// See [`super::InvalidSignature`].
    #[error("organiser's signature: {0}")]
    Signature(#[from] super::InvalidSignature),
}

impl SignedDraft {
    /// Checks the draft, its text and the organiser's signature.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidSignedDraft> {
        self.draft.check()?;
        if self.proposal.len() > PROPOSAL_TEXT_MAX {
            return Err(InvalidSignedDraft::ProposalLength(self.proposal.len()));
        }
        if keccak256(&self.proposal) != self.draft.proposal_digest {
            return Err(InvalidSignedDraft::ProposalDigest);
        }
        let hash = self.draft.signing_hash(&self.draft.domain());
        Ok(self.signature.verify(hash, self.draft.organiser)?)
    }
}
