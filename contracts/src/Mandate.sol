// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Draft, IElections, PassRule, Trustee} from "./IElections.sol";
import {Terms} from "./Terms.sol";

/// @title Whose votes a contract obeys
/// @notice Fixed when the contract is created: the elections' contract, the
/// organisation, the organiser, the trustees and the least pass rule. Anybody
/// can open an election with a census of their own; none but those of this
/// organisation's organiser and trustees counts here (A68).
/// spec: `gate.mandate`
/// @dev What must be trusted, then: the organiser and the trustees together
/// for the census (its source is in the draft, and trustees sign after
/// rebuilding it), and what `IElections` says of elections. A mandate lasts as
/// long as the contract: with other trustees or another organiser, deploy
/// another one.
abstract contract Mandate {
    /// The contract in which elections are settled.
    IElections public immutable elections;
    /// keccak256 of the organisation's name.
    bytes32 public immutable organisationHash;
    /// The account whose drafts count.
    address public immutable organiser;
    /// See `trusteeSet`.
    bytes32 public immutable trusteeSetHash;
    /// The least pass rule.
    uint64 public immutable quorum;
    uint32 public immutable majorityNumerator;
    uint32 public immutable majorityDenominator;

    /// What the contract was to be created with makes no mandate.
    error InvalidTerms(string field);
    /// The draft is not that of the election.
    error OtherDraft(bytes32 electionId, bytes32 expected, bytes32 found);
    /// The election is not finalised, or its proposal has not passed.
    error NotPassed(bytes32 electionId);
    /// The election is another organisation's.
    error NotOurOrganisation(bytes32 expected, bytes32 found);
    /// Somebody else called the election.
    error NotOurOrganiser(address expected, address found);
    /// Other trustees hold the key, or fewer of them decrypt.
    error NotOurTrustees(bytes32 expected, bytes32 found);
    /// The draft's pass rule is weaker than the least one.
    error WeakPassRule(uint64 quorum, uint32 majorityNumerator, uint32 majorityDenominator);

    constructor(Terms memory terms) {
        if (terms.elections.code.length == 0) revert InvalidTerms("elections");
        if (bytes(terms.organisation).length == 0) revert InvalidTerms("organisation");
        if (terms.organiser == address(0)) revert InvalidTerms("organiser");
        bool some = terms.threshold >= 2 && terms.threshold <= terms.trustees.length;
        if (!some) revert InvalidTerms("trustees");
        bool fraction = terms.majorityNumerator < terms.majorityDenominator;
        if (!fraction) revert InvalidTerms("majority");
        elections = IElections(terms.elections);
        organisationHash = keccak256(bytes(terms.organisation));
        organiser = terms.organiser;
        trusteeSetHash = trusteeSet(terms.trustees, terms.threshold);
        quorum = terms.quorum;
        majorityNumerator = terms.majorityNumerator;
        majorityDenominator = terms.majorityDenominator;
    }

    /// Names trustees: their accounts in order, and how many decrypt. Their
    /// encryption keys may change from election to election.
    function trusteeSet(address[] memory signers, uint8 threshold) public pure returns (bytes32) {
        return keccak256(abi.encode(signers, threshold));
    }

    /// Reverts unless the election is one of ours, finalised, and passed by
    /// its draft's pass rule, and `draft` is its draft.
    function _requireMandate(bytes32 electionId, Draft calldata draft) internal view {
        bytes32 expected = elections.election(electionId).draftId;
        bytes32 found = elections.draftId(draft);
        if (expected != found) revert OtherDraft(electionId, expected, found);
        if (!elections.passed(electionId)) revert NotPassed(electionId);
        _requireOurs(draft);
    }

    function _requireOurs(Draft calldata draft) private view {
        bytes32 name = keccak256(bytes(draft.organisation));
        if (name != organisationHash) revert NotOurOrganisation(organisationHash, name);
        if (draft.organiser != organiser) revert NotOurOrganiser(organiser, draft.organiser);
        bytes32 trustees = trusteeSet(_signers(draft.trustees), draft.threshold);
        if (trustees != trusteeSetHash) revert NotOurTrustees(trusteeSetHash, trustees);
        PassRule calldata rule = draft.passRule;
        if (!_isStrongEnough(rule)) {
            revert WeakPassRule(rule.quorum, rule.majorityNumerator, rule.majorityDenominator);
        }
    }

    /// Quorum and fraction are at least the least ones. The products have 64 bits.
    function _isStrongEnough(PassRule calldata rule) private view returns (bool) {
        uint256 theirs = uint256(rule.majorityNumerator) * majorityDenominator;
        uint256 least = uint256(majorityNumerator) * rule.majorityDenominator;
        return rule.quorum >= quorum && theirs >= least;
    }

    function _signers(Trustee[] calldata trustees) private pure returns (address[] memory signers) {
        signers = new address[](trustees.length);
        for (uint256 i = 0; i < trustees.length; ++i) {
            signers[i] = trustees[i].signer;
        }
    }
}
