// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AuditInputs} from "./AuditInputs.sol";
import {IAttestations} from "./IAttestations.sol";
import {Call, Draft} from "./IElections.sol";
import {IModelGate} from "./IModelGate.sol";
import {Mandate} from "./Mandate.sol";
import {Terms} from "./Terms.sol";

/// @title The gate of an organisation's models
/// @notice A model is approved only while both hold: the last vote on it, as
/// enacted here, approved it, and a valid attestation exists whose model,
/// policy, auditor, data root and expiry are the vote's. spec: `gate`
/// @dev Nobody has a special right here: there is no owner, no upgrade and no
/// delay. What must be trusted beside `Mandate` and `Attestations`: that
/// somebody enacts a sanction. Anybody can, in the block in which the result
/// stands; until then the gate knows nothing of the vote. Before relying on a
/// gate look at the transaction that created it. spec: `settlement.creation`
contract ModelGate is IModelGate, Mandate {
    /// Where attestations are recorded: for the same organisation and organiser.
    IAttestations public immutable attestations;

    /// @inheritdoc IModelGate
    mapping(bytes32 electionId => bool) public enacted;
    mapping(bytes32 model => Decision) private _decisions;

    constructor(Terms memory terms, IAttestations attestations_) Mandate(terms) {
        if (address(attestations_).code.length == 0) revert InvalidTerms("attestations");
        bool ours = attestations_.organisationHash() == organisationHash
            && attestations_.organiser() == organiser;
        if (!ours) revert InvalidTerms("attestations");
        attestations = attestations_;
    }

    /// @inheritdoc IModelGate
    function approveModel(Approval calldata approval) external pure {}

    /// @inheritdoc IModelGate
    function sanctionModel(bytes32 model) external pure {}

    /// Obeys a finalised vote that passed: every call of its draft to this
    /// gate, in order. Anybody may call it, once for each election; there is
    /// no delay. spec: `gate.enact`
    /// @dev An approval counts as of the earliest time at which its voting can
    /// have ended, a sanction as of the block in which its result stood. So an
    /// approval opens the gate only if its voting ended after the last sanction
    /// stood, whoever kept a result back for how long. spec: `gate.order`
    function enact(bytes32 electionId, Draft calldata draft) external {
        if (enacted[electionId]) revert AlreadyEnacted(electionId);
        _requireMandate(electionId, draft);
        enacted[electionId] = true;
        bool found = false;
        for (uint256 i = 0; i < draft.calls.length; ++i) {
            if (draft.calls[i].target == address(this)) {
                _enact(electionId, draft, i);
                found = true;
            }
        }
        if (!found) revert NothingToEnact(electionId);
    }

    /// @inheritdoc IModelGate
    function isApproved(bytes32 model) external view returns (bool) {
        (Standing it,) = standing(model);
        return it == Standing.Approved;
    }

    /// @inheritdoc IModelGate
    function standing(bytes32 model) public view returns (Standing, bytes32 attestation) {
        Decision storage it = _decisions[model];
        if (it.electionId == 0) return (Standing.NoVote, 0);
        if (!it.approved) return (Standing.Sanctioned, 0);
        attestation = attestations.find(model, it.policyHash, it.auditor, it.dataRoot, it.expires);
        if (attestation == 0) return (Standing.NoAttestation, 0);
        if (attestations.statusOf(attestation) != IAttestations.Status.Valid) {
            return (Standing.AttestationNotValid, attestation);
        }
        bool met = _meets(attestations.record(attestation).verdicts, it.demand);
        return (met ? Standing.Approved : Standing.VerdictsNotMet, attestation);
    }

    /// @inheritdoc IModelGate
    function decision(bytes32 model) external view returns (Decision memory) {
        return _decisions[model];
    }

    function _enact(bytes32 electionId, Draft calldata draft, uint256 index) private {
        Call calldata call = draft.calls[index];
        bytes calldata data = call.data;
        if (call.value != 0 || data.length < 4) revert NotAProposal(index);
        bytes4 selector = bytes4(data[:4]);
        if (selector == this.approveModel.selector && data.length == 4 + 6 * 32) {
            // From the closing time on; or earlier, if the draft allows that.
            uint64 asOf = draft.earlyClose ? draft.times.opening : draft.times.closing;
            _approve(electionId, asOf, abi.decode(data[4:], (Approval)));
        } else if (selector == this.sanctionModel.selector && data.length == 4 + 32) {
            _sanction(electionId, elections.result(electionId).time, bytes32(data[4:]));
        } else {
            revert NotAProposal(index);
        }
    }

    function _approve(bytes32 electionId, uint64 asOf, Approval memory it) private {
        Decision storage last = _decisions[it.model];
        if (asOf <= last.asOf) {
            emit Overtaken(it.model, electionId, last.electionId);
            return;
        }
        _decisions[it.model] = Decision({
            electionId: electionId,
            asOf: asOf,
            approved: true,
            demand: it.demand,
            auditor: it.auditor,
            expires: it.expires,
            policyHash: it.policyHash,
            dataRoot: it.dataRoot
        });
        emit Approved(it.model, electionId, it);
    }

    function _sanction(bytes32 electionId, uint64 asOf, bytes32 model) private {
        Decision storage last = _decisions[model];
        if (asOf < last.asOf) {
            emit Overtaken(model, electionId, last.electionId);
            return;
        }
        delete _decisions[model];
        last.electionId = electionId;
        last.asOf = asOf;
        emit Sanctioned(model, electionId);
    }

    function _meets(uint72 verdicts, Demand demand) private pure returns (bool) {
        if (demand == Demand.AllPass) return !AuditInputs.anyDoesNotPass(verdicts);
        return demand == Demand.AnyVerdict || !AuditInputs.anyFails(verdicts);
    }
}
