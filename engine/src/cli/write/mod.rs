//! `lakehead write`: a file's rows into a table.
//!
//! The table's own columns are what a CSV file is read as; a table that does not exist is made from what the whole file
//! turns out to hold. With `--stream` the run can be repeated: rows that the stream has already are passed over, so a run
//! that was killed is continued by the same command, and one that had finished adds nothing.
//!
//! | question | file |
//! |---|---|
//! | what can be said on the command line | [`args`] |
//! | the run itself | [`mod@run`] |
//! | files as batches | [`source`], [`csv_source`], [`parquet_source`] |
//! | what a CSV file's columns are | [`infer`], [`value`] |
//! | where a CSV file is wrong | [`locate`] |
//! | how it ends | [`failure`], [`summary`] |

pub mod args;
pub mod csv_source;
pub mod failure;
pub mod infer;
pub mod locate;
pub mod parquet_source;
pub mod progress;
pub mod run;
pub mod source;
pub mod summary;
pub mod value;

pub use args::WriteArgs;
pub use run::run;

#[cfg(test)]
mod tests;
