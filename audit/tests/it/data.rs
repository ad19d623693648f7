//! Files of records: every error with row and column, and none passed over.

use crate::examples::{Audit, mapping_faults, read, root, text};
use audit::data::{InvalidData, LISTED_MAX, RowErrors};
use circuits::attestation::Table;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const POLICY: &str = r#"
format = "tabella-audit-policy"
version = 1
title = "Hiring"
disclosure = { table = { minimum = 1 } }
thresholds = { impact_ratio = "4/5", accuracy_difference = "1/10", scoring_impact_ratio = "4/5" }
[[attributes]]
name = "sex"
groups = ["f", "m"]
unknown = true
[[attributes]]
name = "age"
groups = ["under 40", "40 and over"]
[sample]
minimum_cell = 1
minimum_share = 0
[[views]]
name = "sex"
attributes = ["sex"]
checks = ["impact_ratio", "accuracy_difference", "scoring_impact_ratio"]
"#;

const MAPPING: &str = r#"
format = "tabella-audit-mapping"
version = 1
ignored = ["note"]
row_id = { column = "id" }
decision = { column = "hired", favourable = ["yes"], unfavourable = ["no"] }
label = { column = "fit", favourable = [1], unfavourable = [0] }
score = { column = "points", best = "highest", edges = [0, 2.5, 5, 10] }
[attributes.sex]
column = "sex"
unknown = ["", "?"]
groups = { f = ["F"], m = ["M"] }
[attributes.age]
column = "age"
groups = { "under 40" = { at_least = 14, below = 40 }, "40 and over" = { at_least = 40, at_most = 120 } }
"#;

const HEADER: &str = "id,sex,age,hired,fit,points,note\n";
const ROWS: [&str; 4] = ["1,F,39,yes,1,10,a", "2,M,40,no,0,0,b", "3,?,14.5,no,1,2.5,c", "4,,120,yes,0,2.4,d"];

fn file(rows: &[&str]) -> String {
    HEADER.to_owned() + &rows.iter().map(|row| format!("{row}\n")).collect::<String>()
}

fn errors(data: &str) -> RowErrors {
    match read(POLICY, MAPPING, data) {
        Err(InvalidData::Rows { errors, .. }) => errors,
        other => panic!("no row errors: {other:?}"),
    }
}

fn words(data: &str) -> Vec<String> {
    errors(data).listed.iter().map(ToString::to_string).collect()
}

#[test]
fn records_become_codes_in_the_order_of_the_file() {
    let audit = read(POLICY, MAPPING, &file(&ROWS)).unwrap();
    let records: Vec<_> =
        audit.dataset.codes.iter().map(|c| audit.dataset.layout.record(*c).unwrap()).collect();
    let cells: Vec<_> = records.iter().map(|r| audit.policy.cell_name(r.cell)).collect();
    assert_eq!(cells, ["f, under 40", "m, 40 and over", "sex unknown, under 40", "sex unknown, 40 and over"]);
    assert_eq!(records.iter().map(|r| r.bin).collect::<Vec<_>>(), [2, 0, 1, 0]);
    assert_eq!(records.iter().map(|r| r.decision).collect::<Vec<_>>(), [true, false, false, true]);
    assert_eq!(
        records.iter().map(|r| r.label).collect::<Vec<_>>(),
        [Some(true), Some(false), Some(true), Some(false)]
    );
}

#[test]
fn every_kind_of_row_error_names_row_and_column() {
    let cases = [
        (
            "5,X,30,yes,1,1,e",
            "row 6, column \"sex\": \"X\" is none of the mapping's values (\"F\"; \"M\"; \"\", \"?\")",
        ),
        ("5, F,30,yes,1,1,e", "row 6, column \"sex\": \" F\" is none"),
        ("5,F,thirty,yes,1,1,e", "row 6, column \"age\": \"thirty\" is not a number"),
        ("5,F,,yes,1,1,e", "row 6, column \"age\": \"\" is not a number"),
        (
            "5,F,13,yes,1,1,e",
            "row 6, column \"age\": \"13\" is none of the mapping's values (at least 14 and below 40",
        ),
        ("5,F,30,maybe,1,1,e", "row 6, column \"hired\": \"maybe\" is none"),
        ("5,F,30,yes,,1,e", "row 6, column \"fit\": \"\" is none"),
        ("5,F,30,yes,1,10.1,e", "row 6, column \"points\": \"10.1\" is none"),
        ("5,F,30,yes,1,high,e", "row 6, column \"points\": \"high\" is not a number"),
        (",F,30,yes,1,1,e", "row 6, column \"id\": the row id is empty"),
        ("2,F,30,yes,1,1,e", "row 6, column \"id\": the row id \"2\" is also in row 3"),
        ("5,F,30,yes,1,1", "row 6: the row has 6 cells, the header 7"),
        ("5,F,30,yes,1,1,e,f", "row 6: the row has 8 cells, the header 7"),
    ];
    for (row, expected) in cases {
        let words = words(&file(&[&ROWS[..], &[row]].concat()));
        assert_eq!(words.len(), 1, "{words:?}");
        assert!(words[0].starts_with(expected), "{:?} does not start with {expected:?}", words[0]);
    }
}

#[test]
fn all_errors_of_a_row_and_of_all_rows_are_listed() {
    let bad = errors(&file(&["1,X,thirty,maybe,2,11,e", "1,F,30,yes,1,1,e"]));
    assert_eq!((bad.total, bad.listed.len()), (6, 6));
    assert_eq!(bad.listed[5].row, Some(3));
}

#[test]
fn errors_beyond_the_cap_are_counted() {
    let rows: Vec<String> = (0..LISTED_MAX + 7).map(|i| format!("{i},X,30,yes,1,1,e")).collect();
    let bad = errors(&file(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!((bad.total, bad.listed.len()), (LISTED_MAX as u64 + 7, LISTED_MAX));
    assert!(bad.to_string().ends_with("and 7 more"));
}

#[test]
fn columns_must_be_those_of_the_mapping() {
    let file = |header: &str| format!("{header}\n1,F,39,yes,1,10,a\n");
    let cases = [
        ("id,gender,age,hired,fit,points,note", "row 1, column \"sex\": the file has no column of this name"),
        ("id,gender,age,hired,fit,points,note", "row 1, column \"gender\": the mapping does not say what"),
        ("id,sex,age,hired,fit,points,sex", "row 1, column \"sex\": two columns have this name"),
        ("id,sex,age,hired,fit,points,age", "row 1, column \"note\": the mapping ignores it, but"),
    ];
    for (header, expected) in cases {
        let words = words(&file(header));
        assert!(words.iter().any(|word| word.starts_with(expected)), "{expected:?} is not in {words:?}");
    }
}

#[test]
fn a_file_may_have_another_separator_if_the_mapping_says_so() {
    let comma = read(POLICY, MAPPING, &file(&ROWS)).unwrap();
    for (separator, byte) in [(";", ";"), ("|", "|"), ("\\t", "\t")] {
        let mapping = MAPPING.replacen("ignored", &format!("separator = \"{separator}\"\nignored"), 1);
        let other = read(POLICY, &mapping, &file(&ROWS).replace(',', byte)).unwrap();
        assert_eq!(other.dataset.codes, comma.dataset.codes, "{separator}");
        assert_eq!(words(&file(&ROWS).replace(',', byte)).len(), 1);
    }
    let semicolons = words(&file(&ROWS).replace(',', ";"));
    assert_eq!(
        semicolons,
        ["row 1: the header is one column that holds ';'; if that separates the cells, write \
          `separator = \";\"` into the mapping, before its first table"]
    );
    let unknown = MAPPING.replacen("ignored", "separator = \":\"\nignored", 1);
    assert!(mapping_faults(POLICY, &unknown).contains("unknown variant `:`"));
}

#[test]
fn files_without_records_or_with_empty_groups_are_refused() {
    assert_eq!(words(HEADER), ["all rows: the file has no records"]);
    assert!(words("").iter().any(|w| w.contains("column \"sex\": the file has no column of this name")));
    let women = words(&file(&["1,F,39,yes,1,10,a", "2,F,40,no,1,10,a"]));
    assert_eq!(women.len(), 1);
    assert!(women[0].starts_with("all rows, column \"sex\": no record is in group \"m\""), "{women:?}");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut data = file(&ROWS).into_bytes();
    data.extend(b"5,\xff,30,yes,1,1,e\n");
    let policy = audit::policy::Policy::read(&audit::document::Document::new("p", POLICY)).unwrap();
    let mapping =
        audit::mapping::Mapping::read(&audit::document::Document::new("m", MAPPING), &policy).unwrap();
    let error = audit::data::Dataset::read("d.csv", data.as_slice(), &policy, &mapping).unwrap_err();
    assert!(
        error.to_string().contains("row 6, column \"sex\": \"\u{fffd}\" is not text in UTF-8"),
        "{error}"
    );
}

#[test]
fn gzip_is_known_by_its_first_bytes_and_must_be_whole() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(file(&ROWS).as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    let policy = audit::policy::Policy::read(&audit::document::Document::new("p", POLICY)).unwrap();
    let mapping =
        audit::mapping::Mapping::read(&audit::document::Document::new("m", MAPPING), &policy).unwrap();
    let whole = audit::data::Dataset::read("d", bytes.as_slice(), &policy, &mapping).unwrap();
    assert_eq!(whole.codes, read(POLICY, MAPPING, &file(&ROWS)).unwrap().dataset.codes);
    let cut = audit::data::Dataset::read("d", &bytes[..bytes.len() - 9], &policy, &mapping).unwrap_err();
    assert!(matches!(cut, InvalidData::Csv { .. }), "{cut}");
}

/// A56: what is committed changes with every edited, dropped, repeated or
/// moved record.
#[test]
fn a56_edited_dropped_repeated_and_moved_rows_change_the_file_hash() {
    let data = text("compas.csv");
    let rows: Vec<&str> = data.lines().collect();
    let mut seen = Vec::new();
    let mut hash = |rows: &[&str]| {
        let data = rows.iter().map(|row| format!("{row}\n")).collect::<String>();
        let audit = read(&text("compas.policy.toml"), &text("compas.mapping.toml"), &data).unwrap();
        let hash = audit.dataset.file_hash(&[7; 32]);
        assert!(!seen.contains(&hash));
        seen.push(hash);
        audit.table
    };
    let original = hash(&rows);
    let edited: Vec<&str> = rows
        .iter()
        .map(|row| if row.starts_with("7,") { "7,Male,25 - 45,Other,10,1" } else { row })
        .collect();
    let edited = hash(&edited);
    assert!(edited != original && edited.records() == original.records());
    let dropped = hash(&rows[..rows.len() - 1]);
    assert_eq!(dropped.records() + 1, original.records());
    let repeated = hash(&[&rows[..], &["90001,Male,25 - 45,Other,1,0"]].concat());
    assert_eq!(repeated.records(), original.records() + 1);
    let mut moved = rows.clone();
    moved.swap(1, 2);
    assert!(hash(&moved) == original, "the table does not depend on the order");
}

#[test]
fn the_salt_hides_the_file_hash() {
    let audit = Audit::compas();
    assert_ne!(audit.dataset.file_hash(&[1; 32]), audit.dataset.file_hash(&[2; 32]));
    assert_eq!(audit.dataset.packed().len(), 22 + 8 + 4 * 7214);
}

/// The rule "at least, below" at its boundary: a decile of 5 is not low.
#[test]
fn boundaries_of_ranges_belong_to_one_side() {
    let audit = Audit::compas();
    let data = text("compas.csv");
    let lows = data.lines().filter(|row| {
        row.split(',').nth(4).and_then(|score| score.parse::<u8>().ok()).is_some_and(|score| score < 5)
    });
    let selected: u64 = (0..12).map(|cell| audit.table.counts(cell, 0).selected()).sum();
    assert_eq!(selected, lows.count() as u64);
}

#[test]
fn debug_shows_no_record() {
    let audit = Audit::compas();
    assert_eq!(format!("{:?}", audit.dataset), "Dataset(7214 records)");
    assert!(Table::new(audit.dataset.layout, &audit.dataset.codes).is_ok());
    assert!(root().join("examples/adult.csv.gz").is_file());
}
