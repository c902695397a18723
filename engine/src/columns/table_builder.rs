//! All columns of one table on one core, between two seals.

use super::column_builder::{ColumnBuilder, Room, UnbuildableType};
use super::layout::Layout;
use super::text::TEXT_BYTES_MAX;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use lakehead_protocol::batch::ArchivedBatch;

/// When a builder is full and sealed early, so that encoding starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowGroupSize {
    pub rows: usize,
    pub bytes: usize,
}

impl Default for RowGroupSize {
    fn default() -> Self {
        Self { rows: 1 << 19, bytes: 32 << 20 }
    }
}

/// Columns under construction; all have the same number of rows.
#[derive(Debug)]
pub struct TableBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
    size: RowGroupSize,
    room: Vec<Room>,
}

impl TableBuilder {
    /// An empty builder for the table's columns.
    ///
    /// # Errors
    /// [`UnbuildableType`] for the first column that cannot be built.
    pub fn new(schema: SchemaRef, size: RowGroupSize) -> Result<Self, UnbuildableType> {
        let columns: Result<Vec<_>, _> =
            schema.fields().iter().map(|field| ColumnBuilder::new(field.data_type())).collect();
        let room = vec![Room::default(); schema.fields().len()];
        Ok(Self { schema, columns: columns?, rows: 0, bytes: 0, size, room })
    }

    /// Appends rows `skip..rows` of a batch that was judged against `layout`; `bytes` is what those rows took on the wire.
    pub fn append(&mut self, batch: &ArchivedBatch, layout: &Layout, skip: usize, rows: usize, bytes: usize) {
        for (column, place) in batch.columns.iter().zip(&layout.places) {
            self.columns[*place].append(column, skip, rows);
        }
        self.rows += rows - skip;
        self.bytes += bytes;
    }

    /// Rows held.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether it is time to seal.
    pub fn is_full(&self) -> bool {
        self.rows >= self.size.rows
            || self.bytes >= self.size.bytes
            || self.columns.iter().any(|column| column.text_bytes() >= TEXT_BYTES_MAX)
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::memory_bytes).sum()
    }

    /// The rows so far; `None` when there are none. Starts anew, with as much room as the last full row group took.
    ///
    /// # Errors
    /// An Arrow error when buffers and types contradict each other, which would be a bug.
    pub fn seal(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let full = self.is_full();
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (column, room) in self.columns.iter_mut().zip(&mut self.room) {
            // A part-filled row group says that the tick came first: then the room shrinks to what a tick brings.
            let held = column.room(rows);
            *room =
                if full { held } else { Room { rows: room.rows.min(held.rows), bytes: room.bytes.min(held.bytes) } };
            arrays.push(column.seal(rows, *room)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map(Some)
    }

    /// Drops all rows.
    pub fn clear(&mut self) -> Result<(), ArrowError> {
        self.seal().map(|_| ())
    }
}
