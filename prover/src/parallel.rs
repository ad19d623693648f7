//! Loops over all cores with the feature `parallel`, and plain ones without.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// `f(0), f(1), ..., f(n - 1)`
pub(crate) fn map_range<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    return (0..n).into_par_iter().with_min_len(64).map(f).collect();
    #[cfg(not(feature = "parallel"))]
    (0..n).map(f).collect()
}

/// Splits `items` into pieces of `size` and fills each with `f(index, piece)`.
pub(crate) fn for_each_chunk<T: Send>(
    items: &mut [T],
    size: usize,
    f: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    #[cfg(feature = "parallel")]
    items.par_chunks_mut(size).enumerate().for_each(|(i, piece)| f(i, piece));
    #[cfg(not(feature = "parallel"))]
    items.chunks_mut(size).enumerate().for_each(|(i, piece)| f(i, piece));
}
