use super::cost::Cost;
use super::header::Header;
use super::rows::Counts;
use super::sampler::Sample;
use super::threads::ThreadGroup;
use super::validity::Validity;
use crate::run::{KeepUntil, LatencySummary, Second};
use crate::workload::Kind;
use serde::Serialize;

/// The result file. Bytes are bytes of rows in Arrow's layout; MB and GB are 10^6 and 10^9 of them.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub header: Header,
    pub configuration: Configuration,
    pub validity: Validity,
    /// For people: what valid figures are about beside the engine.
    pub warnings: Vec<String>,
    pub rows: Counts,
    pub throughput: Throughput,
    /// The same until the client said that it is durable: synced in the engine's log.
    pub durable_latency: LatencySummary,
    /// Of a block's write and fdatasync alone, on the engine's disk, during the run. Absent when not asked for.
    pub sync_latency: Option<LatencySummary>,
    /// From a batch's intended send time (open loop) or its hand-over to the client (closed loop) until the
    /// client said that it is in the table. The warm-up is left out.
    pub committed_latency: LatencySummary,
    /// From the same moment until a reader outside could read all of the batch's rows. Absent when not asked for.
    pub queryable_latency: Option<LatencySummary>,
    /// What that reader did.
    pub queryable: Option<Queryable>,
    /// Absent for a closed loop.
    pub lateness: Option<Lateness>,
    /// Absent when the engine's process was not found on this machine.
    pub engine: Option<Cost>,
    pub generator: Cost,
    /// Of the reader outside.
    pub reader: Option<Cost>,
    /// The engine's cost by what its threads do; empty when its process was not found.
    pub engine_threads: Vec<ThreadGroup>,
    /// When second 0 began: streams are open by then.
    pub sending_started_unix_ms: u64,
    pub seconds: Vec<Second>,
    /// Of the processes, a second apart, and one at the end.
    pub samples: Vec<Sample>,
    /// What ended streams early, by stream name.
    pub failures: Vec<(String, String)>,
}

/// What the reader outside did.
#[derive(Debug, Clone, Serialize)]
pub struct Queryable {
    pub versions: u64,
    pub files: u64,
    pub file_bytes: u64,
    /// Rows that it saw, from each stream's first on without a hole.
    pub rows: u64,
    /// Rows acked as committed that it did not see.
    pub rows_unseen: u64,
    /// Rows in the files it read of streams that the run does not have.
    pub rows_foreign: u64,
    pub looks: u64,
    /// The longest time between two looks: by so much may a latency be too long.
    pub look_gap_ms_max: f64,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Configuration {
    /// The file that options came from.
    pub scenario: Option<String>,
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
    /// Whether a reader outside looked at the table.
    pub queryable: bool,
    /// Absent without one.
    pub queryable_poll_ms: Option<f64>,
    /// Absent when the run was given a number of rows.
    pub duration_seconds: Option<f64>,
    pub warm_up_seconds: f64,
    /// Whether batches were made before the first was sent.
    pub prepared: bool,
    /// Until when clients keep rows for sending again.
    pub keep: KeepUntil,
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
