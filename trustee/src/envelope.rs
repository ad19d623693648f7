//! Shares are encrypted to their recipient: HPKE (RFC 9180) in base mode with
//! X25519, HKDF-SHA256 and ChaCha20-Poly1305. spec: `trustee.envelope`; A62.
//!
//! Base mode suffices, since the message around the envelope is signed; the
//! info binds draft, round, sender and recipient, so that an envelope that
//! somebody else signs as their own does not open.

use crate::message::{Round, Route};
use circuits::types::DraftId;
use hpke::{
    Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal,
};
use rand_core::{CryptoRng, OsRng, RngCore};
use zeroize::Zeroizing;

/// Bytes of an encapsulated key.
const ENCAPSULATED: usize = 32;
/// Bytes of a share: a scalar.
pub(crate) const SHARE_BYTES: usize = 32;
/// Bytes of an envelope: encapsulated key, encrypted share, tag.
pub const ENVELOPE_BYTES: usize = ENCAPSULATED + SHARE_BYTES + 16;

/// A fresh X25519 secret key.
pub(crate) fn random_secret(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<[u8; 32]> {
    let (secret, _) = X25519HkdfSha256::gen_keypair(rng);
    Zeroizing::new(secret.to_bytes().into())
}

/// The public key of a secret key.
pub(crate) fn public_key(secret: &[u8; 32]) -> [u8; 32] {
    X25519HkdfSha256::sk_to_pk(&private_key(secret)).to_bytes().into()
}

/// Encrypts a share along its route.
pub(crate) fn seal(
    draft: DraftId,
    route: Route,
    recipient: &[u8; 32],
    share: &[u8; SHARE_BYTES],
) -> Result<Vec<u8>, HpkeError> {
    let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient)?;
    let (encapsulated, ciphertext) = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256, _>(
        &OpModeS::Base,
        &key,
        &info(draft, route),
        share,
        &[],
        &mut OsRng,
    )?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

/// Opens an envelope that came along `route`; `None` if it does not open or
/// holds something else than a share.
pub(crate) fn open(
    draft: DraftId,
    route: Route,
    secret: &[u8; 32],
    envelope: &[u8],
) -> Option<Zeroizing<[u8; SHARE_BYTES]>> {
    if envelope.len() != ENVELOPE_BYTES {
        return None;
    }
    let (encapsulated, ciphertext) = envelope.split_at(ENCAPSULATED);
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &private_key(secret),
        &encapsulated,
        &info(draft, route),
        ciphertext,
        &[],
    );
    let opened = Zeroizing::new(opened.ok()?);
    let mut share = Zeroizing::new([0; SHARE_BYTES]);
    share.copy_from_slice(&opened);
    Some(share)
}

fn private_key(secret: &[u8; 32]) -> <X25519HkdfSha256 as Kem>::PrivateKey {
    Deserializable::from_bytes(secret).expect("every 32 bytes are an X25519 secret key")
}

fn info(draft: DraftId, route: Route) -> Vec<u8> {
    let mut info = b"tabella.v1.trustee-share".to_vec();
    info.extend(draft.to_bytes());
    info.extend([Round::Share.code(), route.from, route.to]);
    info
}
