//! Policy and mapping files: TOML, every fault with file, line and field.

use serde::de::DeserializeOwned;
use std::{fmt, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One step to a field: a key or a position in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Of a table.
    Key(String),
    /// Of a list, from 0.
    Index(usize),
}

/// The way to a field.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Field(Vec<Step>);

impl Field {
    /// A field of the whole file.
    pub fn new(key: &str) -> Self {
        Self::default().key(key)
    }

    /// A key below this field.
    pub fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// An element of this list, from 0.
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{}]", index + 1)?,
                Step::Key(key)
                    if key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') =>
                {
                    write!(f, "{}{key}", if i == 0 { "" } else { "." })?;
                }
                Step::Key(key) => write!(f, "{}{key:?}", if i == 0 { "" } else { "." })?,
            }
        }
        Ok(())
    }
}

/// A fault at a field. `P` says what is wrong and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault<P> {
    /// Line in the file, from 1, if the field or one above it is there.
    pub line: Option<usize>,
    /// The field.
    pub field: Field,
    /// What is wrong.
    pub problem: P,
}

impl<P: fmt::Display> fmt::Display for Fault<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDocument<P: fmt::Debug + fmt::Display> {
    /// See the message.
    #[error("{file}: {cause}")]
    Read {
        /// Path.
        file: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// See the message.
    #[error("{file}:{}: {problem}", line.unwrap_or(1))]
    Toml {
        /// Path.
        file: String,
        /// Line, from 1.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
    },
    /// See the message.
    #[error("{file}:{}", lines(faults))]
    Faults {
        /// Path.
        file: String,
        /// All of them.
        faults: Vec<Fault<P>>,
    },
}

fn lines<P: fmt::Display>(faults: &[Fault<P>]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

/// A file's text with its name, to give faults their lines.
#[derive(Clone, Debug)]
pub struct Document {
    name: String,
    text: String,
}

impl Document {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// A file.
    ///
    /// # Errors
    /// If it cannot be read as text.
    pub fn open<P: fmt::Debug + fmt::Display>(path: &Path) -> Result<Self, InvalidDocument<P>> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(cause) => Err(InvalidDocument::Read { file: name, cause }),
        }
    }

    /// The content as a type: unknown fields, missing ones and wrong types
    /// are faults.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn parse<T: DeserializeOwned, P: fmt::Debug + fmt::Display>(&self) -> Result<T, InvalidDocument<P>> {
        toml::from_str(&self.text).map_err(|e| InvalidDocument::Toml {
            file: self.name.clone(),
            line: e.span().map(|span| self.line(span.start)),
            problem: e.message().to_owned(),
        })
    }

    /// The value, or all its faults with their lines.
    ///
    /// # Errors
    /// If there is a fault.
    pub fn judge<T, P: fmt::Debug + fmt::Display>(
        &self,
        value: T,
        faults: Vec<(Field, P)>,
    ) -> Result<T, InvalidDocument<P>> {
        if faults.is_empty() {
            return Ok(value);
        }
        let table = DeTable::parse(&self.text).ok();
        let located = faults.into_iter().map(|(field, problem)| {
            let at = table.as_ref().and_then(|table| position(table, &field));
            Fault { line: at.map(|at| self.line(at)), field, problem }
        });
        Err(InvalidDocument::Faults { file: self.name.clone(), faults: located.collect() })
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
    }
}

/// Where the field starts, or the deepest field above it that is there.
fn position(table: &Spanned<DeTable<'_>>, field: &Field) -> Option<usize> {
    let mut at = None;
    let mut entries = Some(table.get_ref());
    let mut value: Option<&DeValue<'_>> = None;
    for step in &field.0 {
        let found = match step {
            Step::Key(key) => {
                let here = entries.or_else(|| value.and_then(DeValue::as_table));
                here.and_then(|t| t.iter().find(|(k, _)| k.get_ref().as_ref() == key.as_str()))
                    .map(|(key, value)| (key.span().start, value))
            }
            Step::Index(index) => value
                .and_then(DeValue::as_array)
                .and_then(|list| list.get(*index))
                .map(|value| (value.span().start, value)),
        };
        let Some((start, next)) = found else { break };
        (at, entries, value) = (Some(start), None, Some(next.get_ref()));
    }
    at
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line_of(text: &str, field: &Field) -> Option<usize> {
        let document = Document::new("x.toml", text);
        match document.judge((), vec![(field.clone(), "wrong")]) {
            Err(InvalidDocument::Faults { faults, .. }) => faults[0].line,
            _ => None,
        }
    }

    #[test]
    fn faults_have_the_line_of_their_field_or_of_the_one_above() {
        let text = "a = 1\n\n[b]\nc = [1,\n 2]\n[[d]]\ne = 3\n[[d]]\ne = { f = 4 }\n";
        let d = Field::new("d").index(1);
        assert_eq!(line_of(text, &Field::new("b").key("c")), Some(4));
        assert_eq!(line_of(text, &Field::new("b").key("c").index(1)), Some(5));
        assert_eq!(line_of(text, &d.key("e").key("f")), Some(9));
        assert_eq!(line_of(text, &d.key("missing")), Some(8));
        assert_eq!(line_of(text, &Field::new("nothing")), None);
    }

    #[test]
    fn fields_are_written_as_people_count() {
        let field = Field::new("attributes").index(0).key("groups").key("a b");
        assert_eq!(field.to_string(), "attributes[1].groups.\"a b\"");
    }
}
