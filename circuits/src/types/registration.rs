//! Registrations of members. spec: `registration`.

use super::{
    Address, Domain, IdentityCommitment, InvalidSignature, ProofBytes, RegistrationContext, Signature,
    TypedData, hash_to_field, keccak256, word_u64,
};
use crate::{curve::Fr, registration::Statement};

/// What a member signs with the account that holds the tokens.
/// spec: `registration.message`
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationMessage {
    /// Chain on which the tokens live.
    pub chain_id: u64,
    /// The organisation.
    pub organisation: String,
    /// The account.
    pub address: Address,
    /// `H_id(sk)`
    pub identity: IdentityCommitment,
    /// Per (organisation, address) the highest wins.
    pub counter: u64,
}

impl RegistrationMessage {
    /// Text that the member's wallet shows.
    pub const STATEMENT: &'static str =
        "Register my anonymous voting identity with this organisation. This moves no tokens.";

    /// The hash to sign.
    pub fn hash(&self) -> [u8; 32] {
        self.signing_hash(&Domain { chain_id: self.chain_id, contract: Address::default() })
    }

    /// What the proof of knowledge of `sk` is bound to: the signed message
    /// and the account. spec: `registration.context`
    pub fn context(&self) -> RegistrationContext {
        let hash = keccak256([&self.hash()[..], &self.address.0].concat());
        RegistrationContext::from_field(hash_to_field(hash))
    }
}

impl TypedData for RegistrationMessage {
    const TYPE: &'static str =
        "Registration(string statement,string organisation,address account,bytes32 identity,uint64 counter)";

    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            keccak256(Self::STATEMENT),
            keccak256(&self.organisation),
            super::word_address(self.address),
            self.identity.to_bytes(),
            word_u64(self.counter),
        ]
    }
}

/// A registration with the account's signature and the proof of knowledge.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The message.
    pub message: RegistrationMessage,
    /// By `message.address`.
    pub signature: Signature,
    /// Of `registration/1`, over (identity, context).
    pub proof: ProofBytes,
}

impl Registration {
    /// Checks the signature; the proof is checked with the verifying key.
    ///
    /// # Errors
    /// If the account did not sign this message.
    pub fn check_signature(&self) -> Result<(), InvalidSignature> {
        self.signature.verify(self.message.hash(), self.message.address)
    }

    /// What the proof says.
    pub fn statement(&self) -> Statement {
        Statement { identity: self.message.identity, context: self.message.context() }
    }

    /// Public inputs of the proof: (identity, context).
    pub fn public_inputs(&self) -> [Fr; Statement::LEN] {
        self.statement().encode()
    }
}
