//! What a table shows of the streams and logs that wrote to it.

use super::log_part::{LogEntry, LogId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a table shows of a stream; all zero for one that it does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamState {
    /// Rows committed.
    pub committed: u64,
    /// Major epoch.
    pub epoch: u64,
    pub standing: Standing,
}

/// Whether a stream counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Live,
    /// Only its epoch is kept, so that producers from before stay fenced. It has no rows.
    Forgotten,
}

impl StreamState {
    /// A stream that counts.
    pub fn live(committed: u64, epoch: u64) -> Self {
        Self { committed, epoch, standing: Standing::Live }
    }

    /// One that was forgotten under this epoch.
    pub fn forgotten(epoch: u64) -> Self {
        Self { committed: 0, epoch, standing: Standing::Forgotten }
    }
}

/// Streams by name.
pub type Streams = BTreeMap<Arc<str>, StreamState>;

/// Logs by identity.
pub type Logs = BTreeMap<LogId, LogEntry>;

/// One version of a table, as far as a shard's log is concerned. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    pub version: u64,
    pub streams: Arc<Streams>,
    pub logs: Arc<Logs>,
}

impl Shown {
    /// What is shown of `stream`.
    pub fn stream(&self, stream: &str) -> StreamState {
        self.streams.get(stream).copied().unwrap_or_default()
    }

    /// What is shown of `log`.
    pub fn log(&self, log: LogId) -> LogEntry {
        self.logs.get(&log).copied().unwrap_or_default()
    }
}
