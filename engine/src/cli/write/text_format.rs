//! What a text format has to be able to do.

use super::chunks::Chunk;
use super::cutter::Cutter;
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use std::fmt::Debug;

/// A text whose records are rows. Errors are sentences that name line and column.
pub trait TextFormat: Debug {
    /// Where records end.
    fn cutter(&self) -> Cutter;

    /// Whether the first record names the columns; [`TextFormat::header`] takes it.
    fn has_header(&self) -> bool;

    /// Takes the first record in.
    ///
    /// # Errors
    /// When it does not name columns.
    fn header(&mut self, first: &Chunk) -> Result<(), String>;

    /// An inference that has seen nothing.
    fn inference(&self) -> Box<dyn Inference>;

    /// A decoder into the types of `table`.
    ///
    /// # Errors
    /// Columns that do not fit.
    fn decoder(&self, table: &SchemaRef) -> Result<Box<dyn TextDecoder>, String>;
}

/// Finds out what columns hold.
pub trait Inference {
    /// Looks at these records.
    ///
    /// # Errors
    /// Records that are none.
    fn take(&mut self, chunk: &Chunk) -> Result<(), String>;

    /// What they hold.
    ///
    /// # Errors
    /// A column for which there is no type.
    fn schema(&self) -> Result<Schema, String>;
}

/// Makes batches of records.
pub trait TextDecoder {
    /// The rows of a chunk.
    ///
    /// # Errors
    /// The first record that is wrong.
    fn decode(&mut self, chunk: &Chunk) -> Result<RecordBatch, String>;
}

/// Refuses NULL where `table` allows none.
///
/// # Errors
/// The column and its first line.
pub fn check_nulls(batch: &RecordBatch, table: &Schema, chunk: &Chunk) -> Result<(), String> {
    let nulls = batch.columns().iter().zip(table.fields()).filter_map(|(column, field)| {
        let nulls = column.nulls().filter(|nulls| !field.is_nullable() && nulls.null_count() > 0)?;
        let row = (0..nulls.len()).find(|row| nulls.is_null(*row))?;
        Some((row, field))
    });
    match nulls.min_by_key(|(row, _)| *row) {
        Some((row, field)) => {
            Err(format!("line {}, column {:?}: NULL is not allowed there", chunk.line_of(row), field.name()))
        }
        None => Ok(()),
    }
}
