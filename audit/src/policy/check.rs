//! From a policy file to a policy, with every fault at its field.

use super::{
    Attribute, Fraction, Policy, PolicyFile, Unknowns, View, ViewFile, allowed, group_names, values,
};
use crate::document::{Document, Field, InvalidDocument};
use circuits::attestation::{
    self, CellSet, GroupSet, InvalidPolicy, MAX_CELLS, MAX_GROUPS, Metric, Ratio, UnknownMetric,
};
use std::path::Path;

/// Longest title and name, in bytes.
const TEXT_MAX: usize = 128;
/// Most attributes.
const ATTRIBUTES_MAX: usize = 4;
/// The threshold of a metric that no view checks: valid, and the same in
/// every policy.
const UNUSED: Ratio = Ratio::new(1, 1);

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// See the message.
    #[error("it must be {expected:?}, not {found:?}")]
    Format {
        /// What it must say.
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// See the message.
    #[error("version {0} is not known; this program reads version 1")]
    Version(u32),
    /// See the message.
    #[error("a title has 1 to {TEXT_MAX} bytes and no line break")]
    Title,
    /// See the message.
    #[error(
        "{0:?} is no name: it needs 1 to {TEXT_MAX} bytes, no comma, no line break, no blank at its ends, and none of = + - @ as its first sign"
    )]
    Name(String),
    /// See the message.
    #[error("{0:?} is there twice; names tell things apart")]
    Repeated(String),
    /// See the message.
    #[error("{0} attributes; needed are 1 to {ATTRIBUTES_MAX}")]
    Attributes(usize),
    /// See the message.
    #[error("an attribute needs 2 to {MAX_GROUPS} groups, not {0}")]
    AttributeGroups(usize),
    /// See the message.
    #[error(
        "the attributes have {0} combinations of values, unknown ones included, and an audit at most \
         {MAX_CELLS}; merge groups, or audit attributes apart"
    )]
    Cells(usize),
    /// See the message.
    #[error("{0}")]
    Metric(#[from] UnknownMetric),
    /// See the message.
    #[error("no view checks it; remove the threshold, or add the check")]
    UnusedThreshold,
    /// See the message.
    #[error("the threshold of {0} is missing; a view checks it")]
    MissingThreshold(Metric),
    /// See the message.
    #[error("there is no attribute {0:?}")]
    UnknownAttribute(String),
    /// See the message.
    #[error("the view has no group {0:?}")]
    UnknownGroup(String),
    /// See the message.
    #[error(
        "no record can be unknown in this view; set `unknown = true` for an attribute of it, and count unknowns"
    )]
    NothingUnknown,
    /// See the message.
    #[error("{0}")]
    Numbers(#[from] InvalidPolicy),
}

type Faults = Vec<(Field, PolicyFault)>;

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// If it cannot be read, or all its faults.
    pub fn open(path: &Path) -> Result<Self, InvalidDocument<PolicyFault>> {
        Self::read(&Document::open(path)?)
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// All faults, with their lines.
    pub fn read(document: &Document) -> Result<Self, InvalidDocument<PolicyFault>> {
        let file: PolicyFile = document.parse()?;
        match Self::from_file(&file) {
            Ok(policy) => Ok(policy),
            Err(faults) => {
                document.judge(None, faults).map(|none: Option<Self>| none.expect("there are faults"))
            }
        }
    }

    /// The policy of a file.
    ///
    /// # Errors
    /// All faults by field.
    pub fn from_file(file: &PolicyFile) -> Result<Self, Vec<(Field, PolicyFault)>> {
        let mut faults = Vec::new();
        check_head(file, &mut faults);
        let attributes = attributes(file, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let views = views(file, &attributes, &mut faults);
        let thresholds = thresholds(file, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let numbers = numbers(file, &attributes, &views, thresholds);
        let policy =
            Policy { title: file.title.clone(), attributes, unknowns: file.sample.unknowns, views, numbers };
        policy.check_numbers(&mut faults);
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }

    fn check_numbers(&self, faults: &mut Faults) {
        if let Err(e) = self.numbers.validate() {
            faults.push((field_of(&e), e.into()));
        }
        for (i, view) in self.numbers.views.iter().enumerate() {
            let unknown = view.allowed.iter().any(|set| set.len() > 1);
            let check = view.checks.iter().position(|m| *m == Metric::WorstCaseImpactRatio);
            if let (Some(check), false) = (check, unknown) {
                let field = Field::new("views").index(i).key("checks").index(check);
                faults.push((field, PolicyFault::NothingUnknown));
            }
        }
    }
}

/// The field that breaks a rule of the numbers.
fn field_of(fault: &InvalidPolicy) -> Field {
    let (sample, views) = (Field::new("sample"), Field::new("views"));
    match fault {
        InvalidPolicy::Cells(_) => Field::new("attributes"),
        InvalidPolicy::Sample => sample,
        InvalidPolicy::MinimumCell(_) => sample.key("minimum_cell"),
        InvalidPolicy::MinimumShare(_) => sample.key("minimum_share"),
        InvalidPolicy::Threshold { metric, .. } => Field::new("thresholds").key(metric.name()),
        InvalidPolicy::Views(_) => views,
        InvalidPolicy::Groups { view, .. } | InvalidPolicy::Allowed { view, .. } => {
            views.index(*view).key("attributes")
        }
        InvalidPolicy::NoSuchGroup { view } => views.index(*view).key("exclude"),
        InvalidPolicy::Checks { view } => views.index(*view).key("checks"),
        InvalidPolicy::OutsideSample { view, .. } => views.index(*view),
        InvalidPolicy::Disclosure => Field::new("disclosure"),
    }
}

fn check_head(file: &PolicyFile, faults: &mut Faults) {
    if file.format != Policy::FORMAT {
        let (expected, found) = (Policy::FORMAT, file.format.clone());
        faults.push((Field::new("format"), PolicyFault::Format { expected, found }));
    }
    if file.version != Policy::VERSION {
        faults.push((Field::new("version"), PolicyFault::Version(file.version)));
    }
    if file.title.is_empty() || file.title.len() > TEXT_MAX || file.title.chars().any(char::is_control) {
        faults.push((Field::new("title"), PolicyFault::Title));
    }
}

/// Names that are no names, or there twice.
fn check_names<'a>(names: impl Iterator<Item = (Field, &'a String)>, faults: &mut Faults) {
    let mut seen: Vec<&String> = Vec::new();
    for (field, name) in names {
        let plain = !name.contains(',') && !name.chars().any(char::is_control) && name.trim() == name;
        // A spreadsheet would take the name for a formula.
        let plain = plain && !name.starts_with(['=', '+', '-', '@']);
        if name.is_empty() || name.len() > TEXT_MAX || !plain {
            faults.push((field, PolicyFault::Name(name.clone())));
        } else if seen.contains(&name) {
            faults.push((field, PolicyFault::Repeated(name.clone())));
        } else {
            seen.push(name);
        }
    }
}

fn attributes(file: &PolicyFile, faults: &mut Faults) -> Vec<Attribute> {
    let top = Field::new("attributes");
    let count = file.attributes.len();
    if !(1..=ATTRIBUTES_MAX).contains(&count) {
        faults.push((top.clone(), PolicyFault::Attributes(count)));
    }
    let names = file.attributes.iter().enumerate();
    check_names(names.map(|(i, a)| (top.index(i).key("name"), &a.name)), faults);
    for (i, attribute) in file.attributes.iter().enumerate() {
        let field = top.index(i).key("groups");
        if !(2..=MAX_GROUPS).contains(&attribute.groups.len()) {
            faults.push((field.clone(), PolicyFault::AttributeGroups(attribute.groups.len())));
        }
        check_names(attribute.groups.iter().enumerate().map(|(g, name)| (field.index(g), name)), faults);
    }
    let attributes = file.attributes.clone();
    let cells = cell_count(&attributes);
    if cells > MAX_CELLS {
        faults.push((top, PolicyFault::Cells(cells)));
    }
    attributes
}

/// Combinations of the attributes' values, "unknown" among them.
pub(crate) fn cell_count(attributes: &[Attribute]) -> usize {
    attributes.iter().fold(1, |cells: usize, a| cells.saturating_mul(a.values()))
}

fn views(file: &PolicyFile, attributes: &[Attribute], faults: &mut Faults) -> Vec<View> {
    let top = Field::new("views");
    check_names(file.views.iter().enumerate().map(|(i, v)| (top.index(i).key("name"), &v.name)), faults);
    let view = |(i, view): (usize, &ViewFile)| {
        let field = top.index(i);
        let names = view.attributes.iter().enumerate();
        let before = faults.len();
        check_names(names.map(|(a, name)| (field.key("attributes").index(a), name)), faults);
        let position = |name: &String| attributes.iter().position(|a| a.name == *name);
        for (a, name) in view.attributes.iter().enumerate().filter(|(_, name)| position(name).is_none()) {
            let fault = PolicyFault::UnknownAttribute(name.clone());
            faults.push((field.key("attributes").index(a), fault));
        }
        // Repeated attributes would multiply the groups without bound.
        let distinct = faults.len() == before;
        let used: Vec<usize> = view.attributes.iter().filter(|_| distinct).filter_map(position).collect();
        let groups = group_names(attributes, &used);
        let excluded = view.exclude.iter().enumerate();
        for (e, name) in excluded.filter(|(_, name)| !groups.contains(name)) {
            faults.push((field.key("exclude").index(e), PolicyFault::UnknownGroup(name.clone())));
        }
        for (c, name) in view.checks.iter().enumerate() {
            if let Err(e) = name.parse::<Metric>() {
                faults.push((field.key("checks").index(c), e.into()));
            }
        }
        View { name: view.name.clone(), attributes: used, groups }
    };
    file.views.iter().enumerate().map(view).collect()
}

fn thresholds(file: &PolicyFile, faults: &mut Faults) -> [Ratio; Metric::COUNT] {
    let top = Field::new("thresholds");
    let checked = |metric: Metric| file.views.iter().any(|v| v.checks.iter().any(|c| c == metric.name()));
    for name in file.thresholds.keys() {
        match name.parse::<Metric>() {
            Err(e) => faults.push((top.key(name), e.into())),
            Ok(metric) if !checked(metric) => faults.push((top.key(name), PolicyFault::UnusedThreshold)),
            Ok(_) => {}
        }
    }
    Metric::ALL.map(|metric| match (file.thresholds.get(metric.name()), checked(metric)) {
        (Some(fraction), _) => fraction.ratio(),
        (None, false) => UNUSED,
        (None, true) => {
            faults.push((top.clone(), PolicyFault::MissingThreshold(metric)));
            UNUSED
        }
    })
}

fn numbers(
    file: &PolicyFile,
    attributes: &[Attribute],
    views: &[View],
    thresholds: [Ratio; Metric::COUNT],
) -> attestation::Policy {
    let cells = cell_count(attributes);
    let takes_part = |cell: &usize| {
        file.sample.unknowns == Unknowns::Counted || values(attributes, *cell).iter().all(Option::is_some)
    };
    let view = |(names, view): (&View, &ViewFile)| {
        let groups = |cell: usize| match takes_part(&cell) {
            true => allowed(attributes, &names.attributes, &values(attributes, cell)),
            false => GroupSet::EMPTY,
        };
        let excluded = |group: &usize| view.exclude.contains(&names.groups[*group]);
        let mut checks: Vec<Metric> = view.checks.iter().filter_map(|c| c.parse().ok()).collect();
        checks.sort_unstable();
        attestation::View {
            groups: names.groups.len(),
            allowed: (0..cells).map(groups).collect(),
            excluded: (0..names.groups.len()).filter(excluded).collect(),
            checks,
        }
    };
    attestation::Policy {
        cells,
        sample: (0..cells).filter(takes_part).collect::<CellSet>(),
        minimum_cell: file.sample.minimum_cell,
        minimum_share: Fraction::ratio(file.sample.minimum_share),
        thresholds,
        views: views.iter().zip(&file.views).map(view).collect(),
        disclosure: file.disclosure.into(),
    }
}
