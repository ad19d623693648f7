//! Registrations, census leaves and holders.

use super::error::{At, InvalidField, bytes_at_most};
use crate::v1;
use circuits::types::{
    Address, CensusEntry, Holder, IdentityCommitment, NAME_MAX, ProofBytes, Registration,
    RegistrationMessage, Signature,
};

impl TryFrom<v1::Registration> for Registration {
    type Error = InvalidField;
    fn try_from(m: v1::Registration) -> Result<Self, InvalidField> {
        bytes_at_most(NAME_MAX, &m.organisation, "organisation")?;
        let message = RegistrationMessage {
            chain_id: m.chain_id,
            organisation: m.organisation,
            address: Address::try_from(&m.address[..]).at("address")?,
            identity: IdentityCommitment::from_bytes(&m.identity).at("identity")?,
            counter: m.counter,
        };
        let signature = Signature::from_bytes(&m.signature).at("signature")?;
        Ok(Self { message, signature, proof: ProofBytes::try_from(&m.proof[..]).at("proof")? })
    }
}

impl From<&Registration> for v1::Registration {
    fn from(r: &Registration) -> Self {
        Self {
            chain_id: r.message.chain_id,
            organisation: r.message.organisation.clone(),
            address: r.message.address.0.to_vec(),
            identity: r.message.identity.to_bytes().to_vec(),
            counter: r.message.counter,
            signature: r.signature.to_bytes().to_vec(),
            proof: r.proof.0.to_vec(),
        }
    }
}

impl TryFrom<v1::CensusEntry> for CensusEntry {
    type Error = InvalidField;
    fn try_from(m: v1::CensusEntry) -> Result<Self, InvalidField> {
        let address = Address::try_from(&m.address[..]).at("address")?;
        let identity = IdentityCommitment::from_bytes(&m.identity).at("identity")?;
        Ok(Self { address, identity, weight: m.weight })
    }
}

impl From<&CensusEntry> for v1::CensusEntry {
    fn from(e: &CensusEntry) -> Self {
        let (address, identity) = (e.address.0.to_vec(), e.identity.to_bytes().to_vec());
        Self { address, identity, weight: e.weight }
    }
}

impl TryFrom<v1::Holder> for Holder {
    type Error = InvalidField;
    fn try_from(m: v1::Holder) -> Result<Self, InvalidField> {
        Ok(Self { address: Address::try_from(&m.address[..]).at("address")?, weight: m.weight })
    }
}

impl From<&Holder> for v1::Holder {
    fn from(h: &Holder) -> Self {
        Self { address: h.address.0.to_vec(), weight: h.weight }
    }
}
