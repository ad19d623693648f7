//! Accusations that rest on the monitor's word alone: they wait until what
//! looked wrong has lasted. spec: `monitor.doubt`.

use crate::finding::Kind;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What looked wrong, per subject (a node's address, say) and kind. Known to
/// this process only.
#[derive(Debug)]
pub struct Doubts {
    patience: Duration,
    held: BTreeMap<(String, Kind), Doubt>,
    said: Vec<String>,
}

#[derive(Debug)]
struct Doubt {
    since: Instant,
    /// In the look that is under way, or the last one.
    seen: bool,
}

impl Doubts {
    /// Nothing looks wrong; accusations wait for `patience`, and not at all
    /// if it is zero.
    pub fn new(patience: Duration) -> Self {
        Self { patience, held: BTreeMap::new(), said: Vec::new() }
    }

    /// A look at the subject begins.
    pub fn begin(&mut self, subject: &str) {
        self.of(subject).for_each(|doubt| doubt.seen = false);
    }

    /// A look has seen everything: what it did not find is in order again.
    pub fn end(&mut self, subject: &str) {
        self.held.retain(|(of, _), doubt| of != subject || doubt.seen);
    }

    /// Takes note of a finding without proof. Says whether its kind was seen
    /// in every whole look since `patience` ago; if not, it is a problem.
    pub fn has_lasted(&mut self, subject: &str, kind: Kind, detail: &str, now: Instant) -> bool {
        let key = (subject.to_owned(), kind);
        let doubt = self.held.entry(key).or_insert(Doubt { since: now, seen: true });
        doubt.seen = true;
        let lasted = now.saturating_duration_since(doubt.since) >= self.patience;
        let seconds = self.patience.as_secs();
        let what = format!("{detail}; asked again, and held against the node if it lasts {seconds} s");
        if !lasted && !self.said.contains(&what) {
            self.said.push(what);
        }
        lasted
    }

    /// Whether anything looked wrong with the subject when last seen.
    pub fn is_doubted(&self, subject: &str) -> bool {
        self.held.keys().any(|(of, _)| of == subject)
    }

    /// Whether a doubt is open that time will settle.
    pub fn are_open(&self, now: Instant) -> bool {
        self.held.values().any(|d| now.saturating_duration_since(d.since) < self.patience)
    }

    /// Takes the problems that doubts have made since the last time.
    pub fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    fn of<'a>(&'a mut self, subject: &'a str) -> impl Iterator<Item = &'a mut Doubt> {
        self.held.iter_mut().filter(move |((of, _), _)| of == subject).map(|(_, doubt)| doubt)
    }
}
