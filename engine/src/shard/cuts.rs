//! Rows into cuts, commits into acks.

use super::action::{Action, Outgoing};
use super::connection::{Connection, ConnectionId, Phase};
use super::rejecting::Rejects;
use super::state::Shard;
use super::stream::Mint;
use super::table::{PendingCut, StreamSlot};
use crate::handover::answer::{Held, StreamEntry, TableColumns};
use crate::handover::cut::{CutDone, Piece, StreamRange};
use crate::handover::request::{Request, Urgency};
use crate::handover::shown::Shown;
use crate::handover::{Refusal, TableKey};
use lakehead_protocol::control::Closed;
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

/// A cut that is in its table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landed<'a> {
    pub generation: u64,
    pub cut: u64,
    pub version: u64,
    pub minted: &'a [StreamEntry],
    pub shown: &'a Shown,
}

/// Under which numbers a table goes on after its uncommitted rows were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restart<'a> {
    pub generation: u64,
    pub next_cut: u64,
    /// Its columns, when they changed.
    pub columns: Option<&'a TableColumns>,
}

impl Shard {
    /// Everything of the table up to here becomes cut `cut`.
    pub(super) fn cut_wanted(&mut self, key: TableKey, generation: u64, cut: u64, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get(&key) else { return };
        if table.open.generation != generation || table.open.next_cut > cut {
            return;
        }
        self.seal(key, actions);
        self.hand_over_rejects(key, actions);
        let log = self.log_part(key);
        let Some(table) = self.tables.get_mut(&key) else { return };
        let is_live = table.is_live();
        let mut dirty = std::mem::take(&mut table.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        let (mut ranges, mut mints) = (Vec::new(), Vec::new());
        let claim = log.as_ref().map(|part| part.claim);
        let mut pending = PendingCut { cut, rows_to: Vec::new(), mints: Vec::new(), claim };
        for slot in dirty {
            let Some(stream) = table.streams.get_mut(&slot) else { continue };
            if stream.built > stream.cut_from {
                if let Some(name) = &stream.name {
                    let range = StreamRange {
                        stream: name.clone(),
                        epoch: stream.epoch,
                        from: stream.cut_from,
                        to: stream.built,
                    };
                    ranges.push(range);
                }
                stream.cut_from = stream.built;
                pending.rows_to.push((slot, stream.built));
            }
            let (Mint::Wanted(by), Some(name)) = (stream.mint, &stream.name) else { continue };
            if is_live {
                mints.push(name.clone());
                stream.mint = Mint::InFlight { cut, by: Some(by), then: None };
                pending.mints.push(slot);
            } else {
                // Rows of the older epoch are still to be built: they go before the new one.
                table.dirty.push(slot);
            }
        }
        let rows = std::mem::take(&mut table.rows_since_cut);
        table.bytes_since_cut = 0;
        table.wanted = None;
        table.open.next_cut = cut + 1;
        if !pending.rows_to.is_empty() || !pending.mints.is_empty() || pending.claim.is_some() {
            table.pending.push_back(pending);
        }
        let done = CutDone { shard: self.settings.shard, generation, cut, rows, ranges, mints, log };
        let action = Action::HandOver(key, Piece::CutDone(done));
        // No commit may cover what is not durable: a crash would leave the table ahead of the log.
        match &mut self.log {
            Some(book) if !self.settings.canary.commits_before_durable() => book.defer(action, actions),
            _ => actions.push(action),
        }
    }

    pub(super) fn committed(&mut self, key: TableKey, landed: Landed<'_>, actions: &mut Vec<Action>) {
        let Landed { generation, cut, version, minted, shown } = landed;
        let Some(table) = self.tables.get_mut(&key).filter(|table| table.open.generation == generation) else { return };
        table.open.version = table.open.version.max(version);
        // One commit may settle several cuts, when the ones before brought nothing to commit.
        let settled = table.pending.partition_point(|pending| pending.cut <= cut);
        let settled: Vec<PendingCut> = table.pending.drain(..settled).collect();
        let claim = settled.iter().rev().find_map(|pending| pending.claim);
        for pending in settled {
            self.settle(key, &pending, version, minted, actions);
            let Some(table) = self.tables.get_mut(&key) else { return };
            pending.rows_to.iter().for_each(|(slot, _)| table.forget_if_done(*slot));
        }
        if let Some(claim) = claim {
            self.log_committed(key, claim, shown, actions);
        }
    }

    fn settle(
        &mut self,
        key: TableKey,
        pending: &PendingCut,
        version: u64,
        minted: &[StreamEntry],
        actions: &mut Vec<Action>,
    ) {
        for (slot, to) in &pending.rows_to {
            let Some(stream) = self.tables.get_mut(&key).and_then(|table| table.streams.get_mut(slot)) else {
                continue;
            };
            (stream.committed, stream.version) = (*to, version);
            stream.durable = stream.durable.max(*to);
            self.acknowledge(key, *slot, actions);
            self.finish_if_closed(key, *slot, actions);
        }
        for slot in &pending.mints {
            let name = self.tables.get(&key).and_then(|table| table.streams.get(slot)?.name.clone());
            let entry = minted.iter().find(|entry| Some(&entry.stream) == name.as_ref());
            match entry {
                Some(entry) => self.epoch_minted(key, *slot, entry, actions),
                None => self.refuse_minters(key, *slot, actions),
            }
        }
    }

    /// The table has more named streams than it may: the mint was left out of the commit.
    fn refuse_minters(&mut self, key: TableKey, slot: StreamSlot, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let Some(stream) = table.streams.remove(&slot) else { return };
        if let Some(name) = &stream.name {
            table.names.remove(name);
        }
        let Mint::InFlight { by, then, .. } = stream.mint else { return };
        let message =
            "the table has as many named streams as it may (streams_max); forget one, or use an anonymous stream";
        for id in by.into_iter().chain(then) {
            self.refuse_with(id, RejectCode::TooManyStreams, message, actions);
        }
    }

    /// Answers Closed once a closing stream's rows are all in the table.
    pub(super) fn finish_if_closed(&mut self, key: TableKey, slot: StreamSlot, actions: &mut Vec<Action>) {
        let Some(stream) = self.tables.get(&key).and_then(|table| table.streams.get(&slot)) else { return };
        let (Some(owner), true) = (stream.owner, stream.committed == stream.next) else { return };
        let closing =
            |connection: &Connection| matches!(&connection.phase, Phase::Streaming(streaming) if streaming.closing);
        if self.connections.get(&owner).is_some_and(closing) {
            let closed = Closed { committed: stream.committed, version: stream.version };
            self.release(owner);
            actions.push(Action::Finish(owner, Outgoing::Closed(closed)));
        }
    }

    /// What was not committed is given up: every stream of the table goes back to what the table shows. With a log its rows
    /// are built again from there; without one their producers send them again.
    pub(super) fn discarded(
        &mut self,
        key: TableKey,
        restart: Restart<'_>,
        fenced: &[Arc<str>],
        why: &Refusal,
        shown: &Shown,
        actions: &mut Vec<Action>,
    ) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        (table.open.generation, table.open.next_cut) = (restart.generation, restart.next_cut);
        if table.builder.clear().is_err() {
            return self.table_closed(key, why, Held::UntilReopened, actions);
        }
        table.memory.resize(table.builder.memory_bytes());
        (table.rows_since_cut, table.bytes_since_cut, table.wanted) = (0, 0, None);
        table.rejects = Rejects::default();
        table.dirty.clear();
        table.pending.clear();
        let with_log = table.log.is_some();
        if let Some(Err(refusal)) = restart.columns.map(|columns| self.take_columns(key, columns)) {
            return self.table_closed(key, &refusal, Held::UntilReopened, actions);
        }
        if with_log {
            self.build_again(key, shown, actions);
            if restart.columns.is_some() {
                self.announce_again(key, actions);
            }
            return;
        }
        let Some(table) = self.tables.get_mut(&key) else { return };
        // The table is asked again about every stream: what was known here has been overtaken.
        let streams = std::mem::take(&mut table.streams);
        table.names.clear();
        let connections = self.connections_of(key);
        for id in connections {
            // Who waits for an epoch, or to be judged, has sent no row under the old one: it may be the newer opener itself.
            let is_fenced = self.connections.get(&id).is_some_and(|connection| {
                matches!(connection.phase, Phase::Streaming(_))
                    && fenced.iter().any(|name| **name == *connection.hello.stream)
            });
            let held = self.connections.get(&id).and_then(|connection| match &connection.phase {
                Phase::Streaming(streaming) => streams.get(&streaming.slot),
                _ => None,
            });
            let (committed, next) = held.map_or((0, 0), |stream| (stream.committed, stream.next));
            let refusal = if is_fenced {
                Refusal::new(RejectCode::Fenced, "a newer producer opened this stream at another engine")
            } else {
                let message = format!("rows {committed} to {next} were not committed: {}", why.message);
                Refusal::new(RejectCode::Discarded, message)
            };
            self.refuse(id, &refusal, committed, actions);
        }
    }

    /// The table is gone for this process: refuse everyone who has to do with it.
    pub(super) fn table_closed(&mut self, key: TableKey, why: &Refusal, held: Held, actions: &mut Vec<Action>) {
        for id in self.connections_of(key) {
            self.refuse(id, why, 0, actions);
        }
        if let Some(table) = self.tables.remove(&key) {
            self.logged_table_closed(&table, why, held, actions);
        }
    }

    /// Rows of the table cannot be built: it is closed here, and nobody else waits for this shard.
    pub(super) fn stop_building(&mut self, key: TableKey, why: Refusal, actions: &mut Vec<Action>) {
        self.table_closed(key, &why, Held::UntilDecided, actions);
        actions.push(Action::Request(Request::StopTable { table: key, why }));
    }

    /// The connections of a table, in the order of their coming.
    pub(super) fn connections_of(&self, key: TableKey) -> Vec<ConnectionId> {
        let of_table = |connection: &Connection| connection.phase.table() == Some(key);
        let mut ids: Vec<_> =
            self.connections.iter().filter(|(_, connection)| of_table(connection)).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    pub(super) fn memory_short(&mut self, actions: &mut Vec<Action>) {
        // Builders without rows keep room for them, which nothing else would ever free.
        for table in self.tables.values_mut().filter(|table| table.builder.rows() == 0) {
            table.builder.shed();
            table.memory.resize(table.builder.memory_bytes());
        }
        let mut waiting: Vec<TableKey> =
            self.tables.iter().filter(|(_, table)| table.bytes_since_cut > 0).map(|(key, _)| *key).collect();
        waiting.sort_unstable();
        for key in waiting {
            self.want_cut(key, Urgency::Now, actions);
        }
    }
}
