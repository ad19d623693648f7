//! Readers that have seen enough, as in `tabella verify RECORD | head`.

use std::{panic, process};

/// 128 and SIGPIPE: what shells report of a process that wrote to nobody.
const NOBODY_READS: i32 = 141;

/// From now on the process ends without a word when standard output is a pipe
/// that nobody reads any more, where `println!` would panic.
pub fn end_quietly() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let words = info.payload_as_str().unwrap_or_default();
        if words.starts_with("failed printing to stdout") && words.contains("Broken pipe") {
            process::exit(NOBODY_READS);
        }
        usual(info);
    }));
}
