use hdrhistogram::{CreationError, Histogram, RecordError};
use serde::Serialize;
use std::time::Duration;

/// Latencies of some connections, or of all merged. Microseconds, three digits.
#[derive(Debug, Clone)]
pub struct Latencies {
    histogram_us: Histogram<u64>,
}

/// Why latencies could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    #[error("latency histogram: {0}")]
    Creation(#[from] CreationError),
    #[error("latency histogram: {0}")]
    Record(#[from] RecordError),
    #[error("latency histogram: {0}")]
    Addition(#[from] hdrhistogram::AdditionError),
}

/// Percentiles in milliseconds, and the whole histogram.
#[derive(Debug, Clone, Serialize)]
pub struct LatencySummary {
    /// Batches measured.
    pub count: u64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p99_9_ms: f64,
    pub max_ms: f64,
    /// Pairs of (microseconds, batches): every recorded value, so that histograms of runs can be merged.
    pub histogram_us: Vec<(u64, u64)>,
}

impl Latencies {
    pub fn new() -> Result<Self, LatencyError> {
        Ok(Self { histogram_us: Histogram::new(3)? })
    }

    pub fn record(&mut self, latency: Duration) -> Result<(), LatencyError> {
        Ok(self.histogram_us.record(latency.as_micros() as u64)?)
    }

    pub fn merge(&mut self, other: &Self) -> Result<(), LatencyError> {
        Ok(self.histogram_us.add(&other.histogram_us)?)
    }

    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.histogram_us.value_at_quantile(quantile) as f64 / 1_000.0
    }

    pub fn max_ms(&self) -> f64 {
        self.histogram_us.max() as f64 / 1_000.0
    }

    pub fn summary(&self) -> LatencySummary {
        LatencySummary {
            count: self.histogram_us.len(),
            p50_ms: self.quantile_ms(0.5),
            p90_ms: self.quantile_ms(0.9),
            p99_ms: self.quantile_ms(0.99),
            p99_9_ms: self.quantile_ms(0.999),
            max_ms: self.max_ms(),
            histogram_us: self.histogram_us(),
        }
    }

    /// Pairs of (microseconds, batches).
    pub fn histogram_us(&self) -> Vec<(u64, u64)> {
        self.histogram_us.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
    }
}
