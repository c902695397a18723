//! All columns of one table on one core, between two seals.

use super::absent::{Gaps, SEALED_ROW_BYTES, Zeros};
use super::column_builder::{ColumnBuilder, UnbuildableType};
use super::extent::Extent;
use super::layout::Layout;
use super::structs::with_types_of;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use lakehead_protocol::batch::ArchivedBatch;
use std::sync::Arc;

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

/// Nested rows of a row group: each costs the encoder some ten bytes, whatever it took on the wire, and one more batch of
/// as many may come.
const NESTED_ROWS_MAX: usize = 1 << 24;

/// Columns under construction; all have the same number of rows.
#[derive(Debug)]
pub struct TableBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
    /// Rows of fields, elements, keys, values and dictionaries, as they came.
    nested_rows: usize,
    gaps: Gaps,
    size: RowGroupSize,
    #[cfg(feature = "planted-loss")]
    planted_loss: super::planted_loss::PlantedLoss,
}

impl TableBuilder {
    /// An empty builder for the table's columns.
    ///
    /// # Errors
    /// [`UnbuildableType`] for the first column that cannot be built.
    pub fn new(schema: SchemaRef, size: RowGroupSize) -> Result<Self, UnbuildableType> {
        let columns: Result<Vec<_>, _> =
            schema.fields().iter().map(|field| ColumnBuilder::new(field.data_type())).collect();
        Ok(Self {
            schema,
            columns: columns?,
            rows: 0,
            bytes: 0,
            nested_rows: 0,
            gaps: Gaps::default(),
            size,
            #[cfg(feature = "planted-loss")]
            planted_loss: super::planted_loss::PlantedLoss::default(),
        })
    }

    /// Appends rows `skip..rows` of a batch that was judged against `layout`; `bytes` is what those rows took on the wire.
    pub fn append(&mut self, batch: &ArchivedBatch, layout: &Layout, skip: usize, rows: usize, bytes: usize) {
        for (column, place) in batch.columns.iter().zip(&layout.places) {
            self.columns[place.index].append(batch, column, place, skip..rows);
        }
        let nested_rows = nested_rows(batch, layout);
        if !layout.is_whole() || !self.gaps.is_empty() {
            for absent in &layout.absent {
                self.columns[*absent].append_nulls(rows - skip);
            }
            self.bytes += layout.growth_bytes(rows - skip, nested_rows);
            self.gaps.add(&layout.gaps, layout.gap_bytes(rows - skip, nested_rows), self.rows == 0);
        }
        self.rows += rows - skip;
        self.bytes += bytes;
        self.nested_rows += nested_rows;
        #[cfg(feature = "planted-loss")]
        self.planted_loss.lose(&self.schema, batch, layout, skip..rows);
    }

    /// Whether what is held must be sealed before these rows are appended: they leave columns out that others have sent, or
    /// the other way round, and so many NULLs would have to be written out.
    pub fn must_be_sealed(&self, batch: &ArchivedBatch, layout: &Layout, rows: usize) -> bool {
        if self.rows == 0 || (layout.gaps.is_empty() && self.gaps.is_empty()) {
            return false;
        }
        self.gaps.forbid(&layout.gaps, layout.gap_bytes(rows, nested_rows(batch, layout)))
    }

    /// Rows held.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether it is time to seal.
    pub fn is_full(&self) -> bool {
        let extent = || self.columns.iter().fold(Extent::default(), |extent, column| extent.and(column.extent()));
        self.rows >= self.size.rows
            || self.bytes + self.gaps.written_bytes() >= self.size.bytes
            || self.nested_rows >= NESTED_ROWS_MAX
            || extent().is_full()
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        let sealing = if self.gaps.is_empty() { 0 } else { (self.rows + self.nested_rows + 1) * SEALED_ROW_BYTES };
        sealing + self.columns.iter().map(ColumnBuilder::memory_bytes).sum::<usize>()
    }

    /// The rows so far; `None` when there are none. Starts anew, with as much room as the last full row group took. Columns
    /// have the table's types, but for strings and binaries, at any depth, that are keys into a dictionary.
    ///
    /// # Errors
    /// An Arrow error when buffers and types contradict each other, which would be a bug.
    pub fn seal(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let full = self.is_full();
        let rows = std::mem::take(&mut self.rows);
        (self.bytes, self.nested_rows, self.gaps) = (0, 0, Gaps::default());
        let mut zeros = Zeros::default();
        let arrays =
            self.columns.iter_mut().map(|column| column.seal(full, &mut zeros)).collect::<Result<Vec<_>, _>>()?;
        let fields = with_types_of(self.schema.fields(), &arrays);
        let schema = if fields == *self.schema.fields() {
            self.schema.clone()
        } else {
            Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()))
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, arrays, &options).map(Some)
    }

    /// Gives the room of an empty builder back: it was kept for rows that may never come.
    pub fn shed(&mut self) {
        if self.rows > 0 {
            return;
        }
        if let Ok(empty) = Self::new(self.schema.clone(), self.size) {
            *self = empty;
        }
    }

    /// Drops all rows.
    pub fn clear(&mut self) -> Result<(), ArrowError> {
        self.seal().map(|_| ())
    }
}

/// Rows of a batch's fields, elements, keys, values and dictionaries.
fn nested_rows(batch: &ArchivedBatch, layout: &Layout) -> usize {
    batch.columns.iter().skip(layout.places.len()).map(|column| column.length.to_native() as usize).sum()
}
