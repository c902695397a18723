//! What the page takes from the documents. Everything may be missing: files of other versions are shown as far as they are
//! understood.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HeaderView {
    pub kind: String,
    pub started_unix_ms: u64,
    pub command: Vec<String>,
    #[serde(alias = "revision")]
    pub git_revision: Option<String>,
    pub machine: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RunView {
    pub configuration: Value,
    pub validity: ValidityView,
    pub warnings: Vec<String>,
    pub rows: RowsView,
    pub throughput: ThroughputView,
    pub durable_latency: Option<LatencyView>,
    pub committed_latency: Option<LatencyView>,
    pub queryable_latency: Option<LatencyView>,
    pub sync_latency: Option<LatencyView>,
    pub lateness: Option<LatenessView>,
    pub queryable: Option<Value>,
    pub engine: Option<CostView>,
    pub generator: Option<CostView>,
    pub reader: Option<CostView>,
    pub engine_threads: Vec<ThreadsView>,
    pub failures: Vec<(String, String)>,
    pub seconds: Vec<SecondView>,
    pub samples: Vec<SampleView>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ValidityView {
    pub state: String,
    pub reason: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RowsView {
    pub sent: u64,
    pub committed: u64,
    pub read_back: Option<ReadView>,
    pub verdict: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReadView {
    pub files: u64,
    pub file_bytes: u64,
    pub read: u64,
    pub duplicate: u64,
    pub lost: u64,
    pub foreign: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ThroughputView {
    pub elapsed_seconds: f64,
    pub rows_per_second: f64,
    pub megabytes_per_second: f64,
    pub row_bytes: u64,
    pub bytes_per_row: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LatencyView {
    pub count: u64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p99_9_ms: f64,
    pub max_ms: f64,
    pub histogram_us: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LatenessView {
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CostView {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub user_seconds_per_gigabyte: f64,
    pub system_seconds_per_gigabyte: f64,
    pub memory_peak_bytes: u64,
    pub written_bytes: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ThreadsView {
    pub group: String,
    pub threads: u64,
    pub user_seconds: f64,
    pub system_seconds: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SecondView {
    pub second: u64,
    pub rows_sent: u64,
    pub rows_committed: u64,
    pub durable_p99_ms: f64,
    pub committed_p99_ms: f64,
    pub queryable_p99_ms: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SampleView {
    pub at_seconds: f64,
    pub engine: Option<ProcessView>,
    pub generator: Option<ProcessView>,
    pub reader: Option<ProcessView>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProcessView {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub memory_bytes: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SearchView {
    pub bound: BoundView,
    pub configuration: Value,
    pub probes: Vec<ProbeView>,
    pub outcome: OutcomeView,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BoundView {
    pub promise: String,
    pub percentile: String,
    pub limit_ms: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProbeView {
    pub rate_megabytes_per_second: f64,
    pub purpose: String,
    pub response: String,
    pub validity: ValidityView,
    pub latency_ms: Option<f64>,
    pub durable_p99_ms: f64,
    pub committed_p99_ms: f64,
    pub engine_cpu_seconds_per_gigabyte: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OutcomeView {
    pub state: String,
    pub rate: f64,
    pub limit: String,
    pub rate_lowest_tried: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StagesView {
    pub workload: String,
    pub dictionaries: bool,
    pub stages: Vec<StageView>,
    pub floor_cpu_s_per_gb: Option<f64>,
    pub floor_ns_per_row: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StageView {
    pub name: String,
    pub ns_per_row: f64,
    pub gb_per_s: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GoalsView {
    pub figures: Vec<GoalView>,
}

/// A figure and what it is held to, in words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GoalView {
    pub figure: String,
    pub measured: String,
    pub goal: String,
    pub verdict: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CompareView {
    pub a: String,
    pub b: String,
    pub load: Value,
    pub order: Value,
    pub turns: Vec<Value>,
    pub comparisons: BTreeMap<String, ComparisonView>,
    pub metric: String,
    pub tolerance: f64,
    pub verdict: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ComparisonView {
    pub a: f64,
    pub b: f64,
    pub ratio: f64,
    pub ratio_min: f64,
    pub ratio_max: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PeersView {
    pub rows: u64,
    pub engine: Vec<TurnView>,
    pub peers: Vec<PeerView>,
    pub skipped: Vec<(String, String)>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TurnView {
    pub rows_per_second: f64,
    pub mb_per_second: f64,
    pub cpu_s_per_gb: f64,
    pub file_mb: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PeerView {
    pub peer: String,
    pub rows_per_second: f64,
    pub mb_per_second: f64,
    pub cpu_s_per_gb: f64,
    pub file_bytes: u64,
    pub engine_over_peer: f64,
    pub engine_over_peer_min: f64,
    pub engine_over_peer_max: f64,
}
