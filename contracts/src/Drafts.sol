// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Call, CensusDefinition, Draft, PassRule, Times, Trustee} from "./IElections.sol";

/// @title Struct hashes of drafts
/// @dev EIP-712, byte for byte as the specification. spec: `election.draft`
library Drafts {
    bytes32 private constant DRAFT =
        keccak256(
            "Draft(uint256 chainId,address contract_,string organisation,uint256 registrationChainId,bytes32 proposalDigest,uint8 kind,Call[] calls,string[] options,uint32 rule,PassRule passRule,CensusDefinition census,Times times,bool earlyClose,Trustee[] trustees,uint8 threshold,uint32 minBallots,uint8 settlement,address operator,address organiser,bytes32 nonce)Call(address target,uint256 value,bytes data)CensusDefinition(bytes32 source,string snapshot,uint8 decimals,address[] maskers)PassRule(uint8 winningOption,uint64 quorum,uint32 majorityNumerator,uint32 majorityDenominator)Times(uint64 opening,uint64 closing,uint64 rootDeadline,uint64 tallyDeadline)Trustee(address signer,bytes32 encryptionKey)"
        );
    bytes32 private constant CALL = keccak256("Call(address target,uint256 value,bytes data)");
    bytes32 private constant CENSUS =
        keccak256("CensusDefinition(bytes32 source,string snapshot,uint8 decimals,address[] maskers)");
    bytes32 private constant PASS_RULE =
        keccak256(
            "PassRule(uint8 winningOption,uint64 quorum,uint32 majorityNumerator,uint32 majorityDenominator)"
        );
    bytes32 private constant TIMES =
        keccak256("Times(uint64 opening,uint64 closing,uint64 rootDeadline,uint64 tallyDeadline)");
    bytes32 private constant TRUSTEE = keccak256("Trustee(address signer,bytes32 encryptionKey)");

    /// The identifier of a draft: its struct hash without the last byte.
    /// spec: `election.draft_id`
    function id(Draft calldata draft) internal pure returns (bytes32) {
        return structHash(draft) >> 8;
    }

    /// What the organiser signs, without the domain.
    function structHash(Draft calldata draft) internal pure returns (bytes32) {
        return keccak256(bytes.concat(_domainAndText(draft), _rules(draft), _people(draft)));
    }

    /// The calls of a proposal, in order.
    function callsHash(Call[] calldata calls) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            Call calldata call_ = calls[i];
            hashes[i] = keccak256(abi.encode(CALL, call_.target, call_.value, keccak256(call_.data)));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    /// The trustees, in order: accounts and encryption keys.
    function trusteesHash(Trustee[] calldata trustees) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](trustees.length);
        for (uint256 i = 0; i < trustees.length; ++i) {
            hashes[i] = keccak256(abi.encode(TRUSTEE, trustees[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _domainAndText(Draft calldata draft) private pure returns (bytes memory) {
        return
            abi.encode(
                DRAFT,
                draft.chainId,
                draft.contract_,
                keccak256(bytes(draft.organisation)),
                draft.registrationChainId,
                draft.proposalDigest
            );
    }

    function _rules(Draft calldata draft) private pure returns (bytes memory) {
        return
            abi.encode(
                draft.kind,
                callsHash(draft.calls),
                _textsHash(draft.options),
                draft.rule,
                keccak256(abi.encode(PASS_RULE, draft.passRule)),
                _censusHash(draft.census),
                keccak256(abi.encode(TIMES, draft.times)),
                draft.earlyClose
            );
    }

    function _people(Draft calldata draft) private pure returns (bytes memory) {
        return
            abi.encode(
                trusteesHash(draft.trustees),
                draft.threshold,
                draft.minBallots,
                draft.settlement,
                draft.operator,
                draft.organiser,
                draft.nonce
            );
    }

    function _textsHash(string[] calldata texts) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](texts.length);
        for (uint256 i = 0; i < texts.length; ++i) {
            hashes[i] = keccak256(bytes(texts[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _censusHash(CensusDefinition calldata census) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    CENSUS,
                    census.source,
                    keccak256(bytes(census.snapshot)),
                    census.decimals,
                    keccak256(abi.encodePacked(census.maskers))
                )
            );
    }
}
