use super::plan::Pace;
use std::time::{Duration, Instant};

/// When the batches of one connection are meant to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    start: Instant,
    first: f64,
    step: f64,
}

impl Schedule {
    /// Connections take turns, so that their batches do not all leave at once. `None` for a closed loop.
    pub fn new(pace: Pace, start: Instant, connection: usize, connections: usize) -> Option<Self> {
        match pace {
            Pace::ClosedLoop => None,
            Pace::OpenLoop { batches_per_second } => Some(Self {
                start,
                first: connection as f64 / batches_per_second,
                step: connections as f64 / batches_per_second,
            }),
        }
    }

    pub fn intended(&self, batch: u64) -> Instant {
        self.start + Duration::from_secs_f64(self.first + self.step * batch as f64)
    }

    /// Batches whose intended time lies within `time` of the start.
    pub fn batches_within(&self, time: Duration) -> u64 {
        ((time.as_secs_f64() - self.first) / self.step).ceil().max(0.0) as u64
    }
}
