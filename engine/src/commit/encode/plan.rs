//! How a table's columns are written.
//!
//! Each column is written the way its own values speak for: a sample of its first row group is encoded in every way that
//! all readers know (`sample`), and `choice` picks. Data changes, so a column is looked at again every so
//! many row groups, and earlier when row groups have become much larger (in a small one, a dictionary hardly pays).
//! Any chunk may be written any way; a file may mix them.

use super::choice::choose;
use super::column_writer::{ColumnWay, ColumnWriters, file_properties};
use super::error::EncodeError;
use super::sample;
use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Row groups between two looks at a column.
const ROW_GROUPS_PER_LOOK: u32 = 64;
/// A row group this many times larger than the one that was looked at is looked at as well.
const GROWTH_PER_LOOK: usize = 4;

/// A table's Parquet schema and what has been learnt of its columns. One per table, shared by all its row groups.
#[derive(Debug)]
pub struct EncodingPlan {
    schema: SchemaRef,
    root: TypePtr,
    codec: Compression,
    columns: Vec<ColumnPlan>,
    /// Stands for a bug in an encoder.
    #[cfg(test)]
    panics: bool,
}

#[derive(Debug)]
struct ColumnPlan {
    writers: ColumnWriters,
    learnt: Mutex<Option<Learnt>>,
}

#[derive(Debug, Clone, Copy)]
struct Learnt {
    way: ColumnWay,
    /// Rows of the row group it was learnt from.
    rows: usize,
    /// Row groups written this way since.
    row_groups: u32,
}

impl EncodingPlan {
    /// A plan for a table's columns; `compression` is used for those where it pays.
    ///
    /// # Errors
    /// [`EncodeError::Plan`] when Parquet has no type for a column.
    pub fn new(schema: SchemaRef, compression: Compression) -> Result<Self, EncodeError> {
        // The framing of Parquet's first LZ4 differs between writers; LZ4_RAW is the same thing without it.
        let codec = if compression == Compression::LZ4 { Compression::LZ4_RAW } else { compression };
        let root = ArrowSchemaConverter::new().convert(&schema).map_err(EncodeError::Plan)?.root_schema_ptr();
        let plan = |field| Ok(ColumnPlan { writers: ColumnWriters::new(field)?, learnt: Mutex::default() });
        let columns: Result<_, _> = schema.fields().iter().map(plan).collect();
        Ok(Self {
            root,
            codec,
            columns: columns.map_err(EncodeError::Plan)?,
            schema,
            #[cfg(test)]
            panics: false,
        })
    }

    /// The table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn column_name(&self, column: usize) -> String {
        self.schema.fields().get(column).map(|field| field.name().clone()).unwrap_or_default()
    }

    /// The way a column is written at the moment, once it has been looked at.
    pub fn way(&self, column: usize) -> Option<ColumnWay> {
        let learnt = self.columns.get(column)?.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.map(|learnt| learnt.way)
    }

    /// Do these columns have the table's types?
    pub(super) fn check(&self, found: &Schema) -> Result<(), EncodeError> {
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
        if types(&self.schema) == types(found) {
            return Ok(());
        }
        Err(EncodeError::Columns { expected: self.schema.to_string(), found: found.to_string() })
    }

    pub(super) fn file_writer<W: Write + Send>(&self, sink: W) -> Result<SerializedFileWriter<W>, EncodeError> {
        let properties = Arc::new(file_properties().build());
        SerializedFileWriter::new(sink, self.root.clone(), properties).map_err(EncodeError::File)
    }

    /// Encodes one column's values, looking at them first when that is due.
    pub(super) fn encode_column(&self, column: usize, values: &ArrayRef) -> Result<ArrowColumnChunk, ParquetError> {
        #[cfg(test)]
        assert!(!self.panics, "the encoder has a bug");
        let missing = || ParquetError::IndexOutOfBound(column, self.columns.len());
        let plan = self.columns.get(column).ok_or_else(missing)?;
        let known = plan.next_way(values.len());
        let way = match known {
            Some(way) => way,
            None => plan.learn(values, self.codec)?,
        };
        plan.writers.encode(&way, values)
    }
}

impl ColumnPlan {
    /// The way for the next row group, unless it should be looked at.
    fn next_way(&self, rows: usize) -> Option<ColumnWay> {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let learnt = learnt.as_mut()?;
        learnt.row_groups += 1;
        let due = learnt.row_groups >= ROW_GROUPS_PER_LOOK || rows / GROWTH_PER_LOOK > learnt.rows;
        (!due).then_some(learnt.way)
    }

    /// Looks at the values. Not under the lock: when two threads look at once, the later one's word stands.
    fn learn(&self, values: &ArrayRef, codec: Compression) -> Result<ColumnWay, ParquetError> {
        let rows = values.len();
        let figures = sample::figures(&self.writers, &sample::take(values)?, rows, codec)?;
        let way = choose(&figures, codec);
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner) = Some(Learnt { way, rows, row_groups: 0 });
        Ok(way)
    }
}

#[cfg(test)]
mod tests;
