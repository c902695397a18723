//! The half of a connection that hears of acks.

use super::clock;
use super::latency::LatencyError;
use super::progress::Progress;
use super::recorder::Recorder;
use super::timeline::Timeline;
use super::waiting::{InFlight, Waiting};
use lakehead_client::Watermarks;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// What was heard of one connection's rows.
#[derive(Debug)]
pub struct Heard {
    pub rows_durable: u64,
    pub rows_committed: u64,
    /// When the last commit was heard of.
    pub last: Option<Instant>,
}

/// Watches one stream until it ends.
#[derive(Debug)]
pub struct Watcher {
    pub acks: watch::Receiver<Watermarks>,
    pub in_flight: mpsc::UnboundedReceiver<InFlight>,
    pub recorder: Arc<Recorder>,
    pub timeline: Arc<Timeline>,
    pub progress: Arc<Progress>,
    /// Batches meant to be sent before are left out of the latencies.
    pub measured_from: Instant,
}

impl Watcher {
    /// Ends when the stream does.
    pub async fn watch(mut self) -> Result<Heard, LatencyError> {
        let mut heard = Heard { rows_durable: 0, rows_committed: 0, last: None };
        let (mut durable, mut committed) = (Waiting::default(), Waiting::default());
        loop {
            // Looked at once more after the channel has closed: the last commit may be what came with the end.
            let ended = self.acks.changed().await.is_err();
            self.take(&mut heard, &mut durable, &mut committed)?;
            if ended {
                return Ok(heard);
            }
        }
    }

    fn take(&mut self, heard: &mut Heard, durable: &mut Waiting, committed: &mut Waiting) -> Result<(), LatencyError> {
        let now = clock::now();
        let watermarks = *self.acks.borrow_and_update();
        while let Ok(batch) = self.in_flight.try_recv() {
            durable.batches.push_back(batch);
            committed.batches.push_back(batch);
        }
        let rows = watermarks.durable.saturating_sub(heard.rows_durable);
        if rows > 0 {
            let latencies = durable.passed(watermarks.durable, now, self.measured_from);
            self.recorder.durable(&latencies)?;
            self.timeline.durable(now, rows, &latencies)?;
            heard.rows_durable = watermarks.durable;
        }
        let offset = watermarks.committed.offset;
        let rows = offset.saturating_sub(heard.rows_committed);
        if rows == 0 {
            return Ok(());
        }
        let latencies = committed.passed(offset, now, self.measured_from);
        self.recorder.committed(&latencies)?;
        self.timeline.committed(now, rows, &latencies)?;
        self.progress.committed(rows);
        (heard.rows_committed, heard.last) = (offset, Some(now));
        Ok(())
    }
}
