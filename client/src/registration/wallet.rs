//! Registrations that a wallet signs. spec: `registration.wallet`.

use circuits::types::{InvalidSignature, RegistrationMessage, Signature, TypedData};
use serde_json::{Value, json};

/// The argument of `eth_signTypedData_v4`.
pub fn typed_data(message: &RegistrationMessage) -> Value {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let domain = [
        field("name", "string"),
        field("version", "string"),
        field("chainId", "uint256"),
        field("verifyingContract", "address"),
    ];
    let (primary, fields) = RegistrationMessage::TYPE.split_once('(').expect("a struct's type has fields");
    let fields = fields.trim_end_matches(')').split(',').filter_map(|f| f.split_once(' '));
    let fields: Vec<Value> = fields.map(|(kind, name)| field(name, kind)).collect();
    json!({
        "types": { "EIP712Domain": domain, primary: fields },
        "primaryType": primary,
        "domain": {
            "name": "Tabella",
            "version": "1",
            "chainId": message.chain_id,
            "verifyingContract": format!("0x{}", "00".repeat(20)),
        },
        "message": {
            "statement": RegistrationMessage::STATEMENT,
            "organisation": message.organisation,
            "account": message.address.to_string(),
            "identity": message.identity.to_string(),
            // Wallets read large integers from strings.
            "counter": message.counter.to_string(),
        },
    })
}

/// A wallet's signature in the one form that is accepted: some give v as 0
/// or 1 instead of 27 or 28.
///
/// # Errors
/// If it is no signature.
pub fn signature_of_wallet(bytes: &[u8]) -> Result<Signature, InvalidSignature> {
    let mut bytes: [u8; 65] = bytes.try_into().map_err(|_| InvalidSignature::Length(bytes.len()))?;
    if bytes[64] < 2 {
        bytes[64] += 27;
    }
    Signature::from_bytes(&bytes)
}
