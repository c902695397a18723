//! A line on stderr that moves, when stderr is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` bytes or rows; silent when nobody looks.
pub fn bar(length: u64, counts_bytes: bool) -> ProgressBar {
    let template = if counts_bytes {
        "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}"
    } else {
        "{bar:30} {human_pos}/{human_len} rows {per_sec} {msg}"
    };
    styled(ProgressBar::new(length), template)
}

/// A line for what has no known length.
pub fn spinner() -> ProgressBar {
    styled(ProgressBar::new_spinner(), "{spinner} {elapsed} {msg}")
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    // A template that does not parse would only cost the look.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
