//! The bodies of rounds 1 to 3. spec: `trustee.commit`, `trustee.reveal`.
//!
//! A reveal is a 32-byte salt and FROST's round-1 package: t coefficient
//! commitments (64 bytes each) and a Schnorr proof of possession (R, z: 96
//! bytes). Its length fixes the degree (A26). The proof binds the sender's
//! index; draft and sender are bound by the message's signature (A24).

use crate::{abort::Reason, ciphersuite::BabyJubjub, envelope::ENVELOPE_BYTES, message::Message};
use circuits::types::{Draft, keccak256};
use frost_core::{
    Identifier, Signature,
    keys::{VerifiableSecretSharingCommitment, dkg},
};

/// FROST's round-1 package on Baby Jubjub.
pub(crate) type Package = dkg::round1::Package<BabyJubjub>;
/// FROST's error on Baby Jubjub.
pub(crate) type FrostError = frost_core::Error<BabyJubjub>;

/// Bytes of a salt.
pub(crate) const SALT_BYTES: usize = 32;
/// Bytes of one coefficient commitment.
const POINT_BYTES: usize = 64;
/// Bytes of a proof of possession.
const PROOF_BYTES: usize = 96;

/// The FROST identifier of a trustee: its index.
pub(crate) fn identifier(index: u8) -> Identifier<BabyJubjub> {
    Identifier::try_from(u16::from(index)).expect("indices count from 1")
}

/// The body of a reveal.
pub(crate) fn reveal_body(salt: &[u8; SALT_BYTES], package: &Package) -> Result<Vec<u8>, FrostError> {
    let mut body = salt.to_vec();
    body.extend(package.commitment().serialize_whole()?);
    body.extend(package.proof_of_knowledge().serialize()?);
    Ok(body)
}

/// The body of the commit before it: `keccak256(tag || draft_id || from || reveal)`.
pub(crate) fn commit_body(draft_id: [u8; 32], from: u8, reveal: &[u8]) -> [u8; 32] {
    keccak256([b"tabella.v1.trustee-commit".as_slice(), &draft_id, &[from], reveal].concat())
}

/// Checks a trustee's reveal against its commit, degree and proof of
/// possession included.
pub(crate) fn check_reveal(draft: &Draft, commit: &Message, reveal: &Message) -> Result<Package, Reason> {
    let from = reveal.route.from;
    if commit.body != commit_body(reveal.draft_id.to_bytes(), from, &reveal.body) {
        return Err(Reason::Commitment);
    }
    let package = parse_reveal(draft.threshold, &reveal.body).ok_or(Reason::Malformed)?;
    dkg::verify_proof_of_knowledge(identifier(from), package.commitment(), package.proof_of_knowledge())
        .map_err(|_| Reason::Possession)?;
    Ok(package)
}

/// The package in a reveal's body, or `None` unless it has exactly t valid
/// coefficient commitments and a well-formed proof.
pub(crate) fn parse_reveal(threshold: u8, body: &[u8]) -> Option<Package> {
    let points = usize::from(threshold) * POINT_BYTES;
    if body.len() != SALT_BYTES + points + PROOF_BYTES {
        return None;
    }
    let (points, proof) = body[SALT_BYTES..].split_at(points);
    let commitment = VerifiableSecretSharingCommitment::deserialize_whole(points).ok()?;
    Some(Package::new(commitment, Signature::deserialize(proof).ok()?))
}

/// Length of a commit's body.
pub(crate) const COMMIT_BYTES: usize = 32;
/// Length of a share's body.
pub(crate) const SHARE_BODY_BYTES: usize = ENVELOPE_BYTES;
