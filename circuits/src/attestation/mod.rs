//! The attestation of a bias audit: the published verdicts are what the
//! voted policy gives on **all** records behind a commitment that was
//! anchored before. spec: `attestation`.
//!
//! Notation: J columns of U cells; a cell holds one code, or two as
//! `c1 + B c2`; code 0 is padding. For a group g of a view: n_g records, s_g
//! of them selected, p_g with a favourable actual outcome, TP_g and FP_g
//! selected with a favourable and with another actual outcome. N is the size
//! of the sample. u0_g, u1_g are unknowns, unselected and selected, that may
//! be in g.
//!
//! | | condition | spec |
//! | --- | --- | --- |
//! | T1 | every cell holds codes below B; `n = cells - m_0` of them are not padding, and in group cells that the policy has | `attestation.t1` |
//! | T2 | `m_c` is the number of cells with code c; counts of cells, classes and groups are sums of `m_c` | `attestation.t2` |
//! | T3 | `N >= 1`, and the edge e has `2 A(e+1) <= N < 2 A(e)`, A(b) the sample's records in bins from b on | `attestation.t3` |
//! | T4 | unknown = records in no group of the view | `attestation.t4` |
//! | T5 | g is compared if not excluded, `n_g >= m` and `den n_g >= num N`; and for rates over p, n - p or s also if that is at least m | `attestation.t5` |
//! | T6 | each verdict, as [`metric::Metric`] defines it, is pass, fail or not assessable | `attestation.t6` |
//! | T7 | the groups that fail, and those that cannot be tested | `attestation.t7` |
//! | T8 | the disclosed counts are the counts | `attestation.t8` |
//!
//! T6 in integers, b and w the first of the groups with the highest and the
//! lowest rate x/y among those compared, num/den the metric's threshold:
//!
//! - ratio: `den x_a y_b >= num x_b y_a`, for every a, or for w
//! - difference: `den (x_b y_w - x_w y_b) <= num y_b y_w`; twice the right
//!   side for average odds, where x/y = TP/p + FP/(n-p)
//! - two proportions: `den^2 (s_a n_b - s_b n_a)^2 n <= num^2 n_a n_b s (n - s)`
//!   with `n = n_a + n_b`, `s = s_a + s_b`, where
//!   `min(n_a, n_b) min(s, n - s) >= 5 n`
//! - worst case: `den s_a (n_b + u1_b) >= num (s_b + u1_b) (n_a + u0_a)` for
//!   all a and b that differ
//! - not assessable: fewer than two groups are compared, or x_b = 0 (but for
//!   the false-positive rate in equalized odds), or no group can be tested
//!
//! **Outside the circuit**, by whoever verifies (spec: `attestation.outside`):
//! the proof begins with the anchored commitments; [`Statement::has_form`];
//! the policy is the voted one; the key is that of shape and parameters;
//! subject and epoch are the expected ones: the transcript binds them, and no
//! gate gives them a meaning.

#[cfg(feature = "plonk")]
pub mod circuit;
mod commitment;
mod encoding;
mod layout;
pub mod metric;
mod policy;
pub mod relation;
mod sets;
mod shape;
mod statement;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;
mod witness;

pub use commitment::{CellAddress, DataDescription, DataRoot, NoReceipt, SrsId, schema_digest};
pub use encoding::{WORD_BITS, Word, policy_words};
pub use layout::{Code, InvalidLayout, InvalidRecord, Layout, MAX_BINS, MAX_CELLS, MAX_CODES, Record};
pub use metric::{Base, Bound, Metric, UnknownMetric};
pub use policy::{Disclosure, InvalidPolicy, MAX_GROUPS, MAX_VIEWS, Policy, RATIO_BITS, Ratio, View};
pub use relation::{EmptySample, Unsatisfied, check, verdicts};
pub use sets::{CellSet, GroupSet};
pub use shape::{
    InvalidShape, K_RANGE, MAX_COLUMNS, Misfit, PROOFS_PER_COMMITMENT, Packing, RESERVED_ROWS, SALT_ROWS,
    Shape,
};
pub use statement::{DataDigest, Disclosed, InvalidStatement, Statement, Subject, TABLE_TAG};
pub use table::{COUNT_BITS, Counts, InvalidTable, MAX_RECORDS, Table};
pub use verdict::{Verdict, ViewOutcome};
pub use witness::Witness;
