//! One field of a text as a value of a type: what inference asks, and what an error is explained by.
//!
//! The parsers are those that read the batches, so the three cannot disagree.

use arrow::array::timezone::Tz;
use arrow::compute::kernels::cast_utils::{Parser, parse_decimal, string_to_datetime};
use arrow::datatypes::{
    DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type,
};

/// Whether a field reads as a value of `data_type`, one of the flat types of tables.
pub fn parses(data_type: &DataType, field: &str) -> bool {
    match data_type {
        DataType::Boolean => field.eq_ignore_ascii_case("true") || field.eq_ignore_ascii_case("false"),
        DataType::Int8 => Int8Type::parse(field).is_some(),
        DataType::Int16 => Int16Type::parse(field).is_some(),
        DataType::Int32 => Int32Type::parse(field).is_some(),
        DataType::Int64 => Int64Type::parse(field).is_some(),
        DataType::Float32 => Float32Type::parse(field).is_some(),
        DataType::Float64 => Float64Type::parse(field).is_some(),
        DataType::Decimal32(precision, scale) => parse_decimal::<Decimal32Type>(field, *precision, *scale).is_ok(),
        DataType::Decimal64(precision, scale) => parse_decimal::<Decimal64Type>(field, *precision, *scale).is_ok(),
        DataType::Decimal128(precision, scale) => parse_decimal::<Decimal128Type>(field, *precision, *scale).is_ok(),
        DataType::Date32 => Date32Type::parse(field).is_some(),
        DataType::Timestamp(..) => utc().is_some_and(|utc| string_to_datetime(&utc, field).is_ok()),
        _ => true,
    }
}

fn utc() -> Option<Tz> {
    "+00:00".parse().ok()
}

/// The type in words.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean (true or false)".to_owned(),
        DataType::Int8 => "byte (-128 to 127)".to_owned(),
        DataType::Int16 => "short (16-bit integer)".to_owned(),
        DataType::Int32 => "integer (32 bits)".to_owned(),
        DataType::Int64 => "long (64-bit integer)".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date32 => "date (YYYY-MM-DD)".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp (YYYY-MM-DDTHH:MM:SS, UTC unless it has an offset)".to_owned(),
        DataType::Timestamp(_, None) => "timestamp without time zone (YYYY-MM-DDTHH:MM:SS)".to_owned(),
        DataType::Utf8 => "string".to_owned(),
        DataType::Binary => "binary".to_owned(),
        other => other.to_string(),
    }
}
