//! The leaves of a column: what stands at the ends of its structs, arrays and maps.

use arrow::array::{Array, ArrayRef, AsArray, make_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// A flat field for each leaf of `field`, in Parquet's order. All may be NULL.
pub(super) fn fields(field: &FieldRef) -> Vec<FieldRef> {
    match field.data_type() {
        DataType::Struct(children) => children.iter().flat_map(fields).collect(),
        DataType::List(child) | DataType::Map(child, _) => fields(child),
        flat => vec![Arc::new(Field::new(field.name(), flat.clone(), true))],
    }
}

/// The path of each leaf of `field`, names joined by dots.
pub(super) fn paths(field: &FieldRef) -> Vec<String> {
    let below = |child: &FieldRef| paths(child).into_iter().map(|path| format!("{}.{path}", field.name())).collect();
    match field.data_type() {
        DataType::Struct(children) => children.iter().flat_map(|child| -> Vec<String> { below(child) }).collect(),
        DataType::List(child) | DataType::Map(child, _) => below(child),
        _ => vec![field.name().clone()],
    }
}

/// Whether a leaf is keys into a dictionary.
pub(super) fn is_encoded(leaf: &ArrayRef) -> bool {
    matches!(leaf.data_type(), DataType::Dictionary(..))
}

/// The array of each leaf of a column, as it lies there.
pub(super) fn arrays(column: &ArrayRef) -> Vec<&ArrayRef> {
    match column.data_type() {
        DataType::Struct(_) => column.as_struct().columns().iter().flat_map(arrays).collect(),
        DataType::List(_) => arrays(column.as_list::<i32>().values()),
        DataType::Map(..) => column.as_map().entries().columns().iter().flat_map(arrays).collect(),
        _ => vec![column],
    }
}

/// Whether values of type `found` may stand in a column of type `expected`: they are the same but for dictionaries, and for
/// names, which are a file's own business.
pub(super) fn fits(expected: &DataType, found: &DataType) -> bool {
    let field = |(expected, found): (&FieldRef, &FieldRef)| fits(expected.data_type(), found.data_type());
    match (expected, found) {
        (DataType::Utf8 | DataType::Binary, DataType::Dictionary(keys, values)) => {
            **keys == DataType::Int32 && **values == *expected
        }
        (DataType::Struct(expected), DataType::Struct(found)) => {
            expected.len() == found.len() && expected.iter().zip(found).all(field)
        }
        (DataType::List(expected), DataType::List(found)) => field((expected, found)),
        (DataType::Map(expected, sorted), DataType::Map(found, same)) => sorted == same && field((expected, found)),
        _ => expected == found,
    }
}

/// The values of each leaf of a column: what of it a file holds, but for NULLs above.
pub(super) fn values(column: &ArrayRef) -> Result<Vec<ArrayRef>, ArrowError> {
    let mut found = Vec::new();
    collect(column, None, &mut found)?;
    Ok(found)
}

/// `mask` says which rows have a value as far as the structs around are concerned.
fn collect(array: &ArrayRef, mask: Option<&NullBuffer>, found: &mut Vec<ArrayRef>) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::Struct(_) => {
            let mask = NullBuffer::union(mask, array.nulls());
            array.as_struct().columns().iter().try_for_each(|child| collect(child, mask.as_ref(), found))
        }
        DataType::List(_) => collect(array.as_list::<i32>().values(), None, found),
        DataType::Map(..) => {
            array.as_map().entries().columns().iter().try_for_each(|child| collect(child, None, found))
        }
        _ => {
            found.push(match mask {
                Some(mask) if mask.null_count() > 0 => masked(array, mask)?,
                _ => array.clone(),
            });
            Ok(())
        }
    }
}

fn masked(array: &ArrayRef, mask: &NullBuffer) -> Result<ArrayRef, ArrowError> {
    let nulls = NullBuffer::union(Some(mask), array.nulls());
    Ok(make_array(array.to_data().into_builder().nulls(nulls).build()?))
}
