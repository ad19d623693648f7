// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Whose votes a contract obeys; fixed for good. spec: `gate.mandate`
struct Terms {
    /// The contract in which elections are settled.
    address elections;
    /// The organisation's name, as in drafts.
    string organisation;
    /// The account that signs drafts.
    address organiser;
    /// The trustees' accounts in the draft's order.
    address[] trustees;
    /// Trustees that decrypt together.
    uint8 threshold;
    /// Fewest units over all options together.
    uint64 quorum;
    /// A draft's fraction must be at least this one.
    uint32 majorityNumerator;
    uint32 majorityDenominator;
}
