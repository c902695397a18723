//! Rows into the log, and what follows when they are durable.

use super::action::{Action, Outgoing};
use super::connection::{Connection, ConnectionId, Phase};
use super::log_book::LogBook;
use super::state::{Settings, Shard};
use super::table::StreamSlot;
use crate::budget::Budget;
use crate::handover::TableKey;
use crate::log::{Decision, Log, LogAction, LogEvent, NewRows, Position, Room};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tables that are named when the log is full.
const FULLNESS_TABLES: usize = 5;

/// What a shard's log is there for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogDuty {
    /// It takes rows of the shard's streams.
    #[default]
    Serves,
    /// It is the log of an earlier set of cores: its rows go to their tables and no new ones come.
    Drains,
}

/// Tables, by id, that logs of an earlier set of cores have rows for, and how many of these logs.
pub type Awaited = BTreeMap<Arc<str>, u32>;

/// What becomes of rows that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// They are logged, if there is a log, and built: they need room in the table's port.
    Built,
    /// They are only logged.
    Logged,
    /// They must wait for the log's disk: not for long.
    Behind,
    /// They must wait: the log has no room, or older rows of the table are read from it first, or the table gets columns.
    Later,
}

impl Shard {
    /// A shard that keeps rows in `log` until they are in their tables; what is in it already goes there first.
    pub fn with_log(settings: Settings, budget: Budget, log: Log, duty: LogDuty) -> Self {
        let book = LogBook::new(log, duty == LogDuty::Drains);
        Self { log: Some(book), ..Self::new(settings, budget) }
    }

    /// Has streams of these tables wait until all rows in those logs are in their tables.
    pub fn await_tables(&mut self, awaited: Awaited) {
        self.awaited = awaited;
    }

    /// Has the next claims of these tables, by id, take what the tables show as it is: a person has decided so.
    pub fn accept_tables(&mut self, ids: BTreeSet<Arc<str>>) {
        if let Some(book) = &mut self.log {
            book.accepted = ids;
        }
    }

    /// The log, if there is one.
    pub fn log(&self) -> Option<&Log> {
        self.log.as_ref().map(|book| &book.log)
    }

    /// What the log wants done now.
    pub fn log_actions(&mut self, now_us: u64, out: &mut Vec<LogAction>) {
        if let Some(book) = &mut self.log {
            book.log.actions(now_us, out);
        }
    }

    /// Something that the log wanted is done.
    pub fn log_event(&mut self, event: LogEvent, actions: &mut Vec<Action>) {
        let Some(book) = &mut self.log else { return };
        book.log.on(event);
        let durable = book.take_durable();
        for (key, slot, epoch, next) in durable {
            let stream = self.tables.get_mut(&key).and_then(|table| table.streams.get_mut(&slot));
            let Some(stream) = stream.filter(|stream| stream.epoch == epoch) else { continue };
            stream.durable = stream.durable.max(next);
            self.acknowledge(key, slot, actions);
        }
        while let Some(action) = self.log.as_mut().and_then(LogBook::take_deferred) {
            self.let_go(action, actions);
        }
        self.replay_on(actions);
    }

    /// Carries a deferred action out, if whom it is for is still there.
    fn let_go(&mut self, action: Action, actions: &mut Vec<Action>) {
        match &action {
            Action::Send(id, outgoing) => {
                let Some(connection) = self.connections.get_mut(id) else { return };
                if let (Outgoing::Welcome(_), Phase::Streaming(streaming)) = (outgoing, &mut connection.phase) {
                    streaming.welcomed = true;
                }
                actions.push(action);
            }
            Action::Finish(id, _) => {
                self.connections.remove(id);
                actions.push(action);
            }
            _ => actions.push(action),
        }
    }

    /// Whether the log takes rows of this connection's table.
    pub fn log_room(&self, id: ConnectionId) -> Room {
        let Some(book) = &self.log else { return Room::Yes };
        let table = self.table_of(id).and_then(|key| Some(self.tables.get(&key)?.log.as_ref()?.number));
        book.log.room(table)
    }

    /// Why rows of every table wait for room in the log, if they do: what takes it up, the most first.
    pub fn fullness(&self) -> Option<String> {
        let log = &self.log.as_ref()?.log;
        if log.room(None) != Room::Full {
            return None;
        }
        let usage = log.usage();
        let mut tables = usage.tables;
        tables.sort_by_key(|(number, bytes)| (std::cmp::Reverse(*bytes), *number));
        let named = tables.iter().take(FULLNESS_TABLES).filter_map(|(number, bytes)| {
            let name = &log.state().tables.get(number)?.name;
            Some(format!("{name} {} MB", bytes >> 20))
        });
        let held = log.state().held.len();
        let tables: Vec<String> = named.collect();
        let tables = tables.join(", ");
        Some(format!(
            "{} of {} MB are used; rows that are not in their tables: {tables}; {held} entries are held. Producers wait. \
             `lakehead log inspect` shows more, `lakehead log held` what waits for a decision",
            usage.bytes >> 20,
            usage.bytes_max >> 20
        ))
    }

    /// What would become of rows that this connection sends now.
    pub fn intake(&self, id: ConnectionId) -> Intake {
        let phase = self.connections.get(&id).map(|connection| &connection.phase);
        if matches!(phase, Some(Phase::Streaming(streaming)) if !streaming.waiting.is_empty()) {
            return Intake::Later;
        }
        let table = phase.and_then(|phase| self.tables.get(&phase.table()?));
        let Some(table_log) = table.and_then(|table| table.log.as_ref()) else { return Intake::Built };
        match (self.log_room(id), table_log.is_live(), table_log.stalled) {
            (Room::Behind, ..) => Intake::Behind,
            (Room::TableShare | Room::Full, ..) | (Room::Yes, false, false) => Intake::Later,
            (Room::Yes, true, _) => Intake::Built,
            (Room::Yes, false, true) => Intake::Logged,
        }
    }

    /// Appends a batch's rows from `skip` on to the log, with what was decided about them, and says where; without a log there is
    /// nothing to do.
    pub(super) fn append_to_log(
        &mut self,
        key: TableKey,
        slot: StreamSlot,
        (id, schema_id): (ConnectionId, u32),
        skip: u32,
        (frame, decision): (&[u8], &Decision),
    ) -> Option<Position> {
        let (book, table) = (self.log.as_mut()?, self.tables.get_mut(&key)?);
        let table_log = table.log.as_mut()?;
        let stream = table.streams.get_mut(&slot)?;
        let Connection { phase: Phase::Streaming(streaming), .. } = self.connections.get_mut(&id)? else { return None };
        let announced = streaming.layouts.get_mut(&schema_id)?;
        let log = &mut book.log;
        let number = table_log.number;
        let schema = match announced.log_number.filter(|schema| log.has_schema(*schema)) {
            Some(schema) => schema,
            None => log.note_schema(number, &announced.schema),
        };
        announced.log_number = Some(schema);
        let named = match stream.log_number.filter(|stream| log.has_stream(*stream)) {
            Some(stream) => stream,
            None => log.note_stream(number, stream.name.as_ref(), stream.epoch),
        };
        if stream.name.is_none() && stream.log_number != Some(named) {
            table_log.anonymous.insert(named, slot);
        }
        stream.log_number = Some(named);
        table_log.layouts.entry(schema).or_insert_with(|| announced.layout.clone());
        let mut behind = Vec::new();
        if !decision.is_empty() {
            decision.encode(&mut behind);
        }
        let next = stream.next;
        let appended =
            log.append(NewRows { table: number, schema, stream: named, skip, next, frame, decision: &behind });
        book.appended(appended.point, key, slot, stream.epoch, next);
        Some(appended.position)
    }

    /// Sends a frame when everything that was appended so far is durable.
    pub(super) fn send_durably(&mut self, id: ConnectionId, outgoing: Outgoing, actions: &mut Vec<Action>) {
        let action = Action::Send(id, outgoing);
        let waits = !self.settings.canary.welcomes_before_durable();
        let Some(book) = self.log.as_mut().filter(|_| waits) else { return self.let_go(action, actions) };
        let mut ready = Vec::new();
        book.defer(action, &mut ready);
        ready.into_iter().for_each(|action| self.let_go(action, actions));
    }
}
