//! Batches in whatever Arrow types a producer has, as the columns of its stream.
//!
//! A cast is made when it keeps each value: other layouts of the same type (large and view strings, dictionaries, wider
//! decimals), integers of other widths as long as the values fit, floats to wider ones. Timestamps are brought to
//! microseconds, which cuts what is finer. Anything else is the producer's to decide and is refused, with the batch whole.

use crate::error::{Error, ErrorKind};
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType as ArrowType, Decimal32Type, Decimal64Type, Decimal128Type, DecimalType, Field as ArrowField, Schema,
    SchemaRef,
};
use lakehead_protocol::arrow_schema::from_arrow;
use lakehead_protocol::schema::{DataType, Field};
use std::borrow::Cow;

/// The columns of `batch` in the order and types of `target`.
///
/// # Errors
/// The first column that is missing, unknown, of another type, or has a value its column cannot hold.
pub(crate) fn conform(batch: &RecordBatch, target: &SchemaRef) -> Result<Vec<ArrayRef>, Error> {
    let columns: Result<Vec<_>, _> = target
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| conform_column(find(batch, index, field)?, field))
        .collect();
    let columns = columns?;
    if batch.num_columns() > columns.len() {
        let schema = batch.schema();
        let strangers: Vec<_> =
            schema.fields().iter().map(|field| field.name()).filter(|name| target.index_of(name).is_err()).collect();
        return Err(schema_error(format!(
            "the batch has columns that the stream has not: {strangers:?}; leave them out, or add them to the table"
        )));
    }
    Ok(columns)
}

/// Refuses columns that this client cannot encode, before a stream is opened with them.
///
/// # Errors
/// The first nested column.
pub(crate) fn check_encodable(schema: &Schema) -> Result<(), Error> {
    match schema.fields().iter().find(|field| field.data_type().is_nested()) {
        None => Ok(()),
        Some(field) => Err(schema_error(format!(
            "column {:?} has the nested type {}, which this client cannot send yet",
            field.name(),
            field.data_type()
        ))),
    }
}

fn find<'a>(batch: &'a RecordBatch, index: usize, field: &ArrowField) -> Result<&'a ArrayRef, Error> {
    let in_place = batch
        .schema_ref()
        .fields()
        .get(index)
        .filter(|found| found.name() == field.name())
        .map(|_| batch.column(index));
    in_place.or_else(|| batch.column_by_name(field.name())).ok_or_else(|| {
        schema_error(format!(
            "the batch has no column {:?}; add it, with NULLs if there is nothing to say",
            field.name()
        ))
    })
}

fn conform_column(array: &ArrayRef, target: &ArrowField) -> Result<ArrayRef, Error> {
    let array = if array.data_type() == target.data_type() {
        Cow::Borrowed(array)
    } else {
        if !keeps_values(array.data_type(), target) {
            return Err(schema_error(format!(
                "column {:?} is {} in the batch and {} in the stream; cast it before appending",
                target.name(),
                array.data_type(),
                target.data_type()
            )));
        }
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let cast = cast_with_options(array, target.data_type(), &options)
            .map_err(|error| value_error(target, None, error.to_string()))?;
        Cow::Owned(cast)
    };
    if !target.is_nullable() && array.null_count() > 0 {
        let row = (0..array.len()).find(|row| array.is_null(*row));
        return Err(value_error(target, row, "is NULL, which the column does not allow".to_owned()));
    }
    match target.data_type() {
        ArrowType::Decimal32(precision, _) => check_digits::<Decimal32Type>(&array, *precision, target)?,
        ArrowType::Decimal64(precision, _) => check_digits::<Decimal64Type>(&array, *precision, target)?,
        ArrowType::Decimal128(precision, _) => check_digits::<Decimal128Type>(&array, *precision, target)?,
        _ => {}
    }
    Ok(array.into_owned())
}

/// Arrow lets an array hold decimals of more digits than its type says; the server does not.
fn check_digits<T: DecimalType>(array: &ArrayRef, precision: u8, target: &ArrowField) -> Result<(), Error> {
    let decimals: &PrimitiveArray<T> = array.as_primitive();
    if decimals.validate_decimal_precision(precision).is_ok() {
        return Ok(());
    }
    let row = (0..decimals.len())
        .find(|row| decimals.is_valid(*row) && !T::is_valid_decimal_precision(decimals.value(*row), precision));
    Err(value_error(target, row, format!("has more than {precision} digits")))
}

fn keeps_values(from: &ArrowType, target: &ArrowField) -> bool {
    if let ArrowType::Dictionary(_, values) = from {
        return keeps_values(values, target);
    }
    let Some(to) = wire_field(target.data_type()) else { return false };
    match from {
        ArrowType::Null => return true,
        ArrowType::UInt64 => return is_integer(to.data_type()),
        _ => {}
    }
    let Some(from) = wire_field(from) else { return false };
    match (from.data_type(), to.data_type()) {
        (Some(DataType::Decimal), Some(DataType::Decimal)) => from.scale <= to.scale,
        (Some(one), Some(other)) if one == other => true,
        (one, other) if is_integer(one) && is_integer(other) => true,
        (Some(DataType::Byte | DataType::Short), Some(DataType::Float))
        | (Some(DataType::Byte | DataType::Short | DataType::Integer | DataType::Float), Some(DataType::Double)) => {
            true
        }
        _ => false,
    }
}

fn is_integer(data_type: Option<DataType>) -> bool {
    matches!(data_type, Some(DataType::Byte | DataType::Short | DataType::Integer | DataType::Long))
}

fn wire_field(data_type: &ArrowType) -> Option<Field> {
    let schema = Schema::new(vec![ArrowField::new("", data_type.clone(), true)]);
    from_arrow(&schema).ok().and_then(|schema| schema.fields.into_iter().next())
}

fn schema_error(message: String) -> Error {
    Error::plain(ErrorKind::BatchSchema(message))
}

fn value_error(target: &ArrowField, row: Option<usize>, reason: String) -> Error {
    Error::plain(ErrorKind::BatchValue { column: target.name().clone(), row, reason })
}

#[cfg(test)]
mod tests;
