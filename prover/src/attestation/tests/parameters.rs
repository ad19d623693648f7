//! Development parameters and their cache.

use super::*;
use circuits::curve::plonk::Bn256;
use halo2_proofs::poly::{commitment::ParamsProver, kzg::commitment::ParamsKZG};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};
use std::{cell::RefCell, fs};
use verifier::attestation::SrsOrigin;

#[test]
fn development_parameters_equal_the_librarys_for_the_same_tau() {
    let seed = Sha256::digest(b"tabella.v1.insecure-development-srs");
    let theirs = ParamsKZG::<Bn256>::setup(10, ChaCha20Rng::from_seed(seed.into()));
    let ours = Srs::development(10).unwrap();
    assert_eq!(ours.inner().get_g(), theirs.get_g());
    assert_eq!(ours.inner().s_g2(), theirs.s_g2());
    let format = halo2_proofs::SerdeFormat::RawBytes;
    let bytes = |p: &ParamsKZG<Bn256>| {
        let mut out = vec![];
        p.write_custom(&mut out, format).unwrap();
        out
    };
    // The Lagrange basis too.
    assert!(bytes(ours.inner()) == bytes(&theirs));
    assert_eq!(ours.verifier().origin, SrsOrigin::Development);
}

#[test]
fn parameters_of_all_sizes_have_one_id() {
    let other = Srs::development(10).unwrap();
    assert_eq!(other.verifier().id(), srs().verifier().id());
    assert_eq!(Srs::development(9).err(), Some(SrsError::Rows(9)));
    assert_eq!(Srs::development(21).err(), Some(SrsError::Rows(21)));
}

#[test]
fn cached_parameters_and_keys_are_read_again_and_damage_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path());
    let seen = RefCell::new(vec![]);
    let progress = |p: Progress| seen.borrow_mut().push(p);
    let first = store.development_srs(10, &progress).unwrap();
    assert_eq!(seen.take(), [Progress::Generating { k: 10 }]);
    let second = store.development_srs(10, &progress).unwrap();
    assert_eq!(seen.take(), []);
    assert_eq!(first.inner().get_g(), second.inner().get_g());
    assert_eq!(first.verifier(), second.verifier());

    let path = directory.path().join("attestation-development-10.srs");
    let good = fs::read(&path).unwrap();
    for damage in [0, 20, good.len() / 2] {
        let mut bytes = good.clone();
        bytes[damage] ^= 1;
        fs::write(&path, bytes).unwrap();
        store.development_srs(10, &progress).unwrap();
        assert!(matches!(seen.take().as_slice(), [Progress::Damaged { .. }, Progress::Generating { .. }]));
        assert!(fs::read(&path).unwrap() == good);
    }
    let shape = shape(Packing::One);
    let key = store.verifying_key(srs(), &shape, &progress).unwrap();
    assert_eq!(key.hash(), store.verifying_key(srs(), &shape, &progress).unwrap().hash());
    assert_eq!(key.hash(), audit().0.key.verifying().hash());
    assert!(matches!(ProvingKey::make(&first, &shape), Err(KeyError::Rows { srs: 10, shape: K })));
}
