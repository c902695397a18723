//! What a run says about itself: one JSON document, and a summary for people.
//!
//! - [`document`]: the document.
//! - [`rows`]: sent, committed, read, and what that proves.
//! - [`validity`]: whether the load was the one that was asked for.
//! - [`cost`]: CPU seconds and memory, per gigabyte of rows.
//! - [`process`], [`listener`], [`machine`], [`revision`]: what the operating system and git know.
//! - [`mod@summary`]: the text on stdout.

mod cost;
mod document;
mod listener;
mod machine;
mod process;
mod revision;
mod rows;
mod summary;
#[cfg(test)]
mod tests;
mod validity;

pub use cost::Meter;
pub use document::{Configuration, Lateness, Report, Throughput};
pub use listener::listening_process;
pub use machine::Machine;
pub use process::ProcessError;
pub use revision::git_revision;
pub use rows::{Counts, ReadCounts, Verdict};
pub use summary::summary;
pub use validity::{Observed, Validity};
