//! Who may open or resume a stream, and where it goes on.
//!
//! ```text
//! Hello -> table opened -+-> describe: Welcome, done
//!                        +-> anonymous: Welcome
//!                        +-> open: older owner FENCED -> epoch minted by the next cut -> Welcome
//!                        +-> resume: entries known, or found in the table -> epoch current? -> Welcome, else FENCED
//! ```
//!
//! An open's Welcome waits for the commit that mints the epoch. The same cut takes along whatever rows the older owner had
//! got admitted, so the entries after that commit are all there is to go on from.

use super::action::{Action, Outgoing};
use super::connection::{Announced, Connection, ConnectionId, Phase, Streaming};
use super::rejecting::Rejects;
use super::resuming::resume_point;
use super::state::Shard;
use super::stream::{Mint, Stream};
use super::table::{ShardTable, StreamSlot};
use crate::columns::additions::additions;
use crate::columns::layout::{Layout, LayoutError};
use crate::columns::table_builder::TableBuilder;
use crate::handover::answer::{OpenTable, StreamEntry};
use crate::handover::request::{Request, Ticket, Urgency};
use crate::handover::{Refusal, TableKey};
use crate::number_map::NumberMap;
use lakehead_protocol::control::Closed;
use lakehead_protocol::hello::{Hello, MODE_DESCRIBE, MODE_RESUME};
use lakehead_protocol::limits::SCHEMAS_PER_CONNECTION_MAX;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use lakehead_protocol::welcome::Welcome;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

impl Shard {
    pub(super) fn hello(&mut self, id: ConnectionId, hello: Hello, actions: &mut Vec<Action>) {
        let name: Arc<str> = hello.table.as_str().into();
        let open = Request::OpenTable {
            shard: self.settings.shard,
            ticket: Ticket::Connection(id.0),
            name: name.clone(),
            create: None,
            insist: false,
        };
        self.connections.insert(id, Connection { hello, phase: Phase::OpeningTable, early_schema: None });
        if self.draining {
            return self.refuse_with(
                id,
                RejectCode::ShuttingDown,
                "this engine is stopping; connect again later",
                actions,
            );
        }
        self.asked.insert(id, name);
        actions.push(Action::Request(open));
    }

    pub(super) fn schema(&mut self, id: ConnectionId, schema_id: u32, schema: Schema, actions: &mut Vec<Action>) {
        if self.is_dismissed(id) {
            return;
        }
        if let Err(error) = schema.check() {
            return self.refuse_with(id, RejectCode::SchemaMismatch, &error.to_string(), actions);
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match &connection.phase {
            Phase::Streaming(_) => self.announce(id, schema_id, &schema, actions),
            _ if connection.early_schema.is_some() => {
                self.refuse_with(
                    id,
                    RejectCode::UnexpectedFrame,
                    "one schema at most may come before Welcome",
                    actions,
                );
            }
            Phase::AwaitingSchema => {
                connection.early_schema = Some((schema_id, schema));
                self.create_table(id, actions);
            }
            _ => connection.early_schema = Some((schema_id, schema)),
        }
    }

    /// Asks for the table to be made from the schema that came early.
    fn create_table(&mut self, id: ConnectionId, actions: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some((_, schema)) = &connection.early_schema else { return };
        connection.phase = Phase::OpeningTable;
        let name: Arc<str> = connection.hello.table.as_str().into();
        self.asked.insert(id, name.clone());
        actions.push(Action::Request(Request::OpenTable {
            shard: self.settings.shard,
            ticket: Ticket::Connection(id.0),
            name,
            create: Some(Arc::new(schema.clone())),
            insist: false,
        }));
    }

    /// Matches an announced schema with the table.
    pub(super) fn announce(&mut self, id: ConnectionId, schema_id: u32, schema: &Schema, actions: &mut Vec<Action>) {
        let Some(Connection { phase: Phase::Streaming(streaming), .. }) = self.connections.get_mut(&id) else { return };
        let Some(table) = self.tables.get(&streaming.table) else { return };
        let waits = streaming.waiting.iter().any(|(waiting, _)| *waiting == schema_id);
        if waits || streaming.layouts.contains_key(&schema_id) {
            let message = format!("schema id {schema_id} was announced before; ids are never used twice");
            return self.refuse_with(id, RejectCode::UnknownSchema, &message, actions);
        }
        if streaming.layouts.len() + streaming.waiting.len() >= SCHEMAS_PER_CONNECTION_MAX {
            let message =
                format!("a connection may announce {SCHEMAS_PER_CONNECTION_MAX} schemas; connect anew to go on");
            return self.refuse_with(id, RejectCode::UnknownSchema, &message, actions);
        }
        match Layout::match_columns(schema, &table.open.schema) {
            Ok(layout) => {
                streaming.layouts.insert(schema_id, Announced::new(layout, schema.clone()));
            }
            // Whether it gets them is the table's to say.
            Err(LayoutError::UnknownColumn { .. }) if additions(schema, &table.open.schema).is_ok() => {
                self.wish_columns(id, schema_id, schema, actions);
            }
            // Behind a Welcome that may still wait for the log.
            Err(error) => {
                let refusal = Refusal::new(RejectCode::SchemaMismatch, error.to_string());
                self.refuse_durably(id, &refusal, 0, actions);
            }
        }
    }

    pub(super) fn table_opened(
        &mut self,
        id: ConnectionId,
        result: Result<OpenTable, Refusal>,
        actions: &mut Vec<Action>,
    ) {
        let asked = self.asked.remove(&id);
        let open = match result {
            Ok(open) => open,
            Err(refusal) => return self.table_refused(id, &refusal, actions),
        };
        let key = open.key;
        // The commit plane counts on this shard for the table's cuts, whoever asked.
        let Some(name) = asked else { return };
        if let Err(refusal) = self.ensure_table(&open, &name, actions) {
            return self.refuse(id, &refusal, 0, actions);
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let hello = connection.hello.clone();
        if !hello.table_id.is_empty() && *hello.table_id != *open.id {
            let message = format!(
                "table {} was made anew: it is {} now and was {} when this stream was opened; open the stream afresh to write \
                 to the new one",
                hello.table, open.id, hello.table_id
            );
            return self.refuse_with(id, RejectCode::TableChanged, &message, actions);
        }
        if hello.mode == MODE_DESCRIBE {
            let entry = Stream::new(None);
            actions.push(Action::Send(id, Outgoing::Welcome(Box::new(welcome(&open, &entry, 0, [0; 16], 0)))));
            self.release(id);
            actions.push(Action::Finish(id, Outgoing::Closed(Closed { committed: 0, version: open.version })));
        } else if let Some(refusal) = self.log_refusal(&open) {
            self.refuse(id, &refusal, 0, actions);
        } else if self.tables.get(&key).is_some_and(ShardTable::admits) {
            self.admit(id, key, actions);
        } else if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::AwaitingReplay { table: key };
        }
    }

    /// A connection's table is live: its stream is opened or resumed.
    pub(super) fn admit(&mut self, id: ConnectionId, key: TableKey, actions: &mut Vec<Action>) {
        let Some(hello) = self.connections.get(&id).map(|connection| connection.hello.clone()) else { return };
        if hello.stream.is_empty() {
            self.open_anonymous(id, key, actions);
        } else if hello.mode == MODE_RESUME {
            self.resume(id, key, &hello, actions);
        } else {
            self.open_named(id, key, &hello, actions);
        }
    }

    /// Has the table here, if it is not yet.
    ///
    /// # Errors
    /// When the table cannot be built.
    pub(super) fn ensure_table(
        &mut self,
        open: &OpenTable,
        name: &Arc<str>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        if !self.tables.contains_key(&open.key) {
            let table = self.new_table(open.clone(), name)?;
            let claims = !table.is_live();
            self.tables.insert(open.key, table);
            if claims {
                self.want_cut(open.key, Urgency::Open, actions);
            }
        }
        Ok(())
    }

    fn table_refused(&mut self, id: ConnectionId, refusal: &Refusal, actions: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let may_create = refusal.code == RejectCode::UnknownTable && connection.hello.schema_follows == 1;
        let asked = std::mem::replace(&mut connection.hello.schema_follows, 0);
        if may_create && asked == 1 {
            connection.phase = Phase::AwaitingSchema;
            self.create_table(id, actions);
        } else {
            self.refuse(id, refusal, 0, actions);
        }
    }

    fn new_table(&mut self, open: OpenTable, name: &Arc<str>) -> Result<ShardTable, Refusal> {
        let builder = TableBuilder::new(open.arrow_schema.clone(), self.settings.row_group)
            .map_err(|error| Refusal::new(RejectCode::TableUnsupported, error.to_string()))?;
        let log = self.log.as_mut().map(|book| book.open_table(&open, name));
        Ok(ShardTable {
            open,
            builder,
            memory: self.budget.reserve(0),
            rejects: Rejects::default(),
            told_rejects: None,
            rows_since_cut: 0,
            bytes_since_cut: 0,
            wanted: None,
            streams: NumberMap::default(),
            names: HashMap::new(),
            next_slot: 0,
            dirty: Vec::new(),
            pending: VecDeque::new(),
            looks: HashMap::new(),
            log,
        })
    }

    fn open_anonymous(&mut self, id: ConnectionId, key: TableKey, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let slot = table.add(Stream { owner: Some(id), ..Stream::new(None) });
        self.welcome(id, key, slot, actions);
    }

    fn open_named(&mut self, id: ConnectionId, key: TableKey, hello: &Hello, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let slot = table.named(&hello.stream);
        let Some(stream) = table.streams.get_mut(&slot) else { return };
        if stream.is_stale_attempt(&hello.opener, hello.attempt) {
            return self.refuse_stale(id, actions);
        }
        stream.opener = Some((hello.opener, hello.attempt));
        let owner = stream.owner.take();
        let displaced = match stream.mint {
            Mint::Idle => {
                stream.mint = Mint::Wanted(id);
                table.mark_dirty(slot);
                None
            }
            Mint::Wanted(by) => {
                stream.mint = Mint::Wanted(id);
                Some(by)
            }
            // The epoch in flight goes to nobody: a newer opener stands behind it, whose rows must not carry it.
            Mint::InFlight { cut, by, then } => {
                stream.mint = Mint::InFlight { cut, by: None, then: Some(id) };
                by.or(then)
            }
        };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::AwaitingEpoch { table: key, slot };
        }
        for fenced in owner.into_iter().chain(displaced) {
            self.fence(fenced, actions);
        }
        self.want_cut(key, Urgency::Open, actions);
    }

    /// An epoch was minted: its opener is welcome, unless a newer one came meanwhile.
    pub(super) fn epoch_minted(
        &mut self,
        key: TableKey,
        slot: StreamSlot,
        entry: &StreamEntry,
        actions: &mut Vec<Action>,
    ) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let Some(stream) = table.streams.get_mut(&slot) else { return };
        let Mint::InFlight { by, then, .. } = stream.mint else { return };
        stream.continue_from(entry.committed, entry.epoch, entry.version);
        if let Some(then) = then {
            stream.mint = Mint::Wanted(then);
            table.mark_dirty(slot);
            self.want_cut(key, Urgency::Open, actions);
        } else {
            stream.mint = Mint::Idle;
        }
        let Some(id) = by else { return };
        let Some(hello) = self.connections.get(&id).map(|connection| connection.hello.clone()) else { return };
        match resume_point(&hello, entry.committed) {
            Ok(_) => {
                self.own(key, slot, id);
                self.welcome(id, key, slot, actions);
            }
            Err(refusal) => self.refuse(id, &refusal, hello.committed_seen, actions),
        }
    }

    pub(super) fn own(&mut self, key: TableKey, slot: StreamSlot, id: ConnectionId) {
        if let Some(stream) = self.tables.get_mut(&key).and_then(|table| table.streams.get_mut(&slot)) {
            stream.owner = Some(id);
        }
    }

    pub(super) fn welcome(&mut self, id: ConnectionId, key: TableKey, slot: StreamSlot, actions: &mut Vec<Action>) {
        let credit_bytes = self.settings.credit_bytes;
        let Some(table) = self.tables.get(&key) else { return };
        let Some(stream) = table.streams.get(&slot) else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.phase = Phase::Streaming(Streaming {
            table: key,
            slot,
            layouts: HashMap::new(),
            waiting: VecDeque::new(),
            received_bytes: 0,
            credit_bytes,
            closing: false,
            welcomed: false,
        });
        let mut stream_id = [0u8; 16];
        stream_id[..2].copy_from_slice(&self.settings.shard.0.to_le_bytes());
        stream_id[4..8].copy_from_slice(&key.0.to_le_bytes());
        stream_id[8..].copy_from_slice(&slot.0.to_le_bytes());
        let early = connection.early_schema.take();
        // Said when what is logged is durable.
        let durable = if self.log.is_some() { stream.next } else { stream.committed };
        let mut welcome = Box::new(welcome(&table.open, stream, durable, stream_id, credit_bytes));
        if self.settings.canary.resumes_at_other_streams() {
            welcome.resume_offset = table.streams.values().map(|stream| stream.next).max().unwrap_or(0);
        }
        // It says that the rows before the resume offset are here: they have to be durable first.
        self.send_durably(id, Outgoing::Welcome(welcome), actions);
        if let Some((schema_id, schema)) = early {
            self.announce(id, schema_id, &schema, actions);
        }
    }

    pub(super) fn fence(&mut self, id: ConnectionId, actions: &mut Vec<Action>) {
        let message = "a newer producer opened this stream; this one may write to it no more";
        self.refuse_with(id, RejectCode::Fenced, message, actions);
    }

    pub(super) fn refuse_stale(&mut self, id: ConnectionId, actions: &mut Vec<Action>) {
        let message = "a later connection of the same producer has this stream already";
        self.refuse_with(id, RejectCode::StaleAttempt, message, actions);
    }
}

fn welcome(open: &OpenTable, stream: &Stream, durable: u64, stream_id: [u8; 16], credit: u64) -> Welcome {
    let (batch_bytes_max, batch_rows_max) = Shard::batch_limits();
    Welcome {
        table_id: open.id.to_string(),
        table_version: open.version,
        schema: (*open.schema).clone(),
        stream_id,
        epoch_major: stream.epoch,
        epoch_minor: 0,
        resume_offset: stream.next,
        durable,
        committed: stream.committed,
        credit,
        batch_bytes_max,
        batch_rows_max,
    }
}
