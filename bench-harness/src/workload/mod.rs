//! The rows a run sends.
//!
//! The content of a row is a function of (seed, stream, row number) alone: not of batch sizes, connections or timing. So
//! two programs given the same seed hold the same rows, and a reader can say from a row alone which one it is.
//!
//! The generator shares the machine with the engine it loads, so most columns are slices of one [`pool::ColumnPool`]
//! built before the run (no copy), and a few columns, which make every row unlike any other, are computed per batch.
//!
//! - [`kind`]: the names on the command line and their batch sizes.
//! - [`workload`]: one seeded workload and its batches.
//! - [`telemetry`], [`events`], [`wide`]: the pooled columns of each family.
//! - [`row_number`]: where `ts` carries the identity of its row.
//! - [`hash`]: the counter-based random numbers behind the computed columns.
//! - [`mod@row_bytes`]: what counts as a byte of a row.

mod events;
mod hash;
mod kind;
mod pool;
mod row_bytes;
mod row_number;
mod telemetry;
#[cfg(test)]
mod tests;
mod wide;
#[expect(clippy::module_inception, reason = "the noun of this room")]
mod workload;

pub use kind::Kind;
pub use row_bytes::row_bytes;
pub use row_number::RowNumber;
pub use workload::{SEQ_COLUMN, STREAM_COLUMN, TIMESTAMP_COLUMN, Workload};
