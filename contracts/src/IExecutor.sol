// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What runs the calls of passed votes
/// @dev The functions that take a vote are `Executor.queue` and
/// `Executor.execute`. spec: `gate.executor`
interface IExecutor {
    /// Where an election's calls stand.
    enum Standing {
        /// Not queued: not passed, no action, or nobody has queued it.
        None,
        /// The delay runs.
        Waiting,
        /// Anybody may execute it, again and again until it succeeds.
        Ready,
        /// It ran.
        Done
    }

    /// A resolution has no calls.
    error NoAction(bytes32 electionId);
    /// Each election is queued at most once.
    error AlreadyQueued(bytes32 electionId);
    /// It was never queued.
    error NotQueued(bytes32 electionId);
    /// The call would change the timelock's own roles or delay.
    error CallToTimelock(uint256 call);

    event Queued(bytes32 indexed electionId, bytes32 indexed operation, uint256 readyAt);
    event Executed(bytes32 indexed electionId, bytes32 indexed operation);

    /// Where the calls of an election stand.
    function standing(bytes32 electionId) external view returns (Standing);

    /// The operation of an election in the timelock, or zero.
    function operationOf(bytes32 electionId) external view returns (bytes32);
}
