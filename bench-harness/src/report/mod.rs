//! What a run says about itself: one JSON document, and a summary for people.
//!
//! - [`header`]: what documents of all kinds begin with.
//! - [`document`]: the document of a run.
//! - [`rows`]: sent, committed, read, and what that proves.
//! - [`validity`]: whether the load was the one that was asked for.
//! - [`mod@warnings`]: what else was measured with it.
//! - [`cost`]: CPU seconds and memory, per gigabyte of rows.
//! - [`sampler`], [`threads`]: the same second by second, and by what the engine's threads do.
//! - [`process`], [`listener`], [`machine`], [`disk`], [`revision`]: what the operating system and git know.
//! - [`mod@summary`]: the text on stdout.

mod cost;
mod disk;
mod document;
mod header;
mod listener;
mod machine;
mod process;
mod revision;
mod rows;
#[cfg(test)]
pub mod sample;
mod sampler;
#[cfg(test)]
mod schema_tests;
mod summary;
#[cfg(test)]
mod tests;
mod threads;
mod validity;
mod warnings;

pub use cost::{Cost, Meter};
pub use document::{Configuration, Lateness, Queryable, Report, Throughput};
pub use header::Header;
pub use listener::listening_process;
pub use process::{ProcessError, Usage};
pub use rows::{Counts, ReadCounts, Verdict};
pub use sampler::{Processes, Sampler};
#[cfg(test)]
pub use schema_tests::assert_documented;
pub use summary::summary;
pub use validity::{Cause, Observed, Validity};
pub use warnings::warnings;
