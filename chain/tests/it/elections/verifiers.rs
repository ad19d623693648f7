//! The contract of the keys: what it takes, what it refuses, and that a hash
//! stands for one key.

use super::settled::{ONE, OTHER, POSTER, deployed, keyed, posted, result_calls, send, settled, verifiers};
use crate::{
    chain::{Chain, Sent},
    election::{contract, store},
};
use alloy::{
    primitives::{B256, U256},
    sol_types::SolCall,
};
use chain::{
    Artifact,
    abi::{Circuit, IElections, IGroth16Verifiers, Kind},
    elections,
};
use circuits::{
    curve::Fr,
    types::{ElectionId, keccak256},
};
use prover::prove;
use rand_core::OsRng;
use revm::primitives::Address;
use std::collections::BTreeMap;
use verifier::VerifyingKey;

fn call<C: SolCall>(chain: &Chain, call: C) -> Sent {
    chain.call(verifiers(chain), call.abi_encode())
}

fn circuit(chain: &Chain, hash: B256) -> Circuit {
    let sent = call(chain, IGroth16Verifiers::circuitCall { keyHash: hash });
    IGroth16Verifiers::circuitCall::abi_decode_returns(sent.output()).unwrap()
}

fn ballot_key() -> &'static VerifyingKey {
    &settled().election.verifying[0]
}

fn add(key: &VerifyingKey) -> IGroth16Verifiers::addCall {
    IGroth16Verifiers::addCall::abi_decode(&elections::add_key(key).unwrap()).unwrap()
}

#[test]
fn a_key_is_named_by_the_hash_that_elections_pin() {
    let mut chain = deployed(&[]);
    let target = verifiers(&chain);
    for key in &settled().election.verifying {
        let sent = chain.send(OTHER, target, elections::add_key(key).unwrap());
        assert_eq!(B256::from_slice(sent.output()), B256::from(key.hash().0), "{}", key.id());
        assert_ne!(circuit(&chain, key.hash().0.into()).kind, Kind::None);
    }
    assert_eq!(circuit(&chain, B256::ZERO).kind, Kind::None);
}

/// All circuits that exist have one id on chain and off.
#[test]
fn keys_of_every_shape_and_threshold_have_their_hash() {
    use circuits::types::BallotShape;
    let mut chain = deployed(&[]);
    let target = verifiers(&chain);
    for (shape, t) in [(BallotShape::Shape4, 16), (BallotShape::Shape16, 2), (BallotShape::Shape16, 9)] {
        for id in verifier::CircuitId::of_election(shape, t).into_iter().skip(1) {
            let key = points_under(id);
            let sent = chain.send(OTHER, target, elections::add_key(&key).unwrap());
            let known: Result<IGroth16Verifiers::KeyKnown, _> = match &sent {
                Sent::Reverted { output, .. } => alloy::sol_types::SolError::abi_decode(output),
                _ => Err(alloy::sol_types::Error::Overrun),
            };
            // Ballot and chunk keys are the same for every threshold.
            if known.is_err() {
                assert_eq!(B256::from_slice(sent.output()), B256::from(key.hash().0), "{id}");
            }
        }
    }
}

/// Some points under the name of a circuit; nobody can prove with them.
pub(super) fn points_under(id: verifier::CircuitId) -> VerifyingKey {
    use ark_ec::{AffineRepr, CurveGroup};
    use verifier::curve::{G1Affine, G2Affine};
    let inputs = match id {
        verifier::CircuitId::Registration => unreachable!("not on chain"),
        verifier::CircuitId::Ballot(_) => 9,
        verifier::CircuitId::Tally { shape, .. } if shape.options() == 4 => 9,
        verifier::CircuitId::Tally { .. } => 10,
        verifier::CircuitId::TallyChunk { shape, .. } => {
            if shape.options() == 4 {
                10
            } else {
                8
            }
        }
        verifier::CircuitId::TallyFinal { shape, .. } => {
            if shape.options() == 4 {
                6
            } else {
                9
            }
        }
    };
    let g1 = |i: u64| (G1Affine::generator() * verifier::curve::Fr::from(i + 100)).into_affine();
    let g2 = |i: u64| (G2Affine::generator() * verifier::curve::Fr::from(i + 100)).into_affine();
    let points = ark_groth16::VerifyingKey {
        alpha_g1: g1(0),
        beta_g2: g2(1),
        gamma_g2: g2(2),
        delta_g2: g2(3),
        gamma_abc_g1: (0..=inputs).map(|i| g1(i + 10)).collect(),
    };
    VerifyingKey::new(id, points).unwrap()
}

/// A hash is computed from the points, and the points cannot be changed: there
/// is nothing to swap.
#[test]
fn a55_a_key_cannot_be_replaced() {
    let mut chain = keyed();
    let target = verifiers(&chain);
    for key in &settled().election.verifying {
        let sent = chain.send(POSTER, target, elections::add_key(key).unwrap());
        let error: IGroth16Verifiers::KeyKnown = sent.error();
        assert_eq!(error.keyHash, B256::from(key.hash().0));
    }
    // Other points have another hash.
    let mut other = add(ballot_key());
    let mut points = other.points.to_vec();
    let last = points.len() - 64;
    let spare = add(&settled().election.verifying[1]).points;
    points[last..].copy_from_slice(&spare[spare.len() - 64..]);
    other.points = points.into();
    let sent = chain.send(POSTER, target, other.abi_encode());
    assert_ne!(B256::from_slice(sent.output()), B256::from(ballot_key().hash().0));
}

/// What a user checks before relying on an address: its code is this one's.
#[test]
fn a55_the_deployed_code_is_that_of_the_artifacts() {
    let chain = keyed();
    let (ours, keys) = (Artifact::elections().unwrap(), Artifact::verifiers().unwrap());
    let code = chain.code(crate::election::contract());
    assert!(ours.is_code(&code));
    assert!(keys.is_code(&chain.code(verifiers(&chain))));
    assert!(!keys.is_code(&code));
    let outside = |at: &usize| !ours.immutables.iter().any(|i| (i.start..i.start + i.length).contains(at));
    for at in (0..code.len()).step_by(97).filter(outside) {
        let mut changed = code.clone();
        changed[at] ^= 1;
        assert!(!ours.is_code(&changed));
    }
    assert!(!ours.is_code(&code[..code.len() - 1]));
    assert!(!ours.is_code(&[]));
    // Below the limits, which the chain holds to as well.
    for artifact in [&ours, &keys] {
        assert!(artifact.deployed_bytecode.len() <= 24_576, "EIP-170");
        assert!(artifact.bytecode.len() <= 49_152, "EIP-3860");
    }
}

/// The same code can be left by a constructor of somebody's own, over a storage
/// of their choice, where a result stands that nobody has proven. What shows it
/// is the transaction that created the contract.
#[test]
fn a55_only_its_creation_shows_that_a_contract_began_empty() {
    let s = settled();
    let mut chain = posted(ONE);
    send(&mut chain, result_calls(&s.one).remove(0)).gas();
    let (honest, ours) = (s.election.totals(ONE), Artifact::elections().unwrap());
    let forged = [honest[1], honest[0], honest[2]];
    let (from, to) = (packed(&honest), packed(&forged));
    let mut storage = chain.storage(contract());
    storage.values_mut().filter(|value| **value == from).for_each(|value| *value = to);
    let poisoned = creation_with(&storage, &chain.code(contract()));
    let (address, _) = chain.create(OTHER, poisoned.clone());
    assert!(ours.is_code(&chain.code(address)));
    let call = IElections::resultCall { electionId: elections::id(s.election.id()) };
    let found = IElections::resultCall::abi_decode_returns(chain.call(address, call.abi_encode()).output());
    assert_eq!(found.unwrap().totals, forged);
    // Beside verifiers that accept everything.
    let code = chain.code(contract());
    let genuine = verifiers(&chain).into_array();
    let places: Vec<usize> = (0..code.len() - 20).filter(|at| code[*at..at + 20] == genuine).collect();
    assert!(!places.is_empty());
    let mut beside = code;
    places.iter().for_each(|at| beside[*at..at + 20].fill(0xee));
    let (address, _) = chain.create(OTHER, creation_with(&BTreeMap::new(), &beside));
    assert!(ours.is_code(&chain.code(address)));
    let answer = chain.call(address, IElections::verifiersCall {}.abi_encode());
    let found = IElections::verifiersCall::abi_decode_returns(answer.output()).unwrap();
    assert_eq!(found, Address::repeat_byte(0xee));
    // What tells them apart.
    assert!(!ours.is_creation(&poisoned, &[]));
    assert!(ours.is_creation(&ours.bytecode, &[]));
    assert!(!ours.is_creation(&[&ours.bytecode[..], &[0]].concat(), &[]));
    assert!(!ours.is_creation(&ours.bytecode[1..], &[]));
}

/// spec: `tally.packed`
fn packed(totals: &[u64]) -> U256 {
    let shifted = (64..).step_by(44).zip(totals).map(|(bits, total)| U256::from(*total) << bits);
    shifted.fold(U256::from(ONE) + (U256::from(6) << 32), |sum, total| sum + total)
}

/// Code that writes a storage and leaves `code`.
fn creation_with(storage: &BTreeMap<U256, U256>, code: &[u8]) -> Vec<u8> {
    let push = |word: &U256| [&[0x7f][..], &word.to_be_bytes::<32>()].concat();
    let mut out: Vec<u8> =
        storage.iter().flat_map(|(slot, value)| [push(value), push(slot), vec![0x55]].concat()).collect();
    let [length, offset] = [code.len(), out.len() + 11].map(|n| u16::try_from(n).unwrap().to_be_bytes());
    // PUSH2 length, DUP1, PUSH2 offset, 0, CODECOPY, 0, RETURN
    out.extend([0x61, length[0], length[1], 0x80, 0x61, offset[0], offset[1], 0x3d, 0x39, 0x3d, 0xf3]);
    out.extend(code);
    out
}

/// Every degenerate key that loading refuses off chain.
#[test]
fn a16_degenerate_keys_are_refused() {
    let chain = deployed(&[]);
    let honest = add(ballot_key());
    let refused = |points: Vec<u8>| {
        let bad = IGroth16Verifiers::addCall { points: points.into(), ..honest.clone() };
        let sent = call(&chain, bad);
        assert!(!sent.is_done());
        sent
    };
    let [alpha, beta, gamma, delta, input] = [0, 64, 192, 320, 448];
    let copied = |from: usize, to: usize, length: usize| {
        let mut points = honest.points.to_vec();
        points.copy_within(from..from + length, to);
        points
    };
    let degenerate = |points: Vec<u8>, point: u32| {
        let error: IGroth16Verifiers::DegenerateKey = refused(points).error();
        assert_eq!(error.point, U256::from(point));
    };
    // gamma = delta, beta = gamma, beta = delta, also with the other sign.
    for (from, to, point) in [(gamma, delta, 3), (beta, gamma, 2), (beta, delta, 3)] {
        degenerate(copied(from, to, 128), point);
        let mut negative = copied(from, to, 128);
        negate(&mut negative[to + 64..to + 96]);
        negate(&mut negative[to + 96..to + 128]);
        degenerate(negative, point);
    }
    // Inputs repeated, up to sign, or alpha; at infinity; off the curve.
    degenerate(copied(input, input + 64, 64), 5);
    degenerate(copied(alpha, input + 128, 64), 6);
    let mut negative = copied(input + 64, input + 192, 64);
    negate(&mut negative[input + 224..input + 256]);
    degenerate(negative, 7);
    let with = |at: usize, bytes: &[u8]| {
        let mut points = honest.points.to_vec();
        points[at..at + bytes.len()].copy_from_slice(bytes);
        points
    };
    for (at, point) in [(alpha, 0), (input, 4), (input + 9 * 64, 13)] {
        degenerate(with(at, &[0; 64]), point);
        degenerate(with(at + 63, &[honest.points[at + 63] ^ 1]), point);
        // x + q is x in another dress.
        let mut aliased = honest.points.to_vec();
        add_modulus(&mut aliased[at..at + 32]);
        degenerate(aliased, point);
    }
    for (at, point) in [(beta, 1), (gamma, 2), (delta, 3)] {
        degenerate(with(at, &[0; 128]), point);
        let error: IGroth16Verifiers::PrecompileFailed =
            refused(with(at + 127, &[honest.points[at + 127] ^ 1])).error();
        assert_eq!(error.precompile, U256::from(8));
        degenerate(with(at, &generator()), point);
        let error: IGroth16Verifiers::PrecompileFailed = refused(with(at, &outside_subgroup())).error();
        assert_eq!(error.precompile, U256::from(8));
    }
    let mut one = [0; 64];
    (one[31], one[63]) = (1, 2);
    degenerate(with(alpha, &one), 0);
    degenerate(with(input + 64, &one), 5);
}

fn modulus() -> U256 {
    use ark_ff::{BigInteger, PrimeField};
    U256::from_be_slice(&verifier::curve::Fq::MODULUS.to_bytes_be())
}

fn negate(word: &mut [u8]) {
    let negative = modulus() - U256::from_be_slice(word);
    word.copy_from_slice(&negative.to_be_bytes::<32>());
}

fn add_modulus(word: &mut [u8]) {
    let sum = modulus() + U256::from_be_slice(word);
    word.copy_from_slice(&sum.to_be_bytes::<32>());
}

fn generator() -> [u8; 128] {
    use ark_ec::AffineRepr;
    verifier::encoding::g2_to_bytes(&verifier::curve::G2Affine::generator())
}

/// A point of the twist that is not in the subgroup of order r.
pub(super) fn outside_subgroup() -> [u8; 128] {
    use verifier::curve::{Fq, Fq2, G2Affine};
    let candidates = (1u64..).map(|i| Fq2::new(Fq::from(i), Fq::from(0u64)));
    let point = candidates
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(x, true))
        .find(|p| !p.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    verifier::encoding::g2_to_bytes(&point)
}

#[test]
fn keys_of_no_circuit_are_refused() {
    let chain = deployed(&[]);
    let honest = add(ballot_key());
    let wrong = [
        Circuit { kind: Kind::None, ..honest.circuit_.clone() },
        Circuit { options: 5, ..honest.circuit_.clone() },
        Circuit { rows: 8, ..honest.circuit_.clone() },
        Circuit { threshold: 2, ..honest.circuit_.clone() },
        Circuit { kind: Kind::Tally, options: 4, rows: 8, threshold: 1 },
        Circuit { kind: Kind::Tally, options: 4, rows: 8, threshold: 17 },
        Circuit { kind: Kind::Tally, options: 4, rows: 2, threshold: 2 },
        Circuit { kind: Kind::Tally, options: 4, rows: 12, threshold: 2 },
        Circuit { kind: Kind::TallyFinal, options: 4, rows: 131_072, threshold: 2 },
        Circuit { kind: Kind::TallyChunk, options: 4, rows: 8, threshold: 2 },
    ];
    for circuit_ in wrong {
        let sent = call(&chain, IGroth16Verifiers::addCall { circuit_, points: honest.points.clone() });
        let _: IGroth16Verifiers::UnknownCircuit = sent.error();
    }
    for length in [0, 64, honest.points.len() - 64, honest.points.len() - 1] {
        let points = honest.points[..length].to_vec().into();
        let sent = call(&chain, IGroth16Verifiers::addCall { points, ..honest.clone() });
        let error: IGroth16Verifiers::WrongKeyLength = sent.error();
        assert_eq!(error.found, U256::from(length));
    }
}

fn proof_call() -> IGroth16Verifiers::verifyCall {
    let s = settled();
    let proof = &s.one.proofs[0];
    let word = |x: &Fr| U256::from_be_bytes(circuits::types::field_to_bytes(*x));
    IGroth16Verifiers::verifyCall {
        keyHash: s.election.verifying[1].hash().0.into(),
        inputs: proof.inputs.iter().map(word).collect(),
        proof: proof.proof.0.to_vec().into(),
    }
}

#[test]
fn a1_inputs_that_are_not_below_r_are_refused_one_by_one() {
    let chain = keyed();
    let honest = proof_call();
    call(&chain, honest.clone()).gas();
    let r = U256::from_be_bytes(circuits::types::field_to_bytes(-Fr::from(1u64))) + U256::ONE;
    for index in 0..honest.inputs.len() {
        let mut bad = honest.clone();
        bad.inputs[index] += r;
        let error: IGroth16Verifiers::InputNotCanonical = call(&chain, bad).error();
        assert_eq!(error.index, U256::from(index));
        let mut bad = honest.clone();
        bad.inputs[index] =
            if bad.inputs[index].is_zero() { U256::ONE } else { bad.inputs[index] - U256::ONE };
        let _: IGroth16Verifiers::ProofInvalid = call(&chain, bad).error();
    }
    let mut fewer = honest.clone();
    fewer.inputs.pop();
    let error: IGroth16Verifiers::WrongInputCount = call(&chain, fewer).error();
    assert_eq!((error.expected, error.found), (U256::from(9), U256::from(8)));
    let mut more = honest.clone();
    more.inputs.push(U256::ZERO);
    let _: IGroth16Verifiers::WrongInputCount = call(&chain, more).error();
}

/// The chain and the Rust verifier agree on every byte of a proof. `(-A, -B,
/// C)` is another proof of the same statement (A9).
#[test]
fn every_byte_of_a_proof_is_bound() {
    let chain = keyed();
    let honest = proof_call();
    for at in 0..256 {
        let mut bad = honest.clone();
        let mut proof = bad.proof.to_vec();
        proof[at] ^= 1 << (at % 8);
        bad.proof = proof.into();
        assert!(!call(&chain, bad).is_done(), "byte {at}");
    }
    let mut negated = honest.proof.to_vec();
    for word in [1, 4, 5] {
        negate(&mut negated[32 * word..32 * (word + 1)]);
    }
    call(&chain, IGroth16Verifiers::verifyCall { proof: negated.into(), ..honest }).gas();
}

/// Votes of two elections, and the election id that is their average by factors
/// hashed from the ballots alone: the shared inputs are hashed, too.
#[test]
fn a12_ballots_of_two_elections_do_not_average_to_a_third() {
    let chain = keyed();
    let key = store().get(ballot_key().id(), &|_| {}).unwrap();
    let e = &settled().election;
    let votes = [8u64, 9].map(|id| e.vote_in(ElectionId::from_field(Fr::from(id))));
    let inputs = votes.each_ref().map(circuits::r1cs::Circuit::public_inputs);
    let word = |x: &Fr| circuits::types::field_to_bytes(*x);
    let entries: Vec<Vec<u8>> = votes
        .iter()
        .zip(&inputs)
        .map(|(vote, inputs)| {
            let proof = prove(&key, vote, &mut OsRng).unwrap();
            inputs[5..].iter().flat_map(word).chain(proof.0).collect()
        })
        .collect();
    let batch = |shared: &[Fr], entries: Vec<u8>| IGroth16Verifiers::verifyBallotsCall {
        keyHash: ballot_key().hash().0.into(),
        common: std::array::from_fn(|i| U256::from_be_bytes(word(&shared[i]))),
        entries: entries.into(),
    };
    for (inputs, entry) in inputs.iter().zip(&entries) {
        call(&chain, batch(&inputs[..5], entry.clone())).gas();
    }
    let both = entries.concat();
    let digest = keccak256(&both);
    let with_key = keccak256([ballot_key().hash().0, digest].concat());
    for seed in [digest, with_key] {
        let factor = |i: u8| {
            let mut index = [0; 32];
            index[31] = i;
            let hash = keccak256([seed, index].concat());
            Fr::from(u128::from_be_bytes(hash[16..].try_into().unwrap()))
        };
        let mut third = inputs[0][..5].to_vec();
        third[1] = (factor(0) * inputs[0][1] + factor(1) * inputs[1][1]) / (factor(0) + factor(1));
        let _: IGroth16Verifiers::ProofInvalid = call(&chain, batch(&third, both.clone())).error();
    }
}

#[test]
fn proofs_under_another_key_or_an_unknown_one_are_refused() {
    let (chain, s) = (keyed(), settled());
    let honest = proof_call();
    let unknown = IGroth16Verifiers::verifyCall { keyHash: B256::ZERO, ..honest.clone() };
    let _: IGroth16Verifiers::KeyUnknown = call(&chain, unknown).error();
    // The ballots' key has as many inputs.
    let ballots = B256::from(ballot_key().hash().0);
    let _: IGroth16Verifiers::ProofInvalid =
        call(&chain, IGroth16Verifiers::verifyCall { keyHash: ballots, ..honest.clone() }).error();
    let batch = IGroth16Verifiers::verifyBallotsCall {
        keyHash: honest.keyHash,
        common: [U256::ONE; 5],
        entries: elections::entries(&s.election.entries[..1]).into(),
    };
    let _: IGroth16Verifiers::KeyUnknown = call(&chain, batch.clone()).error();
    for length in [0, 383, 385] {
        let entries = vec![1; length].into();
        let odd = IGroth16Verifiers::verifyBallotsCall { keyHash: ballots, entries, ..batch.clone() };
        let _: IGroth16Verifiers::WrongProofLength = call(&chain, odd).error();
    }
}

/// The points are kept as code that does nothing when called.
#[test]
fn a55_the_contract_of_a_keys_points_does_nothing() {
    let mut chain = deployed(&[]);
    let target = verifiers(&chain);
    let Sent::Done { logs, .. } = chain.send(OTHER, target, elections::add_key(ballot_key()).unwrap()) else {
        panic!("refused")
    };
    let event = <IGroth16Verifiers::KeyAdded as alloy::sol_types::SolEvent>::decode_log(&logs[0]).unwrap();
    assert_eq!(event.id, "ballot/4");
    let code = chain.code(event.data.data);
    assert_eq!((code.len(), code[0]), (1 + ballot_key().to_bytes().len() - 8 - 1 - 8 - 4, 0));
    let before = chain.storage(target);
    assert!(chain.send(POSTER, event.data.data, vec![1; 100]).output().is_empty());
    assert_eq!(chain.storage(target), before);
    assert_ne!(event.data.data, Address::ZERO);
}
