// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AuditInputs} from "../src/AuditInputs.sol";
import {Submission} from "../src/IAttestations.sol";

/// Shows the public inputs that `Attestations` computes. For tests alone.
contract AuditInputsHarness {
    function encode(Submission calldata it, bytes32 dataDigest) external pure returns (uint256[] memory) {
        return AuditInputs.encode(it.claim, it.policy, it.outcome, it.disclosed, dataDigest).inputs;
    }
}
