//! How a table's columns are written.
//!
//! Each leaf of a column (a flat column is its own) is written the way its own values speak for: a sample of its first row
//! group is encoded in every way that all readers know and that its type has (`sample`), which gives [figures](super::figures)
//! of time and size; `choice` weighs them by the table's [policy](EncodingPolicy), anew for each row group's size. `learning`
//! says when to look again. Values that come as keys into a dictionary stay so: only their codec is learnt, apart from what is
//! learnt of the same leaf's plain values. Any chunk may be written any way; a file may mix them.

use super::choice::UNMEASURED;
use super::column_chunk::ColumnChunk;
use super::column_writer::{ColumnWay, ColumnWriters, WRITER, file_properties};
use super::cpu_clock::{Clock, thread_cpu_ns};
use super::error::EncodeError;
use super::learning::{Learning, Promise, Step};
use super::policy::EncodingPolicy;
use super::telling::{Telling, WantedStatistics, first_leaves, wanted_leaves};
use super::{leaf, sample};
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A table's Parquet schema and what has been learnt of its columns. One per table, shared by all its row groups.
#[derive(Debug)]
pub struct EncodingPlan {
    schema: SchemaRef,
    root: TypePtr,
    terms: Terms,
    columns: Vec<ColumnPlan>,
    /// What files tell of each leaf.
    telling: Arc<[Telling]>,
    /// Stands for a bug in an encoder.
    #[cfg(test)]
    panics: bool,
}

/// What all its choices go by.
#[derive(Debug, Clone, Copy)]
struct Terms {
    codec: Compression,
    policy: EncodingPolicy,
    clock: Clock,
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
    plain: Mutex<Learning>,
    encoded: Mutex<Learning>,
}

impl EncodingPlan {
    /// A plan for a table's columns, by the default policy; `compression` is used for those where it pays.
    ///
    /// # Errors
    /// [`EncodeError::Plan`] when Parquet has no type for a column.
    pub fn new(schema: SchemaRef, compression: Compression) -> Result<Self, EncodeError> {
        // The framing of Parquet's first LZ4 differs between writers; LZ4_RAW is the same thing without it.
        let codec = if compression == Compression::LZ4 { Compression::LZ4_RAW } else { compression };
        let root = ArrowSchemaConverter::new().convert(&schema).map_err(EncodeError::Plan)?.root_schema_ptr();
        let columns: Result<Vec<_>, _> = schema.fields().iter().map(ColumnPlan::new).collect();
        let columns = columns.map_err(EncodeError::Plan)?;
        Ok(Self {
            root,
            telling: first_leaves(columns.iter().map(|column| column.leaves.len()).sum()),
            terms: Terms { codec, policy: EncodingPolicy::default(), clock: thread_cpu_ns },
            columns,
            schema,
            #[cfg(test)]
            panics: false,
        })
    }

    /// The same by this policy.
    #[must_use]
    pub fn with_policy(mut self, policy: EncodingPolicy) -> Self {
        self.terms.policy = policy;
        self
    }

    /// The same with the statistics that the table wants.
    #[must_use]
    pub fn with_statistics(mut self, wanted: &WantedStatistics) -> Self {
        self.telling = wanted_leaves(self.schema.fields(), wanted);
        self
    }

    pub(super) fn telling(&self) -> &Arc<[Telling]> {
        &self.telling
    }

    /// The policy it goes by.
    pub fn policy(&self) -> EncodingPolicy {
        self.terms.policy
    }

    /// Whether a file was written by this engine, with exactly the columns of the plan.
    pub fn has_columns(&self, file: &FileMetaData) -> bool {
        let is_ours = file.created_by().is_some_and(|writer| writer.starts_with(WRITER));
        is_ours && file.schema_descr().root_schema().get_fields() == self.root.get_fields()
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
        self.columns.get(column)?.leaves.first()?.learning(false).favoured()
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
        let promises = plan.promises(values, &self.terms)?;
        let ways: Vec<_> = promises.iter().map(|promise| promise.way).collect();
        let chunks = plan.writers.encode(&ways, values)?;
        let arrays = leaf::arrays(values);
        for (((leaf, array), promise), chunk) in plan.leaves.iter().zip(arrays).zip(promises).zip(&chunks) {
            leaf.learning(leaf::is_encoded(array)).wrote(
                promise,
                array.len(),
                chunk.close().bytes_written,
                self.terms.policy,
            );
        }
        Ok(chunks)
    }
}

impl ColumnPlan {
    fn new(field: &FieldRef) -> Result<Self, ParquetError> {
        let leaf = |field: &FieldRef| {
            let plain = Mutex::new(Learning::new(UNMEASURED));
            let encoded = Mutex::new(Learning::new(ColumnWay::dictionary(Compression::UNCOMPRESSED)));
            Ok(LeafPlan { writers: ColumnWriters::new(field)?, plain, encoded })
        };
        let leaves = leaf::fields(field).iter().map(leaf).collect::<Result<_, ParquetError>>()?;
        Ok(Self { writers: ColumnWriters::new(field)?, leaves })
    }

    /// The way of each leaf for this row group.
    fn promises(&self, values: &ArrayRef, terms: &Terms) -> Result<Vec<Promise>, ParquetError> {
        let arrays = leaf::arrays(values);
        let steps: Vec<_> = self.leaves.iter().zip(arrays).map(|(leaf, array)| leaf.next(array, terms)).collect();
        let known = |step: &Step| if let Step::Write(promise) = step { Some(*promise) } else { None };
        if let Some(all) = steps.iter().map(known).collect() {
            return Ok(all);
        }
        // Only for looks: NULLs of structs above are merged in.
        let values = leaf::values(values)?;
        let promise = |((leaf, step), values): ((&LeafPlan, &Step), &ArrayRef)| match step {
            Step::Write(promise) => Ok(*promise),
            Step::Look(scope) => leaf.look(values, scope, terms),
        };
        self.leaves.iter().zip(&steps).zip(&values).map(promise).collect()
    }
}

impl LeafPlan {
    fn learning(&self, encoded: bool) -> MutexGuard<'_, Learning> {
        let learning = if encoded { &self.encoded } else { &self.plain };
        learning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, array: &ArrayRef, terms: &Terms) -> Step {
        let bytes = || array.to_data().get_slice_memory_size().unwrap_or(0);
        self.learning(leaf::is_encoded(array)).next(array.len(), terms.policy, bytes)
    }

    /// Looks at the leaf's values, not under the lock.
    fn look(&self, values: &ArrayRef, scope: &sample::Scope, terms: &Terms) -> Result<Promise, ParquetError> {
        let found = sample::look(&self.writers, &sample::take(values)?, terms.codec, scope, terms.clock)?;
        Ok(self.learning(leaf::is_encoded(values)).looked(found, scope, values.len(), terms.policy))
    }
}

#[cfg(test)]
mod tests;
