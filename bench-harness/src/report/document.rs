use super::cost::Cost;
use super::machine::Machine;
use super::rows::Counts;
use super::validity::Validity;
use crate::run::{LatencySummary, Second};
use crate::workload::Kind;
use serde::Serialize;

/// The result file. Bytes are bytes of rows in Arrow's layout; MB and GB are 10^6 and 10^9 of them.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of this document's shape.
    pub format: u32,
    pub started_unix_ms: u64,
    pub command: Vec<String>,
    /// Of the working copy that holds the binary; ends in `-dirty` when it had changes.
    pub git_revision: Option<String>,
    pub machine: Machine,
    pub configuration: Configuration,
    pub validity: Validity,
    pub rows: Counts,
    pub throughput: Throughput,
    /// The same until the client said that it is durable: synced in the engine's log.
    pub durable_latency: LatencySummary,
    /// Of a block's write and fdatasync alone, on the engine's disk, during the run. Absent when not asked for.
    pub sync_latency: Option<LatencySummary>,
    /// From a batch's intended send time (open loop) or its hand-over to the client (closed loop) until the
    /// client said that it is in the table. The warm-up is left out.
    pub committed_latency: LatencySummary,
    /// Absent for a closed loop.
    pub lateness: Option<Lateness>,
    /// Absent when the engine's process was not found on this machine.
    pub engine: Option<Cost>,
    pub generator: Cost,
    /// When second 0 began: streams are open by then.
    pub sending_started_unix_ms: u64,
    pub seconds: Vec<Second>,
    /// What ended streams early, by stream name.
    pub failures: Vec<(String, String)>,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Configuration {
    pub workload: Kind,
    pub seed: u64,
    pub server: String,
    pub table: String,
    pub connections: usize,
    /// Whether the engine knows the streams by name.
    pub named_streams: bool,
    pub batch_rows: usize,
    /// Whether strings were sent as dictionaries.
    pub dictionaries: bool,
    /// `open` or `closed`.
    pub loop_kind: &'static str,
    /// Absent for a closed loop.
    pub rate_megabytes_per_second: Option<f64>,
    /// Absent when the run was given a number of rows.
    pub duration_seconds: Option<f64>,
    pub warm_up_seconds: f64,
    /// Whether batches were made before the first was sent.
    pub prepared: bool,
    pub stream_memory_bytes_max: usize,
    pub generator_threads: usize,
}

/// From the first send until the last commit was heard of.
#[derive(Debug, Clone, Serialize)]
pub struct Throughput {
    pub elapsed_seconds: f64,
    pub rows_per_second: f64,
    pub megabytes_per_second: f64,
    pub row_bytes: u64,
    pub bytes_per_row: f64,
}

/// How far the generator was behind its own schedule, before the engine had any part in it.
#[derive(Debug, Clone, Serialize)]
pub struct Lateness {
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}
