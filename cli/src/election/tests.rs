#![allow(clippy::unwrap_used)]

use super::file::{ElectionFile, Prepared};
use anyhow::Result;
use circuits::types::{Address, Holder, ProposalKind, RuleKind, SettlementMode, Times};
use client::organiser::holders::HolderTable;
use std::{fs, path::Path};

const EXAMPLE: &str = include_str!("../../../examples/election.toml");
const NOW: u64 = 1_000_000;
const DAY: u64 = 86_400;

/// A directory with everything that the example refers to.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let holders = vec![Holder { address: Address([1; 20]), weight: 7 }];
    let table = HolderTable { holders, total: 7, decimals: 2, dust: 0, dropped_zero: 0 };
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
    write("holders.jsonl", &table.to_text());
    write("proposal.md", "Shall we?\n");
    for i in 1..=3 {
        let (signer, key) = (format!("0x{}", "0".repeat(39)), format!("0x{}", "0".repeat(63)));
        let identity =
            format!("{{\"index\":{i},\"signer\":\"{signer}{i}\",\"encryption_key\":\"{key}{i}\"}}");
        write(&format!("trustee-{i}.json"), &identity);
    }
    place
}

fn prepare(text: &str, place: &Path) -> Result<Prepared> {
    ElectionFile::parse(text)?.prepare(place, NOW, Address([9; 20]))
}

fn error(text: &str) -> String {
    let place = place();
    format!("{:#}", prepare(text, place.path()).unwrap_err())
}

/// The example with one line changed.
fn with(from: &str, to: &str) -> String {
    assert_eq!(EXAMPLE.matches(from).count(), 1, "{from}");
    EXAMPLE.replace(from, to)
}

/// Lines `key = value` of the example, commented-out ones included.
fn keys() -> Vec<&'static str> {
    let line = |l: &'static str| {
        let (key, _) = l.trim_start_matches("# ").split_once(" = ")?;
        key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(l)
    };
    EXAMPLE.lines().filter_map(line).collect()
}

#[test]
fn the_example_is_an_election() {
    let place = place();
    let prepared = prepare(EXAMPLE, place.path()).unwrap();
    let r = &prepared.resolution;
    assert_eq!((&r.organisation[..], r.registration_chain_id), ("Example DAO", 1));
    assert_eq!((&r.proposal[..], r.rule, r.options.len()), ("Shall we?\n", RuleKind::SingleChoice, 3));
    assert_eq!((r.pass_rule.winning_option, r.pass_rule.quorum), (0, 100_000));
    assert_eq!((r.pass_rule.majority_numerator, r.pass_rule.majority_denominator), (1, 2));
    assert_eq!((r.census.decimals, r.census.maskers.len()), (2, 0));
    let opening = NOW + 3 * DAY;
    let times = Times {
        opening,
        closing: opening + 7 * DAY,
        root_deadline: opening + 8 * DAY,
        tally_deadline: opening + 9 * DAY,
    };
    assert_eq!(r.times, times);
    assert_eq!((r.threshold, r.trustees.len(), r.min_ballots), (2, 3, 5));
    assert_eq!((r.early_close, r.operator, prepared.nonce), (false, Address([9; 20]), None));
    let (draft, _) = prepared.resolution.draft(Address([8; 20]), [0; 32]).unwrap();
    assert_eq!(draft.organiser, Address([8; 20]));
}

/// Each key is read: with another name it is unknown, and the line is named.
#[test]
fn every_key_of_the_example_is_known_and_no_other() {
    let keys = keys();
    assert_eq!(keys.len(), 27, "{keys:?}");
    for key in keys {
        let plain = key.trim_start_matches("# ");
        let changed = EXAMPLE.replacen(&format!("\n{key}\n"), &format!("\n{}\n", "x_".to_owned() + plain), 1);
        assert_ne!(changed, EXAMPLE, "{key}");
        let line = 1 + changed.lines().position(|l| l.starts_with("x_")).unwrap();
        let message = error(&changed);
        assert!(message.contains("unknown field") && message.contains(&format!("line {line}")), "{message}");
    }
    assert!(error(&with("[census]", "[cencus]")).contains("cencus"));
}

/// Chain, contract and calls become part of the draft; without settlement
/// they are refused rather than ignored.
#[test]
fn a_settled_draft_names_its_chain_and_calls() {
    let place = place();
    let shown = EXAMPLE.replace("# [", "[").replace("# id =", "id =").replace("# contract =", "contract =");
    let shown = shown.replace("# target =", "target =").replace("# data =", "data =");
    let settled = shown.replace("settlement = \"none\"", "settlement = \"validity\"");
    let prepared = prepare(&settled, place.path()).unwrap();
    let (draft, _) = prepared.resolution.draft(Address([8; 20]), [0; 32]).unwrap();
    let draft = prepared.settlement.unwrap().of(draft).unwrap();
    assert_eq!((draft.chain_id, draft.settlement), (1, SettlementMode::Validity));
    assert_eq!((draft.contract, draft.calls.len()), (draft.calls[0].target, 1));
    assert_eq!(draft.kind, ProposalKind::Action);
    assert!(error(&shown).contains("settlement"));
    assert!(error(&with("settlement = \"none\"", "settlement = \"validity\"")).contains("[chain]"));
}

/// What the example says of defaults holds.
#[test]
fn a_key_that_equals_its_default_may_be_left_out() {
    let place = place();
    let full = prepare(EXAMPLE, place.path()).unwrap();
    let optional = [
        "registration_chain_id",
        "rule",
        "early_close",
        "settlement",
        "majority",
        "maskers",
        "root_",
        "tally_",
    ];
    let short: String = EXAMPLE
        .lines()
        .filter(|l| !optional.iter().any(|o| l.starts_with(o)))
        .map(|l| format!("{l}\n"))
        .collect();
    let short = prepare(&short.replace("quorum = \"1000\"", "quorum = \"0\""), place.path()).unwrap();
    let none = prepare(&with("quorum = \"1000\"\n", ""), place.path()).unwrap();
    assert_eq!(none.resolution.pass_rule, short.resolution.pass_rule);
    let draft = |p: Prepared| p.resolution.draft(Address([8; 20]), [0; 32]).unwrap().0;
    let (mut full, short) = (draft(full), draft(short));
    full.pass_rule.quorum = 0;
    assert_eq!(full, short);
    for required in
        ["organisation", "options", "min_ballots", "option ", "table", "snapshot", "opening", "closing"]
    {
        let without: String =
            EXAMPLE.lines().filter(|l| !l.starts_with(required)).map(|l| format!("{l}\n")).collect();
        let message = error(&without);
        assert!(message.contains("missing field"), "{required}: {message}");
    }
}

#[test]
fn the_keys_that_are_commented_out_work_too() {
    let place = place();
    let text = with("# nonce", "nonce").replace("# operator", "operator");
    let file = ElectionFile::parse(&text).unwrap();
    assert_eq!(file.operator.unwrap().to_string(), "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    assert_eq!(prepare(&text, place.path()).unwrap().nonce.unwrap()[31], 1);
    let inline = with("# proposal = ", "proposal = ").replace("proposal_file", "# proposal_file");
    let prepared = prepare(&inline, place.path()).unwrap();
    assert_eq!(prepared.resolution.proposal, "Shall we approve the budget of 2027?");
    assert!(error(&with("# proposal = ", "proposal = ")).contains("either"));
    assert!(error(&with("proposal_file", "# proposal_file")).contains("either"));
}

#[test]
fn times_may_be_absolute_and_must_not_have_passed() {
    let place = place();
    let text = with("opening = \"+3d\"", "opening = 1970-01-20T00:00:00Z")
        .replace("closing = \"+7d\"", "closing = \"1970-01-21T00:00:00+00:00\"");
    let times = prepare(&text, place.path()).unwrap().resolution.times;
    assert_eq!((times.opening, times.closing), (19 * DAY, 20 * DAY));
    let line = 1 + EXAMPLE.lines().position(|l| l.starts_with("opening")).unwrap();
    let soon = error(&with("\"+3d\"", "\"soon\""));
    assert!(soon.contains("is not a time") && soon.contains(&format!("line {line}")), "{soon}");
    assert!(
        error(&text.replace("1970-01-20", "1970-01-02").replace("1970-01-21", "1970-01-03"))
            .contains("has passed")
    );
}

#[test]
fn wrong_values_are_named_with_their_key() {
    assert!(
        error(&with("option = \"Approve\"", "option = \"Yes\"")).contains("pass.option: no option is called")
    );
    assert!(error(&with("majority = \"1/2\"", "majority = \"half\"")).contains("pass.majority"));
    assert!(error(&with("quorum = \"1000\"", "quorum = \"1.001\"")).contains("pass.quorum"));
    assert!(error(&with("rule = \"single\"", "rule = \"ranked\"")).contains("unknown rule"));
    assert!(
        error(&with("\"trustee-2.json\"", "\"nobody.json\"")).contains("trustees.identities: cannot read")
    );
    assert!(error(&with("\"trustee-2.json\"", "\"proposal.md\"")).contains("is not a trustee's identity"));
    assert!(error(&with("\"holders.jsonl\"", "\"proposal.md\"")).contains("census.table"));
    assert!(error(&with("settlement = \"none\"", "settlement = \"optimistic\"")).contains("unknown variant"));
    assert!(error(&with("maskers = []", "maskers = [\"0x12\"]")).contains("line "));
    assert!(error(&with("# nonce = \"0x00", "nonce = \"0x")).contains("line "));
    let place = place();
    let refused = |text: &str| {
        let prepared = prepare(text, place.path()).unwrap();
        prepared.resolution.draft(Address([8; 20]), [0; 32]).unwrap_err().to_string()
    };
    assert!(refused(&with("threshold = 2", "threshold = 1")).contains("2 <= t <= n"));
    assert!(refused(&with("majority = \"1/2\"", "majority = \"2/2\"")).contains("fraction"));
    assert!(refused(&with("\"trustee-2.json\"", "\"trustee-1.json\"")).contains("two trustees"));
}
