//! Proofs on all cores.

/// `f` of every item, in order. The threads are not rayon's: a proof that
/// waits for its own tasks would there begin another proof on its stack.
///
/// # Errors
/// The first error in the order of items.
///
/// # Panics
/// If `f` does.
pub fn on_all_cores<T: Sync, U: Send, E: Send>(
    items: &[T],
    f: impl Fn(&T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = |part: &[T]| part.iter().map(&f).collect::<Result<Vec<U>, E>>();
    let work = &work;
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(threads).max(1));
        let running: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut out = Vec::with_capacity(items.len());
        for thread in running {
            out.extend(thread.join().expect("a panic in f is passed on")?);
        }
        Ok(out)
    })
}
