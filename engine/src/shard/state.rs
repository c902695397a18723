//! The shard itself: what it holds, and which room an event goes to.

use super::action::{Action, Outgoing};
use super::canary::Canary;
use super::connection::{Connection, ConnectionId, Phase, Streaming};
use super::cuts::{Landed, Restart};
use super::event::Event;
use super::log_book::LogBook;
use super::logging::Awaited;
use super::stream::Stream;
use super::table::{ShardTable, StreamSlot};
use crate::budget::Budget;
use crate::columns::table_builder::RowGroupSize;
use crate::handover::answer::Answer;
use crate::handover::request::Ticket;
use crate::handover::{Refusal, ShardId, TableKey};
use crate::log::TableNumber;
use crate::number_map::NumberMap;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
use lakehead_protocol::reject::{Reject, RejectCode};
use std::sync::Arc;

/// What a shard is told at its start.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub shard: ShardId,
    pub row_group: RowGroupSize,
    /// Payload bytes that a client may be ahead of what was taken in; at least one batch of the maximum size.
    pub credit_bytes: u64,
    /// How long clients have once the engine drains.
    pub drain_deadline_ms: u64,
    pub canary: Canary,
}

impl Settings {
    /// The defaults for this shard.
    pub fn new(shard: ShardId) -> Self {
        Self {
            shard,
            row_group: RowGroupSize::default(),
            credit_bytes: 4 * BATCH_BYTES_MAX as u64,
            drain_deadline_ms: 30_000,
            canary: Canary::None,
        }
    }
}

/// All that one core owns. Nothing else touches it.
pub struct Shard {
    pub(super) settings: Settings,
    pub(super) budget: Budget,
    pub(super) connections: NumberMap<ConnectionId, Connection>,
    pub(super) tables: NumberMap<TableKey, ShardTable>,
    /// Names of the tables that were asked for: who asked may be gone when the answer comes.
    pub(super) asked: NumberMap<ConnectionId, Arc<str>>,
    pub(super) draining: bool,
    /// `None` when the log is switched off.
    pub(super) log: Option<LogBook>,
    /// Tables whose streams wait for logs of an earlier set of cores.
    pub(super) awaited: Awaited,
}

impl Shard {
    /// A shard without a log that knows nothing yet.
    pub fn new(settings: Settings, budget: Budget) -> Self {
        Self {
            settings,
            budget,
            connections: NumberMap::default(),
            tables: NumberMap::default(),
            asked: NumberMap::default(),
            draining: false,
            log: None,
            awaited: Awaited::new(),
        }
    }

    /// Takes one event in and appends what must be done to `actions`.
    pub fn step(&mut self, event: Event<'_>, actions: &mut Vec<Action>) {
        match event {
            Event::Hello { connection, hello } => self.hello(connection, hello, actions),
            Event::Schema { connection, schema_id, schema } => self.schema(connection, schema_id, schema, actions),
            Event::Batch { connection, header, batch, frame } => {
                self.batch(connection, &header, batch, frame, actions);
            }
            Event::LogRead { table, generation, place, bytes } => {
                self.log_read(table, generation, place, bytes, actions);
            }
            Event::PortStalled { table } => self.port_stalled(table),
            Event::TableDrained { id } => self.table_drained(&id),
            Event::Close { connection } => self.close(connection, actions),
            Event::Lost { connection } => self.lost(connection, actions),
            Event::MemoryShort => self.memory_short(actions),
            Event::Drain => self.drain(actions),
            Event::Answer(answer) => self.answer(answer, actions),
        }
    }

    fn answer(&mut self, answer: Answer, actions: &mut Vec<Action>) {
        match answer {
            Answer::TableOpened { ticket: Ticket::Connection(id), result } => {
                self.table_opened(ConnectionId(id), result, actions);
            }
            Answer::TableOpened { ticket: Ticket::Log(number), result } => {
                self.logged_table_opened(TableNumber(number), result, actions);
            }
            Answer::StreamFound { table, stream, result } => self.stream_found(table, &stream, result, actions),
            Answer::CutWanted { table, generation, cut } => self.cut_wanted(table, generation, cut, actions),
            Answer::Committed { table, generation, cut, version, minted, shown } => {
                let landed = Landed { generation, cut, version, minted: &minted, shown: &shown };
                self.committed(table, landed, actions);
            }
            Answer::Discarded { table, generation, next_cut, fenced, why, shown, columns } => {
                let restart = Restart { generation, next_cut, columns: columns.as_deref() };
                self.discarded(table, restart, &fenced, &why, &shown, actions);
            }
            Answer::ColumnsRefused { table, schema, why } => self.columns_refused(table, &schema, &why, actions),
            Answer::TableClosed { table, why, held } => self.table_closed(table, &why, held, actions),
            Answer::Room { table } => self.port_has_room(table, actions),
        }
    }

    /// Whether the shard holds nothing that is still on its way to a table.
    pub fn is_settled(&self) -> bool {
        self.tables.values().all(ShardTable::is_settled) && self.log.as_ref().is_none_or(LogBook::is_quiet)
    }

    /// The table that a connection's rows go to, once it is known.
    pub fn table_of(&self, connection: ConnectionId) -> Option<TableKey> {
        self.connections.get(&connection)?.phase.table()
    }

    /// Refuses a connection for good: last frame, and the stream loses its owner.
    pub(super) fn refuse(&mut self, id: ConnectionId, refusal: &Refusal, offset: u64, actions: &mut Vec<Action>) {
        let committed = self.stream_of(id).map_or(0, |stream| stream.committed);
        self.release(id);
        let mut reject = Reject::new(refusal.code, offset, refusal.message.clone());
        reject.committed = committed;
        actions.push(Action::Finish(id, Outgoing::Reject(Box::new(reject))));
    }

    /// [`Shard::refuse`] once everything that the refusal rests on is durable; until then nothing more is heard of the peer.
    pub(super) fn refuse_durably(
        &mut self,
        id: ConnectionId,
        refusal: &Refusal,
        offset: u64,
        actions: &mut Vec<Action>,
    ) {
        let hello = self.connections.get(&id).map(|connection| connection.hello.clone());
        let mut refused = Vec::new();
        self.refuse(id, refusal, offset, &mut refused);
        let (Some(book), Some(hello)) = (&mut self.log, hello) else { return actions.append(&mut refused) };
        let before = actions.len();
        refused.into_iter().for_each(|action| book.defer(action, actions));
        if actions.len() == before {
            self.connections.insert(id, Connection { hello, phase: Phase::Dismissed, early_schema: None });
        }
    }

    /// [`Shard::refuse`] with a code and sentence, about no row in particular.
    pub(super) fn refuse_with(&mut self, id: ConnectionId, code: RejectCode, message: &str, actions: &mut Vec<Action>) {
        self.refuse(id, &Refusal::new(code, message), 0, actions);
    }

    /// Forgets a connection; its stream has no owner then.
    pub(super) fn release(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        let (table, slot) = match connection.phase {
            Phase::Streaming(Streaming { table, slot, .. }) | Phase::AwaitingEpoch { table, slot } => (table, slot),
            Phase::OpeningTable
            | Phase::AwaitingSchema
            | Phase::AwaitingReplay { .. }
            | Phase::FindingStream { .. }
            | Phase::Dismissed => return,
        };
        let Some(table) = self.tables.get_mut(&table) else { return };
        if let Some(stream) = table.streams.get_mut(&slot) {
            if stream.owner == Some(id) {
                stream.owner = None;
            }
            stream.mint = stream.mint.without(id);
        }
        table.forget_if_done(slot);
    }

    fn stream_of(&self, id: ConnectionId) -> Option<&Stream> {
        match &self.connections.get(&id)?.phase {
            Phase::Streaming(Streaming { table, slot, .. }) | Phase::AwaitingEpoch { table, slot } => {
                self.tables.get(table)?.streams.get(slot)
            }
            _ => None,
        }
    }

    /// Tells a stream's owner where it stands.
    pub(super) fn acknowledge(&mut self, table: TableKey, slot: StreamSlot, actions: &mut Vec<Action>) {
        let Some(stream) = self.tables.get(&table).and_then(|table| table.streams.get(&slot)) else { return };
        let Some(owner) = stream.owner else { return };
        let Some(Connection { phase: Phase::Streaming(streaming), .. }) = self.connections.get_mut(&owner) else {
            return;
        };
        if !streaming.welcomed {
            return;
        }
        streaming.credit_bytes = streaming.received_bytes + self.settings.credit_bytes;
        // Without a log nothing is durable before it is committed.
        let ack = Ack {
            durable: stream.committed.max(stream.durable),
            committed: stream.committed,
            version: stream.version,
            credit: streaming.credit_bytes,
        };
        actions.push(Action::Send(owner, Outgoing::Ack(ack)));
    }

    /// The limits that Welcome announces.
    pub(super) fn batch_limits() -> (u32, u32) {
        (BATCH_BYTES_MAX as u32, BATCH_ROWS_MAX as u32)
    }
}
