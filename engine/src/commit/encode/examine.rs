//! What the chooser makes of some rows, for people who want to know.

use super::EncodeError;
use super::column_writer::ColumnWriters;
use super::cpu_clock::thread_cpu_ns;
use super::figures::Figures;
use super::leaf;
use super::sample::{self, Look, Scope};
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use parquet::basic::Compression;
use parquet::errors::ParquetError;

/// A leaf of a column, measured.
#[derive(Debug, Clone)]
pub struct Examined {
    /// Names joined by dots.
    pub path: String,
    pub data_type: DataType,
    /// Values in the row group: of arrays and maps those of all rows.
    pub values: usize,
    pub figures: Figures,
    /// CPU time that measuring took.
    pub spent_ns: f64,
}

/// Measures every leaf of `rows`, which are those of a table with `schema`'s columns, as the engine would look at them in one
/// row group.
///
/// # Errors
/// [`EncodeError::Column`] when a column cannot be encoded.
pub fn examine(schema: &SchemaRef, rows: &RecordBatch, codec: Compression) -> Result<Vec<Examined>, EncodeError> {
    let mut found = Vec::new();
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        let of_column = |cause| EncodeError::Column { column: field.name().clone(), cause };
        let values = leaf::values(column).map_err(|error| of_column(error.into()))?;
        for ((path, field), values) in leaf::paths(field).into_iter().zip(leaf::fields(field)).zip(values) {
            let look = || -> Result<Look, ParquetError> {
                let writers = ColumnWriters::new(&field)?;
                sample::look(&writers, &sample::take(&values)?, codec, &Scope::All, thread_cpu_ns)
            };
            let Look { figures, spent_ns } = look().map_err(of_column)?;
            found.push(Examined {
                path,
                data_type: field.data_type().clone(),
                values: values.len(),
                figures,
                spent_ns,
            });
        }
    }
    Ok(found)
}
