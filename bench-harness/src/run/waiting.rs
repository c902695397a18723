use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A batch on its way.
#[derive(Debug, Clone, Copy)]
pub struct InFlight {
    /// One past the offset of its last row.
    pub end: u64,
    pub intended: Instant,
}

/// Batches that wait for one of the promises.
#[derive(Debug, Default)]
pub struct Waiting {
    pub batches: VecDeque<InFlight>,
}

impl Waiting {
    /// Latencies of the batches that this watermark has passed; those meant to be sent before `measured_from` are left out.
    pub fn passed(&mut self, offset: u64, now: Instant, measured_from: Instant) -> Vec<Duration> {
        let mut latencies = Vec::new();
        while let Some(batch) = self.batches.pop_front_if(|batch| batch.end <= offset) {
            if batch.intended >= measured_from {
                latencies.push(now.saturating_duration_since(batch.intended));
            }
        }
        latencies
    }
}
