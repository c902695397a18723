//! What happened second by second, all connections together.

use super::latency::{Latencies, LatencyError};
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts by second since the start. Shared: connections report once a batch, and once a commit.
#[derive(Debug)]
pub struct Timeline {
    start: Instant,
    buckets: Mutex<Vec<Bucket>>,
}

#[derive(Debug, Default)]
struct Bucket {
    rows_sent: u64,
    durable: Acked,
    committed: Acked,
    queryable: Acked,
}

/// Rows of one promise.
#[derive(Debug, Default)]
struct Acked {
    rows: u64,
    latencies: Option<Latencies>,
}

/// One second of a run. Latencies are of the batches whose ack was heard of in it; as pairs of (microseconds, batches) they
/// can be merged over the seconds in which something held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Second {
    pub second: usize,
    pub rows_sent: u64,
    pub rows_durable: u64,
    pub rows_committed: u64,
    /// Seen by the reader outside; 0 where there is none.
    pub rows_queryable: u64,
    pub durable_p50_ms: f64,
    pub durable_p99_ms: f64,
    pub durable_max_ms: f64,
    pub committed_p50_ms: f64,
    pub committed_p99_ms: f64,
    pub committed_max_ms: f64,
    pub queryable_p50_ms: f64,
    pub queryable_p99_ms: f64,
    pub queryable_max_ms: f64,
    pub durable_us: Vec<(u64, u64)>,
    pub committed_us: Vec<(u64, u64)>,
    pub queryable_us: Vec<(u64, u64)>,
}

impl Timeline {
    pub fn new(start: Instant) -> Self {
        Self { start, buckets: Mutex::new(Vec::new()) }
    }

    pub fn sent(&self, at: Instant, rows: u64) {
        self.bucket(at, |bucket| bucket.rows_sent += rows);
    }

    pub fn durable(&self, at: Instant, rows: u64, latencies: &[Duration]) -> Result<(), LatencyError> {
        self.bucket(at, |bucket| bucket.durable.add(rows, latencies))
    }

    pub fn committed(&self, at: Instant, rows: u64, latencies: &[Duration]) -> Result<(), LatencyError> {
        self.bucket(at, |bucket| bucket.committed.add(rows, latencies))
    }

    pub fn queryable(&self, at: Instant, rows: u64, latencies: &[Duration]) -> Result<(), LatencyError> {
        self.bucket(at, |bucket| bucket.queryable.add(rows, latencies))
    }

    pub fn seconds(&self) -> Vec<Second> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let second = |(second, bucket): (usize, &Bucket)| Second {
            second,
            rows_sent: bucket.rows_sent,
            rows_durable: bucket.durable.rows,
            rows_committed: bucket.committed.rows,
            rows_queryable: bucket.queryable.rows,
            durable_p50_ms: bucket.durable.quantile_ms(0.5),
            durable_p99_ms: bucket.durable.quantile_ms(0.99),
            durable_max_ms: bucket.durable.quantile_ms(1.0),
            committed_p50_ms: bucket.committed.quantile_ms(0.5),
            committed_p99_ms: bucket.committed.quantile_ms(0.99),
            committed_max_ms: bucket.committed.quantile_ms(1.0),
            queryable_p50_ms: bucket.queryable.quantile_ms(0.5),
            queryable_p99_ms: bucket.queryable.quantile_ms(0.99),
            queryable_max_ms: bucket.queryable.quantile_ms(1.0),
            durable_us: bucket.durable.histogram_us(),
            committed_us: bucket.committed.histogram_us(),
            queryable_us: bucket.queryable.histogram_us(),
        };
        buckets.iter().enumerate().map(second).collect()
    }

    fn bucket<T>(&self, at: Instant, change: impl FnOnce(&mut Bucket) -> T) -> T {
        let second = at.saturating_duration_since(self.start).as_secs() as usize;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() <= second {
            buckets.resize_with(second + 1, Bucket::default);
        }
        change(&mut buckets[second])
    }
}

impl Acked {
    fn add(&mut self, rows: u64, latencies: &[Duration]) -> Result<(), LatencyError> {
        self.rows += rows;
        let merged = match &mut self.latencies {
            Some(merged) => merged,
            none => none.insert(Latencies::new()?),
        };
        latencies.iter().try_for_each(|latency| merged.record(*latency))
    }

    fn quantile_ms(&self, quantile: f64) -> f64 {
        self.latencies.as_ref().map_or(0.0, |latencies| latencies.quantile_ms(quantile))
    }

    fn histogram_us(&self) -> Vec<(u64, u64)> {
        self.latencies.as_ref().map_or_else(Vec::new, Latencies::histogram_us)
    }
}
