//! What statistics tell, in the shape of the table: of a struct what is told of its fields, of arrays and maps nothing.

use arrow::datatypes::{DataType, Field, Fields};

/// What is told of one column or field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told<'a, T> {
    Value(&'a Field, T),
    /// Never empty.
    Fields(&'a Field, Vec<Told<'a, T>>),
}

/// Walks the columns of a table, and gives `tell` each flat one that is not inside an array or map, with its index among the
/// leaves of all columns. What it gives nothing for is left out.
pub(super) fn tell<'a, T>(
    fields: &'a Fields,
    tell: &mut impl FnMut(&'a Field, usize) -> Option<T>,
) -> Vec<Told<'a, T>> {
    let mut leaf = 0;
    walk(fields, &mut leaf, tell)
}

fn walk<'a, T>(
    fields: &'a Fields,
    leaf: &mut usize,
    tell: &mut impl FnMut(&'a Field, usize) -> Option<T>,
) -> Vec<Told<'a, T>> {
    let mut told = Vec::with_capacity(fields.len());
    for field in fields {
        match field.data_type() {
            DataType::Struct(below) => {
                let below = walk(below, leaf, tell);
                told.extend((!below.is_empty()).then_some(Told::Fields(field, below)));
            }
            nested @ (DataType::List(_) | DataType::Map(..)) => *leaf += leaves(nested),
            _ => {
                told.extend(tell(field, *leaf).map(|value| Told::Value(field, value)));
                *leaf += 1;
            }
        }
    }
    told
}

/// How many leaves a column of this type has.
pub(super) fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::List(element) | DataType::Map(element, _) => leaves(element.data_type()),
        _ => 1,
    }
}
