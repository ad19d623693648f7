//! The specification and the code name the same things: every id that a
//! comment cites is in `docs/spec/ids.json`, every id there has its page and
//! anchor, and every anchor is listed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Folders whose sources cite the specification.
pub(crate) const SOURCES: [&str; 15] = [
    "circuits",
    "prover",
    "verifier",
    "audit",
    "proto",
    "keyfile",
    "trustee",
    "client",
    "monitor",
    "node",
    "cli",
    "chain",
    "contracts",
    "tests",
    "benches",
];
/// Folders inside them that hold no sources of ours.
const SKIPPED: [&str; 2] = ["target", "node_modules"];
/// Starts a citation; one or more ids in backticks follow.
const CITATION: &str = "spec:";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").into()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every file below `directory` with this extension, in order.
pub(crate) fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut out = Vec::new();
    for path in entries.map(|e| e.expect("a listed entry can be read").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
            out.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            out.push(path);
        }
    }
    out.sort();
    out
}

fn ids() -> BTreeMap<String, String> {
    let path = root().join("docs/spec/ids.json");
    serde_json::from_str(&read(&path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A source's comments as one text, and where each line of it starts.
struct Comments {
    text: String,
    starts: Vec<usize>,
}

impl Comments {
    /// Lines of code become a bar, so that no list of ids goes on across them.
    fn of(source: &str) -> Self {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for line in source.lines() {
            starts.push(text.len());
            let comment = line.find("//").map(|at| line[at..].trim_start_matches(['/', '!']).trim());
            text.push_str(comment.unwrap_or("|"));
            text.push(' ');
        }
        Self { text, starts }
    }

    /// Each citation with its line, from 1: the ids, or `None` if none follow.
    fn citations(&self) -> Vec<(usize, Option<Vec<&str>>)> {
        let cited = |(at, found): (usize, &str)| {
            let line = self.starts.partition_point(|start| *start <= at);
            (line, leading_ids(&self.text[at + found.len()..]))
        };
        self.text.match_indices(CITATION).map(cited).collect()
    }
}

/// The ids that a text starts with, each in backticks, joined by commas or
/// "and".
fn leading_ids(text: &str) -> Option<Vec<&str>> {
    let (first, mut rest) = backticked(text)?;
    let mut ids = vec![first];
    loop {
        let joint = rest.trim_start();
        let joint = joint.strip_prefix(',').or_else(|| joint.strip_prefix("and "));
        let Some((id, after)) = joint.and_then(backticked) else { return Some(ids) };
        ids.push(id);
        rest = after;
    }
}

fn backticked(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix('`')?.split_once('`')
}

/// The anchors of all pages: id to `page#id`.
fn anchors() -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for page in files(&root().join("docs/spec"), "md") {
        let name = page.file_name().expect("a file has a name").to_string_lossy().into_owned();
        for part in read(&page).split("<a id=\"").skip(1) {
            let (id, _) = part.split_once("\"></a>").unwrap_or_else(|| panic!("{name}: an unclosed anchor"));
            let twice = out.insert(id.to_owned(), format!("{name}#{id}"));
            assert!(twice.is_none(), "{name}: the anchor {id} is also in {}", twice.unwrap_or_default());
        }
    }
    out
}

#[test]
fn every_cited_id_is_in_the_specification() {
    let (root, ids) = (root(), ids());
    let (mut faults, mut cited) = (Vec::new(), BTreeSet::new());
    let folders = SOURCES.iter().map(|folder| root.join(folder));
    let sources = folders.flat_map(|folder| ["rs", "sol"].map(|extension| files(&folder, extension)));
    for path in sources.flatten() {
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        for (line, found) in Comments::of(&read(&path)).citations() {
            match found {
                None => faults.push(format!("{name}:{line}: cites no id; write it in backticks")),
                Some(found) => {
                    cited.extend(found.into_iter().map(|id| (id.to_owned(), format!("{name}:{line}"))))
                }
            }
        }
    }
    let unknown = cited.iter().filter(|(id, _)| !ids.contains_key(id));
    faults.extend(unknown.map(|(id, at)| format!("{at}: {id} is not in docs/spec/ids.json")));
    assert!(cited.len() > 50, "only {} citations found: the search is broken", cited.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_listed_id_has_its_anchor_and_every_anchor_is_listed() {
    let (ids, anchors) = (ids(), anchors());
    let wrong = ids.iter().filter(|(id, at)| anchors.get(*id) != Some(*at));
    let mut faults: Vec<String> = wrong
        .map(|(id, at)| match anchors.get(id) {
            Some(found) => format!("ids.json: {id} is at {found}, not {at}"),
            None => format!("ids.json: {at} does not exist; add <a id=\"{id}\"></a> to a page"),
        })
        .collect();
    let unlisted = anchors.iter().filter(|(id, _)| !ids.contains_key(*id));
    faults.extend(unlisted.map(|(id, at)| format!("{at} is not in ids.json; add \"{id}\": \"{at}\"")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The targets of a page's links.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](").skip(1).filter_map(|part| part.split_once(')')).map(|(target, _)| target)
}

#[test]
fn links_between_pages_lead_somewhere() {
    let anchors: BTreeSet<String> = anchors().into_values().collect();
    let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut faults = Vec::new();
    for folder in ["docs/spec", "docs/adr", "docs/guide"].map(|f| root().join(f)) {
        for page in files(&folder, "md") {
            let name = file_name(&page);
            for target in links(&read(&page)).filter(|t| !t.starts_with("http")) {
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = if path.is_empty() { page.clone() } else { folder.join(path) };
                let anchored =
                    anchor.is_empty() || anchors.contains(&format!("{}#{anchor}", file_name(&file)));
                if !file.is_file() || !anchored {
                    faults.push(format!("{name}: the link to {target} leads nowhere"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn lists_of_ids_are_read_to_their_end() {
    let source = format!(
        "/// Text. {CITATION} `a.b`,\n/// `c`; A14.\nlet x = 1; // {CITATION} `d` and `e`\n/// `f`\n"
    );
    let comments = Comments::of(&source);
    assert_eq!(comments.citations(), vec![(1, Some(vec!["a.b", "c"])), (3, Some(vec!["d", "e"]))]);
    let bare = Comments::of(&format!("// {CITATION} words\n"));
    assert_eq!(bare.citations(), vec![(1, None)]);
}
