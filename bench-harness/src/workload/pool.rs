use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Columns built once and cut into batches without copying: rows repeat after `period` rows, so no batch is ever the
/// first to pay for its strings.
#[derive(Debug)]
pub struct ColumnPool {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
    period: u64,
}

impl ColumnPool {
    /// Takes `period` rows, and appends the first `batch_rows_max` again, so that no slice has to wrap around.
    pub fn new(rows: &RecordBatch, batch_rows_max: usize) -> Result<Self, ArrowError> {
        let period = rows.num_rows();
        let again: UInt32Array = (0..batch_rows_max).map(|row| (row % period) as u32).collect();
        let columns: Result<Vec<_>, _> = rows
            .columns()
            .iter()
            .map(|column| concat(&[column.as_ref(), take(column.as_ref(), &again, None)?.as_ref()]))
            .collect();
        let fields = rows.schema().fields().iter().map(|field| Field::clone(field)).collect();
        Ok(Self { fields, columns: columns?, period: period as u64 })
    }

    /// The same with its strings as keys into dictionaries. Fields keep the type that the table has.
    pub fn with_dictionaries(self) -> Result<Self, ArrowError> {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let encode = |column: ArrayRef| match column.data_type() {
            DataType::Utf8 => cast(&column, &dictionary),
            _ => Ok(column),
        };
        let columns: Result<Vec<_>, _> = self.columns.into_iter().map(encode).collect();
        Ok(Self { columns: columns?, ..self })
    }

    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Rows `first..first + rows` of the endless repetition; `rows` is at most the pool's `batch_rows_max`.
    pub fn slices(&self, first: u64, rows: usize) -> impl Iterator<Item = ArrayRef> + '_ {
        let start = (first % self.period) as usize;
        self.columns.iter().map(move |column| column.slice(start, rows))
    }
}

/// One batch of named columns, each of them nullable, as producers' schemas mostly are.
pub fn nullable_columns(columns: Vec<(String, ArrayRef)>) -> Result<RecordBatch, ArrowError> {
    let fields: Vec<_> =
        columns.iter().map(|(name, column)| Field::new(name, column.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect())
}
