//! Receipts of single records.

use super::*;
use circuits::attestation::{Code, NoReceipt};
use verifier::attestation::{InvalidReceipt, Receipt, check_receipt, row_point};

fn check(index: u64, code: Code, receipt: &Receipt) -> Result<(), InvalidReceipt> {
    let (audit, _) = audit();
    let records = audit.data.codes().len() as u64;
    let (shape, srs) = (audit.data.shape(), srs().verifier());
    check_receipt(shape, srs, &audit.commitment, records, index, code, receipt).map(|_| ())
}

#[test]
fn a_receipt_shows_the_committed_code_of_its_record_and_no_other() {
    let (audit, _) = audit();
    let mut receipts = Receipts::new(srs(), &audit.data).unwrap();
    let codes = audit.data.codes();
    for index in [0, 1, 350, codes.len() as u64 - 1] {
        let (code, receipt) = receipts.make(index).unwrap();
        assert_eq!(code, codes[usize::try_from(index).unwrap()]);
        assert_eq!(check(index, code, &receipt), Ok(()));
        let other = Code(1 + code.0 % 24);
        assert_eq!(check(index, other, &receipt), Err(InvalidReceipt::Opening));
        let elsewhere = (index + 1) % codes.len() as u64;
        assert_eq!(check(elsewhere, code, &receipt), Err(InvalidReceipt::Opening));
    }
}

#[test]
fn records_in_every_column_can_be_opened() {
    let shape = testing::shape(K, COLUMNS, Packing::One, testing::layout(true, 1));
    let codes = testing::codes(shape.layout(), shape.data_rows() + 3);
    let data = Dataset::new(&shape, codes.clone(), &CommitmentSeed::random(&mut OsRng)).unwrap();
    let commitment = data.commit(srs()).unwrap();
    let mut receipts = Receipts::new(srs(), &data).unwrap();
    for index in [shape.data_rows() - 1, shape.data_rows(), shape.data_rows() + 2] {
        let (code, receipt) = receipts.make(index as u64).unwrap();
        assert_eq!(code, codes[index]);
        let records = codes.len() as u64;
        let found =
            check_receipt(&shape, srs().verifier(), &commitment, records, index as u64, code, &receipt);
        assert_eq!(found.ok(), shape.layout().record(code));
    }
}

#[test]
fn padding_salt_and_packed_cells_have_no_receipt() {
    let (audit, _) = audit();
    let mut receipts = Receipts::new(srs(), &audit.data).unwrap();
    let records = audit.data.codes().len() as u64;
    let (code, receipt) = receipts.make(0).unwrap();
    for index in [records, records + 1, u64::MAX] {
        let beyond = NoReceipt::Beyond { index, records };
        assert_eq!(receipts.make(index).err(), Some(ReceiptError::Index(beyond)));
        assert_eq!(check(index, code, &receipt), Err(InvalidReceipt::Index(beyond)));
    }
    assert_eq!(check(0, Code::PADDING, &receipt), Err(InvalidReceipt::Padding));
    assert_eq!(check(0, Code(u32::MAX), &receipt), Err(InvalidReceipt::Padding));
    let packed = Audit::new(Packing::Two);
    let mut receipts = Receipts::new(srs(), &packed.data).unwrap();
    assert_eq!(receipts.make(0).err(), Some(ReceiptError::Index(NoReceipt::Packed)));
}

#[test]
fn openings_that_are_no_points_are_refused() {
    assert!(Receipt::from_bytes(&[0; 64]).is_err());
    assert!(Receipt::from_bytes(&[1; 64]).is_err());
    assert!(Receipt::from_bytes(&[0xff; 64]).is_err());
    assert!(Receipt::from_bytes(&[0; 63]).is_err());
}

#[test]
fn rows_are_powers_of_the_domains_generator() {
    use circuits::curve::plonk::Fr;
    let domain = halo2_proofs::poly::EvaluationDomain::<Fr>::new(1, K);
    assert_eq!(row_point(K, 1), domain.get_omega());
    assert_eq!(row_point(K, 5), domain.get_omega() * row_point(K, 4));
}
