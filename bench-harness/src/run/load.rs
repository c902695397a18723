//! The run as a whole: streams are opened, then all start at one instant.

use super::clock;
use super::latency::{Latencies, LatencyError};
use super::outside_reader::{HeardReader, OutsideReader, OutsideReaderError, Read};
use super::plan::{KeepUntil, Plan};
use super::progress::Progress;
use super::queryable::Sight;
use super::recorder::{Recorded, Recorder};
use super::sender::{SendError, Sender, Sent};
use super::sync_probe::{SyncProbe, SyncProbeError};
use super::timeline::{Second, Timeline};
use super::watcher::{Heard, Watcher};
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use lakehead_client::{Client, Keep, Stream};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

/// Streams opened at the same time: named ones all wait for the same commit.
const OPENING_AT_ONCE: usize = 1_000;
/// More recorders than threads, so that these seldom wait for each other.
const RECORDERS_MAX: usize = 8;

/// What a run did.
#[derive(Debug)]
pub struct Loaded {
    /// By stream number.
    pub connections: Vec<Connection>,
    pub durable: Latencies,
    pub committed: Latencies,
    /// What the disk alone took, where that was asked for.
    pub sync: Option<Latencies>,
    /// What the reader outside saw, where there was one.
    pub read: Option<Read>,
    pub lateness: Latencies,
    /// When the first batch could be sent.
    pub started_unix_ms: u64,
    /// From the first send until the last commit was heard of.
    pub elapsed: Duration,
    pub seconds: Vec<Second>,
}

/// One connection's part.
#[derive(Debug)]
pub struct Connection {
    pub name: String,
    pub sent: Sent,
    pub rows_committed: u64,
}

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot open stream {stream:?}: {code}: {message}")]
    Open { stream: String, code: &'static str, message: String },
    #[error("stream {stream:?} goes on at row {offset}: its name was used before; choose another --stream-prefix")]
    NotNew { stream: String, offset: u64 },
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Latency(#[from] LatencyError),
    #[error("cannot make a batch: {0}")]
    Batch(#[from] ArrowError),
    #[error(transparent)]
    Sync(#[from] SyncProbeError),
    #[error(transparent)]
    Reader(#[from] OutsideReaderError),
    #[error("a connection's task ended early: {0}")]
    Task(#[from] JoinError),
}

/// A run that is ready to start: streams open, batches prepared.
#[derive(Debug)]
pub struct Load {
    plan: Arc<Plan>,
    streams: Vec<(Stream, VecDeque<RecordBatch>)>,
    reader: Option<OutsideReader>,
}

impl Load {
    /// Opens all streams, and starts the reader where one is asked for.
    pub async fn open(plan: Plan) -> Result<Self, LoadError> {
        let plan = Arc::new(plan);
        let client = Client::builder()
            .server(&plan.server)
            .memory_bytes_max(plan.stream_memory_bytes_max)
            .build()
            .map_err(|error| open_error("all", &error))?;
        let mut streams = Vec::with_capacity(plan.connections);
        let mut opening = JoinSet::new();
        for number in 0..plan.connections {
            if opening.len() == OPENING_AT_ONCE
                && let Some(opened) = opening.join_next().await
            {
                streams.push(opened??);
            }
            opening.spawn(open(client.clone(), plan.clone(), number));
        }
        while let Some(opened) = opening.join_next().await {
            streams.push(opened??);
        }
        streams.sort_by_key(|(number, _, _)| *number);
        let streams = streams.into_iter().map(|(_, stream, prepared)| (stream, prepared)).collect();
        let reader = plan.queryable.as_ref().map(OutsideReader::start).transpose()?;
        Ok(Self { plan, streams, reader })
    }

    /// The process of the reader outside.
    pub fn reader_pid(&self) -> Option<u32> {
        self.reader.as_ref().map(OutsideReader::pid)
    }

    /// Sends, and waits until all is committed or has failed.
    pub async fn run(self) -> Result<Loaded, LoadError> {
        let (start, started_unix_ms) = (clock::now(), clock::unix_milliseconds());
        let timeline = Arc::new(Timeline::new(start));
        let progress = Arc::new(Progress::default());
        let recorders: Result<Vec<_>, _> =
            (0..self.streams.len().clamp(1, RECORDERS_MAX)).map(|_| Recorder::new().map(Arc::new)).collect();
        let recorders = recorders?;
        let probe = self.plan.sync_probe.as_ref().map(SyncProbe::start).transpose()?;
        let mut seen_by_reader = Vec::new();
        let (mut senders, mut watchers) = (JoinSet::new(), JoinSet::new());
        for (number, (stream, prepared)) in self.streams.into_iter().enumerate() {
            let (in_flight, announced) = mpsc::unbounded_channel();
            let recorder = &recorders[number % recorders.len()];
            let watcher = Watcher {
                acks: stream.watch(),
                in_flight: announced,
                recorder: recorder.clone(),
                timeline: timeline.clone(),
                progress: progress.clone(),
                measured_from: start + self.plan.warm_up,
            };
            watchers.spawn(async move { (number, watcher.watch().await) });
            let queryable = self.reader.is_some().then(|| {
                let (queryable, announced) = mpsc::unbounded_channel();
                seen_by_reader.push(announced);
                queryable
            });
            let (plan, timeline, progress) = (self.plan.clone(), timeline.clone(), progress.clone());
            let recorder = recorder.clone();
            let sender = Sender { number, plan, start, in_flight, queryable, recorder, timeline, progress, prepared };
            senders.spawn(async move { (number, sender.send(stream).await) });
        }
        let hear = |reader: OutsideReader| {
            reader.hear(Sight::new(seen_by_reader, timeline.clone(), start + self.plan.warm_up)?)
        };
        let reader = self.reader.map(hear).transpose()?;
        let (sent, heard) = tokio::select! {
            both = async { (senders.join_all().await, watchers.join_all().await) } => both,
            () = progress.show() => (Vec::new(), Vec::new()),
        };
        let sync = probe.map(SyncProbe::stop).transpose()?;
        let read = reader.map(HeardReader::stop).transpose()?;
        let recorded = Recorded::merged(recorders.iter().map(Arc::as_ref))?;
        let (connections, elapsed) = summed(&self.plan, start, in_order(sent)?, in_order(heard)?);
        let Recorded { durable, committed, lateness } = recorded;
        let seconds = timeline.seconds();
        Ok(Loaded { connections, durable, committed, sync, read, lateness, started_unix_ms, elapsed, seconds })
    }
}

async fn open(
    client: Client,
    plan: Arc<Plan>,
    number: usize,
) -> Result<(usize, Stream, VecDeque<RecordBatch>), LoadError> {
    let name = plan.stream_name(number);
    let mut builder = client.stream(&plan.table).schema(plan.workload.schema()).keep(match plan.keep {
        KeepUntil::Committed => Keep::UntilCommitted,
        KeepUntil::Durable => Keep::UntilDurable,
    });
    if plan.named {
        builder = builder.name(&name);
    }
    let stream = builder.open().await.map_err(|error| open_error(&name, &error))?;
    if stream.resume_offset() != 0 {
        return Err(LoadError::NotNew { stream: name, offset: stream.resume_offset() });
    }
    let prepared = if plan.prepared { prepare(&plan, number, &name)? } else { VecDeque::new() };
    Ok((number, stream, prepared))
}

fn open_error(stream: &str, error: &lakehead_client::Error) -> LoadError {
    LoadError::Open { stream: stream.to_owned(), code: error.code(), message: error.to_string() }
}

fn prepare(plan: &Plan, number: usize, name: &str) -> Result<VecDeque<RecordBatch>, ArrowError> {
    let rows = plan.rows_of(number).unwrap_or(0);
    let firsts = (0..rows).step_by(plan.batch_rows);
    firsts
        .map(|first| {
            let rows = (rows - first).min(plan.batch_rows as u64) as usize;
            let batch = plan.workload.batch(number as u64, name, first, rows)?;
            // Copied out of the pool: a program that gathered these rows would not hold its strings in shared slices.
            take_record_batch(&batch, &UInt32Array::from_iter_values(0..rows as u32))
        })
        .collect()
}

fn in_order<T, E: Into<LoadError>>(mut results: Vec<(usize, Result<T, E>)>) -> Result<Vec<T>, LoadError> {
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result.map_err(Into::into)).collect()
}

/// Each connection's part, and the time from the start until the last commit was heard of.
fn summed(plan: &Plan, start: Instant, sent: Vec<Sent>, heard: Vec<Heard>) -> (Vec<Connection>, Duration) {
    let last = heard.iter().filter_map(|heard| heard.last).fold(start, Instant::max);
    let connection = |(number, (sent, heard)): (usize, (Sent, Heard))| Connection {
        name: plan.stream_name(number),
        sent,
        rows_committed: heard.rows_committed,
    };
    (sent.into_iter().zip(heard).enumerate().map(connection).collect(), last - start)
}
