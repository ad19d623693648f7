// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// What is written and signed around an audit, as the specification's chapters
// 19 and 21 have it. `keccak256(abi.encode(policy))` is the policy hash.

/// A fraction, both numbers below 2^16.
struct Ratio {
    uint256 num;
    uint256 den;
}

/// Sex or race, for instance. The names say what the numbers mean; the
/// contracts only hash them.
struct Attribute {
    string name;
    string[] groups;
    bool unknown;
}

/// One way to divide the records into groups. Sets are bit masks, bit i for
/// member i.
struct View {
    string name;
    uint256[] attributes;
    uint256 groups;
    /// For each cell of the policy the groups that its records may belong to.
    uint256[] allowed;
    uint256 excluded;
    /// The metrics asked for, in the order of the statement.
    uint256 checks;
}

/// What the organisation votes on. spec: `audit.policy_hash`
struct Policy {
    string format;
    uint256 version;
    string title;
    Attribute[] attributes;
    bool counted;
    uint256 cells;
    uint256 sample;
    uint256 minimumCell;
    Ratio minimumShare;
    /// 0: verdicts only.
    uint256 disclosedMinimum;
    /// One for each metric.
    Ratio[] thresholds;
    View[] views;
}

/// What the proof says about one view. spec: `audit.outcome_hash`
struct ViewOutcome {
    uint256 unknown;
    /// Sets of compared groups, one for each kind of denominator.
    uint256[] compared;
    /// One for each metric: 0 not asked for, 1 pass, 2 fail, 3 not assessable.
    uint256[] verdicts;
    /// Sets of failing groups, one for each metric.
    uint256[] failing;
    uint256 unassessed;
}

/// What an auditor signs. Its struct hash is the attestation's id.
/// spec: `audit.attestation`
struct Claim {
    string organisation;
    string system;
    bytes32 modelCommitment;
    bytes32 dataRoot;
    bytes32 policyHash;
    bytes32 keyHash;
    uint64 records;
    uint64 from;
    uint64 to;
    uint64 issued;
    uint64 expires;
    bytes32 outcomeHash;
    bytes32 tableHash;
    bytes32 proofHash;
    bool insecure;
    bytes32 supersedes;
    address auditor;
}

/// The parts of the data root that neither claim, policy, proof nor the
/// circuit's shape give. spec: `attestation.data_root`
struct DataParts {
    /// Digest of the mapping file. spec: `audit.mapping_digest`
    bytes32 mapping_;
    bytes32 file;
    bytes32 receipts;
}

/// An attestation with all that is needed to check it.
struct Submission {
    Claim claim;
    /// `abi.encode(Policy)`: what the policy hash is over.
    bytes policy;
    DataParts data;
    /// `abi.encode(ViewOutcome[])`: what the outcome's hash is over.
    bytes outcome;
    /// Edge and counts, 8 bytes each, if the policy discloses them; else empty.
    bytes disclosed;
    bytes proof;
    bytes signature;
}

/// The organiser names an auditor. spec: `audit.auditor`
struct AuditorRegistration {
    string organisation;
    address auditor;
    string name;
    uint64 from;
    uint64 until;
    uint64 counter;
}

/// What others ask an attestation contract.
/// @dev What must be trusted, and what need not be, is said in `Attestations`.
interface IAttestations {
    /// Whether an attestation counts; of those that apply, what is worst.
    /// spec: `gate.status`
    enum Status {
        /// Never recorded here.
        Unknown,
        /// It counts.
        Valid,
        /// Its time has passed.
        Expired,
        /// Withdrawn by its auditor or by the organiser.
        Revoked,
        /// A newer one of the same auditor took its place.
        Superseded,
        /// The organiser has ended the auditor's registration before it was signed.
        Unregistered
    }

    /// What is kept of an attestation.
    struct Record {
        /// The model commitment.
        bytes32 subject;
        bytes32 dataRoot;
        bytes32 policyHash;
        address auditor;
        /// Unix time from which it no longer counts.
        uint64 expires;
        /// Unix time of signing, as the auditor says.
        uint64 issued;
        /// Two bits for each metric, 22 for each view, the first lowest: 0 not
        /// asked for, 1 pass, 2 fail, 3 not assessable.
        uint72 verdicts;
        /// Part of the hash of the system's name.
        uint120 systemTag;
    }

    /// An auditor may sign what is issued from `from` until before `until`.
    struct Registration {
        uint64 from;
        uint64 until;
        uint64 counter;
        bool known;
    }

    /// Why a text, a time or a number of a claim is refused.
    enum ClaimFault {
        Organisation,
        VerifyingKey,
        InsecureMark,
        Records,
        Period,
        Validity,
        IssuedInTheFuture,
        AlreadyExpired
    }

    /// The registration is for another organisation.
    error OtherOrganisation(bytes32 expected, bytes32 found);
    /// A registration with this counter or a higher one is known (A69).
    error StaleRegistration(address auditor, uint64 known, uint64 found);
    /// Another account signed, or the signature has another form than 65 bytes
    /// `r, s, v` with s in the lower half and v 27 or 28. `found` is zero where
    /// no account can be recovered.
    error WrongSigner(address expected, address found);
    /// Neither a registered auditor nor the organiser signed the revocation.
    error NotEntitled(address signer, bytes32 attestation);
    /// The zero root cannot be anchored.
    error EmptyRoot();
    /// The auditor was not registered at this time: when signing, or now.
    error AuditorNotRegistered(address auditor, uint64 time);
    /// See the fault.
    error InvalidClaim(ClaimFault fault);
    /// The policy is not the one that the claim names.
    error OtherPolicy(bytes32 expected, bytes32 found);
    /// Outcome, counts or proof are not those that the claim names.
    error OtherOutcome(bytes32 expected, bytes32 found);
    error OtherTable(bytes32 expected, bytes32 found);
    error OtherProof(bytes32 expected, bytes32 found);
    /// The data root of the proof's commitments and the given parts is another.
    error OtherData(bytes32 expected, bytes32 found);
    /// The data root was never anchored.
    error NotAnchored(bytes32 dataRoot);
    /// The data root was anchored in this block: data must be bound before.
    error AnchoredTooLate(bytes32 dataRoot, uint256 blockNumber);
    /// The data served for another model or period already (A57).
    error ReplayedData(bytes32 dataRoot);
    /// It is recorded already.
    error AlreadyAttested(bytes32 attestation);
    /// What it would take the place of is unknown, of another auditor or
    /// system, or newer.
    error CannotSupersede(bytes32 attestation);
    /// It would not count from the beginning: for instance, it was revoked.
    error NotValid(bytes32 attestation, Status status);
    /// The proof has another length.
    error ProofLength(uint256 expected, uint256 found);
    /// The verifier could not be given its gas: nothing is said about the proof (A54).
    error NotEnoughGas(uint256 needed, uint256 left);
    /// The verifier, given all its gas, refused the proof.
    error InvalidProof();

    event AuditorRegistered(
        address indexed auditor, string name, uint64 from, uint64 until, uint64 counter
    );
    event Anchored(bytes32 indexed dataRoot, address indexed by);
    event Attested(
        bytes32 indexed attestation,
        bytes32 indexed subject,
        address indexed auditor,
        bytes32 dataRoot,
        bytes32 policyHash,
        uint64 from,
        uint64 to,
        uint64 expires,
        uint72 verdicts
    );
    event Superseded(bytes32 indexed attestation, bytes32 indexed by);
    event Revoked(bytes32 indexed attestation, address indexed by, uint64 time, string reason);

    /// Records an auditor's registration that the organiser signed.
    function register(AuditorRegistration calldata registration, bytes calldata signature) external;

    /// Binds a data root to this block. Anybody may; a root that is anchored
    /// already keeps its block.
    function anchor(bytes32 dataRoot) external;

    /// Checks an attestation completely and records it; reverts otherwise.
    /// @return attestation its id
    function attest(Submission calldata submission) external returns (bytes32 attestation);

    /// Records a revocation that the auditor or the organiser signed. It may
    /// come before the attestation.
    function revoke(bytes32 attestation, string calldata reason, uint64 time, bytes calldata signature)
        external;

    /// Whether the attestation counts in this block.
    function statusOf(bytes32 attestation) external view returns (Status);

    /// What is kept of an attestation; zero if it is unknown.
    function record(bytes32 attestation) external view returns (Record memory);

    /// The latest attestation with exactly these terms, or zero.
    function find(
        bytes32 subject,
        bytes32 policyHash,
        address auditor,
        bytes32 dataRoot,
        uint64 expires
    ) external view returns (bytes32 attestation);

    /// The registration of an auditor.
    function registrationOf(address auditor) external view returns (Registration memory);

    /// The block in which a data root was anchored, or 0.
    function anchoredAt(bytes32 dataRoot) external view returns (uint256 blockNumber);

    /// The attestation that took this one's place, or zero.
    function supersededBy(bytes32 attestation) external view returns (bytes32);

    /// keccak256 of the organisation's name.
    function organisationHash() external view returns (bytes32);

    /// The account that registers auditors.
    function organiser() external view returns (address);
}
