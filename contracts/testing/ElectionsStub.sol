// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Drafts} from "../src/Drafts.sol";
import {Draft, Election, Outcome, Stage} from "../src/IElections.sol";

/// Answers as `Elections` would, whatever a test says. For tests alone.
contract ElectionsStub {
    mapping(bytes32 electionId => Election) private _elections;
    mapping(bytes32 electionId => bool) public passed;
    mapping(bytes32 electionId => uint64 time) private _finalised;

    function set(bytes32 electionId, bytes32 draftId_, bool passed_, uint64 time) external {
        _finalised[electionId] = time;
        _elections[electionId].draftId = draftId_;
        _elections[electionId].stage = passed_ ? Stage.Finalised : Stage.Voided;
        passed[electionId] = passed_;
    }

    function election(bytes32 electionId) external view returns (Election memory) {
        return _elections[electionId];
    }

    function result(bytes32 electionId) external view returns (Outcome memory outcome) {
        (outcome.passed, outcome.time) = (passed[electionId], _finalised[electionId]);
    }

    function draftId(Draft calldata draft) external pure returns (bytes32) {
        return Drafts.id(draft);
    }
}
