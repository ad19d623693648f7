// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// Written by compile.cjs from attestation/verifier.json and the verifier's
// bytecode: do not edit.

/// @title The verifying key of attestations in the on-chain shape
/// @dev spec: `attestation.shape`
library AttestationKey {
    /// The generated contract, as EXTCODEHASH gives it.
    bytes32 internal constant VERIFIER_CODE_HASH = 0x430cc70097931aad7a6dc0f3852284f01160f0a00b7d22373a2ea3ece2dcc1f8;
    /// spec: `attestation.keys`
    bytes32 internal constant KEY_HASH = 0xb398c9a266f21b7dfad3b4cd17011bab89c9e8ff20c775a63b839bfb63ef4aff;
    /// spec: `attestation.srs_id`
    bytes32 internal constant SRS_ID = 0xb9aa293dd805fa7f87cfb515b7350ede0b94de515921baacda59cd1c12b3c307;
    /// spec: `attestation.schema`
    bytes32 internal constant SCHEMA = 0xfaa76f21ae24d7ef0d886a587b925e27a19bfc5ed02078f1ba520ca1444304d3;
    /// Whether the parameters' secret is known to everyone, so that anyone can forge.
    bool internal constant INSECURE = true;
    /// log2 of the rows.
    uint256 internal constant K = 16;
    /// J: data columns.
    uint256 internal constant COLUMNS = 8;
    /// B: codes, padding included.
    uint256 internal constant CODES = 97;
    /// Group cells of the layout.
    uint256 internal constant CELLS = 24;
    /// Score bins; 1 where there are no scores.
    uint256 internal constant BINS = 1;
    /// Most records.
    uint256 internal constant CAPACITY = 1047808;
    /// Public inputs.
    uint256 internal constant INPUTS = 15;
    /// Length of a proof.
    uint256 internal constant PROOF_BYTES = 3232;
    /// Room for groups in view 0.
    uint256 internal constant VIEW_0 = 4;
    /// Room for groups in view 1.
    uint256 internal constant VIEW_1 = 8;
    /// Room for groups in view 2.
    uint256 internal constant VIEW_2 = 16;
}
