//! May this cut be committed upon this version of the table? Compare-and-set over streams, pure.
//!
//! Each named stream has two entries in the table: rows committed and major epoch. A cut holds for each of its streams a
//! range of offsets and the epoch they were sent under, and may be committed only upon a version that shows exactly the
//! range's start and exactly that epoch. So neither a second engine nor a retry can repeat or leave out a row, and rows of
//! a producer that was fenced never land. A mint raises a stream's epoch by one in the same commit.
//!
//! A stream can be forgotten: its entries stay, because a table cannot lose any, but say that it has no rows, under an
//! epoch of their own that fences whoever has the stream. The next mint begins it anew at row 0.

use crate::handover::answer::StreamEntry;
use crate::handover::cut::StreamRange;
pub use crate::handover::shown::{Logs, Shown, Standing, StreamState, Streams};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One version of a table, as far as commits depend upon it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableView {
    /// `metaData.id`.
    pub id: Arc<str>,
    pub version: u64,
    /// The schema as the table writes it down: any change of it is a change of this text.
    pub schema: Arc<str>,
    /// Every named stream the table knows.
    pub streams: Arc<Streams>,
    /// Every log the table knows.
    pub logs: Arc<Logs>,
    /// Why this engine cannot write this version, if so.
    pub unsupported: Option<Arc<str>>,
}

impl TableView {
    /// What the view shows of `stream`.
    pub fn stream(&self, stream: &str) -> StreamState {
        self.streams.get(stream).copied().unwrap_or_default()
    }

    /// Whether the table has a stream of this name that was not forgotten.
    pub fn has_stream(&self, stream: &str) -> bool {
        self.streams.get(stream).is_some_and(|state| state.standing == Standing::Live)
    }

    /// How many streams count against the limit.
    pub fn streams_counted(&self) -> usize {
        self.streams.values().filter(|state| state.standing == Standing::Live).count()
    }

    /// What shards are told of it.
    pub fn shown(&self) -> Shown {
        Shown { version: self.version, streams: self.streams.clone(), logs: self.logs.clone() }
    }

    /// The stream's entry as it is told to shards.
    pub fn entry(&self, stream: &Arc<str>) -> StreamEntry {
        let StreamState { committed, epoch, .. } = self.stream(stream);
        StreamEntry { stream: stream.clone(), committed, epoch, version: self.version }
    }
}

/// What a cut wants of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Rows of all streams, anonymous ones included.
    pub rows: u64,
    pub ranges: Vec<StreamRange>,
    pub mints: Vec<Arc<str>>,
    pub forgets: Vec<Forget>,
}

/// A stream to be forgotten, as it was shown to whoever wants that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    pub stream: Arc<str>,
    pub shown: StreamState,
}

/// What a commit writes about streams: their state after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// Streams whose committed rows change, with the new number.
    pub committed: BTreeMap<Arc<str>, u64>,
    /// Streams whose epoch changes, with the new number.
    pub epochs: BTreeMap<Arc<str>, u64>,
    /// Streams that are forgotten; each has its new epoch in `epochs`.
    pub forgotten: BTreeSet<Arc<str>>,
}

impl Entries {
    /// Whether `view` is at or past these entries. Without any entry a view cannot tell.
    pub fn visible_in(&self, view: &TableView) -> Option<bool> {
        // Of a stream that was forgotten since, the epoch alone can tell.
        let committed = self.committed.iter().all(|(stream, rows)| {
            let shown = view.stream(stream);
            shown.standing == Standing::Forgotten || shown.committed >= *rows
        });
        let epochs = self.epochs.iter().all(|(stream, epoch)| view.stream(stream).epoch >= *epoch);
        (!self.committed.is_empty() || !self.epochs.is_empty()).then_some(committed && epochs)
    }

    /// `streams` after these entries.
    pub fn apply(&self, streams: &mut Streams) {
        for (stream, committed) in &self.committed {
            let state = streams.entry(stream.clone()).or_default();
            (state.committed, state.standing) = (*committed, Standing::Live);
        }
        for (stream, epoch) in &self.epochs {
            streams.entry(stream.clone()).or_default().epoch = *epoch;
        }
        for stream in &self.forgotten {
            let state = streams.entry(stream.clone()).or_default();
            *state = StreamState::forgotten(state.epoch);
        }
    }
}

/// The judgement about a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Commit with these entries. `refused` mints would be more named streams than the table may have.
    Proceed { entries: Entries, refused: Vec<Arc<str>> },
    /// The table moved: the cut must not be committed.
    Conflict {
        /// Streams with a newer opener.
        fenced: Vec<Arc<str>>,
        /// Streams whose epoch or committed rows are not what the cut builds upon, though nobody newer opened them.
        moved: Vec<Arc<str>>,
    },
}

/// Judges `proposal` against what `view` shows.
pub fn judge(proposal: &Proposal, view: &TableView, streams_max: usize) -> Judgement {
    let (mut fenced, mut moved) = (Vec::new(), Vec::new());
    let mut entries = Entries::default();
    let mut ranges: Vec<_> = proposal.ranges.iter().collect();
    ranges.sort_by(|a, b| (&a.stream, a.from).cmp(&(&b.stream, b.from)));
    for range in ranges {
        let shown = view.stream(&range.stream);
        // Ranges of one stream in one cut follow one another.
        let committed = entries.committed.get(&range.stream).copied().unwrap_or(shown.committed);
        if shown.epoch > range.epoch {
            fenced.push(range.stream.clone());
        } else if shown.epoch < range.epoch || committed != range.from || range.to < range.from {
            moved.push(range.stream.clone());
        } else if range.to > range.from {
            entries.committed.insert(range.stream.clone(), range.to);
        }
    }
    for Forget { stream, shown } in &proposal.forgets {
        if view.stream(stream) == *shown {
            entries.epochs.insert(stream.clone(), shown.epoch + 1);
            entries.forgotten.insert(stream.clone());
        } else {
            moved.push(stream.clone());
        }
    }
    if !fenced.is_empty() || !moved.is_empty() {
        fenced.dedup();
        moved.dedup();
        return Judgement::Conflict { fenced, moved };
    }
    grant(proposal, view, streams_max, entries)
}

/// Entries of a proposal that nobody compares with the table: what [`judge`] is there to prevent.
#[cfg(any(test, feature = "canary"))]
pub(super) fn judge_without_comparing(proposal: &Proposal, view: &TableView, streams_max: usize) -> Judgement {
    let committed = proposal.ranges.iter().map(|range| (range.stream.clone(), range.to)).collect();
    grant(proposal, view, streams_max, Entries { committed, ..Entries::default() })
}

fn grant(proposal: &Proposal, view: &TableView, streams_max: usize, mut entries: Entries) -> Judgement {
    let mut refused = Vec::new();
    let new = |stream: &Arc<str>| usize::from(!view.has_stream(stream));
    let mut count = view.streams_counted() + entries.committed.keys().map(new).sum::<usize>();
    for stream in &proposal.mints {
        let known =
            view.has_stream(stream) || entries.committed.contains_key(stream) || entries.epochs.contains_key(stream);
        if !known && count >= streams_max {
            refused.push(stream.clone());
            continue;
        }
        count += usize::from(!known);
        let shown = view.stream(stream);
        entries.epochs.insert(stream.clone(), shown.epoch + 1);
        if shown.standing == Standing::Forgotten {
            // Says that it counts again.
            entries.committed.entry(stream.clone()).or_insert(0);
        }
    }
    Judgement::Proceed { entries, refused }
}

#[cfg(test)]
mod tests;
