//! The interfaces of all committed contracts, for reading what they say.

use alloy::json_abi::JsonAbi;

/// Texts of the artifacts.
const ARTIFACTS: [&str; 6] = [
    include_str!("../../contracts/artifacts/Elections.json"),
    include_str!("../../contracts/artifacts/Groth16Verifiers.json"),
    include_str!("../../contracts/artifacts/Attestations.json"),
    include_str!("../../contracts/artifacts/ModelGate.json"),
    include_str!("../../contracts/artifacts/Executor.json"),
    include_str!("../../contracts/artifacts/Timelock.json"),
];

/// All interfaces; a damaged one is left out, and its errors are then shown
/// as bytes.
pub(crate) fn abis() -> Vec<JsonAbi> {
    let abi = |text: &&str| {
        let artifact: serde_json::Value = serde_json::from_str(text).ok()?;
        serde_json::from_value(artifact.get("abi")?.clone()).ok()
    };
    ARTIFACTS.iter().filter_map(abi).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_committed_interface_is_read() {
        assert_eq!(abis().len(), ARTIFACTS.len());
    }
}
