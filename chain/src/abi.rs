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
