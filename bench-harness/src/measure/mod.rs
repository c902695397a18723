//! One `run` of the command line, from arguments to report.
//!
//! - [`mod@measure`]: the order of things.
//! - [`planned`]: what the arguments mean.
//! - [`outcome`]: what a finished run adds up to.
//! - [`table`]: where the table is, and reading it back.

#[expect(clippy::module_inception, reason = "the verb of this room")]
mod measure;
mod outcome;
mod planned;
mod table;

pub use measure::{MeasureError, make, measure, write};
pub use planned::rate;
