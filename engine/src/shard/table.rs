//! What a shard knows of one open table.

use super::rejecting::Rejects;
use super::replaying::Replay;
use super::stream::Stream;
use super::table_log::{LogPhase, TableLog};
use crate::budget::Reservation;
use crate::columns::table_builder::TableBuilder;
use crate::handover::answer::OpenTable;
use crate::handover::request::Urgency;
use crate::number_map::NumberMap;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Place of a stream in [`ShardTable::streams`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamSlot(pub u64);

/// One table's streams and rows on this core.
#[derive(Debug)]
pub struct ShardTable {
    pub open: OpenTable,
    pub builder: TableBuilder,
    /// The builder's memory; goes along when it is sealed.
    pub memory: Reservation,
    /// Rows that it does not get, since the last cut.
    pub rejects: Rejects,
    /// The last rule by which logged rows were rejected, and whose they were: nobody is told twice in a row.
    pub told_rejects: Option<(StreamSlot, Arc<str>)>,
    /// Rows since the last cut, sealed ones included.
    pub rows_since_cut: u64,
    /// Bytes of those rows, as they came.
    pub bytes_since_cut: usize,
    /// The most urgent cut that was asked for since the last one.
    pub wanted: Option<Urgency>,
    pub streams: NumberMap<StreamSlot, Stream>,
    pub names: HashMap<Arc<str>, StreamSlot>,
    pub next_slot: u64,
    /// Streams whose rows or mints the next cut takes along.
    pub dirty: Vec<StreamSlot>,
    /// Cuts that were handed over and wait for their commit.
    pub pending: VecDeque<PendingCut>,
    /// Looks at the table that were asked for and not answered, by stream. The answers come in the order of asking.
    pub looks: HashMap<Arc<str>, u32>,
    /// `None` when the shard has no log.
    pub log: Option<TableLog>,
}

/// What a commit of this cut will make true.
#[derive(Debug)]
pub struct PendingCut {
    pub cut: u64,
    /// Streams with rows in it, named or not, and one past their last row.
    pub rows_to: Vec<(StreamSlot, u64)>,
    /// Streams for which it mints an epoch.
    pub mints: Vec<StreamSlot>,
    /// The claim under which it brings the log's entries.
    pub claim: Option<u64>,
}

impl ShardTable {
    /// The stream of this name, made when it is new here.
    pub fn named(&mut self, name: &str) -> StreamSlot {
        if let Some(slot) = self.names.get(name) {
            return *slot;
        }
        let name: Arc<str> = name.into();
        let slot = self.add(Stream::new(Some(name.clone())));
        self.names.insert(name, slot);
        slot
    }

    /// A new stream.
    pub fn add(&mut self, stream: Stream) -> StreamSlot {
        let slot = StreamSlot(self.next_slot);
        self.next_slot += 1;
        self.streams.insert(slot, stream);
        slot
    }

    /// Notes that the next cut takes this stream along.
    pub fn mark_dirty(&mut self, slot: StreamSlot) {
        self.dirty.push(slot);
    }

    /// A look at this stream's entries was asked for.
    pub fn look_asked(&mut self, name: &Arc<str>) {
        *self.looks.entry(name.clone()).or_default() += 1;
    }

    /// A look was answered; gives how many are still to come.
    pub fn look_answered(&mut self, name: &str) -> u32 {
        let Some(looks) = self.looks.get_mut(name) else { return 0 };
        *looks = looks.saturating_sub(1);
        let left = *looks;
        if left == 0 {
            self.looks.remove(name);
        }
        left
    }

    /// Forgets an anonymous stream that nobody will hear of again.
    pub fn forget_if_done(&mut self, slot: StreamSlot) {
        let done = |stream: &Stream| stream.name.is_none() && stream.owner.is_none() && stream.is_settled();
        if !self.streams.get(&slot).is_some_and(done) {
            return;
        }
        if let (Some(stream), Some(table_log)) = (self.streams.remove(&slot), &mut self.log) {
            stream.log_number.map(|number| table_log.anonymous.remove(&number));
        }
    }

    /// Whether rows are built as they come: always without a log.
    pub fn is_live(&self) -> bool {
        self.log.as_ref().is_none_or(TableLog::is_live)
    }

    /// Whether streams may be opened and resumed: what is known of them is as far as the log.
    pub fn admits(&self) -> bool {
        self.log.as_ref().is_none_or(TableLog::admits)
    }

    /// The replay that is going on.
    pub fn replay(&mut self) -> Option<&mut Replay> {
        match &mut self.log.as_mut()?.phase {
            LogPhase::Replaying(replay) => Some(replay),
            LogPhase::Claiming | LogPhase::Live => None,
        }
    }

    /// Whether nothing of this table is on its way.
    pub fn is_settled(&self) -> bool {
        self.is_live()
            && self.rows_since_cut == 0
            && self.rejects.is_empty()
            && self.pending.is_empty()
            && self.streams.values().all(Stream::is_settled)
    }
}
