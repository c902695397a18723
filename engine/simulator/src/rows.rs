//! Rows whose content follows from their place: whoever sends row `seq` of a stream sends the same bytes.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive::{self, TooLargeToArchive};
use lakehead_protocol::batch::{ArchivedBatch, Batch, Column};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::schema::{DataType, Field, Schema};

/// The id under which every client announces its schema.
pub const SCHEMA_ID: u32 = 1;

/// What stands for a row without content.
pub const NO_CONTENT: u64 = u64::MAX;

/// One row as a table holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub stream: String,
    pub seq: u64,
    pub content: u64,
}

/// The table's columns.
pub fn schema() -> Schema {
    Schema::flat(vec![
        Field::flat("stream", DataType::String, false),
        Field::flat("seq", DataType::Long, false),
        Field::flat("content", DataType::Long, false),
        Field::flat("bytes", DataType::Binary, false),
    ])
}

/// The columns of a table whose schema is this text. A lenient one takes rows without content.
pub fn schema_of(text: &str) -> Schema {
    let mut schema = schema_with(added_columns(text));
    schema.fields[2].nullable = u8::from(is_lenient(text));
    schema
}

/// Whether a table whose schema is this text takes rows without content.
pub fn is_lenient(schema: &str) -> bool {
    schema.starts_with("lenient")
}

/// The same with so many columns more.
pub fn schema_with(added: usize) -> Schema {
    let mut fields = schema().fields;
    fields.extend((0..added).map(|index| Field::flat(format!("added{index}"), DataType::Long, true)));
    Schema::flat(fields)
}

/// How many columns a table got whose schema is this text.
pub fn added_columns(schema: &str) -> usize {
    schema.split('-').nth(1).and_then(|added| added.parse().ok()).unwrap_or(0)
}

/// What a table with so many more columns writes of its schema.
pub fn schema_text(added: usize, nonce: u64, is_lenient: bool) -> String {
    let way = if is_lenient { "lenient" } else { "strict" };
    format!("{way}-{added}-{nonce}")
}

/// Whether producers of bad rows send no content in this one.
pub fn is_bad(stream: &str, seq: u64) -> bool {
    content(stream, seq).is_multiple_of(5)
}

/// Whether the row is as somebody has sent it.
pub fn is_right(row: &Row) -> bool {
    let is_bad = row.content == NO_CONTENT && is_bad(&row.stream, row.seq);
    is_bad || row.content == content(&row.stream, row.seq)
}

/// What row `seq` of `stream` says.
pub fn content(stream: &str, seq: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = stream.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // Delta's long is signed; 63 bits are enough.
    (hash ^ hash >> 29) >> 1
}

/// A Batch frame with rows `first..first + rows` of `stream`, the first of which has these bytes with it, and so many columns
/// more; on demand the bad ones have no content.
///
/// # Errors
/// When it is too large to be archived.
pub fn batch_frame(
    stream: &str,
    first: u64,
    rows: u32,
    bytes: &[u8],
    added: usize,
    with_bad: bool,
) -> Result<FrameBuffer, TooLargeToArchive> {
    let seqs = first..first + u64::from(rows);
    let text = Column {
        length: rows,
        offsets: (0..=rows).map(|row| row * stream.len() as u32).collect(),
        values: stream.as_bytes().repeat(rows as usize),
        ..Column::default()
    };
    let long = |values: Vec<u8>| Column { length: rows, values, ..Column::default() };
    let seq = long(seqs.clone().flat_map(u64::to_le_bytes).collect());
    let mut validity = vec![0xFF; if with_bad { rows.div_ceil(8) as usize } else { 0 }];
    for row in (0..rows as usize).filter(|row| with_bad && is_bad(stream, first + *row as u64)) {
        validity[row / 8] &= !(1 << (row % 8));
    }
    let contents = long(seqs.flat_map(|seq| content(stream, seq).to_le_bytes()).collect());
    let contents = Column { validity, ..contents };
    let behind = std::iter::repeat_n(bytes.len() as u32, rows as usize);
    let bytes = Column {
        length: rows,
        offsets: std::iter::once(0).chain(behind).collect(),
        values: bytes.to_vec(),
        ..Column::default()
    };
    let mut columns = vec![text, seq, contents, bytes];
    columns.extend((0..added).map(|_| long(vec![0; 8 * rows as usize])));
    let header = Header { schema_id: SCHEMA_ID, first_offset: first, rows, ..Header::control(Kind::Batch) };
    let mut out = FrameBuffer::new();
    frame::append(&mut out, header, &Batch { columns })?;
    Ok(out)
}

/// The stream whose rows a frame of [`batch_frame`] holds; `None` when it is none.
pub fn stream_of(bytes: &[u8]) -> Option<String> {
    let Ok(Progress::Frame { frame, .. }) = frame::next(bytes, PeerState::Streaming) else { return None };
    let batch = archive::access::<ArchivedBatch>(frame.payload).ok()?;
    let text = batch.columns.first()?;
    let first = text.values.get(..text.offsets.get(1)?.to_native() as usize)?;
    Some(std::str::from_utf8(first).ok()?.to_owned())
}

/// The rows of a sealed row group.
pub fn read(batch: &RecordBatch) -> Vec<Row> {
    let [stream, seq, contents, ..] = batch.columns() else { return Vec::new() };
    let (Some(stream), Some(seq), Some(contents)) =
        (stream.as_string_opt::<i32>(), seq.as_primitive_opt::<Int64Type>(), contents.as_primitive_opt::<Int64Type>())
    else {
        return Vec::new();
    };
    (0..stream.len())
        .map(|row| Row {
            stream: stream.value(row).to_owned(),
            seq: seq.value(row) as u64,
            content: if contents.is_null(row) { NO_CONTENT } else { contents.value(row) as u64 },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::SchemaRef;
    use lakehead_engine::columns::layout::Layout;
    use lakehead_engine::columns::table_builder::{RowGroupSize, TableBuilder};
    use lakehead_protocol::arrow_schema::to_arrow;

    #[test]
    fn rows_come_back_from_the_builders_as_they_were_sent() {
        let frame = batch_frame("a", 5, 4, &[], 0, false).unwrap();
        let Ok(Progress::Frame { frame, .. }) = frame::next(&frame, PeerState::Streaming) else { panic!("no frame") };
        let batch = lakehead_protocol::archive::access(frame.payload).unwrap();
        let arrow: SchemaRef = to_arrow(&schema()).unwrap().into();
        let mut builder = TableBuilder::new(arrow, RowGroupSize::default()).unwrap();
        let layout = Layout::match_columns(&schema(), &schema()).unwrap();
        builder.append(batch, &layout, 1, 4, 100);
        let rows = read(&builder.seal().unwrap().unwrap());
        let expected: Vec<_> = (6..9).map(|seq| Row { stream: "a".into(), seq, content: content("a", seq) }).collect();
        assert_eq!(rows, expected);
    }
}
