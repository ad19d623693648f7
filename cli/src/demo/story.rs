//! Tells what happens as it happens, and how long it took.

use crate::progress;
use indicatif::ProgressBar;
use std::{collections::BTreeMap, time::Instant};

/// The narrator: on standard output, or on standard error under `--json`.
#[derive(Debug)]
pub struct Story {
    to_stderr: bool,
    chapter: usize,
    timings: BTreeMap<&'static str, u64>,
}

impl Story {
    /// A story; under `--json` standard output is left alone.
    pub fn new(to_stderr: bool) -> Self {
        Self { to_stderr, chapter: 0, timings: BTreeMap::new() }
    }

    /// Begins a chapter.
    pub fn chapter(&mut self, title: &str) {
        self.chapter += 1;
        self.line(&format!("\n{}. {title}", self.chapter));
    }

    /// Says one thing.
    pub fn say(&self, text: &str) {
        self.line(&format!("   {text}"));
    }

    /// Shows lines as they are.
    pub fn show(&self, text: &str) {
        self.line(text.trim_end());
    }

    fn line(&self, text: &str) {
        if self.to_stderr {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    }

    /// Does something and keeps how long it took.
    pub fn timed<T>(&mut self, what: &'static str, f: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = f();
        self.took(what, start);
        result
    }

    /// Keeps how long something took since `start`.
    pub fn took(&mut self, what: &'static str, start: Instant) {
        let elapsed = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        *self.timings.entry(what).or_default() += elapsed;
    }

    /// A progress bar.
    pub fn bar(&self, length: usize, message: &str) -> ProgressBar {
        progress::bar(length as u64, message)
    }

    /// All times in milliseconds.
    pub fn timings(&self) -> BTreeMap<&'static str, u64> {
        self.timings.clone()
    }
}
