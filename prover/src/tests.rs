#![allow(clippy::unwrap_used)]

use crate::{
    Certificate, ImportError, InconsistentKey, KeyOrigin, KeyStore, Matrices, Progress, ProveError,
    ProvingKey, StoreError, codec, development_certificate, development_key, development_verifying_key,
    engine::{prove, prove_assignment, prove_with_masks},
    setup::{Trapdoor, domain, generate},
    shapes::{self, snapshot_digest},
};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field, UniformRand};
use ark_groth16::Groth16;
use ark_poly::EvaluationDomain;
use circuits::{
    curve::Fr,
    r1cs::{Circuit, Cs, Num, Shape},
    tally::Layout,
    types::BallotShape,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use verifier::{
    CircuitId, Proof, VerifyError,
    curve::{Bn254, G1Projective, G2Projective},
    verify,
};

const ID: CircuitId = CircuitId::Registration;

/// `y = x^3 + x + 5` and `s = x * w`, under the name of a known circuit;
/// one variable is in no row, so that its query points are at infinity.
struct Toy {
    x: Fr,
    w: Fr,
    y: Fr,
}

impl Toy {
    fn new(x: u64, w: u64) -> Self {
        let x = Fr::from(x);
        Self { x, w: Fr::from(w), y: x * x * x + x + Fr::from(5u64) }
    }
}

impl Circuit for Toy {
    fn id(&self) -> String {
        ID.to_string()
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.y, self.x * self.w]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        cs.condition("T1 cubic");
        let (x, w) = (cs.witness(self.x), cs.witness(self.w));
        cs.witness(self.w);
        let x2 = cs.mul("x * x = x2", &x, &x);
        let x3 = cs.mul("x2 * x = x3", &x2, &x);
        cs.equal("x3 + x + 5 = y", &(x3 + &x).add_constant(Fr::from(5u64)), &inputs[0]);
        cs.condition("T2 product");
        let sum = (&x - &w).scale(Fr::from(7u64));
        let w2 = cs.mul("w * w = w2", &w, &w);
        cs.enforce("7 (x - w) w = 7 s - 7 w2", &sum, &w, &(&inputs[1] - &w2).scale(Fr::from(7u64)));
    }
}

fn shape() -> Shape {
    Cs::shape(&Toy::new(3, 4))
}

fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

fn trapdoor(rng: &mut ChaCha20Rng, matrices: &Matrices) -> Trapdoor {
    Trapdoor {
        alpha: Fr::rand(rng),
        beta: Fr::rand(rng),
        gamma: Fr::rand(rng),
        delta: Fr::rand(rng),
        g1: G1Projective::rand(rng),
        g2: G2Projective::rand(rng),
        tau: domain(matrices).unwrap().sample_element_outside_domain(rng),
    }
}

#[test]
fn the_key_and_the_proof_equal_those_of_arkworks() {
    let (shape, z) = Cs::shape_and_assignment(&Toy::new(3, 4));
    let matrices = Matrices::new(&shape);
    let mut rng = rng(11);
    let mut t = trapdoor(&mut rng, &matrices);
    let mut same = rng.clone();
    t.tau = domain(&matrices).unwrap().sample_element_outside_domain(&mut rng);
    let theirs = Groth16::<Bn254>::generate_parameters_with_qap(
        &shape, t.alpha, t.beta, t.gamma, t.delta, t.g1, t.g2, &mut same,
    )
    .unwrap();
    assert_eq!(generate(&matrices, &t).unwrap(), theirs);

    let vk = verifier::VerifyingKey::new(ID, theirs.vk.clone()).unwrap();
    let masks = [Fr::rand(&mut rng), Fr::rand(&mut rng)];
    let (inputs, rows) = (shape.num_inputs(), shape.num_constraints());
    let digest = shape.digest();
    let proof = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        &theirs,
        masks[0],
        masks[1],
        &shape.into_ark_matrices(),
        inputs,
        rows,
        &z,
    )
    .unwrap();
    let key = ProvingKey::assemble(vk, digest, theirs, matrices, KeyOrigin::Imported);
    assert_eq!(prove_with_masks(&key, &z, &masks).unwrap(), proof);
}

#[test]
fn a_proof_verifies_under_its_statement_alone() {
    let key = development_key(&shape()).unwrap();
    let circuit = Toy::new(3, 4);
    let bytes = prove(&key, &circuit, &mut rng(1)).unwrap();
    let proof = Proof::from_bytes(&bytes).unwrap();
    let prepared = key.verifying_key().prepare();
    assert_eq!(verify(&prepared, &circuit.public_inputs(), &proof), Ok(()));
    let other = Toy::new(3, 5).public_inputs();
    assert_eq!(verify(&prepared, &other, &proof), Err(VerifyError::Rejected));
}

#[test]
fn an_unsatisfied_witness_names_its_constraint() {
    let key = development_key(&shape()).unwrap();
    let wrong = Toy { y: Fr::from(36u64), ..Toy::new(3, 4) };
    let Err(ProveError::Unsatisfied(why)) = prove(&key, &wrong, &mut rng(2)) else { panic!("proved") };
    assert_eq!(why.label.to_string(), "T1 cubic: x3 + x + 5 = y");
    let short = prove_assignment(&key, &[Fr::ONE], &mut rng(2));
    assert_eq!(short, Err(ProveError::OtherVersion { expected: shape().num_variables(), got: 1 }));
}

struct Renamed(Toy);

impl Circuit for Renamed {
    fn id(&self) -> String {
        "ballot/4".into()
    }
    fn public_inputs(&self) -> Vec<Fr> {
        self.0.public_inputs()
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        self.0.synthesize(cs, inputs);
    }
}

#[test]
fn a_key_does_not_prove_for_another_circuit() {
    let key = development_key(&shape()).unwrap();
    let refused = prove(&key, &Renamed(Toy::new(3, 4)), &mut rng(3));
    assert!(matches!(refused, Err(ProveError::OtherCircuit { .. })), "{refused:?}");
}

const TOY_KEY_HASH: &str = "0x3ebf9f43264a4adff73c507aec5fa2ed50f956ff51cee68875f977aea3dd9743";
const TOY_FILE_SHA256: &str = "531bcfd4d3aa9b984bb5b88324577359718ef7da2b8adb5434cf0ba8492da056";

/// A change of these hashes is a change of every development key.
#[test]
fn development_keys_are_the_same_on_every_machine() {
    let key = development_key(&shape()).unwrap();
    assert_eq!(key.hash().to_string(), TOY_KEY_HASH);
    assert_eq!(&development_verifying_key(&shape()).unwrap(), key.verifying_key());
    let file = codec::encode(key.verifying_key(), &key.shape_digest(), key.points(), None);
    assert_eq!(hex::encode(Sha256::digest(&file)), TOY_FILE_SHA256);
    assert!(key.origin().to_string().contains("INSECURE"));
    let renamed = development_key(&Cs::shape(&Renamed(Toy::new(3, 4)))).unwrap();
    assert_ne!(renamed.points().a_query, key.points().a_query);
}

fn exported() -> (Shape, ProvingKey, Certificate) {
    let shape = shape();
    let key = development_key(&shape).unwrap();
    let certificate = development_certificate(&shape).unwrap();
    (shape, key, certificate)
}

fn import(bytes: &[u8], shape: &Shape) -> Result<ProvingKey, ImportError> {
    ProvingKey::import(bytes, Sha256::digest(bytes).into(), shape)
}

#[test]
fn an_honest_key_is_imported() {
    let (shape, key, certificate) = exported();
    let imported = import(&key.export(&certificate), &shape).unwrap();
    assert_eq!(imported.hash(), key.hash());
    assert_eq!(imported.points(), key.points());
    assert_eq!(imported.origin(), KeyOrigin::Imported);
    let circuit = Toy::new(9, 2);
    let proof = Proof::from_bytes(&prove(&imported, &circuit, &mut rng(4)).unwrap()).unwrap();
    assert_eq!(verify(&key.verifying_key().prepare(), &circuit.public_inputs(), &proof), Ok(()));
}

#[test]
fn a17_a_key_file_with_another_hash_is_refused() {
    let (shape, key, certificate) = exported();
    let refused = ProvingKey::import(&key.export(&certificate), [0; 32], &shape);
    assert!(matches!(refused, Err(ImportError::Hash { .. })), "{refused:?}");
}

#[test]
fn a_key_without_certificate_or_of_another_circuit_is_refused() {
    let (shape, key, certificate) = exported();
    let bare = codec::encode(key.verifying_key(), &key.shape_digest(), key.points(), None);
    assert!(matches!(import(&bare, &shape), Err(ImportError::NoCertificate)));
    let other = Cs::shape(&Renamed(Toy::new(3, 4)));
    assert!(matches!(import(&key.export(&certificate), &other), Err(ImportError::OtherCircuit { .. })));
}

/// Every byte of a key file counts: flipped, missing or added ones are
/// refused even by whoever trusts the wrong hash.
#[test]
fn a15_every_damaged_byte_of_a_key_file_is_refused() {
    let (shape, key, certificate) = exported();
    let good = key.export(&certificate);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(import(&bad, &shape).is_err(), "byte {at}");
    }
    for cut in (0..good.len()).step_by(7) {
        assert!(import(&good[..cut], &shape).is_err(), "cut at {cut}");
    }
    assert!(import(&[good.as_slice(), &[0]].concat(), &shape).is_err());
}

/// The points of every list, changed one by one; `change` replaces a point by
/// another valid one.
fn tampered(key: &ProvingKey, certificate: &Certificate) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    let mut add = |name: String, points: ark_groth16::ProvingKey<Bn254>, c: &Certificate| {
        let vk = verifier::VerifyingKey::new(ID, points.vk.clone()).unwrap();
        out.push((name, codec::encode(&vk, &key.shape_digest(), &points, Some(c))));
    };
    macro_rules! each {
        ($($list:ident),*) => {$(
            for i in 0..key.points().$list.len() {
                let mut points = key.points().clone();
                points.$list[i] = moved(points.$list[i]);
                add(format!("{} {i}", stringify!($list)), points, certificate);
            }
        )*};
    }
    each!(a_query, b_g1_query, b_g2_query, h_query, l_query);
    for i in 0..key.points().vk.gamma_abc_g1.len() {
        let mut points = key.points().clone();
        points.vk.gamma_abc_g1[i] = moved(points.vk.gamma_abc_g1[i]);
        add(format!("ic {i}"), points, certificate);
    }
    for i in 0..certificate.lagrange.len() {
        let mut c = certificate.clone();
        c.lagrange[i] = moved(c.lagrange[i]);
        add(format!("lagrange {i}"), key.points().clone(), &c);
    }
    type Change = fn(&mut ark_groth16::ProvingKey<Bn254>, &mut Certificate);
    let singles: [(&str, Change); 9] = [
        ("alpha", |p, _| p.vk.alpha_g1 = moved(p.vk.alpha_g1)),
        ("beta_g2", |p, _| p.vk.beta_g2 = moved(p.vk.beta_g2)),
        ("gamma", |p, _| p.vk.gamma_g2 = moved(p.vk.gamma_g2)),
        ("delta_g2", |p, _| p.vk.delta_g2 = moved(p.vk.delta_g2)),
        ("beta_g1", |p, _| p.beta_g1 = moved(p.beta_g1)),
        ("delta_g1", |p, _| p.delta_g1 = moved(p.delta_g1)),
        ("g1", |_, c| c.g1 = moved(c.g1)),
        ("g2", |_, c| c.g2 = moved(c.g2)),
        ("tau", |_, c| c.tau_g2 = moved(c.tau_g2)),
    ];
    for (name, change) in singles {
        let (mut points, mut c) = (key.points().clone(), certificate.clone());
        change(&mut points, &mut c);
        add(name.into(), points, &c);
    }
    out
}

/// Another point of the same group.
fn moved<P: AffineRepr>(p: P) -> P {
    (p.into_group() + P::generator()).into()
}

/// A key that could leak witnesses: any one point moved, hashes made right.
#[test]
fn every_tampered_point_of_an_imported_key_is_refused() {
    let (shape, key, certificate) = exported();
    for (name, bytes) in tampered(&key, &certificate) {
        let result = import(&bytes, &shape);
        let refused = matches!(result, Err(ImportError::Inconsistent(InconsistentKey::Relation(_))));
        assert!(refused, "{name}: {result:?}");
    }
}

#[test]
fn a14_imported_points_off_the_curve_are_refused() {
    let (shape, key, certificate) = exported();
    let mut points = key.points().clone();
    points.a_query[1].y.double_in_place();
    let bytes = codec::encode(key.verifying_key(), &key.shape_digest(), &points, Some(&certificate));
    let refused = import(&bytes, &shape);
    assert!(matches!(refused, Err(ImportError::Inconsistent(InconsistentKey::Point { .. }))), "{refused:?}");
    let mut points = key.points().clone();
    points.l_query.pop();
    let bytes = codec::encode(key.verifying_key(), &key.shape_digest(), &points, Some(&certificate));
    let refused = import(&bytes, &shape);
    assert!(matches!(refused, Err(ImportError::Inconsistent(InconsistentKey::Length { .. }))), "{refused:?}");
}

/// A directory of its own, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tabella-keys-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn key_files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().path());
        files.filter(|p| p.extension().is_some_and(|e| e == "pk")).collect()
    }

    fn store(&self) -> KeyStore {
        KeyStore::new(&self.0, Box::new(|_| Ok(shape())))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn events(store: &KeyStore) -> (Arc<ProvingKey>, Vec<String>) {
    let seen = Mutex::new(Vec::new());
    let name = |p: Progress| format!("{p:?}").split(' ').next().unwrap_or_default().to_owned();
    let key = store.get(ID, &|p| seen.lock().unwrap().push(name(p))).unwrap();
    (key, seen.into_inner().unwrap())
}

#[test]
fn a_key_is_made_once_then_loaded_then_kept() {
    let directory = Directory::new("once");
    let store = directory.store();
    let (made, first) = events(&store);
    assert_eq!(first, ["Generating"]);
    let (kept, second) = events(&store);
    assert!(Arc::ptr_eq(&made, &kept));
    assert_eq!(second, [""; 0]);
    let (loaded, third) = events(&directory.store());
    assert_eq!(third, ["Loading"]);
    assert_eq!(loaded.points(), made.points());
    assert_eq!(loaded.hash(), made.hash());
    let head_only = directory.store().verifying_key(ID, &|p| panic!("{p}")).unwrap();
    assert_eq!(head_only, *made.verifying_key());
    assert_eq!(directory.key_files().len(), 1);
    let other = store.get(CircuitId::Ballot(circuits::types::BallotShape::Shape4), &|_| ());
    assert!(matches!(other, Err(StoreError::OtherCircuit { .. })));
}

#[test]
fn a_damaged_cache_is_never_trusted() {
    let directory = Directory::new("damaged");
    let (made, _) = events(&directory.store());
    let path = directory.key_files().remove(0);
    let good = fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        bad
    };
    let renamed = development_key(&Cs::shape(&Renamed(Toy::new(3, 4)))).unwrap();
    let foreign = codec::encode(renamed.verifying_key(), &renamed.shape_digest(), renamed.points(), None);
    let bad = [
        flipped(0),
        flipped(20),
        flipped(good.len() / 2),
        flipped(good.len() - 1),
        good[..good.len() - 1].to_vec(),
        [good.as_slice(), &[0]].concat(),
        Vec::new(),
        foreign,
    ];
    for bytes in bad {
        fs::write(&path, bytes).unwrap();
        let (key, seen) = events(&directory.store());
        assert!(seen.contains(&"Damaged".to_owned()) && seen.contains(&"Generating".to_owned()), "{seen:?}");
        assert_eq!(key.points(), made.points());
        assert_eq!(fs::read(&path).unwrap(), good);
    }
}

#[test]
fn a_store_without_a_writable_directory_still_gives_keys() {
    let directory = Directory::new("file");
    fs::write(&directory.0, b"not a directory").unwrap();
    let (key, seen) = events(&directory.store());
    assert_eq!(key.hash(), development_key(&shape()).unwrap().hash());
    assert!(seen.contains(&"NotCached".to_owned()), "{seen:?}");
    fs::remove_file(&directory.0).unwrap();
}

#[test]
fn two_stores_at_once_make_one_key() {
    let directory = Directory::new("two");
    let hashes: Vec<_> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..4).map(|_| s.spawn(|| events(&directory.store()))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let generated = hashes.iter().filter(|(_, seen)| seen.contains(&"Generating".to_owned())).count();
    assert_eq!(generated, 1);
    assert!(hashes.iter().all(|(key, _)| key.hash() == hashes[0].0.hash()));
}

/// The store trusts the snapshots for the names of cached files.
#[test]
fn snapshots_have_the_digests_of_their_circuits() {
    let layout = Layout::standard(BallotShape::Shape4);
    let ids = [
        CircuitId::Registration,
        CircuitId::Ballot(BallotShape::Shape4),
        CircuitId::Ballot(BallotShape::Shape16),
        CircuitId::TallyFinal { shape: BallotShape::Shape4, rows: layout.rows(), t: 2 },
    ];
    for id in ids {
        assert_eq!(snapshot_digest(id), Some(shapes::shape(id).unwrap().digest()), "{id}");
    }
    let [_, _, tally, chunk, last] = CircuitId::of_election(BallotShape::Shape16, 2);
    for id in [tally, chunk, last] {
        assert!(snapshot_digest(id).is_some(), "{id}");
    }
    let [_, _, unlisted, ..] = CircuitId::of_election(BallotShape::Shape4, 3);
    assert_eq!(snapshot_digest(unlisted), None);
}
