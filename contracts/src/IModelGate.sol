// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Which models may be used
/// @notice Other contracts ask `isApproved(model)` before they use a model.
/// spec: `gate`
/// @dev The function that takes a vote is `ModelGate.enact`.
interface IModelGate {
    /// What the members ask of the audit's verdicts.
    enum Demand {
        /// Every check passes.
        AllPass,
        /// No check fails; some may not be assessable.
        NoneFails,
        /// There is a valid audit, whatever it says.
        AnyVerdict
    }

    /// What members vote on when they approve a model. A valid attestation
    /// must have exactly these terms. spec: `gate.proposal`
    struct Approval {
        /// The attestation's subject: the model commitment.
        bytes32 model;
        bytes32 policyHash;
        address auditor;
        bytes32 dataRoot;
        uint64 expires;
        Demand demand;
    }

    /// What the last vote on a model decided.
    struct Decision {
        bytes32 electionId;
        /// When the vote counts from: see `ModelGate.enact`.
        uint64 asOf;
        /// False after a sanction.
        bool approved;
        Demand demand;
        address auditor;
        uint64 expires;
        bytes32 policyHash;
        bytes32 dataRoot;
    }

    /// Why a model is approved or not.
    enum Standing {
        /// It is.
        Approved,
        /// No vote on it has been enacted.
        NoVote,
        /// The last vote sanctioned it.
        Sanctioned,
        /// No attestation with the vote's terms is recorded.
        NoAttestation,
        /// There is one, and it does not count (any more): see its status.
        AttestationNotValid,
        /// There is one, and its verdicts are not what the vote demands.
        VerdictsNotMet
    }

    /// The election was enacted before.
    error AlreadyEnacted(bytes32 electionId);
    /// The draft has no call to this gate.
    error NothingToEnact(bytes32 electionId);
    /// A call to the gate is neither `approveModel` nor `sanctionModel`, has
    /// another length, or sends value.
    error NotAProposal(uint256 call);

    event Approved(bytes32 indexed model, bytes32 indexed electionId, Approval approval);
    event Sanctioned(bytes32 indexed model, bytes32 indexed electionId);
    /// The vote changes nothing for this model: a later one was enacted before.
    event Overtaken(bytes32 indexed model, bytes32 indexed electionId, bytes32 indexed by);

    /// The call of a draft that approves a model. It changes nothing when it
    /// is made: the vote does, through `ModelGate.enact`.
    function approveModel(Approval calldata approval) external pure;

    /// The call of a draft that sanctions a model; as `approveModel`.
    function sanctionModel(bytes32 model) external pure;

    /// Whether the vote was obeyed.
    function enacted(bytes32 electionId) external view returns (bool);

    /// Whether the model may be used in this block.
    function isApproved(bytes32 model) external view returns (bool);

    /// Why it may or may not. `attestation` is the one looked at, or zero.
    function standing(bytes32 model) external view returns (Standing standing_, bytes32 attestation);

    /// The last decision on a model.
    function decision(bytes32 model) external view returns (Decision memory);
}
