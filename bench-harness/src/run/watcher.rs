//! The half of a connection that hears of commits.

use super::clock;
use super::latency::{Latencies, LatencyError};
use super::progress::Progress;
use super::timeline::Timeline;
use lakehead_client::Watermarks;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// A batch on its way.
#[derive(Debug, Clone, Copy)]
pub struct InFlight {
    /// One past the offset of its last row.
    pub end: u64,
    pub intended: Instant,
}

/// What was heard of one connection's commits.
#[derive(Debug)]
pub struct Heard {
    pub latencies: Latencies,
    pub rows_committed: u64,
    /// When the last commit was heard of.
    pub last: Option<Instant>,
}

/// Watches one stream until it ends.
#[derive(Debug)]
pub struct Watcher {
    pub commits: watch::Receiver<Watermarks>,
    pub in_flight: mpsc::UnboundedReceiver<InFlight>,
    pub timeline: Arc<Timeline>,
    pub progress: Arc<Progress>,
    /// Batches meant to be sent before are left out of the latencies.
    pub measured_from: Instant,
}

impl Watcher {
    /// Ends when the stream does.
    pub async fn watch(mut self) -> Result<Heard, LatencyError> {
        let mut heard = Heard { latencies: Latencies::new()?, rows_committed: 0, last: None };
        let mut waiting = VecDeque::new();
        loop {
            // Looked at once more after the channel has closed: the last commit may be what came with the end.
            let ended = self.commits.changed().await.is_err();
            self.take(&mut heard, &mut waiting)?;
            if ended {
                return Ok(heard);
            }
        }
    }

    fn take(&mut self, heard: &mut Heard, waiting: &mut VecDeque<InFlight>) -> Result<(), LatencyError> {
        let now = clock::now();
        let committed = self.commits.borrow_and_update().committed;
        let rows = committed.offset.saturating_sub(heard.rows_committed);
        if rows == 0 {
            return Ok(());
        }
        while let Ok(batch) = self.in_flight.try_recv() {
            waiting.push_back(batch);
        }
        let mut latencies = Vec::new();
        while let Some(batch) = waiting.pop_front_if(|batch| batch.end <= committed.offset) {
            if batch.intended >= self.measured_from {
                latencies.push(now.saturating_duration_since(batch.intended));
            }
        }
        for latency in &latencies {
            heard.latencies.record(*latency)?;
        }
        self.timeline.committed(now, rows, &latencies)?;
        self.progress.committed(rows);
        (heard.rows_committed, heard.last) = (committed.offset, Some(now));
        Ok(())
    }
}
