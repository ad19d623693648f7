//! Conditions one by one: calls that everybody who has to sign has signed,
//! with one thing wrong. What is refused here is refused by that condition,
//! since no other one stands in its way.

use super::{
    settled::{
        ONE, POSTER, TWO, closed, deployed, election_on, keyed, layout, opened, post_all, posted, refused,
        result_calls, send, settled, view,
    },
    verifiers::{outside_subgroup, points_under},
};
use crate::{
    chain::{Chain, START},
    election::{SHAPE, TIMES, domain},
};
use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::{SolCall, SolStruct},
};
use chain::{
    abi::{self, IElections, IGroth16Verifiers, Trustee},
    elections,
};
use circuits::{
    curve::Fr,
    types::{
        AccountKey, BallotShape, Head, Order, SignedHead, TypedData, field_from_bytes, field_to_bytes,
        keccak256,
    },
};
use rand_core::OsRng;
use verifier::{CircuitId, VerifyingKey};

const HEAD: &str = "Head(bytes32 electionId,uint32 size,bytes32 root,uint64 time,bool closed)";

/// A struct hash that is signed whatever it stands for.
struct Raw(B256);

impl TypedData for Raw {
    const TYPE: &'static str = "";
    fn words(&self) -> Vec<[u8; 32]> {
        Vec::new()
    }
    fn struct_hash(&self) -> [u8; 32] {
        self.0.0
    }
}

fn sign(by: &AccountKey, hash: B256) -> Bytes {
    Bytes::from(by.sign(Raw(hash).signing_hash(&domain())).to_bytes().to_vec())
}

fn modulus() -> U256 {
    U256::from_be_bytes(field_to_bytes(-Fr::from(1u64))) + U256::ONE
}

/// As the contract does: the last byte is dropped.
fn shifted(hash: B256) -> B256 {
    B256::from(U256::from_be_bytes(hash.0) >> 8)
}

/// The words that `Election` and `ElectionKey` have in common.
fn key_words(draft: B256, key: &abi::ElectionKey) -> Vec<[u8; 32]> {
    let hashes: Vec<[u8; 32]> = key.verifyingKeys.iter().map(|hash| hash.0).collect();
    vec![
        draft.0,
        key.censusRoot.0,
        circuits::types::word_u64(key.censusTotal),
        key.pkX.to_be_bytes(),
        key.pkY.to_be_bytes(),
        key.verificationShares.0,
        keccak256(hashes.concat()),
    ]
}

fn hash(kind: &str, words: &[[u8; 32]]) -> B256 {
    B256::from(keccak256([&keccak256(kind)[..], &words.concat()].concat()))
}

/// An opening under way to be signed.
struct Opening {
    call: IElections::openCall,
    trustees: Vec<AccountKey>,
}

impl Opening {
    fn id(&self) -> B256 {
        let common = "bytes32 draftId,bytes32 censusRoot,uint64 censusTotal,uint256 pkX,uint256 pkY,bytes32 verificationShares,bytes32 verifyingKeys";
        let draft = shifted(self.call.draft.eip712_hash_struct());
        shifted(hash(&format!("Election({common})"), &key_words(draft, &self.call.key)))
    }

    fn key_hash(&self) -> B256 {
        let draft = shifted(self.call.draft.eip712_hash_struct());
        let kind = "ElectionKey(bytes32 electionId,bytes32 draftId,bytes32 censusRoot,uint64 censusTotal,uint256 pkX,uint256 pkY,bytes32 verificationShares,bytes32 verifyingKeys,bytes32 transcript)";
        let key = &self.call.key;
        hash(kind, &[vec![self.id().0], key_words(draft, key), vec![key.transcript.0]].concat())
    }

    /// The call, with the signatures of all.
    fn signed(mut self) -> Vec<u8> {
        self.call.organiserSignature =
            sign(&settled().election.organiser, self.call.draft.eip712_hash_struct());
        let hash = self.key_hash();
        self.call.trusteeSignatures = self.trustees.iter().map(|t| sign(t, hash)).collect();
        self.call.abi_encode()
    }

    /// The draft's trustees are these.
    fn by(&mut self, trustees: Vec<AccountKey>) {
        let trustee = |(i, t): (u8, &AccountKey)| Trustee {
            signer: elections::address(t.address()),
            encryptionKey: B256::repeat_byte(i),
        };
        self.call.draft.trustees = (1..).zip(&trustees).map(trustee).collect();
        self.trustees = trustees;
    }
}

fn opening() -> Opening {
    let e = &settled().election;
    let call = IElections::openCall::abi_decode(&elections::open(&e.draft, &e.key)).unwrap();
    Opening { call, trustees: e.trustees.clone() }
}

/// An opening that all signed after it was changed.
fn open(change: impl FnOnce(&mut Opening)) -> Vec<u8> {
    let mut opening = opening();
    change(&mut opening);
    opening.signed()
}

/// The circuits of a shape, rows and threshold; their keys are some points.
fn circuits_of(shape: BallotShape, rows: usize, t: usize) -> [CircuitId; 4] {
    [
        CircuitId::Ballot(shape),
        CircuitId::Tally { shape, rows, t },
        CircuitId::TallyChunk { shape, rows },
        CircuitId::TallyFinal { shape, rows, t },
    ]
}

fn hash_of(id: CircuitId) -> B256 {
    points_under(id).hash().0.into()
}

/// A chain with keys for both shapes, two numbers of rows and thresholds,
/// which nobody can prove with.
fn with_keys() -> Chain {
    let mut keys: Vec<VerifyingKey> = Vec::new();
    for shape in [BallotShape::Shape4, BallotShape::Shape16] {
        for (rows, t) in [(8, 2), (16, 2), (8, 4)] {
            let new = circuits_of(shape, rows, t).map(points_under);
            keys.extend(
                new.into_iter().filter(|key| keys.iter().all(|k| k.hash() != key.hash())).collect::<Vec<_>>(),
            );
        }
    }
    deployed(&keys)
}

/// The opening's keys are those of these circuits.
fn take_keys(opening: &mut Opening, ids: [CircuitId; 4]) {
    opening.call.key.verifyingKeys[1..].copy_from_slice(&ids.map(hash_of));
}

/// Draft and key, hashed and signed by a third implementation of EIP-712.
#[test]
fn what_another_implementation_hashes_and_signs_is_opened() {
    let (e, chain) = (&settled().election, keyed());
    let draft = elections::draft(&e.draft.draft);
    assert_eq!(draft.eip712_hash_struct().0, e.draft.draft.struct_hash());
    assert_eq!(opening().id(), elections::id(e.id()));
    let changed = Opening { call: opening().call, trustees: e.trustees.clone() };
    assert_eq!(changed.key_hash().0, e.key.key.struct_hash());
    for change in [|_: &mut Opening| (), |o: &mut Opening| o.call.draft.calls[0].data = vec![7; 33].into()] {
        send(&mut chain.clone(), open(change)).gas();
    }
}

/// What typed drafts cannot even say, or what other rules would hide.
#[test]
fn a50_each_rule_of_a_draft_holds_by_itself() {
    let chain = with_keys();
    let [narrow, wide] = [BallotShape::Shape4, BallotShape::Shape16];
    let options = |o: &mut Opening, n: u32, room: u32| {
        o.call.draft.options = (0..n).map(|i| format!("option {i}")).collect();
        o.call.draft.rule = (n << 8) | (room << 16);
    };
    // Without a fault they open.
    let good = |o: &mut Opening| take_keys(o, circuits_of(narrow, 8, 2));
    let sixteen = |o: &mut Opening| {
        take_keys(o, circuits_of(wide, 8, 2));
        options(o, 16, 16);
    };
    let crowd = |o: &mut Opening, n: usize| {
        good(o);
        o.by((0..n).map(|_| AccountKey::random(&mut OsRng)).collect());
    };
    let four = |o: &mut Opening| {
        good(o);
        options(o, 4, 4);
    };
    for call in [open(good), open(sixteen), open(four), open(|o| crowd(o, 16)), open(|o| crowd(o, 2))] {
        send(&mut chain.clone(), call).gas();
    }
    let refused_for = |field: &str, change: &dyn Fn(&mut Opening)| {
        let call = open(|o| {
            good(o);
            change(o);
        });
        let error: IElections::InvalidDraft = refused(&chain, call).error();
        assert_eq!(error.field, field);
    };
    refused_for("settlement", &|o| o.call.draft.settlement = 2);
    refused_for("options", &|o| {
        sixteen(o);
        options(o, 17, 16);
    });
    refused_for("options", &|o| options(o, 0, 4));
    // A kind that does not exist; another number of options; room that the
    // options do not need, or too little; bits above.
    refused_for("rule", &|o| o.call.draft.rule |= 4);
    refused_for("rule", &|o| o.call.draft.rule = (2 << 8) | (4 << 16));
    refused_for("rule", &|o| {
        sixteen(o);
        options(o, 3, 16);
    });
    refused_for("rule", &|o| options(o, 5, 4));
    refused_for("rule", &|o| o.call.draft.rule |= 1 << 24);
    refused_for("passRule", &|o| {
        (o.call.draft.passRule.majorityNumerator, o.call.draft.passRule.majorityDenominator) = (0, 0);
    });
    refused_for("kind", &|o| {
        o.call.draft.kind = 2;
        o.call.draft.calls.clear();
    });
    refused_for("threshold", &|o| {
        take_keys(o, circuits_of(narrow, 8, 4));
        o.call.draft.threshold = 4;
    });
    refused_for("threshold", &|o| crowd(o, 17));
    // One trustee in two places, who signs in both.
    refused_for("trustees", &|o| {
        o.call.draft.trustees[2].signer = o.call.draft.trustees[0].signer;
        o.trustees[2] = o.trustees[0].clone();
    });
    refused_for("trustees", &|o| {
        o.call.draft.trustees[1].encryptionKey = o.call.draft.trustees[2].encryptionKey;
    });
}

/// Even if all trustees sign a key that is none.
#[test]
fn a1_a14_each_rule_of_a_key_holds_by_itself() {
    let chain = keyed();
    let r = modulus();
    let error: IElections::NotCanonical = refused(
        &chain,
        open(|o| o.call.key.censusRoot = (U256::from_be_bytes(o.call.key.censusRoot.0) + r).into()),
    )
    .error();
    assert!(error.value >= r);
    let aliases: [fn(&mut IElections::openCall) -> &mut U256; 4] =
        [|c| &mut c.key.pkX, |c| &mut c.key.pkY, |c| &mut c.eighthX, |c| &mut c.eighthY];
    for place in aliases {
        let _: IElections::InvalidPublicKey = refused(&chain, open(|o| *place(&mut o.call) += r)).error();
    }
    let refused_key = |pk: [U256; 2], eighth: [U256; 2]| {
        let call = open(|o| {
            [o.call.key.pkX, o.call.key.pkY] = pk;
            [o.call.eighthX, o.call.eighthY] = eighth;
        });
        let _: IElections::InvalidPublicKey = refused(&chain, call).error();
    };
    // The identity, as eight times every point of order 1, 2 and 4.
    let [zero, one] = [U256::ZERO, U256::ONE];
    for eighth in [[zero, one], [zero, r - one], [one, zero]] {
        refused_key([zero, one], eighth);
    }
    // Eight times a point of another curve: doubling does not use the curve's
    // coefficient, so it takes any point.
    let word = |x: Fr| U256::from_be_bytes(field_to_bytes(x));
    let mut point = [Fr::from(2u64), Fr::from(3u64)];
    for _ in 0..3 {
        let [x, y] = point;
        let sum = x * x + y * y;
        point = [(x * y + x * y) / sum, (x * x - y * y) / (sum - Fr::from(2u64))];
    }
    refused_key(point.map(word), [Fr::from(2u64), Fr::from(3u64)].map(word));
}

#[test]
fn a61_a_signature_too_many_is_refused() {
    let call = open(|_| ());
    let mut more = IElections::openCall::abi_decode(&call).unwrap();
    more.trusteeSignatures.push(more.trusteeSignatures[0].clone());
    let error: IElections::WrongSignatureCount = refused(&keyed(), more.abi_encode()).error();
    assert_eq!((error.expected, error.found), (U256::from(3), U256::from(4)));
}

/// The account that a signature which is none recovers to is the zero
/// address: nobody signs for it.
#[test]
fn a61_nobody_signs_for_the_zero_address() {
    let [nothing, no_one] = [Bytes::from(vec![0; 65]), Bytes::from([vec![1; 64], vec![29]].concat())];
    for none in [nothing.clone(), no_one.clone()] {
        let mut call =
            IElections::openCall::abi_decode(&open(|o| o.call.draft.organiser = Address::ZERO)).unwrap();
        call.organiserSignature = none.clone();
        let error: IElections::WrongSigner = refused(&keyed(), call.abi_encode()).error();
        assert_eq!((error.expected, error.found), (Address::ZERO, Address::ZERO));
        let mut call =
            IElections::openCall::abi_decode(&open(|o| o.call.draft.trustees[1].signer = Address::ZERO))
                .unwrap();
        call.trusteeSignatures[1] = none;
        let error: IElections::WrongSigner = refused(&keyed(), call.abi_encode()).error();
        assert_eq!((error.index, error.expected, error.found), (U256::from(2), Address::ZERO, Address::ZERO));
    }
    // An election without an operator can be opened, and never closed.
    let mut orphan = opening();
    orphan.call.draft.operator = Address::ZERO;
    let id = orphan.id();
    let mut chain = keyed();
    send(&mut chain, orphan.signed()).gas();
    let head = settled().election.head(5, START, false);
    let mut call = IElections::anchorCall::abi_decode(&elections::anchor(&head)).unwrap();
    call.electionId = id;
    for none in [nothing, no_one] {
        call.signature = none;
        let _: IElections::WrongSigner = refused(&chain, call.abi_encode()).error();
    }
}

/// Each key is that of the circuit in its place: kind, options, rows and
/// threshold.
#[test]
fn a17_each_parameter_of_each_key_counts() {
    let chain = with_keys();
    let shape = SHAPE;
    let good = circuits_of(shape, 8, 2);
    send(&mut chain.clone(), open(|o| take_keys(o, good))).gas();
    let wide = BallotShape::Shape16;
    // Place in the key, the circuit there, the place that is named.
    let cases = [
        (0, CircuitId::Ballot(wide), 0),
        (0, good[1], 0),
        (1, good[0], 1),
        (1, good[3], 1),
        (1, CircuitId::Tally { shape: wide, rows: 8, t: 2 }, 1),
        (1, CircuitId::Tally { shape, rows: 8, t: 4 }, 1),
        // All have the rows of the tally's: so the chunk's are wrong.
        (1, CircuitId::Tally { shape, rows: 16, t: 2 }, 2),
        (2, CircuitId::TallyChunk { shape: wide, rows: 8 }, 2),
        (2, CircuitId::TallyChunk { shape, rows: 16 }, 2),
        (2, good[3], 2),
        (3, CircuitId::TallyFinal { shape: wide, rows: 8, t: 2 }, 3),
        (3, CircuitId::TallyFinal { shape, rows: 8, t: 4 }, 3),
        (3, CircuitId::TallyFinal { shape, rows: 16, t: 2 }, 3),
        (3, good[1], 3),
    ];
    for (place, id, named) in cases {
        let call = open(|o| {
            take_keys(o, good);
            o.call.key.verifyingKeys[1 + place] = hash_of(id);
        });
        let error: IElections::WrongKey = refused(&chain, call).error();
        assert_eq!(error.index, U256::from(named), "{id} in place {place}");
    }
}

// --- Heads

/// Not even with the organiser's order, if the draft does not allow it.
#[test]
fn an_election_without_early_close_closes_at_its_time() {
    let e = &settled().election;
    let mut fixed = opening();
    fixed.call.draft.earlyClose = false;
    let id = fixed.id();
    let mut chain = keyed();
    send(&mut chain, fixed.signed()).gas();
    let head = abi::Head { size: 5, root: e.closed(5).root.to_bytes().into(), time: START, closed: true };
    let words = [
        id.0,
        circuits::types::word_u64(5),
        head.root.0,
        circuits::types::word_u64(START),
        circuits::types::word_u64(1),
    ];
    let signature = sign(&e.operator, hash(HEAD, &words));
    let order = sign(&e.organiser, hash("Close(bytes32 electionId)", &[id.0]));
    let call = IElections::closeCall { electionId: id, head, signature, order }.abi_encode();
    chain.time = TIMES.closing - 1;
    let error: IElections::TooEarly = refused(&chain, call.clone()).error();
    assert_eq!((error.from, error.now_), (TIMES.closing, U256::from(chain.time)));
    chain.time += 1;
    send(&mut chain, call).gas();
    assert_eq!(election_on(&chain, id).stage, abi::Stage::Closed);
}

/// A root plus the modulus is the same field element, and another word.
#[test]
fn a1_a_root_in_another_dress_is_refused_though_the_operator_signed_it() {
    let (e, mut chain) = (&settled().election, opened());
    chain.time = TIMES.closing;
    for is_closed in [false, true] {
        let signed = e.head(5, START, is_closed);
        let root: U256 = U256::from_be_bytes(signed.head.root.to_bytes()) + modulus();
        let mut words = signed.head.words();
        words[2] = root.to_be_bytes();
        let signature = sign(&e.operator, hash(HEAD, &words));
        let head = abi::Head { size: 5, root: root.into(), time: START, closed: is_closed };
        let id = elections::id(e.id());
        let call = if is_closed {
            IElections::closeCall { electionId: id, head, signature, order: Bytes::new() }.abi_encode()
        } else {
            IElections::anchorCall { electionId: id, head, signature }.abi_encode()
        };
        let error: IElections::NotCanonical = refused(&chain, call).error();
        assert_eq!(error.value, root);
    }
}

/// The same operator and organiser run several elections.
#[test]
fn a53_heads_and_orders_of_another_election_are_refused() {
    let (e, mut chain) = (&settled().election, opened());
    let other = circuits::types::ElectionId::from_field(Fr::from(77u64));
    let head = e.head(ONE, START, true).head;
    let foreign = e.sign(Head { election_id: other, ..head }).signature;
    chain.time = TIMES.closing - 1;
    let moved = SignedHead { head, signature: foreign };
    let error: IElections::WrongSigner = refused(&chain, elections::close(&moved, Some(&e.order()))).error();
    assert!(error.role.starts_with(b"operator"));
    let order = e.organiser.sign(Order::Close(other).signing_hash(&domain()));
    let error: IElections::WrongSigner =
        refused(&chain, elections::close(&e.head(ONE, START, true), Some(&order))).error();
    assert!(error.role.starts_with(b"organiser"));
    // An open head's signature is none over the closed one.
    let open = SignedHead { head, signature: e.head(ONE, START, false).signature };
    let error: IElections::WrongSigner = refused(&chain, elections::close(&open, Some(&e.order()))).error();
    assert!(error.role.starts_with(b"operator"));
}

// --- Ballots

/// A coordinate plus q would be the same point, and B may be on its curve but
/// outside of the subgroup: only what is checked under any factor counts.
#[test]
fn a9_a14_points_of_a_batch_have_one_form_and_the_right_order() {
    use ark_ff::{BigInteger, PrimeField};
    let q = U256::from_be_slice(&verifier::curve::Fq::MODULUS.to_bytes_be());
    let (e, chain) = (&settled().election, closed(ONE));
    let honest = e.entries[..4].to_vec();
    let refused_by = |proof: [u8; 256], precompile: u64| {
        let mut ballots = honest.clone();
        ballots[3].proof.0 = proof;
        let error: IGroth16Verifiers::PrecompileFailed =
            refused(&chain, elections::post_batch(e.id(), 0, &ballots)).error();
        assert_eq!(error.precompile, U256::from(precompile));
    };
    // A, B and C have two, four and two words.
    for (word, precompile) in [7, 7, 8, 8, 8, 8, 7, 7].into_iter().enumerate() {
        let mut proof = honest[3].proof.0;
        let place = &mut proof[32 * word..32 * (word + 1)];
        let alias = U256::from_be_slice(place) + q;
        place.copy_from_slice(&alias.to_be_bytes::<32>());
        refused_by(proof, precompile);
    }
    let mut proof = honest[3].proof.0;
    proof[64..192].copy_from_slice(&outside_subgroup());
    refused_by(proof, 8);
    // With A at infinity nothing would bind B.
    proof[..64].fill(0);
    refused_by(proof, 8);
    send(&mut chain.clone(), elections::post_batch(e.id(), 0, &honest)).gas();
}

// --- Results

/// Chunks of one board, posted for another one that begins with the same
/// entries: R, N and the points are others.
#[test]
fn a31_a53_chunks_of_a_longer_board_are_refused() {
    let s = settled();
    let mut chain = closed(TWO - 1);
    post_all(&mut chain, POSTER, &s.election.entries[..TWO - 1]);
    let _: IGroth16Verifiers::ProofInvalid = refused(&chain, result_calls(&s.two).remove(0)).error();
}

#[test]
fn chunks_and_final_proofs_past_the_deadline_are_refused() {
    let mut chain = posted(TWO);
    let calls = result_calls(&settled().two);
    for call in &calls {
        chain.time = TIMES.tally_deadline + 1;
        let error: IElections::TooLate = refused(&chain, call.clone()).error();
        assert_eq!(error.until, TIMES.tally_deadline);
        chain.time -= 1;
        send(&mut chain, call.clone()).gas();
    }
}

/// Ties do not pass, a quorum that is just met does: as the draft's rule off
/// chain says.
#[test]
fn the_pass_rule_holds_to_the_unit() {
    // 1,500 of 1,800 units for the first option: five sixths.
    let rules = [(1_800, 5, 6), (1_800, 4_999, 6_000), (1_801, 0, 1), (0, u32::MAX - 1, u32::MAX)];
    for (quorum, numerator, denominator) in rules {
        let election = crate::election::Election::of(layout(), 3, crate::election::Parties::random(), |d| {
            d.pass_rule = circuits::types::PassRule {
                winning_option: 0,
                quorum,
                majority_numerator: numerator,
                majority_denominator: denominator,
            };
        });
        let mut chain = keyed();
        send(&mut chain, elections::open(&election.draft, &election.key)).gas();
        chain.time = TIMES.closing;
        send(&mut chain, elections::close(&election.head(3, START, true), None)).gas();
        send(&mut chain, elections::post_batch(election.id(), 0, &election.entries)).gas();
        let tally = election.tally(3, &election.points(3));
        assert_eq!(tally.totals, [1_500, 300, 0]);
        send(&mut chain, elections::post_result(election.id(), POSTER, 8, &tally).remove(0)).gas();
        let found = view(&chain, IElections::resultCall { electionId: elections::id(election.id()) });
        let expected = (quorum, numerator) == (1_800, 4_999);
        assert_eq!(found.passed, expected, "{quorum} {numerator}/{denominator}");
        assert_eq!(election.draft.draft.pass_rule.passed(&tally.totals), expected);
    }
}

// --- Keys

fn ask<C: SolCall>(chain: &Chain, call: C) -> crate::chain::Sent {
    chain.call(super::settled::verifiers(chain), call.abi_encode())
}

/// A coordinate plus the modulus q is the same coordinate, in every place of a
/// key; under it one key would have many hashes.
#[test]
fn a16_no_coordinate_of_a_key_has_two_forms() {
    use ark_ff::{BigInteger, PrimeField};
    let q = U256::from_be_slice(&verifier::curve::Fq::MODULUS.to_bytes_be());
    let chain = deployed(&[]);
    let honest = IGroth16Verifiers::addCall::abi_decode(
        &elections::add_key(&settled().election.verifying[0]).unwrap(),
    )
    .unwrap();
    assert!(ask(&chain, honest.clone()).is_done());
    for word in 0..honest.points.len() / 32 {
        let mut points = honest.points.to_vec();
        let place = &mut points[32 * word..32 * (word + 1)];
        let alias = U256::from_be_slice(place) + q;
        place.copy_from_slice(&alias.to_be_bytes::<32>());
        let sent = ask(&chain, IGroth16Verifiers::addCall { points: points.into(), ..honest.clone() });
        if (2..14).contains(&word) {
            let error: IGroth16Verifiers::PrecompileFailed = sent.error();
            assert_eq!(error.precompile, U256::from(8), "word {word}");
        } else {
            let error: IGroth16Verifiers::DegenerateKey = sent.error();
            let expected = if word < 2 { 0 } else { 4 + (word - 14) / 2 };
            assert_eq!(error.point, U256::from(expected), "word {word}");
        }
    }
}

#[test]
fn rows_and_threshold_of_every_kind_of_circuit_are_checked() {
    use abi::{Circuit, Kind};
    let chain = deployed(&[]);
    let wrong = [
        (Kind::Tally, 4, 131_072, 2),
        (Kind::TallyChunk, 4, 12, 0),
        (Kind::TallyChunk, 16, 0, 0),
        (Kind::TallyFinal, 4, 8, 1),
        (Kind::TallyFinal, 16, 8, 17),
        (Kind::TallyFinal, 4, 0, 2),
    ];
    for (kind, options, rows, threshold) in wrong {
        let circuit_ = Circuit { kind, options, rows, threshold };
        let sent = ask(&chain, IGroth16Verifiers::addCall { circuit_, points: Bytes::new() });
        let _: IGroth16Verifiers::UnknownCircuit = sent.error();
    }
}

/// Who asks for ballots to be checked states what they share.
#[test]
fn a1_shared_inputs_of_a_batch_are_below_r() {
    let (chain, e) = (keyed(), &settled().election);
    let key = &e.key.key;
    let (x, y) = key.public_key.xy();
    let word = |bytes: [u8; 32]| U256::from_be_bytes(bytes);
    let honest = IGroth16Verifiers::verifyBallotsCall {
        keyHash: e.verifying[0].hash().0.into(),
        common: [
            word(key.census_root.to_bytes()),
            word(e.id().to_bytes()),
            U256::from(e.draft.draft.rule.code()),
            word(field_to_bytes(x)),
            word(field_to_bytes(y)),
        ],
        entries: elections::entries(&e.entries[..2]).into(),
    };
    ask(&chain, honest.clone()).gas();
    for index in 0..5 {
        let mut bad = honest.clone();
        bad.common[index] += modulus();
        let error: IGroth16Verifiers::InputNotCanonical = ask(&chain, bad).error();
        assert_eq!(error.index, U256::from(index));
        assert!(field_from_bytes(&error.value.to_be_bytes::<32>()).is_err());
    }
}
