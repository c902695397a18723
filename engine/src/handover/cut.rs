//! The end of a shard's part of a cut.

use super::ShardId;
use super::log_part::LogPart;
use super::rejected::RejectedRows;
use super::row_group::RowGroup;
use std::sync::Arc;

/// Rows of one named stream in a cut: offsets `from` to `to - 1`, sent under `epoch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRange {
    pub stream: Arc<str>,
    /// Major epoch under which the rows were admitted.
    pub epoch: u64,
    /// The table must show exactly this many rows of the stream before the cut.
    pub from: u64,
    /// The table shows this many after.
    pub to: u64,
}

/// Everything the shard holds for the table up to here is in row groups that went before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutDone {
    pub shard: ShardId,
    pub generation: u64,
    pub cut: u64,
    /// Rows of all streams, anonymous ones included, that are for the table.
    pub rows: u64,
    /// Named streams with rows in the cut, each once.
    pub ranges: Vec<StreamRange>,
    /// Named streams that want a new epoch minted by the cut's commit. Rows of older epochs, if any, are in `ranges`.
    pub mints: Vec<Arc<str>>,
    /// What the shard's log brings; `None` without a log.
    pub log: Option<LogPart>,
}

/// What travels on a table's port, in order.
#[derive(Debug)]
pub enum Piece {
    RowGroup(RowGroup),
    Rejected(RejectedRows),
    CutDone(CutDone),
}
