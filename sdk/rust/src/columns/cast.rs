//! Which casts keep each value.
//!
//! Other layouts of the same type (large and view strings, run-end encoding, wider decimals), integers of other widths as
//! long as the values fit, floats to wider ones. Timestamps are brought to microseconds, which cuts what is finer.

use super::stream_schema::plain_type;
use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Schema};
use arrow::error::ArrowError;
use lakehead_protocol::arrow_schema::from_arrow;
use lakehead_protocol::schema::{DataType, Field};

/// Whether values of `from` may be cast to a flat column of `to`.
pub(super) fn keeps_values(from: &ArrowType, to: &ArrowType) -> bool {
    let Some(to) = wire_field(to) else { return false };
    if *from == ArrowType::UInt64 {
        return is_integer(to.data_type());
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

/// Casts; a value that does not fit is an error.
///
/// # Errors
/// The first value that does not fit.
pub(super) fn cast(array: &ArrayRef, to: &ArrowType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })
}

/// The array without the encodings that are only layout: runs, dictionaries of anything but text, columns of nothing but
/// NULL.
///
/// # Errors
/// Never for arrays that are valid.
pub(super) fn unpack(array: &ArrayRef, target: &ArrowType) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        ArrowType::Null => Ok(new_null_array(target, array.len())),
        ArrowType::RunEndEncoded(_, values) => unpack(&cast(array, values.data_type())?, target),
        ArrowType::Dictionary(_, values) if !is_text(values) => unpack(&cast(array, values)?, target),
        _ => Ok(array.clone()),
    }
}

fn is_text(data_type: &ArrowType) -> bool {
    let wire = wire_field(data_type).and_then(|field| field.data_type());
    matches!(wire, Some(DataType::String | DataType::Binary))
}

fn is_integer(data_type: Option<DataType>) -> bool {
    matches!(data_type, Some(DataType::Byte | DataType::Short | DataType::Integer | DataType::Long))
}

fn wire_field(data_type: &ArrowType) -> Option<Field> {
    let schema = Schema::new(vec![ArrowField::new("", plain_type(data_type), true)]);
    from_arrow(&schema).ok().and_then(|schema| schema.fields.into_iter().next())
}
