//! Reads a table back, independently of the engine and of any Delta library, and counts.
//!
//! - [`commit`]: one commit of `_delta_log`.
//! - [`delta_log`]: which files make up the table, by replaying `_delta_log`.
//! - [`rows`]: which rows those files hold, from the few columns that name a row.
//! - [`ranges`]: the same rows as ranges of each stream, of one file.
//! - [`tally`]: what was sent against what is there.

mod commit;
mod delta_log;
mod ranges;
mod rows;
mod tally;
#[cfg(test)]
mod tests;

pub use commit::{AddedFile, Commit};
pub use delta_log::{ReplayError, TableFiles};
pub use ranges::DataFile;
pub use rows::{ReadError, Readback, RowNames};
pub use tally::{SentStream, Tally};
