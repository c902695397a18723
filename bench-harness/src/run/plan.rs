use crate::workload::Workload;
use clap::ValueEnum;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How fast to send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// At fixed times, whether the engine keeps up or not.
    OpenLoop { batches_per_second: f64 },
    /// As fast as the client takes batches.
    ClosedLoop,
}

/// How much to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Time(Duration),
    /// This many rows over all connections, exactly.
    Rows(u64),
}

/// Until when clients keep rows for sending again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepUntil {
    /// They are in the table.
    Committed,
    /// They are durable in the engine's log. Less memory, and no bound on how far a closed loop is ahead of the table.
    Durable,
}

/// All that a run needs to know.
#[derive(Debug, Clone)]
pub struct Plan {
    pub server: String,
    pub table: String,
    pub workload: Arc<Workload>,
    pub connections: usize,
    pub pace: Pace,
    pub extent: Extent,
    pub batch_rows: usize,
    /// Latencies of batches meant to be sent before this are not counted.
    pub warm_up: Duration,
    /// Whether the engine is told the streams' names.
    pub named: bool,
    /// Begins every stream's name, so that no two runs share one.
    pub stream_prefix: String,
    pub keep: KeepUntil,
    /// What one stream may keep for sending again.
    pub stream_memory_bytes_max: usize,
    /// Make all batches before the first is sent. Takes an extent in rows.
    pub prepared: bool,
    /// Measure the disk alone meanwhile.
    pub sync_probe: Option<SyncProbePlan>,
    /// Have a process of its own read the table meanwhile.
    pub queryable: Option<QueryablePlan>,
}

/// What the reader outside looks at.
#[derive(Debug, Clone)]
pub struct QueryablePlan {
    pub table: PathBuf,
    /// The first version that is this run's.
    pub first_version: u64,
    /// Time between two looks.
    pub poll: Duration,
}

/// What the disk is asked for, beside the run.
#[derive(Debug, Clone)]
pub struct SyncProbePlan {
    /// A folder on the disk in question.
    pub folder: PathBuf,
    /// Bytes of each write, a multiple of 4,096.
    pub block_bytes: usize,
}

impl Plan {
    /// The name of stream `number`: what a `stream` column says, and the engine is told if streams are named.
    pub fn stream_name(&self, number: usize) -> String {
        format!("{}-{number}", self.stream_prefix)
    }

    /// Rows that connection `number` sends, when their number is given: the first connections take what does not divide.
    pub fn rows_of(&self, number: usize) -> Option<u64> {
        let Extent::Rows(rows) = self.extent else { return None };
        let connections = self.connections as u64;
        Some(rows / connections + u64::from((number as u64) < rows % connections))
    }
}
