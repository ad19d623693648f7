//! The committed verifier against real proofs.

use crate::evm::{Evm, Sent};
use ark_ff::{BigInteger, PrimeField};
use chain::attestation::{DESCRIPTION, GAS_CAP, calldata, creation_code};
use circuits::{
    attestation::{Shape, Statement, Subject, Table, testing},
    curve::Fr,
};
use prover::{
    KeyStore,
    attestation::{CommitmentSeed, Dataset, ProofPermit, ProvingKey, Store, prove},
};
use rand_core::OsRng;
use std::sync::OnceLock;
use verifier::attestation::{KeyHash, verify};

/// Length of a contract's code that EIP-170 allows.
const CODE_LIMIT: usize = 24_576;
/// Length of a proof that the on-chain shape may have.
const PROOF_LIMIT: usize = 4_000;

struct Proven {
    calldata: Vec<u8>,
    inputs: usize,
    proof: usize,
    key: KeyHash,
}

/// One proof in the on-chain shape, for all tests.
fn proven() -> &'static Proven {
    static PROVEN: OnceLock<Proven> = OnceLock::new();
    PROVEN.get_or_init(|| {
        let shape = Shape::on_chain();
        let store = Store::new(KeyStore::default_directory().unwrap());
        let srs = store.development_srs(shape.k(), &|_| ()).unwrap();
        let codes = testing::codes(shape.layout(), 3_000);
        let table = Table::new(shape.layout(), &codes).unwrap();
        let statement = Statement::of(&shape, &testing::full_policy(), Subject([5; 32]), 7, &table).unwrap();
        let data = Dataset::new(&shape, codes, &CommitmentSeed::random(&mut OsRng)).unwrap();
        let commitment = data.commit(&srs).unwrap();
        let key = ProvingKey::make(&srs, &shape).unwrap();
        let permit = ProofPermit::after(0).unwrap();
        let proof = prove(&srs, &key, &statement, &data, &commitment, permit).unwrap();
        verify(key.verifying(), &statement, &commitment, &proof).unwrap();
        let inputs = statement.encode(&commitment.digest());
        Proven {
            calldata: calldata(&inputs, &proof),
            inputs: inputs.len(),
            proof: proof.len(),
            key: key.verifying().hash(),
        }
    })
}

#[test]
fn a_valid_proof_is_accepted_within_the_limits_of_the_chain() {
    let proven = proven();
    let mut evm = Evm::with_chain_id(1);
    let (verifier, length, creation) = evm.deploy(creation_code().unwrap()).unwrap();
    // An address without code accepts everything.
    assert!((10_000..=CODE_LIMIT).contains(&length), "{length} bytes of code");
    assert!(proven.proof <= PROOF_LIMIT, "{} bytes of proof", proven.proof);
    let Sent { gas, output, .. } = evm.simulate(verifier, proven.calldata.clone(), GAS_CAP).unwrap();
    assert!(output.is_empty());
    println!(
        "attestation verifier: {length} bytes of code, {creation} gas to create, {gas} gas to verify, \
         {} bytes of proof, {} inputs",
        proven.proof, proven.inputs
    );
}

/// One bit of every byte of inputs and proof, in turn.
#[test]
fn every_byte_of_proof_and_inputs_is_bound() {
    use rayon::prelude::*;
    let calldata = &proven().calldata;
    let accepted: Vec<usize> = (0..calldata.len())
        .into_par_iter()
        .map_init(
            || {
                let mut evm = Evm::with_chain_id(1);
                let (verifier, _, _) = evm.deploy(creation_code().unwrap()).unwrap();
                (evm, verifier)
            },
            |(evm, verifier), at| {
                let mut changed = calldata.clone();
                changed[at] ^= 1 << (at % 8);
                evm.simulate(*verifier, changed, GAS_CAP).is_ok().then_some(at)
            },
        )
        .flatten()
        .collect();
    assert!(accepted.is_empty(), "bytes that do not matter: {accepted:?}");
}

#[test]
fn missing_and_swapped_calldata_is_refused() {
    let proven = proven();
    let mut evm = Evm::with_chain_id(1);
    let (verifier, _, _) = evm.deploy(creation_code().unwrap()).unwrap();
    let refused = |data: Vec<u8>| evm.simulate(verifier, data, GAS_CAP).is_err();
    assert!(refused(vec![]));
    assert!(refused(proven.calldata[..proven.calldata.len() - 1].to_vec()));
    assert!(refused(proven.calldata[32..].to_vec()));
    // The first input that differs from the one before it changes places with it.
    let words: Vec<&[u8]> = proven.calldata.chunks(32).collect();
    let other = (1..proven.inputs).find(|i| words[*i] != words[i - 1]).unwrap();
    let mut swapped = proven.calldata.clone();
    swapped[32 * (other - 1)..32 * (other + 1)].rotate_left(32);
    assert!(refused(swapped));
}

/// A number that is r or more, and the same number below r.
fn aliased(calldata: &[u8], word: usize) -> Option<Vec<u8>> {
    let r = Fr::MODULUS.to_bytes_be();
    let mut out = calldata.to_vec();
    let mut carry = 0;
    for (byte, add) in out[32 * word..32 * (word + 1)].iter_mut().zip(&r).rev() {
        let sum = u16::from(*byte) + u16::from(*add) + carry;
        *byte = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
    (carry == 0).then_some(out)
}

/// A9, A15: one proof has one form, and an input one value.
#[test]
fn a15_numbers_that_are_not_reduced_and_bytes_that_follow_are_refused() {
    let proven = proven();
    let mut evm = Evm::with_chain_id(1);
    let (verifier, _, _) = evm.deploy(creation_code().unwrap()).unwrap();
    let refused = |data: Vec<u8>| evm.simulate(verifier, data, GAS_CAP).is_err();
    for word in 0..proven.calldata.len() / 32 {
        assert!(refused(aliased(&proven.calldata, word).unwrap()), "word {word}");
    }
    for more in [1, 32, 64] {
        let longer = [proven.calldata.as_slice(), &vec![0; more]].concat();
        assert!(refused(longer), "{more} bytes more");
    }
}

/// The precompiles take infinity for a point; the verifier does not.
#[test]
fn a14_points_at_infinity_are_refused() {
    let proven = proven();
    let mut evm = Evm::with_chain_id(1);
    let (verifier, _, _) = evm.deploy(creation_code().unwrap()).unwrap();
    let end = proven.calldata.len();
    for start in [32 * proven.inputs, end - 128, end - 64] {
        let mut changed = proven.calldata.clone();
        changed[start..start + 64].fill(0);
        assert!(evm.simulate(verifier, changed, GAS_CAP).is_err(), "point at {start}");
    }
}

/// The committed bytecode is for the key that this code makes.
#[test]
fn the_committed_verifier_is_that_of_the_present_circuit() {
    let description: serde_json::Value = serde_json::from_str(DESCRIPTION).unwrap();
    let digits: String = proven().key.0.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        description["key_hash"],
        format!("0x{digits}"),
        "the circuit changed: make the verifier again as contracts/README.md says"
    );
    assert_eq!(description["inputs"], proven().inputs);
    assert_eq!(description["proof_bytes"], proven().proof);
}
