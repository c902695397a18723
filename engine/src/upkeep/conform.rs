//! Values of a file, in the types that its table has now. Pure.
//!
//! Files are as old as the table: written by others who name the insides of arrays otherwise, before columns were added, with
//! types that were widened since. What can be had without losing anything is converted; anything else is refused.

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StructArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef, TimeUnit, TimestampNanosecondType};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Why a file's values are not those of the table.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("column {0:?} is not in the file, and may not be NULL")]
    Missing(String),
    #[error("column {0:?} of the file is not in the table")]
    Unknown(String),
    #[error("column {column:?} is {found} in the file and {wanted} in the table")]
    Type { column: String, found: String, wanted: String },
    #[error("values that the table does not take: {0}")]
    Values(#[from] ArrowError),
}

/// The rows of a file as rows of the table.
///
/// # Errors
/// When that cannot be done without changing a value.
pub fn conform(rows: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch, Unfit> {
    let found = StructArray::from(rows.clone());
    let columns = children(&found, wanted.fields())?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(wanted.clone(), columns, &options)?)
}

fn children(found: &StructArray, wanted: &Fields) -> Result<Vec<ArrayRef>, Unfit> {
    if let Some(name) = found.column_names().into_iter().find(|name| wanted.find(name).is_none()) {
        return Err(Unfit::Unknown(name.to_owned()));
    }
    let child = |field: &FieldRef| match found.column_by_name(field.name()) {
        Some(values) => column(values, field),
        None if field.is_nullable() => Ok(new_null_array(field.data_type(), found.len())),
        None => Err(Unfit::Missing(field.name().clone())),
    };
    wanted.iter().map(child).collect()
}

fn column(values: &ArrayRef, wanted: &Field) -> Result<ArrayRef, Unfit> {
    if values.data_type() == wanted.data_type() {
        return Ok(values.clone());
    }
    match (values.data_type(), wanted.data_type()) {
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let found = values.as_struct();
            let below = children(found, fields)?;
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), below, found.nulls().cloned(), found.len())?))
        }
        (DataType::List(_), DataType::List(element)) => {
            let found = values.as_list::<i32>();
            let below = column(found.values(), element)?;
            Ok(Arc::new(ListArray::try_new(element.clone(), found.offsets().clone(), below, found.nulls().cloned())?))
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let (found, DataType::Struct(pair)) = (values.as_map(), entries.data_type()) else {
                return Err(other_type(values, wanted));
            };
            let [key, value] = pair.as_ref() else { return Err(other_type(values, wanted)) };
            let below = vec![column(found.keys(), key)?, column(found.values(), value)?];
            let below = StructArray::try_new(pair.clone(), below, None)?;
            let (offsets, nulls) = (found.offsets().clone(), found.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, below, nulls, *sorted)?))
        }
        (found, to) if keeps_values(values, found, to) => Ok(cast(values, to)?),
        _ => Err(other_type(values, wanted)),
    }
}

fn other_type(values: &ArrayRef, wanted: &Field) -> Unfit {
    let (found, wanted_type) = (values.data_type().to_string(), wanted.data_type().to_string());
    Unfit::Type { column: wanted.name().clone(), found, wanted: wanted_type }
}

/// Whether casting these values loses nothing.
fn keeps_values(values: &ArrayRef, found: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Date32, Decimal32, Decimal64, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64,
        LargeBinary, LargeUtf8, Timestamp, Utf8, Utf8View,
    };
    match (found, to) {
        (Int8, Int16 | Int32 | Int64 | Float64) | (Int16, Int32 | Int64 | Float64) | (Int32, Int64 | Float64) => true,
        (Float32, Float64) | (Date32, Timestamp(TimeUnit::Microsecond, None)) => true,
        (LargeUtf8 | Utf8View, Utf8) | (LargeBinary | BinaryView, Binary) => true,
        (
            Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale),
            Decimal32(wider, more) | Decimal64(wider, more) | Decimal128(wider, more),
        ) => more >= scale && i16::from(*wider) - i16::from(*precision) >= i16::from(*more) - i16::from(*scale),
        (Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, from), Timestamp(TimeUnit::Microsecond, zone)) => {
            from.is_some() == zone.is_some()
        }
        // Timestamps of 96 bits have no zone and nanoseconds; Delta writers put microseconds there.
        (Timestamp(TimeUnit::Nanosecond, _), Timestamp(TimeUnit::Microsecond, _)) => {
            values.as_primitive::<TimestampNanosecondType>().iter().flatten().all(|value| value % 1_000 == 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int32Array, Int64Array, StringArray, TimestampNanosecondArray};
    use arrow::buffer::{NullBuffer, OffsetBuffer};
    use arrow::datatypes::Schema;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
            .unwrap()
    }

    #[test]
    fn columns_are_found_by_name_and_those_that_came_later_are_null() {
        let found = batch(vec![
            ("b", Arc::new(StringArray::from(vec![Some("x"), None]))),
            ("a", Arc::new(Int32Array::from(vec![1, 2]))),
        ]);
        let fields = [("a", DataType::Int64), ("b", DataType::Utf8), ("c", DataType::Boolean)];
        let wanted: SchemaRef =
            Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()));
        let rows = conform(&found, &wanted).unwrap();
        assert_eq!(rows.column(0).as_ref(), &Int64Array::from(vec![1, 2]));
        assert_eq!((rows.column(1), rows.column(2).null_count()), (found.column(0), 2));
        let required = [Field::new("b", DataType::Utf8, true), Field::new("c", DataType::Boolean, false)];
        let required = Arc::new(Schema::new(required.to_vec()));
        assert!(matches!(conform(&batch(vec![("b", found.column(0).clone())]), &required), Err(Unfit::Missing(_))));
        let fewer = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
        assert!(matches!(conform(&found, &fewer), Err(Unfit::Unknown(name)) if name == "b"));
        let other =
            Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, true), Field::new("b", DataType::Utf8, true)]));
        assert!(matches!(conform(&found, &other), Err(Unfit::Type { .. })));
    }

    #[test]
    fn the_insides_of_arrays_may_have_other_names_and_newer_fields() {
        let point = Fields::from(vec![Field::new("x", DataType::Int32, true)]);
        let points =
            StructArray::new(point.clone(), vec![Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))], None);
        let item = Arc::new(Field::new("item", DataType::Struct(point), true));
        let nulls = Some(NullBuffer::from(vec![true, false, true]));
        let list = ListArray::new(item, OffsetBuffer::new(vec![0, 2, 2, 3].into()), Arc::new(points), nulls);
        let found = batch(vec![("l", Arc::new(list))]);
        let now = Fields::from(vec![Field::new("x", DataType::Int64, true), Field::new("y", DataType::Utf8, true)]);
        let element = Arc::new(Field::new("element", DataType::Struct(now), true));
        let wanted = Arc::new(Schema::new(vec![Field::new("l", DataType::List(element), true)]));
        let rows = conform(&found, &wanted).unwrap();
        let list = rows.column(0).as_list::<i32>();
        assert!(list.is_null(1) && list.value_length(0) == 2);
        let points = list.values().as_struct();
        assert_eq!(points.column(0).as_ref(), &Int64Array::from(vec![Some(1), None, Some(3)]));
        assert_eq!(points.column(1).null_count(), 3);
    }

    #[test]
    fn nanoseconds_are_taken_when_none_is_lost() {
        let wanted = Field::new("t", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
        let whole: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(5_000), None]));
        assert_eq!(column(&whole, &wanted).unwrap().data_type(), wanted.data_type());
        let lost: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![5_001]));
        assert!(column(&lost, &wanted).is_err());
    }
}
