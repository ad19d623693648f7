//! The checklist of a verification. spec: `record.checks`.

use std::fmt;

macro_rules! checks {
    ($($variant:ident, $id:literal, $name:literal;)*) => {
        /// What is checked, in order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CheckId {
            $(#[doc = $name] $variant,)*
        }

        impl CheckId {
            /// All checks, in order.
            pub const ALL: &'static [CheckId] = &[$(CheckId::$variant),*];

            /// The stable id.
            pub fn id(self) -> &'static str {
                match self { $(CheckId::$variant => $id,)* }
            }

            /// One line in words.
            pub fn name(self) -> &'static str {
                match self { $(CheckId::$variant => $name,)* }
            }
        }
    };
}

checks! {
    Files, "record.files", "every file is as the manifest says, and nothing else is there";
    Form, "record.form", "every file is in its one byte form";
    Signature, "record.signature", "the operator signed the manifest";
    Draft, "election.draft", "the draft obeys its rules and the organiser signed it";
    Registrations, "census.registrations", "every member signed their registration and proved to know their secret";
    Census, "census.root", "registrations and weights give the census that the organiser signed";
    Keys, "setup.keys", "the verifying keys are those of the election, and sound";
    Key, "election.key", "all trustees signed the election's key, and their shares give it";
    Orders, "election.orders", "the organiser ordered opening, and closing if it came early";
    Head, "board.head", "the operator signed the final head over exactly these entries";
    Replay, "board.replay", "every entry follows from the ones before it, no ticket is spent twice";
    Ballots, "board.proofs", "every ballot's proof is valid";
    Decryption, "decryption.partial", "enough trustees decrypted exactly this board, each with a proof";
    Totals, "tally.totals", "the totals are what the trustees decrypted";
    TallyProof, "tally.proof", "the tally's proofs are valid for this board and these totals";
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Stable id.
    pub id: &'static str,
    /// In words.
    pub name: &'static str,
    /// Whether it holds; `false` as well when it could not be done.
    pub ok: bool,
    /// Figures, or why not.
    pub detail: String,
}

/// The whole checklist.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Whether every check holds.
    pub ok: bool,
    /// Every check, in order, also those that could not be done.
    pub checks: Vec<Check>,
    /// Why "valid" means less than it says, if it does.
    pub warnings: Vec<String>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self { ok: true, checks: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn push(&mut self, id: CheckId, result: Result<String, String>) -> bool {
        let ok = result.is_ok();
        let detail = result.unwrap_or_else(|e| e);
        self.ok &= ok;
        self.checks.push(Check { id: id.id(), name: id.name(), ok, detail });
        ok
    }

    /// Marks all checks that were not done as skipped: not passed.
    pub(super) fn skip_rest(mut self, why: &str) -> Self {
        for id in &CheckId::ALL[self.checks.len()..] {
            self.push(*id, Err(format!("skipped: {why}")));
        }
        self
    }

    /// A record that cannot be read at all.
    pub fn unreadable(why: &str) -> Self {
        let mut report = Self::new();
        report.push(CheckId::Files, Err(why.into()));
        report.skip_rest("the record cannot be read")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let mark = if check.ok { "ok  " } else { "FAIL" };
            writeln!(f, "{mark}  {:<22} {}", check.id, check.name)?;
            writeln!(f, "      {:<22} {}", "", check.detail)?;
        }
        self.warnings.iter().try_for_each(|w| writeln!(f, "WARNING: {w}"))
    }
}
