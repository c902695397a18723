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
    rows_committed: u64,
    latencies: Option<Latencies>,
}

/// One second of a run. Latencies are of the batches whose commit was heard of in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Second {
    pub second: usize,
    pub rows_sent: u64,
    pub rows_committed: u64,
    pub committed_p50_ms: f64,
    pub committed_p99_ms: f64,
    pub committed_max_ms: f64,
}

impl Timeline {
    pub fn new(start: Instant) -> Self {
        Self { start, buckets: Mutex::new(Vec::new()) }
    }

    pub fn sent(&self, at: Instant, rows: u64) {
        self.bucket(at, |bucket| bucket.rows_sent += rows);
    }

    pub fn committed(&self, at: Instant, rows: u64, latencies: &[Duration]) -> Result<(), LatencyError> {
        self.bucket(at, |bucket| {
            bucket.rows_committed += rows;
            let mut merged = match bucket.latencies.take() {
                Some(merged) => merged,
                None => Latencies::new()?,
            };
            for latency in latencies {
                merged.record(*latency)?;
            }
            bucket.latencies = Some(merged);
            Ok(())
        })
    }

    pub fn seconds(&self) -> Vec<Second> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let second = |(second, bucket): (usize, &Bucket)| Second {
            second,
            rows_sent: bucket.rows_sent,
            rows_committed: bucket.rows_committed,
            committed_p50_ms: bucket.latencies.as_ref().map_or(0.0, |latencies| latencies.quantile_ms(0.5)),
            committed_p99_ms: bucket.latencies.as_ref().map_or(0.0, |latencies| latencies.quantile_ms(0.99)),
            committed_max_ms: bucket.latencies.as_ref().map_or(0.0, Latencies::max_ms),
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
