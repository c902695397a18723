//! Reads a table back, independently of the engine and of any Delta library, and counts.
//!
//! - [`delta_log`]: which files make up the table, by replaying `_delta_log`.
//! - [`rows`]: which rows those files hold, from the few columns that name a row.
//! - [`tally`]: what was sent against what is there.

mod delta_log;
mod rows;
mod tally;
#[cfg(test)]
mod tests;

pub use delta_log::{ReplayError, TableFiles};
pub use rows::{ReadError, Readback, RowNames};
pub use tally::{SentStream, Tally};
