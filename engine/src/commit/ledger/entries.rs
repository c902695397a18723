//! What a commit writes about streams and logs, and whether a table shows it.

use super::TableView;
use crate::handover::log_part::{LogEntry, LogId};
use crate::handover::shown::{Standing, StreamState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a commit writes about streams and logs: their state after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// Streams whose committed rows change, with the new number.
    pub committed: BTreeMap<Arc<str>, u64>,
    /// Streams whose epoch changes, with the new number.
    pub epochs: BTreeMap<Arc<str>, u64>,
    /// Streams that are forgotten; each has its new epoch in `epochs`.
    pub forgotten: BTreeSet<Arc<str>>,
    /// Logs whose claim or position changes, with both.
    pub logs: BTreeMap<LogId, LogEntry>,
}

/// Whether a table shows a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    Shown,
    /// It does not, as far as this says.
    Missing(&'static str),
}

impl Entries {
    /// Whether `view` shows a commit of these entries. `file` tells whether the newest version has the commit's file, if it
    /// has one.
    ///
    /// A file's name is nobody else's, so a table that has it shows the commit, whatever became of streams since. One that
    /// does not may have had it rewritten; then the entry of a log says it, which nobody else can bring that far under the
    /// log's claim.
    ///
    /// A commit that mints epochs and has neither is never taken for shown: another's mint of the same epoch looks the same, and
    /// two producers would hold it. Given up, it is minted anew.
    pub fn evidence(&self, view: &TableView, file: Option<bool>) -> Evidence {
        let logs = self.logs.iter().all(|(log, entry)| {
            let shown = view.log(*log);
            shown.claim == entry.claim && shown.position >= entry.position
        });
        match (file, self.logs.is_empty()) {
            (Some(true), _) => Evidence::Shown,
            (_, false) if logs => Evidence::Shown,
            (_, false) => Evidence::Missing("log"),
            (Some(false), true) => Evidence::Missing("file"),
            (None, true) if !self.mints() && self.are_streams_visible(view) => Evidence::Shown,
            (None, true) => Evidence::Missing("streams"),
        }
    }

    fn mints(&self) -> bool {
        self.epochs.keys().any(|stream| !self.forgotten.contains(stream))
    }

    /// Whether `view` is at or past what is said of streams. Epochs only grow; rows do so until a stream is forgotten.
    fn are_streams_visible(&self, view: &TableView) -> bool {
        let committed = self.committed.iter().all(|(stream, rows)| {
            let shown = view.stream(stream);
            shown.standing == Standing::Forgotten || shown.committed >= *rows
        });
        committed && self.epochs.iter().all(|(stream, epoch)| view.stream(stream).epoch >= *epoch)
    }
}

impl TableView {
    /// The view after a commit of `entries` as `version`.
    pub fn after(&self, version: u64, entries: &Entries) -> Self {
        let mut view = Self { version, ..self.clone() };
        let streams = Arc::make_mut(&mut view.streams);
        for (stream, committed) in &entries.committed {
            let state = streams.entry(stream.clone()).or_default();
            (state.committed, state.standing) = (*committed, Standing::Live);
        }
        for (stream, epoch) in &entries.epochs {
            streams.entry(stream.clone()).or_default().epoch = *epoch;
        }
        for stream in &entries.forgotten {
            let state = streams.entry(stream.clone()).or_default();
            *state = StreamState::forgotten(state.epoch);
        }
        for (log, entry) in &entries.logs {
            Arc::make_mut(&mut view.logs).insert(*log, *entry);
            if view.restored.contains_key(log) {
                Arc::make_mut(&mut view.restored).remove(log);
            }
        }
        view
    }
}
