//! Progress on standard error; plain lines when it is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A bar that counts to `length`.
pub fn bar(length: u64, message: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("    {msg:<34} {bar:30} {pos}/{len} {elapsed}")
        .expect("the template is fixed");
    let bar = ProgressBar::new(length).with_style(style).with_message(message.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A line for work of unknown length.
pub fn spinner(message: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("    {spinner} {msg} {elapsed}").expect("the template is fixed");
    let spinner = ProgressBar::new_spinner().with_style(style).with_message(message.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}
