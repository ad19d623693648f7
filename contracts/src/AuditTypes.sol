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

/// The parts of the data root that neither the claim, the proof nor the
/// circuit's shape give. spec: `attestation.data_root`
struct DataParts {
    bytes32 mapping_;
    bytes32 file;
    bytes32 receipts;
}

/// An attestation with all that is needed to check it.
struct Submission {
    Claim claim;
    Policy policy;
    DataParts data;
    ViewOutcome[] outcome;
    /// Edge and counts, if the policy discloses them; else empty.
    uint64[] disclosed;
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
