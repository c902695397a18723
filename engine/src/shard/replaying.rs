//! Rows out of the log into the builders, after a restart or when a cut could not be committed.
//!
//! A table's entries are read in the order of their positions, from the position that the table shows on. What the table
//! has of a named stream is left out by its offset; rows of an epoch that the table has left behind are dropped when the
//! table has rows at their offsets, and otherwise held in the log until a person has decided. While it goes on, rows that
//! come from sockets are only logged: the replay ends where the log does.

use super::action::Action;
use super::connection::ConnectionId;
use super::state::Shard;
use super::stream::{Mint, Stream};
use super::table::{ShardTable, StreamSlot};
use super::table_log::{Claim, LogPhase};
use crate::columns::layout::Layout;
use crate::handover::request::Urgency;
use crate::handover::shown::Shown;
use crate::handover::{Refusal, TableKey};
use crate::log::{BadBlock, BlockPlace, Log, Position, Record, StreamRecord};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::batch_check;
use lakehead_protocol::compression::{Compression, decompress};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::limits::FRAME_ALIGNMENT;
use lakehead_protocol::reject::RejectCode;
use std::collections::VecDeque;
use std::rc::Rc;

/// Reading a table's rows from the log.
#[derive(Debug)]
pub struct Replay {
    /// Position of the next entry to build.
    pub next: Position,
    /// What the table showed when the replay began; `None` when the shard knows every stream of the entries.
    shown: Option<Shown>,
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

/// Why an entry cannot be built.
enum Unbuilt {
    /// The table is no longer one that its rows fit.
    Misfit(Refusal),
    /// The entry contradicts itself, though its block's checksum is right.
    Broken(String),
    /// What it rests on is lost, and somebody has accepted that.
    Lost(String),
}

impl Unbuilt {
    /// The entry speaks of something that the log does not know.
    fn undefined(log: &Log, rows: &Record<'_>, what: &str) -> Self {
        let why = format!("entry {} of the log is of no {what}", rows.header.position);
        if log.state().lost.is_empty() {
            return Self::Broken(why);
        }
        Self::Lost(format!(
            "{why} that is known: it was lost with blocks whose loss was accepted, and its rows with it"
        ))
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
        if self.tables.get(&key).is_some_and(ShardTable::wants_epochs) {
            // Cuts that came meanwhile minted none, and nothing else may ask for another one.
            self.want_cut(key, Urgency::Open, actions);
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

    /// Builds what the table does not have of one entry.
    fn build_logged(&mut self, key: TableKey, rows: &Record<'_>, actions: &mut Vec<Action>) -> Result<(), Unbuilt> {
        let Some(book) = &self.log else { return Ok(()) };
        if book.log.state().held.contains_key(&rows.header.position) {
            return Ok(());
        }
        let Some(record) = book.log.state().streams.get(&rows.header.stream).map(|stream| stream.record.clone()) else {
            return Err(Unbuilt::undefined(&book.log, rows, "stream"));
        };
        let aligned = (rows.payload.as_ptr() as usize).is_multiple_of(FRAME_ALIGNMENT);
        let mut copy = FrameBuffer::new();
        if !aligned {
            copy.extend_from_slice(rows.payload);
        }
        let Ok(Progress::Frame { frame, .. }) =
            frame::next(if aligned { rows.payload } else { &copy }, PeerState::Streaming)
        else {
            return Err(Unbuilt::Broken(format!("entry {} of the log is no frame", rows.header.position)));
        };
        let of_rows = |error: String| misfit(&record, &frame.header, &error);
        let layout = self.logged_layout(key, rows)?.map_err(of_rows)?;
        let mut archive_bytes = FrameBuffer::new();
        let archive = if frame.header.compression == Compression::None {
            frame.payload
        } else {
            let broken =
                |_| Unbuilt::Broken(format!("entry {} of the log is compressed wrongly", rows.header.position));
            decompress(&frame.header, frame.payload, &mut archive_bytes).map_err(broken)?;
            &archive_bytes
        };
        let Ok(batch) = archive::access::<ArchivedBatch>(archive) else {
            return Err(Unbuilt::Broken(format!("entry {} of the log is no batch", rows.header.position)));
        };
        let (first, end) = (
            frame.header.first_offset + u64::from(rows.header.skip),
            frame.header.first_offset + u64::from(frame.header.rows),
        );
        let Some((slot, from)) = self.place_logged(key, rows, &record, (first, end), actions) else { return Ok(()) };
        if let Err(error) = batch_check::check(batch, &layout.schema, frame.header.rows) {
            return Err(misfit(&record, &frame.header, &error.to_string()));
        }
        if self.settings.canary.loses_older_columns() && !layout.gaps.is_empty() {
            let stream = self.tables.get_mut(&key).and_then(|table| table.streams.get_mut(&slot));
            stream.into_iter().for_each(|stream| stream.built = end);
            return Ok(());
        }
        self.build(key, slot, &frame.header, batch, &layout, from, actions);
        Ok(())
    }

    /// How an entry's columns lie in the table; within, why they do not.
    fn logged_layout(&mut self, key: TableKey, rows: &Record<'_>) -> Result<Result<Rc<Layout>, String>, Unbuilt> {
        let gone = || Unbuilt::Broken("a table was closed while its rows were read from the log".to_owned());
        let (Some(book), Some(table)) = (&self.log, self.tables.get_mut(&key)) else { return Err(gone()) };
        let table_log = table.log.as_mut().ok_or_else(gone)?;
        if let Some(layout) = table_log.layouts.get(&rows.header.schema) {
            return Ok(Ok(layout.clone()));
        }
        let live = book.log.state().schemas.get(&rows.header.schema);
        let record = &live.ok_or_else(|| Unbuilt::undefined(&book.log, rows, "schema"))?.record;
        let layout = match Layout::match_columns(&record.schema, &table.open.schema) {
            Ok(layout) => Rc::new(layout),
            Err(error) => return Ok(Err(format!("its columns changed: {error}"))),
        };
        table_log.layouts.insert(rows.header.schema, layout.clone());
        Ok(Ok(layout))
    }

    /// Where an entry's rows `first..end` go: their stream, and the first that the table does not have. `None` when there is
    /// nothing to build.
    fn place_logged(
        &mut self,
        key: TableKey,
        rows: &Record<'_>,
        record: &StreamRecord,
        (first, end): (u64, u64),
        actions: &mut Vec<Action>,
    ) -> Option<(StreamSlot, u64)> {
        let table = self.tables.get_mut(&key)?;
        let slot = match &record.name {
            Some(name) => named(table, name),
            None => anonymous(table, rows, first),
        };
        let stream = table.streams.get_mut(&slot)?;
        let is_current = record.name.is_none() || record.epoch == stream.epoch;
        if is_current && first <= stream.built {
            if stream.log_number.is_none() {
                stream.log_number = Some(rows.header.stream);
            }
            let from = first.max(stream.built);
            stream.next = stream.next.max(end);
            stream.durable = stream.durable.max(end);
            return (from < end).then_some((slot, from));
        }
        if end <= stream.committed {
            return None;
        }
        if self.settings.canary.drops_older_epochs() {
            return None;
        }
        let (committed, epoch) = (stream.committed, stream.epoch);
        let book = self.log.as_mut()?;
        book.log.hold(rows.header.table, rows.header.stream, rows.header.position);
        let name = record.name.as_deref().unwrap_or("");
        actions.push(Action::Alarm(format!(
            "rows {first} to {} of stream {name:?}, sent under epoch {}, are in the log and not in the table, which shows \
             {committed} rows under epoch {epoch}: they are held; `lakehead log held` shows them",
            end - 1,
            record.epoch
        )));
        None
    }
}

/// Rows that the table cannot hold, with their stream and offsets.
fn misfit(record: &StreamRecord, header: &Header, why: &str) -> Unbuilt {
    let stream =
        record.name.as_ref().map_or_else(|| "an anonymous stream".to_owned(), |name| format!("stream {name:?}"));
    let (first, end) = (header.first_offset, header.first_offset + u64::from(header.rows));
    let message = format!(
        "rows {first} to {} of {stream}, and maybe later ones, are in the log and do not fit the table any more: {why}",
        end.saturating_sub(1)
    );
    Unbuilt::Misfit(Refusal::new(RejectCode::SchemaMismatch, message))
}

/// The named stream's slot; one that is new here is as the table shows it.
fn named(table: &mut ShardTable, name: &str) -> StreamSlot {
    if let Some(slot) = table.names.get(name) {
        return *slot;
    }
    let shown = table.replay().and_then(|replay| replay.shown.as_ref());
    let shown = shown.map(|shown| (shown.stream(name), shown.version));
    let slot = table.named(name);
    if let (Some((state, version)), Some(stream)) = (shown, table.streams.get_mut(&slot)) {
        stream.continue_from(state.committed, state.epoch, version);
    }
    slot
}

/// The anonymous stream's slot; one that is new here begins with the entry.
fn anonymous(table: &mut ShardTable, rows: &Record<'_>, first: u64) -> StreamSlot {
    let known = table.log.as_ref().and_then(|table_log| table_log.anonymous.get(&rows.header.stream).copied());
    if let Some(slot) = known.filter(|slot| table.streams.contains_key(slot)) {
        return slot;
    }
    let mut stream = Stream::new(None);
    stream.continue_from(first, 0, 0);
    stream.log_number = Some(rows.header.stream);
    let slot = table.add(stream);
    if let Some(table_log) = &mut table.log {
        table_log.anonymous.insert(rows.header.stream, slot);
    }
    slot
}
