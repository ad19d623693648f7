//! The checklist and the marks of verdicts.

use super::html::{Table, escape};
use crate::attestation::{Checklist, State};
use circuits::attestation::Verdict;

/// A verdict as a word with a sign; the colour repeats what the word says.
pub fn verdict(verdict: Verdict) -> String {
    let (class, text) = match verdict {
        Verdict::Pass => ("pass", "✓ pass"),
        Verdict::Fail => ("fail", "✗ fail"),
        Verdict::NotAssessable => ("open", "○ not assessable"),
    };
    format!("<span class=\"tag {class}\">{text}</span>")
}

fn state(state: State) -> String {
    let (class, sign) = match state {
        State::Passed => ("pass", "✓"),
        State::Failed => ("fail", "✗"),
        State::NotMade => ("open", "○"),
    };
    format!("<span class=\"tag {class}\">{sign} {}</span>", state.name())
}

/// Every check with its state.
pub fn table(checklist: &Checklist) -> String {
    let mut table = Table::new("Checks of this attestation").text("Check").text("State").text("Finding");
    for check in &checklist.checks {
        let name = format!("{}<br><code>{}</code>", escape(check.name), check.id);
        table.row(vec![name, state(check.state), escape(&check.detail)], false);
    }
    table.html()
}
