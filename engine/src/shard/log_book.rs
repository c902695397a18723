//! A shard's log, with what waits for it to be durable.
//!
//! Nothing that rests on an entry is said or handed over before the entry is durable: acks take the durable watermark,
//! and everything else waits in a queue until the log's point at which it was said is durable. So a crash never leaves a
//! table, or a client's belief, ahead of the log.

use super::action::Action;
use super::table::StreamSlot;
use crate::handover::{Refusal, TableKey};
use crate::log::{Log, Point, TableNumber};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What a shard with a log has beside it.
pub(super) struct LogBook {
    pub log: Log,
    /// Tables of the log that are not open here, and have rows in it that are not theirs yet.
    pub closed: BTreeMap<TableNumber, ClosedTable>,
    /// Whether the log only drains: nobody connects to its shard.
    pub drains: bool,
    /// Tables that were said to be drained.
    pub drained: BTreeSet<TableNumber>,
    /// Ids of tables whose next claim takes what they show as it is.
    pub accepted: BTreeSet<Arc<str>>,
    undurable: VecDeque<Undurable>,
    deferred: VecDeque<(Point, Action)>,
}

/// Where a table is whose rows are in the log while it is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClosedTable {
    /// It was asked for; the commit plane insists.
    Asked,
    /// A person has to decide.
    Stopped(Refusal),
}

/// Rows that were appended and are not known to be durable.
#[derive(Debug, Clone, Copy)]
struct Undurable {
    point: Point,
    table: TableKey,
    slot: StreamSlot,
    /// Under which they came: a newer owner of the stream is told nothing of them.
    epoch: u64,
    next: u64,
}

impl LogBook {
    /// A book for a log in which nothing was appended in this run.
    pub fn new(log: Log, drains: bool) -> Self {
        Self {
            log,
            closed: BTreeMap::new(),
            drains,
            drained: BTreeSet::new(),
            accepted: BTreeSet::new(),
            undurable: VecDeque::new(),
            deferred: VecDeque::new(),
        }
    }

    /// Whether a person has said that what this table shows is right.
    pub fn accepts(&self, table: TableNumber) -> bool {
        self.log.state().tables.get(&table).is_some_and(|table| self.accepted.contains(&table.id))
    }

    /// Notes that rows up to `next` of a stream's epoch are durable once `point` is.
    pub fn appended(&mut self, point: Point, table: TableKey, slot: StreamSlot, epoch: u64, next: u64) {
        self.undurable.push_back(Undurable { point, table, slot, epoch, next });
    }

    /// Streams whose durable watermark moved, each with its epoch and the watermark.
    pub fn take_durable(&mut self) -> Vec<(TableKey, StreamSlot, u64, u64)> {
        let durable = self.log.durable();
        let count = self.undurable.partition_point(|rows| rows.point <= durable);
        let mut latest: BTreeMap<(TableKey, StreamSlot, u64), u64> = BTreeMap::new();
        for rows in self.undurable.drain(..count) {
            latest.insert((rows.table, rows.slot, rows.epoch), rows.next);
        }
        latest.into_iter().map(|((table, slot, epoch), next)| (table, slot, epoch, next)).collect()
    }

    /// Has `action` carried out once everything appended so far is durable: at once when it is.
    pub fn defer(&mut self, action: Action, actions: &mut Vec<Action>) {
        let point = self.log.point();
        if self.deferred.is_empty() && self.log.durable() >= point {
            actions.push(action);
        } else {
            self.deferred.push_back((point, action));
        }
    }

    /// The oldest deferred action, if what it rests on is durable.
    pub fn take_deferred(&mut self) -> Option<Action> {
        let durable = self.log.durable();
        let (_, action) = self.deferred.pop_front_if(|(point, _)| *point <= durable)?;
        Some(action)
    }

    /// What waits to be durable, in words.
    pub fn waits_for(&self) -> Option<String> {
        let (oldest, _) = self.deferred.front()?;
        let (waiting, durable) = (self.deferred.len(), self.log.durable());
        Some(format!(
            "the log: {waiting} things wait until entry {} is durable, which {} is, of {}",
            oldest.0,
            durable.0,
            self.log.point().0
        ))
    }

    /// Whether nothing waits to be durable.
    pub fn is_quiet(&self) -> bool {
        self.undurable.is_empty() && self.deferred.is_empty()
    }
}
