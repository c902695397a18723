//! Rows of a batch as JSON, whatever is wrong with their values.
//!
//! | type | JSON |
//! |---|---|
//! | boolean, integer | as they are |
//! | float, double | as they are; `"NaN"`, `"inf"`, `"-inf"` |
//! | decimal, date, timestamp | text: `"1.50"`, `"2024-02-29"`, `"2024-02-29T12:00:00.000001Z"` |
//! | string | text; `{"not_utf8": "hex"}` for bytes that are none |
//! | binary | `{"hex": "…"}` |
//! | struct | an object |
//! | array | an array |
//! | map | an array of `{"key": …, "value": …}` |

use super::layout::{Layout, LayoutError};
use super::table_builder::{RowGroupSize, TableBuilder};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::batch_check::{self, BatchError};
use lakehead_protocol::schema::{DataType, Schema};
use serde_json::{Map, Value, json};
use std::ops::Range;
use std::sync::Arc;

/// Why there is no JSON of a batch's rows.
#[derive(Debug, thiserror::Error)]
pub enum JsonRowsError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("the batch's columns are none of Arrow's: {0}")]
    Columns(String),
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// These rows of a batch of so many, each as an object of its stream's columns.
///
/// # Errors
/// When more is wrong with the batch than values of single rows.
pub fn json_rows(
    batch: &ArchivedBatch,
    announced: &Schema,
    rows: u32,
    wanted: impl Iterator<Item = Range<u32>>,
) -> Result<Vec<Value>, JsonRowsError> {
    let loose = loosened(announced);
    batch_check::bad_rows(batch, &loose, rows)?;
    let layout = Layout::match_columns(&loose, &loose)?;
    let arrow = Arc::new(to_arrow(&loose).map_err(|error| JsonRowsError::Columns(error.to_string()))?);
    let builder = TableBuilder::new(arrow.clone(), RowGroupSize::default());
    let mut builder = builder.map_err(|error| JsonRowsError::Columns(error.to_string()))?;
    wanted.for_each(|rows| builder.append(batch, &layout, rows.start as usize, rows.end as usize, 0));
    let Some(sealed) = builder.seal()? else { return Ok(Vec::new()) };
    let columns = sealed.columns().iter().zip(arrow.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
    let sealed = RecordBatch::try_new(arrow, columns)?;
    let objects = (0..sealed.num_rows()).map(|row| {
        let fields = announced.columns.iter().zip(sealed.columns());
        let fields = fields.map(|(field, column)| {
            let field = *field as usize;
            Ok((announced.fields[field].name.clone(), value(announced, field, column, row)?))
        });
        fields.collect::<Result<Map<_, _>, ArrowError>>().map(Value::Object)
    });
    Ok(objects.collect::<Result<_, _>>()?)
}

/// The same columns, that take NULL and any bytes, and decimals as far as their width goes. Only keys of maps are never NULL.
pub fn loosened(schema: &Schema) -> Schema {
    let mut loose = schema.clone();
    let maps = schema.fields.iter().filter(|field| field.data_type() == Some(DataType::Map));
    let keys: Vec<usize> = maps.filter_map(|map| map.children.first()).map(|key| *key as usize).collect();
    for (place, field) in loose.fields.iter_mut().enumerate() {
        field.nullable = u8::from(!keys.contains(&place));
        match field.data_type() {
            Some(DataType::String) => field.data_type = DataType::Binary as u8,
            Some(DataType::Decimal) => {
                field.precision = match field.value_bytes() {
                    Some(4) => 9,
                    Some(8) => 18,
                    _ => 38,
                }
            }
            _ => {}
        }
    }
    loose
}

/// A value of the announced field, out of its loosened column.
fn value(schema: &Schema, field: usize, column: &ArrayRef, row: usize) -> Result<Value, ArrowError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let child = |position: usize| schema.fields[field].children.get(position).map_or(field, |child| *child as usize);
    Ok(match column.data_type() {
        ArrowType::Boolean => column.as_boolean().value(row).into(),
        ArrowType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        ArrowType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        ArrowType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        ArrowType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        ArrowType::Float32 => {
            let value = column.as_primitive::<Float32Type>().value(row);
            // The shortest text of a float is not that of the double.
            number(value.to_string().parse().unwrap_or_else(|_| f64::from(value)))
        }
        ArrowType::Float64 => number(column.as_primitive::<Float64Type>().value(row)),
        ArrowType::Binary => {
            let bytes = column.as_binary::<i32>().value(row);
            match (schema.fields[field].data_type(), std::str::from_utf8(bytes)) {
                (Some(DataType::String), Ok(text)) => text.into(),
                (Some(DataType::String), Err(_)) => json!({ "not_utf8": hex(bytes) }),
                _ => json!({ "hex": hex(bytes) }),
            }
        }
        ArrowType::Struct(_) => {
            let fields = column.as_struct().columns().iter().enumerate().map(|(position, column)| {
                let field = child(position);
                Ok((schema.fields[field].name.clone(), value(schema, field, column, row)?))
            });
            Value::Object(fields.collect::<Result<_, ArrowError>>()?)
        }
        ArrowType::List(_) => {
            let elements = column.as_list::<i32>().value(row);
            let values = (0..elements.len()).map(|element| value(schema, child(0), &elements, element));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        ArrowType::Map(..) => {
            let pairs = column.as_map().value(row);
            let pair = |entry: usize| {
                let key = value(schema, child(0), pairs.column(0), entry)?;
                Ok(json!({ "key": key, "value": value(schema, child(1), pairs.column(1), entry)? }))
            };
            Value::Array((0..pairs.len()).map(pair).collect::<Result<_, ArrowError>>()?)
        }
        // Days and microseconds that no calendar has stay numbers.
        _ => match ArrayFormatter::try_new(column, &FormatOptions::default())?.value(row).try_to_string() {
            Ok(text) => text.into(),
            Err(_) => value(schema, field, &cast(column, &ArrowType::Int64)?, row)?,
        },
    })
}

fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
