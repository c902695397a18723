//! The half of a connection that sends.

use super::alarm::Alarm;
use super::clock;
use super::latency::LatencyError;
use super::plan::{Extent, Plan};
use super::progress::Progress;
use super::recorder::Recorder;
use super::schedule::Schedule;
use super::sent_rows::SentRows;
use super::timeline::Timeline;
use super::waiting::InFlight;
use crate::workload::row_bytes;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use lakehead_client::Stream;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What one connection sent.
#[derive(Debug)]
pub struct Sent {
    pub rows: u64,
    pub row_bytes: u64,
    /// Rows whose turn came and that were not sent in time for the run's end. Open loop only.
    pub rows_missed: u64,
    /// Time spent waiting for the client to take a batch.
    pub pushed_back: Duration,
    /// What ended the stream early.
    pub failure: Option<String>,
}

/// Why a connection could not send.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("cannot make a batch: {0}")]
    Batch(#[from] ArrowError),
    #[error("cannot wait for a batch's time: {0}")]
    Alarm(#[from] io::Error),
    #[error(transparent)]
    Latency(#[from] LatencyError),
}

/// Sends one stream's rows.
#[derive(Debug)]
pub struct Sender {
    pub number: usize,
    pub plan: Arc<Plan>,
    pub start: Instant,
    pub in_flight: mpsc::UnboundedSender<InFlight>,
    /// Where a reader outside is told of the same batches.
    pub queryable: Option<mpsc::UnboundedSender<InFlight>>,
    pub recorder: Arc<Recorder>,
    pub timeline: Arc<Timeline>,
    pub progress: Arc<Progress>,
    /// Batches made before the run, from row 0 on.
    pub prepared: VecDeque<RecordBatch>,
}

impl Sender {
    /// Sends until the plan is fulfilled or the stream fails, then waits until all is committed.
    pub async fn send(mut self, mut stream: Stream) -> Result<Sent, SendError> {
        let mut sent = Sent { rows: 0, row_bytes: 0, rows_missed: 0, pushed_back: Duration::ZERO, failure: None };
        let failure = self.send_all(&mut stream, &mut sent).await?;
        sent.failure = match failure {
            Some(failure) => Some(failure),
            None => stream.close().await.err(),
        }
        .map(|error| format!("{}: {error}", error.code()));
        Ok(sent)
    }

    async fn send_all(
        &mut self,
        stream: &mut Stream,
        sent: &mut Sent,
    ) -> Result<Option<lakehead_client::Error>, SendError> {
        let schedule = Schedule::new(self.plan.pace, self.start, self.number, self.plan.connections);
        let mut sent_rows = SentRows::new(self.timeline.clone(), self.start);
        let mut alarm = Alarm::new(self.plan.connections)?;
        for number in 0.. {
            let rows = self.rows_next(sent.rows);
            if rows == 0 || self.is_over(schedule, number) {
                break;
            }
            let batch = self.batch_next(sent.rows, rows)?;
            let bytes = row_bytes(&batch)?;
            let intended = schedule.map(|schedule| schedule.intended(number));
            if let Some(intended) = intended {
                alarm.until(intended).await?;
            }
            let before = clock::now();
            if self.is_too_late(before) {
                break;
            }
            if let Some(intended) = intended {
                self.recorder.late(before.saturating_duration_since(intended))?;
            }
            // Announced before it is sent: its commit must not be heard of before it.
            let in_flight = InFlight { end: sent.rows + rows as u64, intended: intended.unwrap_or(before) };
            let _ = self.in_flight.send(in_flight);
            if let Some(queryable) = &self.queryable {
                let _ = queryable.send(in_flight);
            }
            if let Err(error) = stream.append(batch).await {
                return Ok(Some(error));
            }
            let after = clock::now();
            sent.pushed_back += after - before;
            sent.rows += rows as u64;
            sent.row_bytes += bytes;
            sent_rows.add(after, rows as u64);
            self.progress.sent(rows as u64);
        }
        if let (Some(schedule), Extent::Time(time)) = (schedule, self.plan.extent) {
            let due = schedule.batches_within(time) * self.plan.batch_rows as u64;
            sent.rows_missed = due.saturating_sub(sent.rows);
        }
        Ok(None)
    }

    fn rows_next(&self, sent: u64) -> usize {
        let left = self.plan.rows_of(self.number).map_or(u64::MAX, |rows| rows - sent);
        left.min(self.plan.batch_rows as u64) as usize
    }

    /// Whether the batch's turn comes after the end.
    fn is_over(&self, schedule: Option<Schedule>, batch: u64) -> bool {
        match (schedule, self.plan.extent) {
            (Some(schedule), Extent::Time(time)) => batch >= schedule.batches_within(time),
            (_, Extent::Time(_) | Extent::Rows(_)) => false,
        }
    }

    fn is_too_late(&self, now: Instant) -> bool {
        matches!(self.plan.extent, Extent::Time(time) if now >= self.start + time)
    }

    fn batch_next(&mut self, first: u64, rows: usize) -> Result<RecordBatch, ArrowError> {
        match self.prepared.pop_front() {
            Some(batch) => Ok(batch),
            None => {
                let name = self.plan.stream_name(self.number);
                self.plan.workload.batch(self.number as u64, &name, first, rows)
            }
        }
    }
}
