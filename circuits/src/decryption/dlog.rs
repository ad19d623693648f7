//! Totals from `total G` by baby steps and giant steps (Shanks).
//! spec: `decryption.totals`.

use crate::{
    curve::{Affine2, Fr, GENERATOR, Projective2, Scalar},
    params::TOTAL_BITS,
    types::CurvePoint,
};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::PrimeField;

/// Bits of a table index; the rest of a table word is a fingerprint.
const INDEX_BITS: u32 = 24;
/// Points normalised together: one inversion for all of them.
const BATCH: usize = 1 << 10;

/// The point is not `total G` for any total below the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decrypted point is no total below {limit}: sums, shares or limit are not this election's")]
pub struct NotBelowLimit {
    /// The exclusive limit that was searched.
    pub limit: u64,
}

/// A table of `j G` for `0 <= j <= m`, m a power of two.
///
/// `P` and `-P` have one y, so a table of m points finds every logarithm in
/// `-m..=m`, and giant steps are `2 m + 1` wide.
pub struct Solver {
    /// `fingerprint(y) | j`, sorted: 8 bytes per point.
    table: Vec<u64>,
    reach: u64,
}

impl std::fmt::Debug for Solver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solver").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl Solver {
    /// The table for totals up to 2^44: 2^22 points, 32 MiB.
    pub fn new() -> Self {
        Self::with_table_bits(22)
    }

    /// A table of `2^bits` points, `bits` up to 23.
    ///
    /// # Panics
    /// If `bits` is larger.
    pub fn with_table_bits(bits: u32) -> Self {
        assert!(bits < INDEX_BITS, "indices of the table have {INDEX_BITS} bits");
        let reach = 1u64 << bits;
        let width = (reach + 1).div_ceil(64);
        let starts: Vec<u64> = (0..=reach).step_by(usize::try_from(width).expect("small")).collect();
        let part = |start: &u64| baby_steps(*start, (start + width).min(reach + 1));
        #[cfg(feature = "parallel")]
        let mut table: Vec<u64> = {
            use rayon::prelude::*;
            starts.par_iter().flat_map_iter(part).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let mut table: Vec<u64> = starts.iter().flat_map(part).collect();
        table.sort_unstable();
        Self { table, reach }
    }

    /// The total below `limit` with `total G = point`. Always ends: after at
    /// most `limit / 2^23` giant steps with the default table. `progress` is
    /// told steps done and steps in all.
    ///
    /// # Errors
    /// If there is no such total.
    pub fn solve(
        &self,
        point: CurvePoint,
        limit: u64,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<u64, NotBelowLimit> {
        let limit = limit.min(1 << TOTAL_BITS);
        let stride = 2 * self.reach + 1;
        let steps = limit.div_ceil(stride);
        let back = -(GENERATOR * Scalar::from(stride)).into_affine();
        // Step i looks for total - (reach + i * stride) in -reach..=reach.
        let mut current = point.affine() - GENERATOR * Scalar::from(self.reach);
        let mut done = 0u64;
        while done < steps {
            progress(done, steps);
            let count = usize::try_from((steps - done).min(BATCH as u64)).expect("at most a batch");
            for (offset, p) in (0u64..).zip(run(&mut current, back, count)) {
                if let Some(total) = self.look_up(p, self.reach + (done + offset) * stride)
                    && total < limit
                    && GENERATOR * Scalar::from(total) == point.affine().into_group()
                {
                    progress(steps, steps);
                    return Ok(total);
                }
            }
            done += count as u64;
        }
        Err(NotBelowLimit { limit })
    }

    /// `centre + j` for the j in `-reach..=reach` with `j G = p`, if any.
    fn look_up(&self, p: Affine2, centre: u64) -> Option<u64> {
        let fingerprint = fingerprint(p.y);
        let start = self.table.partition_point(|word| *word < fingerprint);
        let candidates =
            self.table[start..].iter().take_while(|w| **w >> INDEX_BITS == fingerprint >> INDEX_BITS);
        candidates.map(|word| word & ((1 << INDEX_BITS) - 1)).find_map(|j| {
            let q = (GENERATOR * Scalar::from(j)).into_affine();
            match (q == p, q == -p) {
                (true, _) => centre.checked_add(j),
                (_, true) => centre.checked_sub(j),
                _ => None,
            }
        })
    }
}

impl Default for Solver {
    fn default() -> Self {
        Self::new()
    }
}

/// Table words of `start G .. (end - 1) G`.
fn baby_steps(start: u64, end: u64) -> Vec<u64> {
    let mut current = GENERATOR * Scalar::from(start);
    let mut words = Vec::with_capacity(usize::try_from(end.saturating_sub(start)).expect("below 2^24"));
    let mut j = start;
    while j < end {
        let count = usize::try_from((end - j).min(BATCH as u64)).expect("at most a batch");
        for p in run(&mut current, GENERATOR, count) {
            words.push(fingerprint(p.y) | j);
            j += 1;
        }
    }
    words
}

/// `current, current + step, ..`, `count` of them; leaves the next one.
fn run(current: &mut Projective2, step: Affine2, count: usize) -> Vec<Affine2> {
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        points.push(*current);
        *current += step;
    }
    Projective2::normalize_batch(&points)
}

/// The low 40 bits of y, above room for an index.
fn fingerprint(y: Fr) -> u64 {
    y.into_bigint().0[0] << INDEX_BITS
}
