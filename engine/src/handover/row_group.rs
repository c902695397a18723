//! A sealed part of a cut.

use super::ShardId;
use crate::budget::Reservation;
use arrow::record_batch::RecordBatch;

/// Rows of one table from one shard, one schema version, ready to be encoded.
#[derive(Debug)]
pub struct RowGroup {
    pub shard: ShardId,
    /// See the module head of [`crate::handover`].
    pub generation: u64,
    /// The cut these rows belong to.
    pub cut: u64,
    /// Columns in the table's order and Arrow types ([`super::answer::OpenTable::arrow_schema`]).
    pub rows: RecordBatch,
    /// The memory of `rows`, in the budget.
    pub memory: Reservation,
}
