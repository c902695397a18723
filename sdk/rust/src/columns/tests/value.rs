//! A batch's rows as plain values, read from Arrow and from the wire by two readers that share nothing.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType as ArrowType, Int32Type, Int64Type};
use lakehead_protocol::batch::{Batch, ENCODING_DICTIONARY};
use lakehead_protocol::batch_check::bit;
use lakehead_protocol::schema::{DataType, Schema};

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Number(i64),
    Flag(bool),
    Bytes(Vec<u8>),
    Struct(Vec<Value>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

/// Row `row` of an array, whatever its encoding.
pub fn of_arrow(array: &dyn Array, row: usize) -> Value {
    if array.logical_nulls().is_some_and(|nulls| nulls.is_null(row)) {
        return Value::Null;
    }
    let all = |array: &dyn Array| (0..array.len()).map(|row| of_arrow(array, row)).collect::<Vec<_>>();
    match array.data_type() {
        ArrowType::Boolean => Value::Flag(array.as_boolean().value(row)),
        ArrowType::Int64 => Value::Number(array.as_primitive::<Int64Type>().value(row)),
        ArrowType::Int32 => Value::Number(array.as_primitive::<Int32Type>().value(row).into()),
        ArrowType::Decimal32(..) => {
            Value::Number(array.as_primitive::<arrow::datatypes::Decimal32Type>().value(row).into())
        }
        ArrowType::Utf8 => Value::Bytes(array.as_string::<i32>().value(row).into()),
        ArrowType::LargeUtf8 => Value::Bytes(array.as_string::<i64>().value(row).into()),
        ArrowType::Utf8View => Value::Bytes(array.as_string_view().value(row).into()),
        ArrowType::Binary => Value::Bytes(array.as_binary::<i32>().value(row).into()),
        ArrowType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            of_arrow(dictionary.values().as_ref(), dictionary.normalized_keys()[row])
        }
        ArrowType::Struct(_) => {
            Value::Struct(array.as_struct().columns().iter().map(|column| of_arrow(column.as_ref(), row)).collect())
        }
        ArrowType::List(_) => Value::List(all(&array.as_list::<i32>().value(row))),
        ArrowType::LargeList(_) => Value::List(all(&array.as_list::<i64>().value(row))),
        ArrowType::FixedSizeList(..) => Value::List(all(&array.as_fixed_size_list().value(row))),
        ArrowType::Map(..) => {
            let entries = array.as_map().value(row);
            Value::Map(all(entries.column(0)).into_iter().zip(all(entries.column(1))).collect())
        }
        other => panic!("no test has {other}"),
    }
}

/// Row `row` of the column at `place`, whose type is field `index` of the schema.
pub fn of_wire(batch: &Batch, schema: &Schema, place: usize, index: usize, row: usize) -> Value {
    let (column, field) = (&batch.columns[place], &schema.fields[index]);
    if !column.validity.is_empty() && !bit(&column.validity, row) {
        return Value::Null;
    }
    let child = |position: usize, row: usize| {
        of_wire(batch, schema, column.children[position] as usize, field.children[position] as usize, row)
    };
    let span = |row: usize| column.offsets[row] as usize..column.offsets[row + 1] as usize;
    if column.encoding == ENCODING_DICTIONARY {
        let key = u32::from_le_bytes(column.values[4 * row..4 * row + 4].try_into().unwrap());
        let entries = &batch.columns[column.children[0] as usize];
        let (from, to) = (entries.offsets[key as usize] as usize, entries.offsets[key as usize + 1] as usize);
        return Value::Bytes(entries.values[from..to].to_vec());
    }
    match field.data_type().unwrap() {
        DataType::Boolean => Value::Flag(bit(&column.values, row)),
        DataType::Long => Value::Number(i64::from_le_bytes(column.values[8 * row..8 * row + 8].try_into().unwrap())),
        DataType::Integer | DataType::Decimal => {
            Value::Number(i32::from_le_bytes(column.values[4 * row..4 * row + 4].try_into().unwrap()).into())
        }
        DataType::String | DataType::Binary => Value::Bytes(column.values[span(row)].to_vec()),
        DataType::Struct => Value::Struct((0..field.children.len()).map(|position| child(position, row)).collect()),
        DataType::Array => Value::List(span(row).map(|element| child(0, element)).collect()),
        DataType::Map => Value::Map(span(row).map(|entry| (child(0, entry), child(1, entry))).collect()),
        other => panic!("no test has {other:?}"),
    }
}
