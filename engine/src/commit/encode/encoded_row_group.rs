//! A row group as Parquet column chunks.

use super::column_chunk::ColumnChunk;
use crate::budget::Reservation;
use crate::handover::ShardId;

/// Encoded rows of one shard, ready to be spliced into a file.
#[derive(Debug)]
pub struct EncodedRowGroup {
    pub shard: ShardId,
    /// See the module head of [`crate::handover`].
    pub generation: u64,
    /// The cut these rows belong to.
    pub cut: u64,
    pub rows: u64,
    /// Size of all chunks as they stand in the file.
    pub bytes: u64,
    /// One for each leaf of the table's columns, in order. Their metadata carries the statistics.
    pub(super) chunks: Vec<ColumnChunk>,
    /// The memory of the chunks, in the budget.
    pub memory: Reservation,
}
