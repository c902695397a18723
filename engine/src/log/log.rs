//! The log: appends, and what is known of them.

use super::action::{LogAction, LogEvent};
use super::block_view::{BadBlock, BlockView, open_block};
use super::claims::{Claims, drawn_claim};
use super::copying::{Copying, Round};
use super::decision::Decision;
use super::flush::Flushing;
use super::gather::{Gather, Purpose};
use super::index::Index;
use super::limits::{BLOCK_HEADER_BYTES, pages};
use super::live_state::{LiveState, SchemaRecord, StreamRecord, TableRecord};
use super::numbers::{Point, Position, SchemaNumber, StreamNumber, TableNumber};
use super::place::BlockPlace;
use super::record::{RecordHeader, RecordKind, record_bytes};
use super::recovery::Recovered;
use super::segments::Segments;
use super::settings::Settings;
use super::state_record::StateRecord;
use crate::handover::log_part::{LogId, Remembered};
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// One shard's log. See the module head of [`crate::log`].
///
/// Owned by one core. After every turn whoever drives it calls [`Log::actions`] and carries them out.
pub struct Log {
    pub(super) settings: Settings,
    pub(super) id: LogId,
    pub(super) run: u64,
    pub(super) state: LiveState,
    pub(super) index: Index,
    pub(super) segments: Segments,
    pub(super) flushing: Flushing,
    pub(super) copying: Option<Copying>,
    pub(super) copied_round: Round,
    /// Acked data that could not be read back.
    pub(super) damage: Option<String>,
    /// What the next new entry is numbered.
    next_position: Position,
    point: Point,
    /// What the last claim was numbered, of whichever table.
    last_claim: Option<u64>,
    /// Payloads of state records are made here.
    scratch: Vec<u8>,
}

/// Rows to be appended.
#[derive(Debug, Clone, Copy)]
pub struct NewRows<'a> {
    pub table: TableNumber,
    pub schema: SchemaNumber,
    pub stream: StreamNumber,
    /// Rows at the front of the frame that were admitted before.
    pub skip: u32,
    /// The stream's offset behind the frame: its first offset and rows together.
    pub next: u64,
    /// The client's whole frame, header and padding included.
    pub frame: &'a [u8],
    /// A [`Decision`] about its rows, encoded; nothing when they are all for the table.
    pub decision: &'a [u8],
}

/// Where rows went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub position: Position,
    /// They are durable when [`Log::durable`] has reached this.
    pub point: Point,
}

impl Log {
    /// A log that was just minted: without any segment.
    pub fn new(settings: Settings, id: LogId, run: u64) -> Self {
        Self {
            segments: Segments::new(Vec::new()),
            flushing: Flushing::new(1, 0, Position(0)),
            index: Index::default(),
            state: LiveState::default(),
            copying: None,
            copied_round: Round::default(),
            damage: None,
            next_position: Position(0),
            point: Point(0),
            last_claim: None,
            scratch: Vec::new(),
            settings,
            id,
            run,
        }
    }

    /// Goes on behind what was recovered, in a new segment. Everything that recovery has read must be fdatasynced, and the
    /// directory fsynced, before any action of the log is carried out.
    pub fn resume(settings: Settings, run: u64, recovered: Recovered) -> Self {
        let position = recovered.next_position;
        let mut state = recovered.state;
        state.end_run(position);
        Self {
            segments: Segments::new(recovered.spares),
            flushing: Flushing::new(recovered.next_sequence, recovered.last_checksum, position),
            index: recovered.index,
            state,
            next_position: position,
            ..Self::new(settings, recovered.id, run)
        }
    }

    pub fn id(&self) -> LogId {
        self.id
    }

    pub fn run(&self) -> u64 {
        self.run
    }

    pub fn state(&self) -> &LiveState {
        &self.state
    }

    /// Tables are never left out.
    pub fn has_table(&self, table: TableNumber) -> bool {
        self.state.tables.contains_key(&table)
    }

    /// Ask before each append: a new segment leaves out what no entry needs.
    pub fn has_schema(&self, schema: SchemaNumber) -> bool {
        self.state.schemas.contains_key(&schema)
    }

    /// Ask before each append: a new segment leaves out what no entry needs.
    pub fn has_stream(&self, stream: StreamNumber) -> bool {
        self.state.streams.contains_key(&stream)
    }

    /// The table with this `metaData.id`, if it was ever noted.
    pub fn table_of(&self, id: &str) -> Option<TableNumber> {
        self.state.tables.values().find(|table| *table.id == *id).map(|table| table.number)
    }

    /// The table's number; noted when it is new or has another name than before.
    pub fn note_table(&mut self, id: &Arc<str>, name: &Arc<str>) -> TableNumber {
        let known = self.table_of(id).and_then(|number| self.state.tables.get(&number)).cloned();
        let record = match known {
            Some(known) if known.name == *name => return known.number,
            Some(known) => TableRecord { name: name.clone(), ..known },
            None => TableRecord {
                number: TableNumber(self.state.next_numbers.table),
                id: id.clone(),
                name: name.clone(),
                claim: 0,
                claims: Claims::default(),
                position: Position(0),
                version: 0,
            },
        };
        self.state.note_table(record.clone());
        self.put_state(&StateRecord::Table(record.clone()), |header| header);
        record.number
    }

    /// The schema's number; noted when the table's entries in the log use no such schema.
    pub fn note_schema(&mut self, table: TableNumber, schema: &Arc<Schema>) -> SchemaNumber {
        let same = |live: &&super::live_state::LiveSchema| live.record.table == table && live.record.schema == *schema;
        if let Some(known) = self.state.schemas.values().find(same) {
            return known.record.number;
        }
        let number = SchemaNumber(self.state.next_numbers.schema);
        let record = SchemaRecord { number, table, schema: schema.clone() };
        self.state.note_schema(record.clone());
        self.put_state(&StateRecord::Schema(record), |header| header);
        number
    }

    /// A number for one epoch of a stream; call it once for each, and again when [`Log::has_stream`] denies the number.
    pub fn note_stream(&mut self, table: TableNumber, name: Option<&Arc<str>>, epoch: u64) -> StreamNumber {
        let number = StreamNumber(self.state.next_numbers.stream);
        let record = StreamRecord { number, table, name: name.cloned(), epoch };
        self.state.note_stream(record.clone());
        self.put_state(&StateRecord::Stream(record), |header| header);
        number
    }

    /// Appends rows: one copy of the frame into the gathering block. Ask [`Log::room`] first; what is appended in spite of
    /// it is taken from the reserve.
    ///
    /// Table, schema and stream must be noted (see [`Log::has_stream`]).
    pub fn append(&mut self, rows: NewRows<'_>) -> Appended {
        let position = self.next_position;
        let known = self.state.used(rows.schema, rows.stream, position, rows.next);
        // An entry that nobody could make sense of must never reach the disk.
        assert!(known && self.has_table(rows.table), "rows of a table, schema or stream that this log does not know");
        self.next_position = position.next();
        self.point.0 += 1;
        let bytes = record_bytes(rows.frame.len() + rows.decision.len());
        let gather = self.flushing.gather_with_room(&self.settings, bytes);
        let header = RecordHeader {
            kind: RecordKind::Rows,
            table: rows.table,
            stream: rows.stream,
            schema: rows.schema,
            skip: rows.skip,
            position,
        };
        gather.put_both(&header, rows.frame, rows.decision);
        gather.point = self.point;
        gather.end = self.next_position;
        let book = self.index.appended(rows.table, position, bytes as u64);
        let slot = book.slot.and_then(|(number, slot)| (number == gather.number).then_some(slot));
        book.slot = Some((gather.number, gather.entry(rows.table, position, bytes, slot)));
        Appended { position, point: self.point }
    }

    /// A claim of the table that nobody made before: not this log, nor a copy of it. It may be handed over once it is durable.
    pub fn claim(&mut self, table: TableNumber) -> u64 {
        let claim = match self.last_claim {
            Some(last) => last + 1,
            None if self.settings.canary.claims_alike() => drawn_claim(self.run, [0; 16]),
            None => drawn_claim(self.run, (self.settings.salts.borrow_mut())()),
        };
        self.last_claim = Some(claim);
        self.state.tried(table, claim);
        self.put_state(&StateRecord::Claim { claim }, |header| RecordHeader { table, ..header });
        claim
    }

    /// The table shows this: entries below the position are in it. Notes it, and frees what nobody needs then. The position
    /// must not be higher than what is durable. It may be called for a claim alone, with the position as it was.
    pub fn committed(&mut self, table: TableNumber, remembered: Remembered) -> Point {
        let position = Position(remembered.position);
        self.state.committed(table, remembered.claim, position, remembered.version);
        self.index.advance(table, position, &self.state.held);
        let record = StateRecord::Committed { claim: remembered.claim, version: remembered.version };
        self.put_state(&record, |header| RecordHeader { table, position, ..header })
    }

    /// Keeps an entry, whatever its table shows, until it is released. Call it before the table's position passes it.
    pub fn hold(&mut self, table: TableNumber, stream: StreamNumber, position: Position) -> Point {
        self.state.held.insert(position, (table, stream));
        self.put_state(&StateRecord::Held, |header| RecordHeader { table, stream, position, ..header })
    }

    /// Lets a held entry go.
    pub fn release(&mut self, position: Position) -> Point {
        let Some((table, stream)) = self.state.held.remove(&position) else { return self.point };
        self.index.released(table, position, &self.state.held);
        self.put_state(&StateRecord::Released, |header| RecordHeader { table, stream, position, ..header })
    }

    /// Notes what was decided about an entry that is in the log already. What was decided before stays decided.
    pub fn decide(
        &mut self,
        table: TableNumber,
        stream: StreamNumber,
        position: Position,
        decision: &Decision,
    ) -> Point {
        let later = self.state.decided(table, stream, position, decision.clone());
        self.put_state(&StateRecord::Decided(later), |header| RecordHeader { table, stream, position, ..header })
    }

    /// Of everything appended.
    pub fn point(&self) -> Point {
        self.point
    }

    /// Everything appended up to here survives.
    pub fn durable(&self) -> Point {
        self.flushing.durable_point
    }

    /// What the next entry is numbered.
    pub fn next_position(&self) -> Position {
        self.next_position
    }

    /// The table's highest entry in the log, durable or not.
    pub fn last_position(&self, table: TableNumber) -> Option<Position> {
        self.index.books.get(&table).and_then(|book| book.last)
    }

    /// Whether the table has entries at or past the position that are not durable yet.
    pub fn gathered_after(&self, table: TableNumber, position: Position) -> bool {
        let from = position.max(self.flushing.durable_end);
        self.last_position(table).is_some_and(|last| last >= from)
    }

    /// Durable blocks with entries of the table at or past `from` that are not in the table or held, ordered by the table's
    /// first position in them. Blocks may hold entries below `from`, and such that are in the table.
    pub fn blocks(&self, table: TableNumber, from: Position) -> Vec<BlockPlace> {
        self.index.blocks(table, from)
    }

    /// Whether entries at this place are still needed there: not when they were copied elsewhere or came into their table since
    /// [`Log::blocks`] named it. Then its segment may be gone.
    pub fn has_block(&self, place: &BlockPlace) -> bool {
        self.index.has_block(place)
    }

    /// Checks the bytes read from a place.
    ///
    /// # Errors
    /// [`BadBlock::Gone`] when the block was copied elsewhere and its segment retired since [`Log::blocks`] named it: ask
    /// again. Anything else is damage.
    pub fn view_block<'a>(&self, place: &BlockPlace, bytes: &'a [u8]) -> Result<BlockView<'a>, BadBlock> {
        let segment = self.index.segment(place.segment).filter(|_| self.has_block(place)).ok_or(BadBlock::Gone)?;
        open_block(&segment.life(self.settings.canary), place.offset, bytes)
    }

    /// Whether this run has opened a segment.
    pub fn has_segment(&self) -> bool {
        self.segments.current.is_some()
    }

    /// Whether no entry is left that is not in its table, and none is held.
    pub fn is_drained(&self) -> bool {
        let in_table = |(number, last): (&TableNumber, Position)| {
            self.state.tables.get(number).is_some_and(|table| last < table.position)
        };
        self.state.held.is_empty()
            && self.index.books.iter().all(|(number, book)| book.last.is_none_or(|last| in_table((number, last))))
    }

    /// What to do now. Call it after every turn, and at [`Log::wake_at_us`].
    pub fn actions(&mut self, now_us: u64, out: &mut Vec<LogAction>) {
        self.flushing.look_at_clock(now_us);
        if let Some(why) = self.damage.take() {
            out.push(LogAction::Stop { why });
            return;
        }
        self.retire(out);
        // What that gathered waits for nobody but the clock.
        self.flushing.look_at_clock(now_us);
        self.make_spares(now_us, out);
        self.copy(out);
        let wanted_segment = self.flushing.wants_segment;
        self.flush(out);
        if self.flushing.wants_segment && !wanted_segment {
            // Nobody may come again before a segment is free: what is free is looked for now.
            self.retire(out);
            self.flush(out);
        }
        self.open_segment(out);
    }

    /// When [`Log::actions`] wants to be called again, if nothing else happens.
    pub fn wake_at_us(&self) -> Option<u64> {
        [self.flush_at_us(), self.spare_at_us()].into_iter().flatten().min()
    }

    /// Something happened.
    pub fn on(&mut self, event: LogEvent) {
        match event {
            LogEvent::Written { ticket, block } => self.written(ticket, block),
            LogEvent::Synced { ticket } => self.synced(ticket),
            LogEvent::SegmentOpened { number } => self.segment_opened(number),
            LogEvent::SpareMade { number, result } => self.segments.spare_made(number, result),
            LogEvent::SpareDeleted { spare } => self.segments.spare_deleted(spare),
            LogEvent::Retired { segment } | LogEvent::Deleted { segment } => self.segment_left(segment),
            LogEvent::Read { ticket, bytes } => self.read(ticket, &bytes),
        }
    }

    /// A planted fault gives old entries new positions.
    pub(super) fn renumber(&mut self) -> Position {
        let position = self.next_position;
        self.next_position = position.next();
        position
    }

    /// Gathers a state record; `numbered` fills in the header's numbers.
    pub(super) fn put_state(
        &mut self,
        record: &StateRecord,
        numbered: impl FnOnce(RecordHeader) -> RecordHeader,
    ) -> Point {
        self.point.0 += 1;
        self.scratch.clear();
        let header = numbered(record.encode(&mut self.scratch));
        let gather = self.flushing.gather_with_room(&self.settings, record_bytes(self.scratch.len()));
        gather.put(&header, &self.scratch);
        gather.point = self.point;
        gather.end = self.next_position;
        self.point
    }

    /// What lets segments below a number go, in one block if it fits into one.
    pub(super) fn urgent_block(&mut self, below: u64) -> Option<Gather> {
        let mut block = self.flushing.new_gather(&self.settings, Purpose::Urgent, self.settings.block_bytes);
        let tables = self.state.tables.values().cloned().map(StateRecord::Table);
        for record in tables.chain([StateRecord::Freed { below }]) {
            self.scratch.clear();
            let header = record.encode(&mut self.scratch);
            if !block.fits(record_bytes(self.scratch.len())) {
                return None;
            }
            block.put(&header, &self.scratch);
        }
        Some(block)
    }

    /// Live state as blocks for the beginning of a segment.
    pub(super) fn repeat(&mut self) -> Vec<Gather> {
        self.state.prune(self.flushing.durable_end);
        let mut blocks: Vec<Gather> = Vec::new();
        let forget = self.settings.canary.forgets_schemas();
        for (record, place) in self.state.records() {
            if forget && matches!(record, StateRecord::Schema(_)) {
                continue;
            }
            self.scratch.clear();
            let mut header = record.encode(&mut self.scratch);
            if let Some((table, stream, position)) = place {
                header = RecordHeader { table, stream, position, ..header };
            }
            let bytes = record_bytes(self.scratch.len());
            if blocks.last().is_none_or(|block| !block.fits(bytes)) {
                let capacity = self.settings.block_bytes.max(pages(BLOCK_HEADER_BYTES + bytes));
                blocks.push(self.flushing.new_gather(&self.settings, Purpose::Repeat, capacity));
            }
            if let Some(block) = blocks.last_mut() {
                block.put(&header, &self.scratch);
            }
        }
        blocks
    }
}
