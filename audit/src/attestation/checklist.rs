//! The checklist of an attestation. spec: `audit.checks`.

use serde::Serialize;
use std::fmt;

/// What is checked: a stable id, and one line in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The stable id.
    pub id: &'static str,
    /// In words.
    pub name: &'static str,
}

macro_rules! checks {
    ($list:ident: $($variant:ident, $id:literal, $name:literal;)*) => {
        /// What is checked, in order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $list {
            $(#[doc = $name] $variant,)*
        }

        impl $list {
            /// All checks, in order.
            pub const ALL: &'static [$list] = &[$($list::$variant),*];

            /// Id and words.
            pub fn line(self) -> $crate::attestation::Line {
                match self {
                    $($list::$variant => $crate::attestation::Line { id: $id, name: $name },)*
                }
            }
        }
    };
}
pub(crate) use checks;

checks! {
    CheckId:
    Form, "audit.form", "the file is in its one byte form";
    Signature, "audit.signature", "the auditor signed the claim";
    Auditor, "audit.auditor", "the organiser had registered the auditor at the time of signing";
    Policy, "audit.policy_hash", "the policy is the one that the claim names, and keeps its rules";
    Data, "audit.data_root", "the data root is that of its parts, and the proof begins with its commitments";
    Statement, "audit.statement", "outcome and counts are those of the claim, in the form that the policy asks for";
    Expected, "audit.expected", "policy, data and model are the expected ones";
    Status, "audit.status", "it is neither expired nor revoked nor superseded";
    Key, "audit.key", "the verifying key is that of circuit and parameters";
    Proof, "audit.proof", "the proof is valid: the outcome is what the policy gives on all committed records";
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Passed,
    /// It does not, or an earlier one did not and this one needs it.
    Failed,
    /// It needs something that was not given.
    NotMade,
}

impl State {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Failed => "failed",
            State::NotMade => "not made",
        }
    }
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable id.
    pub id: &'static str,
    /// In words.
    pub name: &'static str,
    /// Whether it did not fail.
    pub ok: bool,
    /// What became of it.
    pub state: State,
    /// Figures, or why not.
    pub detail: String,
}

/// The whole checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checklist {
    /// Whether no check failed.
    pub ok: bool,
    /// Every check, in order.
    pub checks: Vec<Check>,
    /// Why "valid" means less than it says, if it does.
    pub warnings: Vec<String>,
}

impl Checklist {
    pub(crate) fn new() -> Self {
        Self { ok: true, checks: Vec::new(), warnings: Vec::new() }
    }

    fn push(&mut self, line: Line, state: State, detail: String) {
        let ok = state != State::Failed;
        self.ok &= ok;
        self.checks.push(Check { id: line.id, name: line.name, ok, state, detail });
    }

    /// A check that was made.
    pub(crate) fn made(&mut self, line: Line, result: Result<String, String>) {
        match result {
            Ok(detail) => self.push(line, State::Passed, detail),
            Err(detail) => self.push(line, State::Failed, detail),
        }
    }

    /// A check for which something is missing.
    pub(crate) fn not_made(&mut self, line: Line, detail: &str) {
        self.push(line, State::NotMade, detail.into());
    }

    /// An attestation that cannot be read at all.
    pub fn unreadable(why: &str) -> Self {
        let mut out = Self::new();
        out.made(CheckId::Form.line(), Err(why.into()));
        for id in &CheckId::ALL[1..] {
            out.made(id.line(), Err("skipped: the attestation cannot be read".into()));
        }
        out
    }
}

impl fmt::Display for Checklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let mark = match check.state {
                State::Passed => "ok  ",
                State::Failed => "FAIL",
                State::NotMade => " -  ",
            };
            writeln!(f, "{mark}  {:<18} {}", check.id, check.name)?;
            writeln!(f, "      {:<18} {}", "", check.detail)?;
        }
        self.warnings.iter().try_for_each(|w| writeln!(f, "WARNING: {w}"))
    }
}
