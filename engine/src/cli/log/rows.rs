//! Entries of a log as Arrow rows: the columns as their producers sent them.

use super::reading::Seen;
use crate::columns::json_rows::loosened;
use crate::columns::layout::Layout;
use crate::columns::table_builder::{RowGroupSize, TableBuilder};
use crate::log::{Canary, Life, Position, ReadDisk, open_block};
use crate::log_directory::contents::Entry;
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::batch_check;
use lakehead_protocol::compression::{Compression, decompress};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// Which values columns take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Those that the producers' columns allow, and NULL.
    Sent,
    /// Those of rejected rows, too: text may be any bytes, decimals are as wide as their numbers can be.
    Any,
}

/// Collects entries with one set of columns.
pub struct Rows {
    wire: Arc<Schema>,
    take: Take,
    arrow: SchemaRef,
    builder: TableBuilder,
}

impl Rows {
    /// Rows with the columns of this schema, made so that they take such values.
    pub fn new(wire: &Schema, take: Take) -> Result<Self, String> {
        let wire = Arc::new(match take {
            Take::Sent => nullable(wire),
            Take::Any => loosened(wire),
        });
        let arrow = Arc::new(to_arrow(&wire).map_err(|error| error.to_string())?);
        let builder = TableBuilder::new(arrow.clone(), RowGroupSize::default()).map_err(|error| error.to_string())?;
        Ok(Self { wire, take, arrow, builder })
    }

    /// The file's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.arrow
    }

    /// Takes the rows of an entry from offset `from` on; gives a batch whenever there are enough.
    pub fn add(
        &mut self,
        seen: &Seen,
        position: Position,
        entry: &Entry,
        from: u64,
    ) -> Result<Option<RecordBatch>, String> {
        let layout = self.layout(seen, position, entry)?;
        let Self { builder, .. } = self;
        with_batch(seen, position, entry, |header, batch, bytes| {
            batch_check::check(batch, &layout.schema, header.rows)
                .map_err(|error| format!("entry {position} does not fit its own columns: {error}"))?;
            let rows = header.rows as usize;
            let skip = usize::try_from(from - header.first_offset).unwrap_or(rows).min(rows);
            builder.append(batch, &layout, skip, rows, bytes);
            Ok(())
        })?;
        if self.builder.is_full() { self.seal() } else { Ok(None) }
    }

    /// Whether these columns take the entry's values.
    pub fn fit(&self, seen: &Seen, position: Position, entry: &Entry) -> Result<bool, String> {
        let layout = self.layout(seen, position, entry)?;
        with_batch(seen, position, entry, |header, batch, _| {
            Ok(batch_check::check(batch, &layout.schema, header.rows).is_ok())
        })
    }

    fn layout(&self, seen: &Seen, position: Position, entry: &Entry) -> Result<Layout, String> {
        let schema = seen.recovered.state.schemas.get(&entry.schema).map(|live| live.record.schema.clone());
        let schema = schema.ok_or_else(|| format!("entry {position} is of no schema that the log knows"))?;
        let schema = if self.take == Take::Any { Arc::new(loosened(&schema)) } else { schema };
        Layout::match_columns(&schema, &self.wire).map_err(|error| {
            format!("entries were sent with different columns ({error}); export them stream by stream with --stream")
        })
    }

    /// The rows since the last batch.
    pub fn seal(&mut self) -> Result<Option<RecordBatch>, String> {
        let text = |error: arrow::error::ArrowError| error.to_string();
        let Some(batch) = self.builder.seal().map_err(text)? else { return Ok(None) };
        // A file has one schema: what was gathered as keys into dictionaries becomes values.
        let columns = batch.columns().iter().zip(self.arrow.fields());
        let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<Vec<_>, _>>();
        RecordBatch::try_new(self.arrow.clone(), columns.map_err(text)?).map(Some).map_err(text)
    }
}

/// The same columns, all nullable but keys of maps.
fn nullable(schema: &Schema) -> Schema {
    let (mut schema, loose) = (schema.clone(), loosened(schema));
    schema.fields.iter_mut().zip(loose.fields).for_each(|(field, loose)| field.nullable = loose.nullable);
    schema
}

/// Hands on the entry's header and batch, and the bytes that it takes.
fn with_batch<T>(
    seen: &Seen,
    position: Position,
    entry: &Entry,
    work: impl FnOnce(&Header, &ArchivedBatch, usize) -> Result<T, String>,
) -> Result<T, String> {
    let frame = payload(seen, position, entry)?;
    let Ok(Progress::Frame { frame, .. }) = frame::next(&frame, PeerState::Streaming) else {
        return Err(format!("entry {position} is no frame"));
    };
    let mut plain = FrameBuffer::new();
    let archived = if frame.header.compression == Compression::None {
        frame.payload
    } else {
        decompress(&frame.header, frame.payload, &mut plain)
            .map_err(|error| format!("entry {position} cannot be decompressed: {error}"))?;
        &plain
    };
    let batch = archive::access::<ArchivedBatch>(archived).map_err(|_| format!("entry {position} is no batch"))?;
    work(&frame.header, batch, archived.len())
}

/// The client's frame, aligned.
fn payload(seen: &Seen, position: Position, entry: &Entry) -> Result<FrameBuffer, String> {
    let place = entry.place;
    let lost = |error: &dyn std::fmt::Display| format!("entry {position} in segment {}: {error}", place.segment);
    let mut bytes = vec![0; place.bytes as usize];
    seen.disk.read(place.segment, place.offset, &mut bytes).map_err(|error| lost(&error))?;
    let segment = seen.recovered.segments().find(|segment| segment.number == place.segment);
    let salt = segment.map(|segment| segment.salt).ok_or_else(|| lost(&"its segment is gone"))?;
    let life = Life { segment: place.segment, salt, canary: Canary::None };
    let block = open_block(&life, place.offset, &bytes).map_err(|error| lost(&error))?;
    let record = block.rows().find(|record| record.header.position == position);
    let mut frame = FrameBuffer::new();
    frame.extend_from_slice(record.ok_or_else(|| lost(&"it is not in its block"))?.payload);
    Ok(frame)
}
