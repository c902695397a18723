//! What a log must know to make sense of its entries: tables, schemas, streams, held entries.
//!
//! The log repeats it at the beginning of each segment, so that older ones can go. Everything here can be told again at any
//! time and in any order: definitions never change, what is known of a table only grows. So a repeat that was taken later
//! than the records behind it does no harm. That is why it holds no stream's offset: this would be a promise about rows
//! that come only behind it. Offsets come from the entries.

use super::claims::Claims;
use super::decision::Decision;
use super::numbers::{NextNumbers, Position, SchemaNumber, StreamNumber, TableNumber};
use super::record::{Record, RecordKind};
use super::state_record::{LostBlocks, StateRecord};
use crate::handover::log_part::Remembered;
use lakehead_protocol::schema::Schema;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table, as this log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRecord {
    pub number: TableNumber,
    /// Delta `metaData.id`.
    pub id: Arc<str>,
    /// As clients call it.
    pub name: Arc<str>,
    /// The highest claim that the table was heard to show.
    pub claim: u64,
    /// That one, and those that were tried since.
    pub claims: Claims,
    /// Entries of the table below this are in the table.
    pub position: Position,
    /// The table version that showed it.
    pub version: u64,
}

impl TableRecord {
    /// The newest that the table was heard to show.
    pub fn remembered(&self) -> Remembered {
        Remembered { claim: self.claim, position: self.position.0, version: self.version }
    }
}

/// One epoch of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    pub number: StreamNumber,
    pub table: TableNumber,
    /// `None` for an anonymous one.
    pub name: Option<Arc<str>>,
    pub epoch: u64,
}

/// A schema of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRecord {
    pub number: SchemaNumber,
    pub table: TableNumber,
    pub schema: Arc<Schema>,
}

/// A schema and the last entry that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSchema {
    pub record: SchemaRecord,
    pub last: Option<Position>,
}

/// A stream and what its entries in the log say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveStream {
    pub record: StreamRecord,
    /// The offset behind its last entry; 0 when no entry of it is in the log.
    pub next: u64,
    /// Its last entry.
    pub last: Option<Position>,
}

/// A decision about an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub table: TableNumber,
    pub stream: StreamNumber,
    pub decision: Decision,
}

/// See the module head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveState {
    pub tables: BTreeMap<TableNumber, TableRecord>,
    pub schemas: BTreeMap<SchemaNumber, LiveSchema>,
    pub streams: BTreeMap<StreamNumber, LiveStream>,
    /// Entries kept whatever their table shows.
    pub held: BTreeMap<Position, (TableNumber, StreamNumber)>,
    /// What was decided about entries after they had been appended; see [`super::decision`].
    pub decided: BTreeMap<Position, Decided>,
    pub next_numbers: NextNumbers,
    /// Segments below this number are not needed.
    pub freed_below: u64,
    /// Blocks whose loss somebody has accepted, in segments that are still there.
    pub lost: Vec<LostBlocks>,
}

/// A record that does not fit the state before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// An entry of a table, schema or stream that was never noted, or whose payload is no frame of rows.
    Entry,
    /// The payload is not what the kind says.
    Payload,
}

impl LiveState {
    /// Takes in the next record of the log.
    ///
    /// # Errors
    /// When it does not fit; the state is as before.
    pub fn apply(&mut self, record: &Record<'_>) -> Result<(), Misfit> {
        let header = &record.header;
        if header.kind == RecordKind::Rows {
            let (_, next) = record.offsets().ok_or(Misfit::Entry)?;
            let known = self.tables.contains_key(&header.table)
                && self.streams.get(&header.stream).is_some_and(|stream| stream.record.table == header.table)
                && self.schemas.get(&header.schema).is_some_and(|schema| schema.record.table == header.table);
            if !known {
                return Err(Misfit::Entry);
            }
            self.used(header.schema, header.stream, header.position, next);
            return Ok(());
        }
        match StateRecord::decode(record).ok_or(Misfit::Payload)? {
            StateRecord::Table(table) => self.note_table(table),
            StateRecord::Schema(schema) => self.note_schema(schema),
            StateRecord::Stream(stream) => self.note_stream(stream),
            StateRecord::Claim { claim } => self.tried(header.table, claim),
            StateRecord::Committed { claim, version } => self.committed(header.table, claim, header.position, version),
            StateRecord::Held => {
                self.held.insert(header.position, (header.table, header.stream));
            }
            StateRecord::Decided(decision) => {
                self.decided(header.table, header.stream, header.position, decision);
            }
            StateRecord::Released => {
                self.held.remove(&header.position);
            }
            StateRecord::Numbers(numbers) => self.next_numbers = self.next_numbers.max(numbers),
            StateRecord::Freed { below } => self.freed_below = self.freed_below.max(below),
            StateRecord::Lost(lost) => {
                if !self.lost.contains(&lost) {
                    self.lost.push(lost);
                }
            }
        }
        Ok(())
    }

    pub(super) fn note_table(&mut self, table: TableRecord) {
        self.next_numbers.table = self.next_numbers.table.max(table.number.0 + 1);
        let number = table.number;
        let TableRecord { claim, position, version, .. } = table;
        match self.tables.get_mut(&number) {
            Some(known) => {
                known.name = table.name;
                table.claims.iter().for_each(|(claim, end)| known.claims.note(claim, end));
            }
            None => drop(self.tables.insert(number, table)),
        }
        self.committed(number, claim, position, version);
    }

    pub(super) fn note_schema(&mut self, record: SchemaRecord) {
        self.next_numbers.schema = self.next_numbers.schema.max(record.number.0 + 1);
        self.schemas.entry(record.number).or_insert(LiveSchema { record, last: None });
    }

    pub(super) fn note_stream(&mut self, record: StreamRecord) {
        self.next_numbers.stream = self.next_numbers.stream.max(record.number.0 + 1);
        self.streams.entry(record.number).or_insert(LiveStream { record, next: 0, last: None });
    }

    pub(super) fn committed(&mut self, table: TableNumber, claim: u64, position: Position, version: u64) {
        if let Some(table) = self.tables.get_mut(&table) {
            table.claim = table.claim.max(claim);
            table.claims.confirm(table.claim);
            table.position = table.position.max(position);
            table.version = table.version.max(version);
        }
    }

    /// Takes in a decision about an entry, behind those that were made before; gives all of them together.
    pub(super) fn decided(
        &mut self,
        table: TableNumber,
        stream: StreamNumber,
        position: Position,
        decision: Decision,
    ) -> Decision {
        let decision =
            self.decided.get(&position).map_or_else(|| decision.clone(), |known| known.decision.and_later(&decision));
        self.decided.insert(position, Decided { table, stream, decision: decision.clone() });
        decision
    }

    /// A claim that the table may show from now on.
    pub(super) fn tried(&mut self, table: TableNumber, claim: u64) {
        if let Some(table) = self.tables.get_mut(&table).filter(|table| table.claim < claim) {
            table.claims.note_open(claim);
        }
    }

    /// The run that wrote all this is over, and ended there.
    pub(super) fn end_run(&mut self, end: Position) {
        self.tables.values_mut().for_each(|table| table.claims.end_run(end));
    }

    /// An entry uses its schema and moves its stream on. Copies come in no order, so the highest position decides.
    pub(super) fn used(&mut self, schema: SchemaNumber, stream: StreamNumber, position: Position, next: u64) -> bool {
        let (Some(schema), Some(stream)) = (self.schemas.get_mut(&schema), self.streams.get_mut(&stream)) else {
            return false;
        };
        if schema.last.is_none_or(|last| last < position) {
            schema.last = Some(position);
        }
        if stream.last.is_none_or(|last| last < position) {
            stream.last = Some(position);
            stream.next = next;
        }
        true
    }

    /// Forgets what no entry needs that is not in its table, is not durable yet or is held.
    pub(super) fn prune(&mut self, durable: Position) {
        let Self { tables, schemas, streams, held, decided, .. } = self;
        let is_behind =
            |table: TableNumber, position: Position| tables.get(&table).is_some_and(|table| position < table.position);
        decided.retain(|position, of| held.contains_key(position) || !is_behind(of.table, *position));
        // What exactly a held entry rests on is in the entry alone, so everything of its table stays.
        let held_tables: std::collections::BTreeSet<_> = held.values().map(|(table, _)| *table).collect();
        let is_live = |table: TableNumber, last: Option<Position>| {
            let position = tables.get(&table).map_or(Position(0), |table| table.position);
            held_tables.contains(&table) || last.is_some_and(|last| last >= position || last >= durable)
        };
        schemas.retain(|_, schema| is_live(schema.record.table, schema.last));
        streams.retain(|_, stream| is_live(stream.record.table, stream.last));
    }

    /// Everything but entries, as records.
    pub(super) fn records(&self) -> impl Iterator<Item = (StateRecord, Option<(TableNumber, StreamNumber, Position)>)> {
        let numbers = std::iter::once(StateRecord::Numbers(self.next_numbers))
            .chain((self.freed_below > 0).then_some(StateRecord::Freed { below: self.freed_below }))
            .chain(self.lost.iter().map(|lost| StateRecord::Lost(*lost)));
        let tables = self.tables.values().cloned().map(StateRecord::Table);
        let schemas = self.schemas.values().map(|schema| StateRecord::Schema(schema.record.clone()));
        let streams = self.streams.values().map(|stream| StateRecord::Stream(stream.record.clone()));
        let held =
            self.held.iter().map(|(position, (table, stream))| (StateRecord::Held, Some((*table, *stream, *position))));
        let decided = self.decided.iter().map(|(position, Decided { table, stream, decision })| {
            (StateRecord::Decided(decision.clone()), Some((*table, *stream, *position)))
        });
        numbers.chain(tables).chain(schemas).chain(streams).map(|record| (record, None)).chain(held).chain(decided)
    }
}
