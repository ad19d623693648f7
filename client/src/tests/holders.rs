use crate::organiser::holders::*;
use circuits::types::{Address, Holder};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn read(text: &str, token: u8, census: u8) -> Result<HolderTable, InvalidTable> {
    read_csv(text.as_bytes(), token, census)
}

fn rows(text: &str) -> Vec<(u64, &'static str)> {
    match read(text, 18, 2) {
        Err(InvalidTable::Rows(rows)) => rows.iter().map(|r| (r.row, r.column)).collect(),
        other => panic!("{other:?}"),
    }
}

const A: &str = "0x0000000000000000000000000000000000000001";
const B: &str = "0x0000000000000000000000000000000000000002";

#[test]
fn balances_are_rounded_down_and_dust_is_reported() {
    let text = format!("address,balance_wei\n{B},1239999999999999999\n{A},9999999999999999\n");
    let table = read(&text, 18, 2).unwrap();
    let address = Address([[0; 19].as_slice(), &[2]].concat().try_into().unwrap());
    assert_eq!(table.holders, [Holder { address, weight: 123 }]);
    assert_eq!((table.total, table.dropped_zero), (123, 1));
    assert_eq!(table.dust, 9_999_999_999_999_999 * 2);
    let definition = table.definition("s", vec![Address([9; 20]), Address([8; 20])]);
    assert_eq!(definition.maskers, [Address([8; 20]), Address([9; 20])]);
    assert_eq!(definition.source, circuits::types::holders_digest(&table.holders));
}

#[test]
fn every_malformed_row_is_listed_with_its_line_and_column() {
    let over = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    let text = format!(
        "address,balance\n{A},5\n0x12,7\n{B},-5\n{B},1.5\n{A},7\nx,y\n{B}\n{B},{over}\n{B},\n{B},1,2\n\u{e9},1\n{B},+1\n"
    );
    let expected = [
        (3, "address"),
        (4, "balance"),
        (5, "balance"),
        (6, "address"),
        (7, "address"),
        (7, "balance"),
        (8, "row"),
        (9, "balance"),
        (10, "balance"),
        (11, "row"),
        (12, "address"),
        (13, "balance"),
    ];
    assert_eq!(rows(&text), expected);
}

#[test]
fn the_refusal_of_a_row_says_what_and_where() {
    let text = format!("address,balance\n{A},5\n{A},6\n{B},-2\n");
    let message = read(&text, 18, 2).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "the table has 2 malformed rows:");
    assert_eq!(lines[1], format!("  line 3, address: {A} is also in line 2; keep one row per address"));
    assert_eq!(lines[2], "  line 4, balance: \"-2\" is negative; balances are 0 or more");
}

/// EIP-55's own examples, and one with a letter's case changed.
#[test]
fn addresses_with_mixed_case_are_checked() {
    for address in
        ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"]
    {
        let table = |a: &str| read(&format!("address,balance\n{a},1\n"), 0, 0);
        assert!(table(address).is_ok());
        assert!(table(&address.to_lowercase()).is_ok());
        let wrong = address.replace('B', "b");
        assert!(matches!(table(&wrong), Err(InvalidTable::Rows(_))));
    }
}

#[test]
fn headers_decimals_and_empty_tables_are_refused() {
    assert!(matches!(read("", 18, 2), Err(InvalidTable::Header(_))));
    assert!(matches!(read("balance,address\n", 18, 2), Err(InvalidTable::Header(_))));
    assert!(matches!(read("address,balance,x\n", 18, 2), Err(InvalidTable::Header(_))));
    assert!(matches!(read("address,balance\n", 18, 2), Err(InvalidTable::Empty)));
    assert!(matches!(read(&format!("address,balance\n{A},0\n"), 18, 2), Err(InvalidTable::Empty)));
    assert!(matches!(read("address,balance\n", 2, 3), Err(InvalidTable::Decimals { token: 2, census: 3 })));
    assert!(matches!(read("address,balance\n", 31, 3), Err(InvalidTable::Decimals { .. })));
}

/// A30: at the limit, one above, and far above; the decimals that fit are
/// named.
#[test]
fn a30_totals_over_the_limit_are_refused_with_advice() {
    let limit = (1u64 << 44) - 1;
    let table = |x: u64, y: u64| read(&format!("address,balance\n{A},{x}\n{B},{y}\n"), 18, 18);
    assert_eq!(table(limit - 1, 1).unwrap().total, limit);
    let error = table(limit, 1).unwrap_err();
    assert!(matches!(error, InvalidTable::Total { decimals: 18, fitting: Some(17) }));
    assert!(error.to_string().ends_with("use 17 decimals"));
    let all = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let text = format!("address,balance\n{A},{all}\n");
    assert!(matches!(read(&text, 18, 2), Err(InvalidTable::Total { decimals: 2, fitting: None })));
}

/// One look says everything that is wrong.
#[test]
fn a_survey_names_all_faults_at_once() {
    let (c, d) = (B.replace('2', "3"), B.replace('2', "4"));
    let limit = 1u64 << 44;
    let text = format!("address,balance\n{A},0\n{B},{limit}0\nx,1\n{A},3\n{c},19\n{d},9\n");
    let survey = survey(text.as_bytes(), 1, 0).unwrap();
    assert_eq!((survey.rows, survey.malformed.len(), survey.duplicates), (6, 2, 1));
    assert_eq!((&survey.zero[..], &survey.over_limit[..]), (&[2, 7][..], &[3][..]));
    assert_eq!((survey.total, survey.fitting, survey.dust), (None, None, 18));
    assert_eq!(survey.holders, [Holder { address: c.parse().unwrap(), weight: 1 }]);
    assert!(matches!(survey.into_table(), Err(InvalidTable::Rows(rows)) if rows.len() == 2));
}

#[test]
fn a_table_file_comes_back_and_no_change_goes_unnoticed() {
    let text = format!("address,balance\n{A},12345\n{B},777\n");
    let table = read(&text, 3, 1).unwrap();
    let file = table.to_text();
    assert_eq!(HolderTable::from_text(&file).unwrap(), table);
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 3);
    let changed = |from: &str, to: &str| {
        assert!(file.contains(from), "{from}");
        HolderTable::from_text(&file.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(changed("tabella-holders/1", "tabella-holders/2").contains("format"));
    assert!(changed("\"weight\":7", "\"weight\":8").contains("source"));
    assert!(changed("\"total\":130", "\"total\":131").contains("total"));
    assert!(changed("\"holders\":2", "\"holders\":3").contains("number of holders"));
    assert!(changed("\"weight\":7", "\"weight\":0").contains("line 3"));
    assert!(changed("\"weight\":7", "\"weigth\":7").contains("line 3"));
    let swapped = [lines[0], lines[2], lines[1]].join("\n");
    assert!(HolderTable::from_text(&swapped).unwrap_err().to_string().contains("line 3"));
    assert!(HolderTable::from_text(&[lines[0], lines[1]].join("\n")).is_err());
    assert!(HolderTable::from_text("").is_err());
}

fn arb_rows() -> impl Strategy<Value = BTreeMap<[u8; 20], u128>> {
    prop::collection::btree_map(any::<[u8; 20]>(), 0..1u128 << 80, 1..20)
}

proptest! {
    /// In whatever order the rows come, the table is the same, and weights,
    /// dust and balances add up.
    #[test]
    fn tables_are_sorted_and_nothing_is_lost(rows in arb_rows(), census in 0u8..=6, reverse: bool) {
        let mut lines: Vec<String> =
            rows.iter().map(|(a, b)| format!("{},{b}", Address(*a))).collect();
        if reverse {
            lines.reverse();
        }
        let text = format!("address,balance_wei\n{}\n", lines.join("\n"));
        let unit = 10u128.pow(18 - u32::from(census));
        let expected: Vec<Holder> = rows.iter()
            .map(|(a, b)| Holder { address: Address(*a), weight: (b / unit) as u64 })
            .filter(|h| h.weight > 0)
            .collect();
        match read(&text, 18, census) {
            Ok(table) => {
                prop_assert_eq!(&table.holders, &expected);
                prop_assert_eq!(table.dropped_zero, rows.len() - expected.len());
                let sum: u128 = rows.values().sum();
                prop_assert_eq!(u128::from(table.total) * unit + table.dust, sum);
            }
            Err(InvalidTable::Empty) => prop_assert!(expected.is_empty()),
            Err(InvalidTable::Total { .. }) => {
                prop_assert!(rows.values().map(|b| b / unit).sum::<u128>() >= 1 << 44);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// A46: no bytes make the reader panic.
    #[test]
    fn a46_any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = read_csv(&bytes[..], 18, 2);
        let _ = read_csv(&[b"address,balance\n", &bytes[..]].concat()[..], 18, 2);
        let _ = HolderTable::from_text(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_example_of_real_holders_reads() {
    let text = include_str!("../../../examples/ens-holders.csv");
    let table = read(text, 18, 2).unwrap();
    assert_eq!((table.holders.len(), table.dropped_zero), (1200, 0));
}
