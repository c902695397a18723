//! The first rows of a file, as a table made from it has them.

use super::args::{Format, WriteArgs};
use super::failure::Failure;
use super::source::{Piece, Source};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use lakehead_protocol::arrow_schema::{from_arrow, to_arrow};
use std::path::Path;
use std::sync::Arc;

/// The columns of a table like the file, and at most `rows_max` rows. Text that the file has as keys into a dictionary stays so.
///
/// # Errors
/// What cannot be read, or has types that no table has.
pub fn first_rows_of_file(
    path: &Path,
    format: Option<Format>,
    rows_max: usize,
) -> Result<(SchemaRef, RecordBatch), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::data(path.display(), error);
    let mut source = Source::file(&WriteArgs { format, ..WriteArgs::of_file(path) }, path)?;
    let wire = from_arrow(&source.infer()?).map_err(|error| wrong(&error))?;
    wire.check().map_err(|error| wrong(&error))?;
    let table: SchemaRef = Arc::new(to_arrow(&wire).map_err(|error| wrong(&error))?);
    let (pieces, bar) = source.pieces(&table, 0)?;
    let (mut batches, mut rows) = (Vec::new(), 0);
    for piece in pieces {
        if let Piece::Rows(batch) = piece? {
            let batch = batch.slice(0, batch.num_rows().min(rows_max - rows));
            rows += batch.num_rows();
            batches.push(in_types_of(&table, &batch).map_err(|error| wrong(&error))?);
        }
        if rows >= rows_max {
            break;
        }
    }
    bar.finish_and_clear();
    let schema = batches.first().map_or_else(|| table.clone(), RecordBatch::schema);
    let rows = concat_batches(&schema, &batches).map_err(|error| wrong(&error))?;
    Ok((table, rows))
}

fn in_types_of(table: &Schema, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let column = |(field, column): (&FieldRef, &ArrayRef)| -> Result<(Field, ArrayRef), ArrowError> {
        let wanted = field.data_type();
        let data_type = match column.data_type() {
            DataType::Dictionary(..) if matches!(wanted, DataType::Utf8 | DataType::Binary) => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(wanted.clone()))
            }
            _ => wanted.clone(),
        };
        let field = Field::new(field.name(), data_type, field.is_nullable());
        let column = cast(column, field.data_type())?;
        Ok((field, column))
    };
    let columns: Result<Vec<_>, _> = table.fields().iter().zip(batch.columns()).map(column).collect();
    let (fields, columns): (Vec<_>, Vec<_>) = columns?.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
