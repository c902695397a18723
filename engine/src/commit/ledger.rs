//! May this cut be committed upon this version of the table? Compare-and-set over streams, pure.
//!
//! Each named stream has two entries in the table: rows committed and major epoch. A cut holds for each of its streams a
//! range of offsets and the epoch they were sent under, and may be committed only upon a version that shows exactly the
//! range's start and exactly that epoch. So neither a second engine nor a retry can repeat or leave out a row, and rows of
//! a producer that was fenced never land. A mint raises a stream's epoch by one in the same commit.
//!
//! A stream can be forgotten: its entries stay, because a table cannot lose any, but say that it has no rows, under an
//! epoch of their own that fences whoever has the stream. The next mint begins it anew at row 0.
//!
//! A log has two entries too, position and claim: `logs` says what it may bring. [`entries`] is what a commit writes.

pub mod entries;
mod logs;

use super::canary::Canary;
use super::stop::Stop;
use crate::columns::additions::Addition;
use crate::handover::answer::StreamEntry;
use crate::handover::cut::StreamRange;
use crate::handover::log_part::{LogEntry, LogId, LogPart};
pub use crate::handover::shown::{Logs, Shown, Standing, StreamState, Streams};
pub use entries::{Entries, Evidence};
use logs::{LogJudgement, judge_log};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Logs whose rows a RESTORE may have taken away, with its version: it came behind their last commit. The newest, where
/// there were several.
pub type Restored = BTreeMap<LogId, u64>;

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
    /// As far back as somebody has looked.
    pub restored: Arc<Restored>,
    /// Why this engine cannot write this version, if so.
    pub unsupported: Option<Arc<str>>,
}

impl TableView {
    /// What the view shows of `stream`.
    pub fn stream(&self, stream: &str) -> StreamState {
        self.streams.get(stream).copied().unwrap_or_default()
    }

    /// What the view shows of `log`.
    pub fn log(&self, log: LogId) -> LogEntry {
        self.logs.get(&log).copied().unwrap_or_default()
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
    /// What logs bring, each at most once.
    pub logs: Vec<LogProposal>,
    /// Columns that the table gets.
    pub columns: Vec<Addition>,
    /// Streams whose state is set outright.
    pub settings: Vec<Setting>,
}

/// What one log brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProposal {
    pub part: LogPart,
    /// Rows of the cut that are from it.
    pub rows: u64,
}

/// A stream to be forgotten, as it was shown to whoever wants that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    pub stream: Arc<str>,
    pub shown: StreamState,
    /// Under which it stays forgotten. Whoever has an older one is fenced.
    pub epoch: u64,
}

/// A stream's new state, where the table shows exactly what it was made upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub stream: Arc<str>,
    pub shown: StreamState,
    pub committed: u64,
    pub epoch: u64,
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
        /// Logs that bring rows which the table has already.
        repeated: Vec<LogId>,
    },
    /// What the table shows of a log does not fit it: nothing may be committed any more.
    Stop(Stop),
}

/// Judges `proposal` against what `view` shows.
pub fn judge(proposal: &Proposal, view: &TableView, streams_max: usize) -> Judgement {
    judge_with(proposal, view, streams_max, Canary::None)
}

/// The same, with a planted fault.
pub(super) fn judge_with(proposal: &Proposal, view: &TableView, streams_max: usize, canary: Canary) -> Judgement {
    let (mut entries, mut repeated) = (Entries::default(), Vec::new());
    // Logs first: a cut of a run that is over conflicts with streams as well, and must not be built again for ever.
    for log in &proposal.logs {
        let id = log.part.log;
        match judge_log(log, view, canary) {
            LogJudgement::Proceed(entry) if view.log(id) != entry => _ = entries.logs.insert(id, entry),
            LogJudgement::Proceed(_) => {}
            LogJudgement::Conflict => repeated.push(id),
            LogJudgement::Stop(why) => return Judgement::Stop(why),
        }
    }
    let mut logs: Vec<LogId> = proposal.logs.iter().map(|log| log.part.log).collect();
    logs.sort_unstable();
    if let Some(twice) = logs.windows(2).find(|pair| pair[0] == pair[1]) {
        return Judgement::Stop(Stop::Broken(format!("log {} is in one cut twice", twice[0])));
    }
    let Moved { fenced, moved } = judge_streams(proposal, view, &mut entries, canary);
    if !fenced.is_empty() || !moved.is_empty() || !repeated.is_empty() {
        return Judgement::Conflict { fenced, moved, repeated };
    }
    grant(proposal, view, streams_max, entries)
}

/// Streams that are not what a cut builds upon.
#[derive(Default)]
struct Moved {
    fenced: Vec<Arc<str>>,
    moved: Vec<Arc<str>>,
}

fn judge_streams(proposal: &Proposal, view: &TableView, entries: &mut Entries, canary: Canary) -> Moved {
    let Moved { mut fenced, mut moved } = Moved::default();
    let mut ranges: Vec<_> = proposal.ranges.iter().collect();
    ranges.sort_by(|a, b| (&a.stream, a.from).cmp(&(&b.stream, b.from)));
    for range in ranges {
        if canary.ignores_streams() {
            entries.committed.insert(range.stream.clone(), range.to);
            continue;
        }
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
    for Forget { stream, shown, epoch } in &proposal.forgets {
        if view.stream(stream) == *shown {
            entries.epochs.insert(stream.clone(), *epoch);
            entries.forgotten.insert(stream.clone());
        } else {
            moved.push(stream.clone());
        }
    }
    for Setting { stream, shown, committed, epoch } in &proposal.settings {
        if view.stream(stream) != *shown {
            moved.push(stream.clone());
            continue;
        }
        entries.committed.insert(stream.clone(), *committed);
        if *epoch != shown.epoch {
            entries.epochs.insert(stream.clone(), *epoch);
        }
    }
    fenced.dedup();
    moved.dedup();
    Moved { fenced, moved }
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
