//! Row groups into Parquet: where the CPU goes.
//!
//! ```text
//! RowGroup --(one job a column)--> encoder threads --(column chunks)--> EncodedRowGroup --(spliced)--> DataFile
//! ```
//!
//! A row group is split into column jobs (`column_job`) that any encoder thread takes ([`encoders`]), so that one table
//! keeps all threads busy. A nested column has several leaves (`leaf`), each of which becomes a column chunk. How a leaf is
//! written is decided by its table's [`plan`] from samples of its own values, as the table below says; dictionaries stay
//! dictionaries. Flat columns are written by [`pages`], nested ones by the Parquet crate (`column_writer`). The finished
//! chunks of all shards are spliced, without being encoded again, into one Parquet file ([`data_file`]), whose
//! Delta statistics come from the chunks' metadata ([`statistics`]).
//!
//! | how is a leaf written? | file |
//! |---|---|
//! | what a byte is worth against time | [`policy`] |
//! | samples, encoded in every way, by size and CPU time | `sample`, `cpu_clock` |
//! | how often values return | `distinct`, `fast_hash` |
//! | what a row costs in a row group of any size | [`figures`] |
//! | the choice | [`choice`] |
//! | when to look again | `learning` |
//! | the same for people | [`examine`], [`words`] |
//!
//! # Invariants
//!
//! - A row group's `done` callback is called exactly once: with the chunks, or with the first error. A panic while encoding
//!   is an error; so is the end of the encoders before the row group was reached.
//! - The row group's reservation follows its bytes: Arrow size while it waits, encoded size afterwards; the file keeps it
//!   and hands it back with the sink that has the bytes by then.
//! - Every reader of Delta tables reads the files: data pages v1, encodings PLAIN, RLE_DICTIONARY and DELTA_BINARY_PACKED
//!   only. (Spark's vectorised reader has no BYTE_STREAM_SPLIT, so it is not among the choices.)

mod bound;
pub mod choice;
mod civil_date;
mod column_chunk;
mod column_job;
mod column_writer;
pub(crate) mod cpu_clock;
pub mod data_file;
mod distinct;
pub mod encoded_row_group;
pub mod encoders;
pub mod error;
pub mod examine;
mod fast_hash;
pub mod figures;
mod leaf;
mod learning;
mod pages;
pub mod plan;
pub mod policy;
mod sample;
pub mod statistics;
mod statistics_struct;
mod telling;
mod told;
pub mod words;

pub use column_chunk::ColumnChunk;
pub use column_writer::{ColumnWay, ColumnWriters};
pub use data_file::{DataFile, FinishedFile};
pub use encoded_row_group::EncodedRowGroup;
pub use encoders::{Encoders, encode_here};
pub use error::EncodeError;
pub use plan::EncodingPlan;
pub use policy::EncodingPolicy;
pub use statistics::FileStatistics;
pub use telling::{ColumnPath, WantedStatistics};

#[cfg(test)]
mod tests;
