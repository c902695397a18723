//! Rows on their way into the rejected-rows table.

use super::ShardId;
use super::log_part::LogId;
use crate::budget::Reservation;
use crate::log::Reason;
use std::sync::Arc;

/// A row that its table does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Position of its entry in the log.
    pub position: u64,
    /// `None` for an anonymous stream.
    pub stream: Option<Arc<str>>,
    /// In its stream.
    pub offset: u64,
    pub reason: Reason,
    /// All of it, as a JSON object.
    pub row: Arc<str>,
}

impl RejectedRow {
    /// About what it takes in memory.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.row.len()
    }
}

/// Rejected rows of one shard and cut.
#[derive(Debug)]
pub struct RejectedRows {
    pub shard: ShardId,
    pub log: LogId,
    pub generation: u64,
    pub cut: u64,
    pub rows: Vec<RejectedRow>,
    /// The memory of `rows`, in the budget.
    pub memory: Reservation,
}
