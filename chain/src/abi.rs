//! Types, calls, events and errors of the contracts, generated from the
//! interfaces' sources.
#![allow(missing_docs, missing_debug_implementations)]
#![allow(clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::cast_possible_truncation)]

alloy::sol!(
    #[sol(all_derives)]
    "../contracts/src/IElections.sol"
);
alloy::sol!(
    #[sol(all_derives)]
    "../contracts/src/IGroth16Verifiers.sol"
);
alloy::sol!(
    #[sol(all_derives)]
    "../contracts/src/IAttestations.sol"
);
alloy::sol!(
    #[sol(all_derives)]
    "../contracts/src/IExecutor.sol"
);
alloy::sol!(
    #[sol(all_derives)]
    "../contracts/src/IModelGate.sol"
);
alloy::sol!(
    #[sol(all_derives)]
    "../contracts/src/Terms.sol"
);

alloy::sol! {
    /// What `Mandate`, `Attestations`, `Executor` and its timelock answer and
    /// the interfaces leave out.
    interface IFixed {
        function elections() external view returns (address);
        function organisationHash() external view returns (bytes32);
        function organiser() external view returns (address);
        function trusteeSetHash() external view returns (bytes32);
        function quorum() external view returns (uint64);
        function majorityNumerator() external view returns (uint32);
        function majorityDenominator() external view returns (uint32);
        function attestations() external view returns (address);
        function timelock() external view returns (address);
        function getTimestamp(bytes32 id) external view returns (uint256);
        function verifier() external view returns (address);
        function insecure() external pure returns (bool);
    }
}
