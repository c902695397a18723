//! `lakehead write`: rows of a file, or of standard input, into a table.
//!
//! The table's own columns are what a text is read as; a table that does not exist is made from what the whole file, or the
//! first rows of standard input, turn out to hold. With `--stream` the run can be repeated: rows that the stream has already
//! are passed over, so a run that was killed is continued by the same command, and one that had finished adds nothing.
//!
//! ```text
//! input ──> chunks (cutter) ──> csv | ndjson ──┐
//! Parquet file, Arrow file or stream ──────────┴─> batches ──> client
//! ```
//!
//! | question | file |
//! |---|---|
//! | what can be said on the command line | [`args`] |
//! | the run itself | [`mod@run`] |
//! | what is written, of whatever format | [`source`] |
//! | texts: bytes, whole records, batches | [`input`], [`chunks`], [`cutter`], [`text_source`], [`text_format`] |
//! | the two text formats | [`mod@csv`], [`ndjson`] with [`exact_decoders`], [`exact_number`] |
//! | the two binary ones | [`parquet_source`], [`arrow_source`] |
//! | a file's first rows, for those who only look | [`first_rows`] |
//! | what columns hold | [`infer`], [`infer_json`], [`value`] |
//! | what it waits for | [`progress`], [`waiting`] |
//! | how it ends | [`failure`], [`summary`] |

pub mod args;
pub mod arrow_source;
pub mod chunks;
pub mod csv;
pub mod cutter;
pub mod exact_decoders;
pub mod exact_number;
pub mod failure;
pub mod first_rows;
pub mod infer;
pub mod infer_json;
pub mod input;
pub mod ndjson;
pub mod parquet_source;
pub mod progress;
pub mod run;
pub mod source;
pub mod summary;
pub mod text_format;
pub mod text_source;
pub mod value;
pub mod waiting;

pub use args::WriteArgs;
pub use first_rows::first_rows_of_file;
pub use run::run;
pub use source::schema_of_file;

#[cfg(test)]
mod tests;
