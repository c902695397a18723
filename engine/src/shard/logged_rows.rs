//! An entry of the log into the builders: its rows, or those of them that the table can hold by now.

use super::action::Action;
use super::batches::BatchRows;
use super::rejecting::{Rejected, broken_rules, rendered};
use super::state::Shard;
use super::stream::Stream;
use super::table::{ShardTable, StreamSlot};
use crate::columns::layout::Layout;
use crate::handover::{Refusal, TableKey};
use crate::log::{Decision, Log, Reason, Record, StreamRecord};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::compression::{Compression, decompress};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::limits::FRAME_ALIGNMENT;
use lakehead_protocol::reject::RejectCode;
use std::rc::Rc;

/// Runs of a decision that is noted behind its entry.
const NOTED_RUNS_MAX: usize = 64;

/// An entry of the log that is being built.
#[derive(Clone, Copy)]
struct Logged<'a> {
    rows: &'a Record<'a>,
    record: &'a StreamRecord,
    header: &'a Header,
    batch: &'a ArchivedBatch,
}

/// Why an entry cannot be built.
pub(super) enum Unbuilt {
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
    /// Builds what the table does not have of one entry.
    pub(super) fn build_logged(
        &mut self,
        key: TableKey,
        rows: &Record<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Unbuilt> {
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
        let payload = if aligned { rows.payload } else { &copy };
        let Ok(Progress::Frame { frame, consumed }) = frame::next(payload, PeerState::Streaming) else {
            return Err(Unbuilt::Broken(format!("entry {} of the log is no frame", rows.header.position)));
        };
        let Some(decision) = payload.get(consumed..).and_then(Decision::decode) else {
            return Err(Unbuilt::Broken(format!(
                "what was decided about entry {} cannot be read",
                rows.header.position
            )));
        };
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
        let entry = Logged { rows, record: &record, header: &frame.header, batch };
        let layout = self.logged_layout(key, rows)?;
        let decision = self.decide_again(key, slot, &entry, (layout.as_deref(), decision), actions)?;
        if self.settings.canary.loses_older_columns() && layout.as_ref().is_ok_and(|layout| !layout.gaps.is_empty()) {
            let stream = self.tables.get_mut(&key).and_then(|table| table.streams.get_mut(&slot));
            stream.into_iter().for_each(|stream| stream.built = end);
            return Ok(());
        }
        let rejected = self.rejected_of(key, &entry, &decision)?;
        let (layout, decision) = (layout.as_deref().ok(), &decision);
        self.build(key, slot, &BatchRows { header: &frame.header, batch, layout, decision, from }, actions);
        self.reject(key, slot, rows.header.position, (&frame.header, from), rejected);
        self.hand_over_many_rejects(key, actions);
        Ok(())
    }

    /// What is decided about an entry by now: what it was taken with, and what was found since, which is the case when the
    /// table's columns have changed.
    fn decide_again(
        &mut self,
        key: TableKey,
        slot: StreamSlot,
        entry: &Logged<'_>,
        (layout, made): (Result<&Layout, &String>, Decision),
        actions: &mut Vec<Action>,
    ) -> Result<Decision, Unbuilt> {
        let Logged { rows, record, header, batch } = *entry;
        let (Some(book), Some(table)) = (&mut self.log, self.tables.get_mut(&key)) else { return Ok(made) };
        let position = rows.header.position;
        let made = match book.log.state().decided.get(&position) {
            Some(later) => made.and_later(&later.decision),
            None => made,
        };
        let whole = |sentence: &str| {
            let reason = Reason { code: RejectCode::SchemaMismatch as u16, sentence: sentence.into() };
            Decision::whole(header.rows, reason)
        };
        let found = match layout {
            Err(why) => whole(why),
            Ok(layout) => {
                let broken = broken_rules(header.rows, batch, layout, &table.open);
                let broken = broken.map_err(|error| misfit(record, header, &error.to_string()))?;
                Decision::of(broken.into_iter().filter(|(row, _)| !made.rejects(*row)))
            }
        };
        let is_news = found.rejected(0..header.rows).any(|(row, _)| !made.rejects(row));
        if !is_news {
            return Ok(made);
        }
        // A note of its own is small: where rows would make it long, all of them go.
        let sentence = found.rejected(0..header.rows).next().map(|(_, reason)| reason.sentence.clone());
        let sentence = sentence.unwrap_or_else(|| "".into());
        let found = if found.runs() > NOTED_RUNS_MAX { whole(&sentence) } else { found };
        if !self.settings.canary.forgets_decisions() {
            book.log.decide(rows.header.table, rows.header.stream, position, &found);
        }
        let told = Some((slot, sentence.clone()));
        if table.told_rejects != told {
            table.told_rejects = told;
            actions.push(Action::Alarm(format!(
                "rows from {} on of {}, and maybe later ones, are in the log and do not fit the table any more: {sentence}: they \
                 go into its table of rejected rows",
                header.first_offset,
                whose(record)
            )));
        }
        Ok(made.and_later(&found))
    }

    /// The entry's rejected rows, whole.
    fn rejected_of(&self, key: TableKey, entry: &Logged<'_>, decision: &Decision) -> Result<Vec<Rejected>, Unbuilt> {
        let Logged { rows, record, header, batch } = *entry;
        let Some(book) = self.log.as_ref().filter(|_| !decision.is_empty() && self.tables.contains_key(&key)) else {
            return Ok(Vec::new());
        };
        let Some(live) = book.log.state().schemas.get(&rows.header.schema) else {
            return Err(Unbuilt::undefined(&book.log, rows, "schema"));
        };
        rendered(header, batch, &live.record.schema, decision, 0..header.rows)
            .map_err(|error| misfit(record, header, &error.to_string()))
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

fn whose(record: &StreamRecord) -> String {
    record.name.as_ref().map_or_else(|| "an anonymous stream".to_owned(), |name| format!("stream {name:?}"))
}

/// Rows that neither the table nor that of its rejected rows can hold, with their stream and offsets.
fn misfit(record: &StreamRecord, header: &Header, why: &str) -> Unbuilt {
    let stream = whose(record);
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
