use super::column::Column;
use super::refusal::Refusal;
use super::seal::seal_all;
use super::serializer::ColumnSerializer;
use super::values::Values;
use super::written::Written;
use crate::error::{Error, ErrorKind};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef};
use lakehead_protocol::arrow_schema::from_arrow;
use lakehead_protocol::limits::HEADER_BYTES;
use serde::Serialize;
use std::sync::Arc;

/// Rows under construction, as columns.
pub(crate) struct RowColumns {
    /// The row: a struct without a name.
    row: Column,
    /// Whether a row is being written. Still set when the next one comes if a `Serialize` panicked.
    open: bool,
    /// Bits that a row takes in the columns of fixed width.
    fixed_bits: usize,
    /// Bytes of an archive without rows, but for the columns that `variable` names.
    empty_bytes: usize,
    /// Places of the columns whose size has to be asked for.
    variable: Vec<usize>,
    sealed_schema: SchemaRef,
}

impl RowColumns {
    /// No rows yet, of the stream's columns in the types that the protocol's Arrow schemas have.
    ///
    /// # Errors
    /// A schema that no table has, or an Arrow type that the protocol does not give.
    pub(crate) fn new(schema: SchemaRef) -> Result<Self, Error> {
        let unusable = |message: String| Error::plain(ErrorKind::BatchSchema(message));
        let wire = from_arrow(&schema).map_err(|error| unusable(error.to_string()))?;
        wire.check().map_err(|error| unusable(error.to_string()))?;
        let row = Column::new(&Arc::new(Field::new("", ArrowType::Struct(schema.fields().clone()), false)))?;
        let mut columns = Self {
            row,
            open: false,
            fixed_bits: 0,
            empty_bytes: 2 * HEADER_BYTES,
            variable: Vec::new(),
            sealed_schema: schema,
        };
        if let Values::Struct(fields) = &columns.row.values {
            for (place, column) in fields.columns.iter().enumerate() {
                match column.fixed_bits() {
                    Some(bits) => {
                        columns.fixed_bits += bits;
                        columns.empty_bytes += column.encoded_bytes();
                    }
                    None => columns.variable.push(place),
                }
            }
        }
        Ok(columns)
    }

    /// Appends the whole row, or nothing of it.
    ///
    /// # Errors
    /// The first value that its column cannot hold, with the column's path.
    #[inline]
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<(), Error> {
        if self.open {
            self.roll_back();
        }
        self.open = true;
        match row.serialize(ColumnSerializer::new(&mut self.row)) {
            Ok(Written { .. }) => {
                self.open = false;
                Ok(())
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Finished rows.
    pub(crate) fn rows(&self) -> usize {
        self.row.length
    }

    /// About what the rows take encoded: more than half of it and less than twice, for any number of rows.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        let fixed = self.empty_bytes + (self.row.length * self.fixed_bits).div_ceil(8);
        match &self.row.values {
            Values::Struct(fields) => {
                fixed + self.variable.iter().map(|place| fields.columns[*place].encoded_bytes()).sum::<usize>()
            }
            _ => fixed,
        }
    }

    /// Takes all rows as a batch. Its string columns are `Utf8` or `Dictionary(Int32, Utf8)`, at any depth, as their values
    /// suggest; all others have the stream's types.
    ///
    /// # Errors
    /// When Arrow finds the columns inconsistent.
    pub(crate) fn seal(&mut self) -> Result<RecordBatch, Error> {
        if self.open {
            self.roll_back();
        }
        let rows = std::mem::take(&mut self.row.length);
        let inconsistent = |error: arrow::error::ArrowError| Error::plain(ErrorKind::BatchSchema(error.to_string()));
        let (fields, arrays) = seal_all(self.columns().iter_mut()).map_err(inconsistent)?;
        // One schema for all batches of the same types: whoever compares schemas finds the same one.
        if self.sealed_schema.fields() != &fields {
            self.sealed_schema = Arc::new(Schema::new_with_metadata(fields, self.sealed_schema.metadata().clone()));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.sealed_schema.clone(), arrays, &options).map_err(inconsistent)
    }

    fn columns(&mut self) -> &mut [Column] {
        match &mut self.row.values {
            Values::Struct(fields) => &mut fields.columns,
            _ => &mut [],
        }
    }

    #[cold]
    fn refuse(&mut self, refusal: Refusal) -> Error {
        self.roll_back();
        refusal.into()
    }

    #[cold]
    fn roll_back(&mut self) {
        self.row.truncate(self.row.length);
        self.open = false;
    }
}
