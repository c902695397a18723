//! What the chooser makes of some rows, for people who want to know.

use super::EncodeError;
use super::choice::UNMEASURED;
use super::column_writer::ColumnWriters;
use super::cpu_clock::thread_cpu_ns;
use super::figures::{Figures, WayFigures};
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
    /// All values as a dictionary with the codec, until it is full, as most writers do; else plain with the codec.
    pub usual: WayFigures,
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
            let look = || -> Result<(Look, WayFigures), ParquetError> {
                let writers = ColumnWriters::new(&field)?;
                let look = sample::look(&writers, &sample::take(&values)?, codec, &Scope::All, thread_cpu_ns)?;
                // Dictionaries are the last among those with the codec, and where there are none, plain values.
                let usual = look.figures.ways.last().map_or(UNMEASURED, |measured| measured.way);
                Ok((look, sample::trial(&writers, usual, &values, thread_cpu_ns)?))
            };
            let (Look { figures, spent_ns }, usual) = look().map_err(of_column)?;
            let (data_type, values) = (field.data_type().clone(), values.len());
            found.push(Examined { path, data_type, values, figures, spent_ns, usual });
        }
    }
    Ok(found)
}
