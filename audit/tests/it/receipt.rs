//! Receipts with real openings.

use crate::proven::{AUDITOR, failing};
use audit::receipt::{Promise, Receipt, ReceiptTrust, log_path, log_root, nonce_leaf};
use circuits::{
    attestation::{Code, DataDescription, Layout, Packing, Record, Shape},
    types::{AccountKey, Domain, TypedData},
};
use prover::attestation::{CommitmentSeed, Dataset, Receipts};

const INDEX: usize = 1000;

fn nonce(index: usize) -> [u8; 32] {
    [u8::try_from(index % 251).unwrap(); 32]
}

fn leaves() -> Vec<[u8; 32]> {
    (0..AUDITOR.dataset.codes().len()).map(|index| nonce_leaf(&nonce(index))).collect()
}

fn receipt() -> Receipt {
    let leaves = leaves();
    let (code, opening) = Receipts::new(&AUDITOR.srs, &AUDITOR.dataset).unwrap().make(INDEX as u64).unwrap();
    let data = DataDescription { receipts: log_root(&leaves), ..AUDITOR.data.clone() };
    let promise = Promise { leaf: leaves[INDEX], index: INDEX as u64, code: code.0, reading: data.mapping };
    Receipt {
        domain: Domain::default(),
        mapping: AUDITOR.mapping,
        attributes: AUDITOR.policy.attributes.clone(),
        columns: AUDITOR.columns.clone(),
        index: INDEX as u64,
        code,
        leaf: leaves[INDEX],
        path: log_path(&leaves, INDEX).unwrap(),
        opening,
        auditor: AUDITOR.key.address(),
        promise: AUDITOR.key.sign(promise.signing_hash(&Domain::default())),
        data,
    }
}

fn trust<'a>(receipt: &Receipt) -> ReceiptTrust<'a> {
    ReceiptTrust {
        srs: AUDITOR.srs.verifier(),
        data_root: Some(receipt.data.root().0),
        auditor: Some(AUDITOR.key.address()),
        nonce: Some(nonce(INDEX)),
    }
}

/// An auditor who signs whatever is asked for.
fn lie(change: impl FnOnce(&mut Receipt)) -> Vec<&'static str> {
    let mut receipt = receipt();
    let trust = trust(&receipt);
    change(&mut receipt);
    let Receipt { leaf, index, code, .. } = receipt;
    let promise = Promise { leaf, index, code: code.0, reading: receipt.data.mapping };
    receipt.promise = AUDITOR.key.sign(promise.signing_hash(&Domain::default()));
    failing(&receipt.check(&trust).0)
}

#[test]
fn a_receipt_shows_its_holder_the_audited_record() {
    let receipt = Receipt::from_bytes(&receipt().to_bytes()).unwrap();
    let (list, record) = receipt.check(&trust(&receipt));
    assert!(list.ok, "{list}");
    let record = record.unwrap();
    assert_eq!(AUDITOR.shape.layout().code(&record).unwrap(), receipt.code);
    let words = &list.checks.last().unwrap().detail;
    assert!(words.contains(&AUDITOR.policy.cell_name(record.cell)) && words.contains("decision"), "{words}");
}

#[test]
fn a_receipt_for_another_record_index_or_padding_is_refused() {
    assert_eq!(lie(|r| r.code = Code(r.code.0 ^ 1)), ["audit.opening"]);
    assert_eq!(lie(|r| r.code = Code::PADDING), ["audit.opening"]);
    assert_eq!(lie(|r| r.index += 1), ["audit.nonce_log", "audit.opening"]);
    assert_eq!(lie(|r| r.index = r.data.records), ["audit.nonce_log", "audit.opening"]);
}

/// A layout may have more cells than the attributes. Records there are in no
/// group of any policy, and the words for such a cell would be those of
/// another one.
#[test]
fn a56_a_receipt_for_a_cell_that_the_attributes_do_not_have_is_refused() {
    let (old, cells) = (AUDITOR.shape.layout(), AUDITOR.policy.numbers.cells);
    let layout = Layout::new(2 * cells, old.labelled(), old.bins()).unwrap();
    let shape = &AUDITOR.shape;
    let shape = Shape::new(shape.k(), shape.columns(), Packing::One, layout, shape.views().to_vec()).unwrap();
    let mut codes = AUDITOR.dataset.codes().to_vec();
    let seen = layout.record(codes[INDEX]).unwrap();
    codes[INDEX] = layout.code(&Record { cell: seen.cell + cells, ..seen }).unwrap();
    let dataset = Dataset::new(&shape, codes, &CommitmentSeed::from_bytes(&[7; 32]).unwrap()).unwrap();
    let columns = dataset.commit(&AUDITOR.srs).unwrap();
    let (code, opening) = Receipts::new(&AUDITOR.srs, &dataset).unwrap().make(INDEX as u64).unwrap();
    let mut receipt = receipt();
    receipt.data = DataDescription { shape, data: columns.digest(), ..receipt.data };
    (receipt.columns, receipt.code, receipt.opening) = (columns, code, opening);
    let promise =
        Promise { leaf: receipt.leaf, index: receipt.index, code: code.0, reading: receipt.data.mapping };
    receipt.promise = AUDITOR.key.sign(promise.signing_hash(&Domain::default()));
    assert_eq!(failing(&receipt.check(&trust(&receipt)).0), ["audit.opening"]);
}

#[test]
fn what_the_holder_did_not_say_is_named() {
    let receipt = receipt();
    let list = receipt.check(&ReceiptTrust { auditor: None, data_root: None, ..trust(&receipt) }).0;
    assert!(list.ok);
    for missing in ["the auditor's account was not given", "the data root was not compared"] {
        assert!(list.warnings.iter().any(|warning| warning.contains(missing)), "{missing}");
    }
}

/// Two people with one index: the log has one leaf there.
#[test]
fn a_receipt_of_another_persons_nonce_is_refused() {
    assert_eq!(lie(|r| r.leaf = nonce_leaf(&nonce(INDEX + 1))), ["audit.nonce", "audit.nonce_log"]);
}

#[test]
fn a_receipt_of_another_root_is_refused() {
    assert_eq!(lie(|r| r.data.file[0] ^= 1), ["audit.receipt_root"]);
    assert_eq!(lie(|r| r.data.records += 1), ["audit.receipt_root", "audit.nonce_log"]);
    assert_eq!(lie(|r| r.attributes[0].groups.swap(0, 1)), ["audit.receipt_root"]);
    assert_eq!(lie(|r| r.mapping[0] ^= 1), ["audit.receipt_root"]);
}

#[test]
fn a_promise_of_another_account_is_refused() {
    let mut receipt = receipt();
    let trust = trust(&receipt);
    let stranger = AccountKey::from_bytes(&[2; 32]).unwrap();
    let promise = Promise {
        leaf: receipt.leaf,
        index: receipt.index,
        code: receipt.code.0,
        reading: receipt.data.mapping,
    };
    receipt.auditor = stranger.address();
    receipt.promise = stranger.sign(promise.signing_hash(&Domain::default()));
    assert_eq!(failing(&receipt.check(&trust).0), ["audit.promise"]);
}

#[test]
fn hostile_receipt_files_are_errors_and_no_panics() {
    let bytes = receipt().to_bytes();
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x11;
        if let Ok(receipt) = Receipt::from_bytes(&changed) {
            let _ = receipt.check(&trust(&receipt));
        }
    }
    let empty = String::from_utf8(bytes).unwrap();
    let start = empty.find("\"attributes\"").unwrap();
    let end = empty[start..].find("\"columns\"").unwrap() + start;
    let empty = format!("{}\"attributes\": [],\n  {}", &empty[..start], &empty[end..]);
    let receipt = Receipt::from_bytes(empty.as_bytes()).unwrap();
    assert!(!receipt.check(&trust(&receipt)).0.ok);
}
