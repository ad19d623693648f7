//! The circuit for a number of records. spec: `audit.shape`.

use crate::policy::Policy;
use circuits::attestation::{K_RANGE, Layout, MAX_COLUMNS, Packing, Shape, circuit::AttestationCircuit};

/// Columns that a circuit has beside the data columns, about: what a row
/// costs whatever it holds.
const OTHER_COLUMNS: u64 = 30;
/// Most data columns: each makes the proof longer by about 100 bytes.
const COLUMNS: usize = 40;
const _: () = assert!(COLUMNS <= MAX_COLUMNS);

/// No circuit takes the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no circuit takes {records} records with {codes} codes; use fewer groups or score bins, or split the records"
)]
pub struct NoShape {
    records: u64,
    codes: usize,
}

/// The cheapest circuit for records of this layout under this policy: the
/// fewest cells in all columns together.
///
/// # Errors
/// If there is none.
pub fn choose_shape(
    policy: &Policy,
    layout: Layout,
    records: u64,
    packing: Packing,
) -> Result<Shape, NoShape> {
    let capacities: Vec<usize> = policy.numbers.views.iter().map(|view| view.groups).collect();
    let shape = |k: u32| {
        let probe = Shape::new(k, 1, packing, layout, capacities.clone()).ok()?;
        let columns = usize::try_from(records.div_ceil(probe.capacity())).ok()?.max(1);
        let shape = Shape::new(k, columns, packing, layout, capacities.clone()).ok()?;
        let fits = columns <= COLUMNS && AttestationCircuit::blank(&shape).is_ok();
        fits.then_some(((columns as u64 + OTHER_COLUMNS) << k, shape))
    };
    let cheapest = K_RANGE.filter_map(shape).min_by_key(|(cost, _)| *cost);
    cheapest.map(|(_, shape)| shape).ok_or(NoShape { records, codes: layout.codes() })
}
