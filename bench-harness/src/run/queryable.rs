//! What the reader outside sees, as latencies of batches.

use super::clock::Anchor;
use super::latency::{Latencies, LatencyError};
use super::timeline::Timeline;
use super::visible::Visible;
use super::waiting::{InFlight, Waiting};
use crate::reader::SeenVersion;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::UnboundedReceiver;

/// One connection's batches, as the reader sees them.
#[derive(Debug)]
struct Stream {
    announced: UnboundedReceiver<InFlight>,
    waiting: Waiting,
    visible: Visible,
}

/// Turns versions that were seen into latencies.
#[derive(Debug)]
pub struct Sight {
    anchor: Anchor,
    measured_from: Instant,
    timeline: Arc<Timeline>,
    streams: Vec<Stream>,
    latencies: Latencies,
    versions: u64,
    files: u64,
    file_bytes: u64,
    rows_foreign: u64,
}

/// All that was seen in a run.
#[derive(Debug)]
pub struct Seen {
    pub latencies: Latencies,
    pub versions: u64,
    pub files: u64,
    pub file_bytes: u64,
    /// Of streams that the run does not have.
    pub rows_foreign: u64,
    /// By stream number: rows before this one were all seen.
    pub rows: Vec<u64>,
}

impl Sight {
    /// `announced` are the batches of each connection, in the order of their numbers, each before it is sent.
    pub fn new(
        announced: Vec<UnboundedReceiver<InFlight>>,
        timeline: Arc<Timeline>,
        measured_from: Instant,
    ) -> Result<Self, LatencyError> {
        let stream = |announced| Stream { announced, waiting: Waiting::default(), visible: Visible::default() };
        Ok(Self {
            anchor: Anchor::here(),
            measured_from,
            timeline,
            streams: announced.into_iter().map(stream).collect(),
            latencies: Latencies::new()?,
            versions: 0,
            files: 0,
            file_bytes: 0,
            rows_foreign: 0,
        })
    }

    /// Counts a version.
    pub fn see(&mut self, version: &SeenVersion) -> Result<(), LatencyError> {
        let at = self.anchor.instant(version.seen_ns);
        self.versions += 1;
        self.files += version.files;
        self.file_bytes += version.file_bytes;
        // All of a version's rows are there at once: streams move once all its ranges are known.
        let mut touched = Vec::with_capacity(version.ranges.len());
        for (stream, first, end) in &version.ranges {
            match self.streams.get_mut(*stream as usize) {
                Some(seen) => {
                    touched.push((*stream as usize, seen.visible.end()));
                    seen.visible.add(*first, *end);
                }
                None => self.rows_foreign += end - first,
            }
        }
        touched.sort_unstable();
        touched.dedup_by_key(|(stream, _)| *stream);
        let (mut rows, mut latencies) = (0, Vec::new());
        for (stream, before) in touched {
            let stream = &mut self.streams[stream];
            while let Ok(batch) = stream.announced.try_recv() {
                stream.waiting.batches.push_back(batch);
            }
            rows += stream.visible.end() - before;
            latencies.extend(stream.waiting.passed(stream.visible.end(), at, self.measured_from));
        }
        latencies.iter().try_for_each(|latency| self.latencies.record(*latency))?;
        self.timeline.queryable(at, rows, &latencies)
    }

    pub fn finish(self) -> Seen {
        Seen {
            latencies: self.latencies,
            versions: self.versions,
            files: self.files,
            file_bytes: self.file_bytes,
            rows_foreign: self.rows_foreign,
            rows: self.streams.iter().map(|stream| stream.visible.end()).collect(),
        }
    }
}
