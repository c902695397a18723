//! Rows as values: the simplest model of what columns hold.

use arrow::array::{Array, AsArray};
use arrow::datatypes as types;
use arrow::datatypes::{DataType, Int32Type};

/// One value, as the table's schema means it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// Whatever has one width: integers, unscaled decimals, days and microseconds as numbers, floats as their bits.
    Number(i128),
    Bytes(Vec<u8>),
    Struct(Vec<Value>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// What an Arrow array has in a row. Dictionaries are looked through.
    pub fn read(array: &dyn Array, row: usize) -> Self {
        if array.is_null(row) {
            return Self::Null;
        }
        let all = |array: &dyn Array| (0..array.len()).map(|row| Self::read(array, row)).collect::<Vec<_>>();
        let number = |value: i64| Self::Number(value.into());
        match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean().value(row)),
            DataType::Int8 => number(array.as_primitive::<types::Int8Type>().value(row).into()),
            DataType::Int16 => number(array.as_primitive::<types::Int16Type>().value(row).into()),
            DataType::Int32 => number(array.as_primitive::<types::Int32Type>().value(row).into()),
            DataType::Int64 => number(array.as_primitive::<types::Int64Type>().value(row)),
            DataType::Float32 => number(array.as_primitive::<types::Float32Type>().value(row).to_bits().into()),
            DataType::Float64 => Self::Number(array.as_primitive::<types::Float64Type>().value(row).to_bits().into()),
            DataType::Decimal32(..) => number(array.as_primitive::<types::Decimal32Type>().value(row).into()),
            DataType::Decimal64(..) => number(array.as_primitive::<types::Decimal64Type>().value(row)),
            DataType::Decimal128(..) => Self::Number(array.as_primitive::<types::Decimal128Type>().value(row)),
            DataType::Date32 => number(array.as_primitive::<types::Date32Type>().value(row).into()),
            DataType::Timestamp(..) => number(array.as_primitive::<types::TimestampMicrosecondType>().value(row)),
            DataType::Utf8 => Self::Bytes(array.as_string::<i32>().value(row).as_bytes().to_vec()),
            DataType::Binary => Self::Bytes(array.as_binary::<i32>().value(row).to_vec()),
            DataType::Dictionary(..) => {
                let dictionary = array.as_dictionary::<Int32Type>();
                Self::read(dictionary.values(), dictionary.keys().value(row) as usize)
            }
            DataType::Struct(_) => {
                Self::Struct(array.as_struct().columns().iter().map(|column| Self::read(column, row)).collect())
            }
            DataType::List(_) => Self::List(all(&array.as_list::<i32>().value(row))),
            DataType::Map(..) => {
                let pairs = array.as_map().value(row);
                Self::Map(all(pairs.column(0)).into_iter().zip(all(pairs.column(1))).collect())
            }
            other => panic!("no value has type {other}"),
        }
    }
}
