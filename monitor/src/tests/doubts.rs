//! Doubts by themselves, with times that the test chooses.

use crate::{Kind, doubts::Doubts};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// The times at which looks find the same thing, and when it has lasted.
#[test]
fn a_doubt_lasts_from_the_first_look_that_had_it() {
    let (mut doubts, start) = (Doubts::new(PATIENCE), Instant::now());
    for (after, lasted) in [(0, false), (1, false), (59, false), (60, true), (61, true)] {
        let now = start + Duration::from_secs(after);
        doubts.begin("node");
        let detail = format!("signed {after} entries");
        assert_eq!(doubts.has_lasted("node", Kind::Withheld, &detail, now), lasted, "{after}");
        doubts.end("node");
        assert_eq!(doubts.are_open(now), !lasted, "{after}");
        assert_eq!(doubts.take_problems().len(), usize::from(!lasted), "{after}");
    }
}

#[test]
fn a_whole_look_without_it_ends_a_doubt_and_a_broken_one_does_not() {
    let (mut doubts, start) = (Doubts::new(PATIENCE), Instant::now());
    assert!(!doubts.has_lasted("node", Kind::Withheld, "x", start));
    // This look broke off before it came to the entries.
    doubts.begin("node");
    assert!(doubts.is_doubted("node"));
    assert!(doubts.has_lasted("node", Kind::Withheld, "x", start + PATIENCE));
    doubts.begin("node");
    doubts.end("node");
    assert!(!doubts.is_doubted("node"));
    assert!(!doubts.has_lasted("node", Kind::Withheld, "x", start + PATIENCE * 2));
}

#[test]
fn doubts_of_other_kinds_and_nodes_have_their_own_time() {
    let (mut doubts, start) = (Doubts::new(PATIENCE), Instant::now());
    assert!(!doubts.has_lasted("node", Kind::Withheld, "x", start));
    assert!(!doubts.has_lasted("node", Kind::Census, "x", start + PATIENCE));
    assert!(!doubts.has_lasted("other", Kind::Withheld, "x", start + PATIENCE));
    doubts.begin("other");
    doubts.end("other");
    assert!(doubts.is_doubted("node") && !doubts.is_doubted("other"));
}

#[test]
fn without_patience_everything_counts_at_once() {
    let (mut doubts, now) = (Doubts::new(Duration::ZERO), Instant::now());
    assert!(doubts.has_lasted("node", Kind::Malformed, "x", now));
    assert!(!doubts.are_open(now) && doubts.take_problems().is_empty());
}
