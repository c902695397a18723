//! How a table's columns are written.
//!
//! Each leaf of a column (a flat column is its own) is written the way its own values speak for: a sample of its first row
//! group is encoded in every way that all readers know (`sample`), and `choice` picks. Data changes, so a leaf is looked at
//! again every so many row groups, and earlier when row groups have become much larger (in a small one, a dictionary hardly
//! pays). Values that come as keys into a dictionary stay so: only their codec is learnt, apart from what is learnt of the
//! same leaf's plain values. Any chunk may be written any way; a file may mix them.

use super::choice::{choose, choose_codec};
use super::column_chunk::ColumnChunk;
use super::column_writer::{ColumnWay, ColumnWriters, file_properties};
use super::error::EncodeError;
use super::{leaf, sample};
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    leaves: Vec<LeafPlan>,
}

#[derive(Debug)]
struct LeafPlan {
    /// Writers of the leaf as a column of its own, for trials.
    writers: ColumnWriters,
    plain: Mutex<Option<Learnt>>,
    encoded: Mutex<Option<Learnt>>,
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
        let columns: Result<_, _> = schema.fields().iter().map(ColumnPlan::new).collect();
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

    /// The way the plain values of a flat column are written at the moment, once they have been looked at.
    pub fn way(&self, column: usize) -> Option<ColumnWay> {
        self.columns.get(column)?.leaves.first()?.way(false)
    }

    /// Do these columns have the table's types? Strings and binaries may be keys into a dictionary.
    pub(super) fn check(&self, found: &Schema) -> Result<(), EncodeError> {
        let mut pairs = self.schema.fields().iter().zip(found.fields());
        let fit = pairs.all(|(expected, found)| leaf::fits(expected.data_type(), found.data_type()));
        if fit && self.schema.fields().len() == found.fields().len() {
            return Ok(());
        }
        Err(EncodeError::Columns { expected: self.schema.to_string(), found: found.to_string() })
    }

    pub(super) fn file_writer<W: Write + Send>(&self, sink: W) -> Result<SerializedFileWriter<W>, EncodeError> {
        let properties = Arc::new(file_properties().build());
        SerializedFileWriter::new(sink, self.root.clone(), properties).map_err(EncodeError::File)
    }

    /// Encodes one column's values, looking at them first when that is due. Gives the chunks of its leaves.
    pub(super) fn encode_column(&self, column: usize, values: &ArrayRef) -> Result<Vec<ColumnChunk>, ParquetError> {
        #[cfg(test)]
        assert!(!self.panics, "the encoder has a bug");
        let missing = || ParquetError::IndexOutOfBound(column, self.columns.len());
        let plan = self.columns.get(column).ok_or_else(missing)?;
        plan.writers.encode(&plan.ways(values, self.codec)?, values)
    }
}

impl ColumnPlan {
    fn new(field: &FieldRef) -> Result<Self, ParquetError> {
        let leaf = |field: &FieldRef| {
            Ok(LeafPlan { writers: ColumnWriters::new(field)?, plain: Mutex::default(), encoded: Mutex::default() })
        };
        let leaves = leaf::fields(field).iter().map(leaf).collect::<Result<_, ParquetError>>()?;
        Ok(Self { writers: ColumnWriters::new(field)?, leaves })
    }

    /// The way of each leaf for this row group.
    fn ways(&self, values: &ArrayRef, codec: Compression) -> Result<Vec<ColumnWay>, ParquetError> {
        let rows = values.len();
        let encoded = leaf::encoded(values.data_type());
        let known: Vec<_> = self.leaves.iter().zip(&encoded).map(|(leaf, form)| leaf.next_way(*form, rows)).collect();
        if let Some(all) = known.iter().copied().collect() {
            return Ok(all);
        }
        let values = leaf::values(values)?;
        let look = |((leaf, known), values): ((&LeafPlan, &Option<ColumnWay>), &ArrayRef)| match known {
            Some(way) => Ok(*way),
            None => leaf.learn(values, rows, codec),
        };
        self.leaves.iter().zip(&known).zip(&values).map(look).collect()
    }
}

impl LeafPlan {
    fn learnt(&self, encoded: bool) -> MutexGuard<'_, Option<Learnt>> {
        let learnt = if encoded { &self.encoded } else { &self.plain };
        learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn way(&self, encoded: bool) -> Option<ColumnWay> {
        self.learnt(encoded).map(|learnt| learnt.way)
    }

    /// The way for the next row group, unless it should be looked at.
    fn next_way(&self, encoded: bool, rows: usize) -> Option<ColumnWay> {
        let mut learnt = self.learnt(encoded);
        let learnt = learnt.as_mut()?;
        learnt.row_groups += 1;
        let due = learnt.row_groups >= ROW_GROUPS_PER_LOOK || rows / GROWTH_PER_LOOK > learnt.rows;
        (!due).then_some(learnt.way)
    }

    /// Looks at the leaf's values in a row group of `rows` rows. Not under the lock: when two threads look at once, the later
    /// one's word stands.
    fn learn(&self, values: &ArrayRef, rows: usize, codec: Compression) -> Result<ColumnWay, ParquetError> {
        let encoded = matches!(values.data_type(), DataType::Dictionary(..));
        let (sample, total) = (sample::take(values)?, values.len());
        let way = if encoded {
            choose_codec(sample::encoded(&self.writers, &sample, total, codec)?, codec)
        } else {
            choose(&sample::figures(&self.writers, &sample, total, codec)?, codec)
        };
        *self.learnt(encoded) = Some(Learnt { way, rows, row_groups: 0 });
        Ok(way)
    }
}

#[cfg(test)]
mod tests;
