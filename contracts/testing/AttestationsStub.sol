// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAttestations} from "../src/IAttestations.sol";

/// Answers as `Attestations` would, whatever a test says. For tests alone.
contract AttestationsStub {
    bytes32 public organisationHash;
    address public organiser;
    IAttestations.Status private _status;
    uint72 private _verdicts;

    function serve(bytes32 organisationHash_, address organiser_) external {
        (organisationHash, organiser) = (organisationHash_, organiser_);
    }

    function set(IAttestations.Status status, uint72 verdicts) external {
        (_status, _verdicts) = (status, verdicts);
    }

    function find(bytes32, bytes32, address, bytes32, uint64) external pure returns (bytes32) {
        return bytes32(uint256(1));
    }

    function statusOf(bytes32) external view returns (IAttestations.Status) {
        return _status;
    }

    function record(bytes32) external view returns (IAttestations.Record memory it) {
        it.verdicts = _verdicts;
    }
}
