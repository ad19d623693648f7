//! Registering, and checking everyone's registrations. spec: `registration`.

mod wallet;

pub use wallet::{signature_of_wallet, typed_data};

use crate::{Error, Node, error::During, identity::Identity};
use circuits::{
    registration::{RegistrationCircuit, Statement, Witness},
    types::{
        AccountKey, Address, IdentityCommitment, InvalidSignature, Registration, RegistrationMessage,
        Signature,
    },
};
use proto::v1;
use prover::{ProveError, ProvingKey, prove};
use rand_core::OsRng;
use std::collections::HashMap;
use verifier::{BadClaims, Claim, PreparedVerifyingKey, VerifyError, verify_batch};

/// Proofs checked at once.
const BATCH: usize = 1024;
/// Most registrations of an organisation that a client reads: as many as a
/// census has leaves.
const REGISTRATIONS_MAX: usize = 1 << 24;

/// What an account signs to register an identity. `counter` must be above
/// that of the account's registration before; the Unix time does.
pub fn message(
    address: Address,
    identity: IdentityCommitment,
    chain_id: u64,
    organisation: &str,
    counter: u64,
) -> RegistrationMessage {
    RegistrationMessage { chain_id, organisation: organisation.to_owned(), address, identity, counter }
}

/// Signs a registration of `identity` with the account that holds the tokens
/// and proves knowledge of its secret, bound to message and account (A65).
/// `counter` must be above that of the account's registration before; the
/// Unix time does.
///
/// Proving takes some tens of milliseconds.
///
/// # Errors
/// If `key` is not that of `registration/1`.
pub fn sign(
    key: &ProvingKey,
    account: &AccountKey,
    identity: &Identity,
    chain_id: u64,
    organisation: &str,
    counter: u64,
) -> Result<Registration, ProveError> {
    let message = message(account.address(), identity.commitment(), chain_id, organisation, counter);
    let signature = account.sign(message.hash());
    complete(key, identity, message, signature)
}

/// Proves knowledge of the secret behind a message that was signed, by a
/// wallet say. The signature is not checked.
///
/// # Errors
/// If `key` is not that of `registration/1`, or the message of another
/// identity.
pub fn complete(
    key: &ProvingKey,
    identity: &Identity,
    message: RegistrationMessage,
    signature: Signature,
) -> Result<Registration, ProveError> {
    let statement = Statement { identity: message.identity, context: message.context() };
    let witness = Witness { sk: identity.secret().clone() };
    let proof = prove(key, &RegistrationCircuit::new(statement, witness), &mut OsRng)?;
    Ok(Registration { message, signature, proof })
}

/// Sends a registration.
///
/// # Errors
/// If the node refuses it.
pub async fn submit(node: &Node, registration: &Registration) -> Result<(), Error> {
    let request = v1::RegisterRequest { registration: Some(registration.into()) };
    node.registry().register(request).await.during("RegistryService.Register")?;
    Ok(())
}

/// All registrations of an organisation, in log order, unchecked.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch(node: &Node, organisation: &str) -> Result<Vec<Registration>, Error> {
    const CALL: &str = "RegistryService.ListRegistrations";
    let request = v1::ListRegistrationsRequest { organisation: organisation.to_owned(), start: 0 };
    let mut stream = node.registry().list_registrations(request).await.during(CALL)?.into_inner();
    let mut out = Vec::new();
    while let Some(page) = stream.message().await.during(CALL)? {
        for registration in page.registrations {
            out.push(Registration::try_from(registration).during(CALL)?);
        }
        if out.len() > REGISTRATIONS_MAX {
            return Err(Error::Incomplete { call: CALL, problem: "has more registrations than a census" });
        }
    }
    Ok(out)
}

/// Why a list of registrations is refused. Entries count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegistrations {
    /// See the message.
    #[error("registration {index} is of organisation {found:?}, not of {expected:?}; the node is faulty")]
    Organisation {
        /// Position in the list.
        index: usize,
        /// Asked for.
        expected: String,
        /// Found.
        found: String,
    },
    /// See the message.
    #[error("registration {index} of {address}: {cause}; the node should have refused it")]
    Signature {
        /// Position in the list.
        index: usize,
        /// The account.
        address: Address,
        /// What is wrong.
        cause: InvalidSignature,
    },
    /// See the message.
    #[error("registration {index} of {address}: its proof of knowledge does not hold: {cause}")]
    Proof {
        /// Position in the list.
        index: usize,
        /// The account.
        address: Address,
        /// What is wrong.
        cause: VerifyError,
    },
    /// See the message.
    #[error("registration {index} of {address} repeats counter {counter} with another content (A69)")]
    Counter {
        /// Position in the list.
        index: usize,
        /// The account.
        address: Address,
        /// The counter.
        counter: u64,
    },
}

/// The identities that count: per account, the registration with the highest
/// counter. spec: `registration.counter`
#[derive(Clone, Debug, Default)]
pub struct Registered(HashMap<Address, RegistrationMessage>);

impl Registered {
    /// Checks every signature and every proof of knowledge, whatever the
    /// node says, and keeps what counts for `chain_id`.
    ///
    /// # Errors
    /// The first registration that is wrong.
    pub fn check(
        key: &PreparedVerifyingKey,
        registrations: &[Registration],
        chain_id: u64,
        organisation: &str,
    ) -> Result<Self, InvalidRegistrations> {
        let mut out = Self::default();
        out.extend(key, registrations, 0, chain_id, organisation)?;
        Ok(out)
    }

    /// Takes in the registrations that follow the first `start` of a list,
    /// checked like those.
    ///
    /// # Errors
    /// The first registration that is wrong.
    pub fn extend(
        &mut self,
        key: &PreparedVerifyingKey,
        more: &[Registration],
        start: usize,
        chain_id: u64,
        organisation: &str,
    ) -> Result<(), InvalidRegistrations> {
        for (index, r) in (start..).zip(more) {
            check_message(index, r, organisation)?;
            if r.message.chain_id == chain_id {
                keep_highest(&mut self.0, index, &r.message)?;
            }
        }
        for (batch, offset) in more.chunks(BATCH).zip((0..).step_by(BATCH)) {
            let claim = |r: &Registration| Claim { inputs: r.public_inputs().to_vec(), proof: r.proof };
            let claims: Vec<Claim> = batch.iter().map(claim).collect();
            verify_batch(key, &claims).map_err(|bad| bad_proof(bad, start + offset, batch))?;
        }
        Ok(())
    }

    /// The account's identity, if it is registered.
    pub fn identity(&self, address: Address) -> Option<IdentityCommitment> {
        self.0.get(&address).map(|m| m.identity)
    }

    /// Number of registered accounts.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn check_message(index: usize, r: &Registration, organisation: &str) -> Result<(), InvalidRegistrations> {
    if r.message.organisation != organisation {
        let (expected, found) = (organisation.to_owned(), r.message.organisation.clone());
        return Err(InvalidRegistrations::Organisation { index, expected, found });
    }
    let address = r.message.address;
    r.check_signature().map_err(|cause| InvalidRegistrations::Signature { index, address, cause })
}

fn keep_highest(
    highest: &mut HashMap<Address, RegistrationMessage>,
    index: usize,
    message: &RegistrationMessage,
) -> Result<(), InvalidRegistrations> {
    let (address, counter) = (message.address, message.counter);
    match highest.get(&address) {
        Some(known) if known.counter == counter && known != message => {
            Err(InvalidRegistrations::Counter { index, address, counter })
        }
        Some(known) if known.counter >= counter => Ok(()),
        _ => {
            highest.insert(address, message.clone());
            Ok(())
        }
    }
}

fn bad_proof(bad: BadClaims, start: usize, batch: &[Registration]) -> InvalidRegistrations {
    let (offset, cause) = *bad.0.first().expect("a refused batch names a bad claim");
    InvalidRegistrations::Proof { index: start + offset, address: batch[offset].message.address, cause }
}
