// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Call, Draft} from "./IElections.sol";
import {IExecutor} from "./IExecutor.sol";
import {Mandate} from "./Mandate.sol";
import {Terms} from "./Terms.sol";
import {Timelock} from "./Timelock.sol";

/// @title Runs what members voted for
/// @notice The calls of a draft whose vote passed run through a timelock: all
/// or none, once for each election, after the delay. Nothing else makes the
/// timelock act. spec: `gate.executor`
/// @dev Nobody has a special right here: no owner, no upgrade, no veto.
/// Contracts that are to obey the members give their rights to `timelock`.
/// What must be trusted: what `Mandate` says. A passed action that is not
/// queued stays possible for ever; what depends on time has to say so itself.
contract Executor is IExecutor, Mandate {
    /// Makes the calls. Created by this contract.
    Timelock public immutable timelock;
    /// @inheritdoc IExecutor
    mapping(bytes32 electionId => bytes32) public operationOf;

    constructor(Terms memory terms, uint256 delay) Mandate(terms) {
        address[] memory self = new address[](1);
        self[0] = address(this);
        timelock = new Timelock(delay, self);
    }

    /// Queues the calls of a finalised vote that passed. Anybody may.
    function queue(bytes32 electionId, Draft calldata draft) external returns (bytes32 operation) {
        if (operationOf[electionId] != 0) revert AlreadyQueued(electionId);
        _requireMandate(electionId, draft);
        if (draft.calls.length == 0) revert NoAction(electionId);
        (address[] memory targets, uint256[] memory values, bytes[] memory data) = _split(draft.calls);
        operation = timelock.hashOperationBatch(targets, values, data, 0, electionId);
        operationOf[electionId] = operation;
        uint256 delay = timelock.getMinDelay();
        timelock.scheduleBatch(targets, values, data, 0, electionId, delay);
        emit Queued(electionId, operation, block.timestamp + delay);
    }

    /// Makes the calls. Anybody may once the delay is over; what is sent goes
    /// to the timelock, which pays the calls' values. Reverts as a whole if one
    /// call does, and can be tried again.
    function execute(bytes32 electionId, Draft calldata draft) external payable {
        bytes32 operation = operationOf[electionId];
        if (operation == 0) revert NotQueued(electionId);
        (address[] memory targets, uint256[] memory values, bytes[] memory data) = _split(draft.calls);
        // Another draft gives another operation, which the timelock does not know.
        timelock.executeBatch{value: msg.value}(targets, values, data, 0, electionId);
        emit Executed(electionId, operation);
    }

    /// @inheritdoc IExecutor
    function standing(bytes32 electionId) external view returns (Standing) {
        bytes32 operation = operationOf[electionId];
        if (operation == 0) return Standing.None;
        if (timelock.isOperationDone(operation)) return Standing.Done;
        return timelock.isOperationReady(operation) ? Standing.Ready : Standing.Waiting;
    }

    function _split(Call[] calldata calls)
        private
        view
        returns (address[] memory targets, uint256[] memory values, bytes[] memory data)
    {
        targets = new address[](calls.length);
        values = new uint256[](calls.length);
        data = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            if (calls[i].target == address(timelock)) revert CallToTimelock(i);
            (targets[i], values[i], data[i]) = (calls[i].target, calls[i].value, calls[i].data);
        }
    }
}
