//! Rows out of the log into the builders, after a restart or when a cut could not be committed.
//!
//! A table's entries are read in the order of their positions, from the position that the table shows on. What the table
//! has of a named stream is left out by its offset; rows of an epoch that the table has left behind are dropped when the
//! table has rows at their offsets, and otherwise held in the log until a person has decided. While it goes on, rows that
//! come from sockets are only logged: the replay ends where the log does.

use super::action::Action;
use super::connection::ConnectionId;
use super::logged_rows::Unbuilt;
use super::state::Shard;
use super::stream::Mint;
use super::table::{ShardTable, StreamSlot};
use super::table_log::{Claim, LogPhase};
use crate::handover::TableKey;
use crate::handover::request::Urgency;
use crate::handover::shown::Shown;
use crate::log::{BadBlock, BlockPlace, Position};
use lakehead_protocol::reject::RejectCode;
use std::collections::VecDeque;

/// Reading a table's rows from the log.
#[derive(Debug)]
pub struct Replay {
    /// Position of the next entry to build.
    pub next: Position,
    /// What the table showed when the replay began; `None` when the shard knows every stream of the entries.
    pub(super) shown: Option<Shown>,
    blocks: VecDeque<BlockPlace>,
    reading: Option<BlockPlace>,
    /// Of blocks that were read.
    bytes: u64,
}

impl Replay {
    /// A replay of the entries from `next` on into a table that shows so much.
    pub fn from(next: Position, shown: Shown) -> Self {
        Self { next, shown: Some(shown), blocks: VecDeque::new(), reading: None, bytes: 0 }
    }

    /// A replay of entries whose streams are known here: they came in this run.
    pub fn of_this_run(next: Position) -> Self {
        Self { next, shown: None, blocks: VecDeque::new(), reading: None, bytes: 0 }
    }

    /// Whether the streams here are as far as the log.
    pub fn knows_streams(&self) -> bool {
        self.shown.is_none()
    }
}

impl Shard {
    /// What was not committed is given up and built again from the log, upon what the table shows.
    pub(super) fn build_again(&mut self, key: TableKey, shown: &Shown, actions: &mut Vec<Action>) {
        self.follow_table(key, shown, actions);
        let (Some(book), Some(table)) = (&mut self.log, self.tables.get_mut(&key)) else { return };
        let Some(table_log) = &mut table.log else { return };
        if let Claim::InFlight(_) = table_log.claim {
            table_log.claim = Claim::Wanted;
        }
        let (mut slots, mut mints): (Vec<StreamSlot>, Vec<StreamSlot>) =
            (table.streams.keys().copied().collect(), vec![]);
        slots.sort_unstable();
        for slot in slots {
            let Some(stream) = table.streams.get_mut(&slot) else { continue };
            if let Mint::InFlight { by, then, .. } = stream.mint {
                stream.mint = then.or(by).map_or(Mint::Idle, Mint::Wanted);
            }
            if stream.mint != Mint::Idle {
                mints.push(slot);
            }
        }
        let opens = !mints.is_empty();
        table.dirty.extend(mints);
        if !matches!(table_log.phase, LogPhase::Claiming) {
            let remembered = book.remembered(table_log.number);
            let from = Position(remembered.position.max(shown.log(book.log.id()).position));
            table_log.handed_to = from;
            let next = if self.settings.canary.recuts_overlap() { Position(0) } else { from };
            table_log.phase = LogPhase::Replaying(Replay::from(next, shown.clone()));
        }
        if opens || table_log.claim == Claim::Wanted {
            self.want_cut(key, Urgency::Open, actions);
        }
        self.replay_on(actions);
    }

    /// Takes over what the table shows of the streams here. Those that went on elsewhere lose their owners.
    fn follow_table(&mut self, key: TableKey, shown: &Shown, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let mut ended: Vec<(ConnectionId, RejectCode, &str)> = Vec::new();
        let mut moved: Vec<StreamSlot> = Vec::new();
        let mut slots: Vec<StreamSlot> = table.streams.keys().copied().collect();
        slots.sort_unstable();
        for slot in slots {
            let Some(stream) = table.streams.get_mut(&slot) else { continue };
            let Some(name) = &stream.name else {
                stream.build_again_from(0, 0);
                continue;
            };
            let state = shown.stream(name);
            if state.epoch > stream.epoch {
                let owner = stream.owner.take();
                ended.extend(
                    owner.map(|id| (id, RejectCode::Fenced, "a newer producer opened this stream at another engine")),
                );
                stream.continue_from(state.committed, state.epoch, shown.version);
            } else if state.committed > stream.next {
                let owner = stream.owner.take();
                ended.extend(owner.map(|id| {
                    (
                        id,
                        RejectCode::Discarded,
                        "another engine committed rows of this stream; resume to go on behind them",
                    )
                }));
                let epoch = stream.epoch;
                stream.continue_from(state.committed, epoch, shown.version);
            } else {
                if state.committed > stream.committed {
                    moved.push(slot);
                }
                stream.build_again_from(state.committed, shown.version);
            }
        }
        for (id, code, message) in ended {
            self.refuse_with(id, code, message, actions);
        }
        // Another engine committed rows that are here, too: nobody else will say so.
        for slot in moved {
            self.acknowledge(key, slot, actions);
            self.finish_if_closed(key, slot, actions);
        }
    }

    /// Takes every replay as far as it goes without reading.
    pub(super) fn replay_on(&mut self, actions: &mut Vec<Action>) {
        let mut keys: Vec<TableKey> =
            self.tables.iter_mut().filter_map(|(key, table)| table.replay().map(|_| *key)).collect();
        keys.sort_unstable();
        keys.into_iter().for_each(|key| self.replay_table(key, actions));
    }

    fn replay_table(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        let (Some(book), Some(table)) = (&self.log, self.tables.get_mut(&key)) else { return };
        let generation = table.open.generation;
        let Some(table_log) = table.log.as_ref().filter(|table_log| !table_log.stalled) else { return };
        let number = table_log.number;
        let Some(replay) = table.replay().filter(|replay| replay.reading.is_none()) else { return };
        if replay.blocks.is_empty() {
            replay.blocks = book.log.blocks(number, replay.next).into();
        }
        while let Some(place) = replay.blocks.pop_front() {
            if place.next > replay.next {
                replay.reading = Some(place);
                actions.push(Action::ReadLog { table: key, generation, place });
                return;
            }
        }
        // What is not durable yet is found when it is.
        if book.log.gathered_after(number, replay.next) {
            return;
        }
        if replay.bytes > 0
            && let Some(record) = book.log.state().tables.get(&number)
        {
            actions.push(Action::Replayed { table: key, name: record.name.clone(), bytes: replay.bytes });
        }
        let mut passed = false;
        if let Some(table_log) = &mut table.log {
            table_log.phase = LogPhase::Live;
            passed = table_log.cut_to(book, self.settings.canary) > table_log.handed_to;
        }
        if passed {
            // Even when the table had all of them already, or they are held: it has to show that the log is past them.
            self.want_cut(key, Urgency::Tick, actions);
        }
        self.table_is_live(key, actions);
    }

    /// The table's store is in trouble: from here on its rows are only logged, as far as the log has room, and read again
    /// when the port moves. What waits in memory stays as it is.
    pub(super) fn port_stalled(&mut self, key: TableKey) {
        let (Some(book), Some(table)) = (&self.log, self.tables.get_mut(&key)) else { return };
        let Some(table_log) = &mut table.log else { return };
        table_log.stalled = true;
        if table_log.is_live() {
            let built = book.log.last_position(table_log.number).map_or(table_log.handed_to, Position::next);
            table_log.phase = LogPhase::Replaying(Replay::of_this_run(built.max(table_log.handed_to)));
        }
    }

    /// Something left the port.
    pub(super) fn port_has_room(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        let Some(table_log) = self.tables.get_mut(&key).and_then(|table| table.log.as_mut()) else { return };
        if std::mem::take(&mut table_log.stalled) {
            self.replay_on(actions);
        }
    }

    /// A block that a replay wanted.
    pub(super) fn log_read(
        &mut self,
        key: TableKey,
        generation: u64,
        place: BlockPlace,
        bytes: &[u8],
        actions: &mut Vec<Action>,
    ) {
        let (Some(book), Some(table)) = (&self.log, self.tables.get_mut(&key)) else { return };
        if table.open.generation != generation {
            return;
        }
        let Some(number) = table.log.as_ref().map(|table_log| table_log.number) else { return };
        let Some(replay) = table.replay().filter(|replay| replay.reading == Some(place)) else { return };
        replay.reading = None;
        replay.bytes += u64::from(place.bytes);
        let view = match book.log.view_block(&place, bytes) {
            Ok(view) => view,
            // Its entries were copied elsewhere.
            Err(BadBlock::Gone) => {
                replay.blocks.clear();
                return self.replay_table(key, actions);
            }
            Err(error) => {
                let message = format!("the log's block at {place:?} was readable and is not any more: {error}");
                return actions.push(Action::Fatal(message));
            }
        };
        for rows in view.rows() {
            let next = self.tables.get_mut(&key).and_then(|table| Some(table.replay()?.next));
            if rows.header.table != number || next.is_none_or(|next| rows.header.position < next) {
                continue;
            }
            match self.build_logged(key, &rows, actions) {
                Ok(()) => {}
                Err(Unbuilt::Misfit(why)) => return self.stop_building(key, why, actions),
                Err(Unbuilt::Broken(why)) => return actions.push(Action::Fatal(why)),
                Err(Unbuilt::Lost(why)) => actions.push(Action::Alarm(why)),
            }
            if let Some(replay) = self.tables.get_mut(&key).and_then(ShardTable::replay) {
                replay.next = rows.header.position.next();
            }
        }
        if let Some(replay) = self.tables.get_mut(&key).and_then(ShardTable::replay) {
            replay.next = replay.next.max(place.next);
        }
        self.replay_table(key, actions);
    }
}
