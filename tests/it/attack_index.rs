//! The list of tests per attack in `docs/spec/attacks.md` is that of the
//! sources: a test cites an attack in its name (`a14_..`, `.._a14_..`) or in
//! its comment. `UPDATE_ATTACKS=1 cargo test --release -p e2e --test it attack`
//! writes the list anew.

use crate::spec_ids::{SOURCES, files, read, root};
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
};

/// Where the list begins; it goes on to the end of the page.
const HEADING: &str = "## Tests\n";
/// Attacks of this page that no test of the workspace cites, and why.
const UNTESTED: [(u32, &str); 2] = [
    (22, "`.ci/check-randomness`, which `.ci/run` runs"),
    (34, "said, not shown: [SECURITY.md](../../SECURITY.md)"),
];

/// A test by its file, and what it cites.
struct Test {
    name: String,
    path: String,
    attacks: BTreeSet<u32>,
}

/// All tests of the workspace that cite an attack.
fn tests() -> Vec<Test> {
    let root = root();
    let mut tests = Vec::new();
    for path in SOURCES.iter().flat_map(|folder| files(&root.join(folder), "rs")) {
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        tests.extend(tests_of(&name, &read(&path)));
    }
    tests
}

fn tests_of(path: &str, source: &str) -> Vec<Test> {
    let (mut tests, mut above) = (Vec::new(), Vec::new());
    for line in source.lines().map(str::trim) {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = function.and_then(|f| f.split('(').next()) {
            let is_test = above.iter().any(|l: &&str| l.starts_with("#[") && l.contains("test"));
            let comments = above.iter().filter(|l| l.starts_with("//")).flat_map(|l| numbers(l, 'A'));
            let attacks: BTreeSet<u32> = comments.chain(numbers(name, 'a')).collect();
            if is_test && !attacks.is_empty() {
                tests.push(Test { name: name.to_owned(), path: path.to_owned(), attacks });
            }
        }
        match line.starts_with("//") || line.starts_with("#[") {
            true => above.push(line),
            false => above.clear(),
        }
    }
    tests
}

/// Words of a letter and one or two digits.
fn numbers(text: &str, letter: char) -> impl Iterator<Item = u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let digits = words.filter_map(move |w| w.strip_prefix(letter));
    digits.filter(|d| d.len() <= 2).filter_map(|d| d.parse().ok())
}

/// The attacks that the page's tables list.
fn listed(page: &str) -> BTreeSet<u32> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| A"));
    rows.filter_map(|row| row.split(' ').next()?.parse().ok()).collect()
}

fn section(attacks: &BTreeSet<u32>, tests: &[Test]) -> String {
    let mut by_attack: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for test in tests {
        let link = format!("[`{}`](../../{})", test.name, test.path);
        for attack in test.attacks.iter().filter(|a| attacks.contains(a)) {
            by_attack.entry(*attack).or_default().insert(link.clone());
        }
    }
    let mut out = format!(
        "{HEADING}\nTests that cite an attack, by name or comment. Written by \
         `UPDATE_ATTACKS=1 cargo test --release -p e2e --test it attack`.\n"
    );
    for attack in attacks {
        let untested = UNTESTED.iter().find(|(a, _)| a == attack).map(|(_, why)| (*why).to_owned());
        let tests = by_attack.get(attack).map(|t| t.iter().cloned().collect::<Vec<_>>().join(", "));
        let text = tests.or(untested).unwrap_or_else(|| panic!("no test cites A{attack}"));
        out.push_str(&format!("\n- A{attack}: {text}"));
    }
    out + "\n"
}

#[test]
fn every_attack_lists_its_tests() {
    let path = root().join("docs/spec/attacks.md");
    let page = read(&path);
    let (tables, _) = page.split_once(HEADING).unwrap_or((&page, ""));
    let attacks = listed(tables);
    assert!(attacks.len() > 50, "only {} attacks found", attacks.len());
    let expected = format!("{}\n\n{}", tables.trim_end(), section(&attacks, &tests()));
    if env::var_os("UPDATE_ATTACKS").is_some_and(|v| v == "1") {
        fs::write(&path, expected).expect("the page can be written");
        return;
    }
    assert!(page == expected, "the list of tests in {} is not up to date; see this module", path.display());
}

#[test]
fn names_and_comments_are_read() {
    let source = "/// A9, A10: text of 3 lines.\n#[test]\nfn a14_x_a2_y() {}\n/// A1\nfn helper() {}\n";
    let found = tests_of("p", source);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].attacks, BTreeSet::from([2, 9, 10, 14]));
}
