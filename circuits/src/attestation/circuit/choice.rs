//! The choice of a shape. spec: `attestation.shape`

use super::AttestationCircuit;
use crate::attestation::{K_RANGE, Layout, Packing, Shape};

/// Fewest rows, as a power of two. Few groups need fewer, which would prove
/// faster; but a commitment fixes the rows and not the views, and these leave
/// some for other views over it. spec: `audit.shape`
const FEWEST_K: u32 = 14;
/// Most data columns: a proof of as many stays below 5,000 bytes.
const MOST_COLUMNS: usize = 20;
/// Columns of a proof beside the data, roughly.
const OTHER_COLUMNS: usize = 24;

impl AttestationCircuit {
    /// The shape that proves `records` records at the least cost and has rows
    /// for all checks of the views; `None` if there are too many records or
    /// codes for one proof.
    pub fn smallest_shape(layout: Layout, views: &[usize], packing: Packing, records: u64) -> Option<Shape> {
        let narrowest = |k| {
            (1..=MOST_COLUMNS)
                .filter_map(|columns| Shape::new(k, columns, packing, layout, views.to_vec()).ok())
                .find(|shape| shape.capacity() >= records)
        };
        let mut shapes: Vec<Shape> = (FEWEST_K..=*K_RANGE.end()).filter_map(narrowest).collect();
        shapes.sort_by_key(cost);
        shapes.into_iter().find(|shape| Self::blank(shape).is_ok())
    }
}

/// Cells of a proof, roughly.
fn cost(shape: &Shape) -> usize {
    (shape.columns() + OTHER_COLUMNS) << shape.k()
}
