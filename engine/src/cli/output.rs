//! Lines for people and programs. Whoever reads them may stop reading: that is no reason to panic.

use std::fmt::Display;
use std::io::Write;

/// A line on standard output.
pub fn say(line: impl Display) {
    let _nobody_reads = writeln!(std::io::stdout(), "{line}");
}

/// A line on standard error.
pub fn tell(line: impl Display) {
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}
