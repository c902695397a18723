//! Batches in whatever Arrow types a producer has, as the columns of its stream.
//!
//! Columns and fields are found by name; one that is not there is NULL, where the stream allows that. A cast is made when it keeps each value ([`super::cast`]); dictionaries of strings
//! and binaries stay dictionaries. Anything else is the producer's to decide and is refused, with the batch whole.

use super::cast::{cast, keeps_values, unpack};
use super::dictionary::{Dictionary, is_text_or_bytes};
use super::list::{Dense, as_list};
use super::node::{Columns, Node, Values};
use super::path::{Path, about_row_of, schema_error};
use crate::error::Error;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, RecordBatch, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::nullif;
use arrow::datatypes::{
    DataType as ArrowType, Decimal32Type, Decimal64Type, Decimal128Type, DecimalType, Field as ArrowField, Fields,
    SchemaRef,
};
use arrow::error::ArrowError;

/// The columns of `batch` in the order and types of `target`.
///
/// # Errors
/// The first column that is missing, unknown, of another type, or has a value its column cannot hold.
pub(crate) fn conform(batch: &RecordBatch, target: &SchemaRef) -> Result<Columns, Error> {
    let (fields, arrays, rows) = (batch.schema_ref().fields(), batch.columns(), batch.num_rows());
    let found = Siblings { fields, arrays, rows, path: None };
    Ok(Columns { nodes: found.conform(target.fields(), None)?, rows: batch.num_rows() })
}

/// Columns of a batch, or fields of a struct.
struct Siblings<'a> {
    fields: &'a Fields,
    arrays: &'a [ArrayRef],
    rows: usize,
    path: Option<&'a Path<'a>>,
}

impl Siblings<'_> {
    fn conform(&self, target: &Fields, mask: Option<&NullBuffer>) -> Result<Vec<Node>, Error> {
        let (mut nodes, mut found) = (Vec::with_capacity(target.len()), 0);
        for (place, field) in target.iter().enumerate() {
            let path = self.path.map_or_else(|| Path::column(field.name()), |parent| parent.child(field.name()));
            nodes.push(match self.find(place, field) {
                Some(array) => {
                    found += 1;
                    conform_node(array, field, mask, &path)?
                }
                None => conform_node(&self.absent(field)?, field, mask, &path)?,
            });
        }
        if self.fields.len() > found {
            let is_stranger = |name: &&String| target.find(name).is_none();
            let strangers: Vec<_> = self.fields.iter().map(|field| field.name()).filter(is_stranger).collect();
            let (whole, own) = self.whole();
            return Err(schema_error(format!(
                "{whole} has {own} that the stream has not: {strangers:?}; leave them out, or add them to the table"
            )));
        }
        Ok(nodes)
    }

    fn find(&self, place: usize, field: &ArrowField) -> Option<&ArrayRef> {
        let in_place = self.fields.get(place).is_some_and(|found| found.name() == field.name());
        let place = if in_place { Some(place) } else { self.fields.find(field.name()).map(|(place, _)| place) };
        place.and_then(|place| self.arrays.get(place))
    }

    /// A column that was left out.
    fn absent(&self, field: &ArrowField) -> Result<ArrayRef, Error> {
        if field.is_nullable() {
            return Ok(new_null_array(field.data_type(), self.rows));
        }
        let ((whole, _), name) = (self.whole(), field.name());
        let own = if self.path.is_some() { "field" } else { "column" };
        Err(schema_error(format!("{whole} has no {own} {name:?}, which may not be NULL; add it")))
    }

    fn whole(&self) -> (String, &'static str) {
        match self.path {
            None => ("the batch".to_owned(), "columns"),
            Some(path) => (format!("column {:?} of the batch", path.to_string()), "fields"),
        }
    }
}

/// One column, NULL where `mask` is: there its struct has no value.
fn conform_node(
    array: &ArrayRef,
    target: &ArrowField,
    mask: Option<&NullBuffer>,
    path: &Path<'_>,
) -> Result<Node, Error> {
    if let Some(node) = as_it_is(array, target, mask) {
        return Ok(node);
    }
    let wrong = |error: ArrowError| path.value_error(None, error.to_string());
    let array = unpack(array, target.data_type()).map_err(wrong)?;
    let node = match (array.data_type(), target.data_type()) {
        (ArrowType::Dictionary(_, values), to) if is_text_or_bytes(to) && keeps_values(values, to) => {
            let dictionary = array.as_any_dictionary();
            let entries = cast(dictionary.values(), to).map_err(wrong)?;
            Dictionary::node(dictionary, entries, mask).map_err(wrong)?
        }
        (ArrowType::Struct(fields), ArrowType::Struct(wanted)) => {
            let nulls = NullBuffer::union(array.nulls(), mask);
            let (arrays, rows) = (array.as_struct().columns(), array.len());
            let found = Siblings { fields, arrays, rows, path: Some(path) };
            Node::new(nulls.clone(), Values::Struct(found.conform(wanted, nulls.as_ref())?))
        }
        (ArrowType::Map(..), ArrowType::Map(wanted, _)) => {
            let (map, nulls) = (array.as_map(), NullBuffer::union(array.nulls(), mask));
            let dense = Dense::new(map.offsets(), nulls.as_ref(), map.entries().columns()).map_err(wrong)?;
            let ArrowType::Struct(wanted) = wanted.data_type() else { return Err(type_error(&array, target, path)) };
            conform_list(dense, nulls, wanted, path)?
        }
        (_, ArrowType::List(element)) => {
            let list = as_list(&array).ok_or_else(|| type_error(&array, target, path))?.map_err(wrong)?;
            let nulls = NullBuffer::union(list.nulls(), mask);
            let dense = Dense::new(list.offsets(), nulls.as_ref(), &[list.values().clone()]).map_err(wrong)?;
            conform_list(dense, nulls, &Fields::from(vec![element.clone()]), path)?
        }
        (from, to) if !to.is_nested() && (from == to || keeps_values(from, to)) => {
            let masked = under_mask(&array, mask).map_err(wrong)?;
            let cast = cast(&masked, to).map_err(wrong)?;
            check_decimals(&cast, path)?;
            Node::new(cast.nulls().cloned(), Values::Plain(cast))
        }
        _ => return Err(type_error(&array, target, path)),
    };
    let masked = mask.map_or(0, NullBuffer::null_count);
    if !target.is_nullable() && node.null_count() > masked {
        let is_null = |row: &usize| {
            node.nulls.as_ref().is_some_and(|nulls| nulls.is_null(*row)) && mask.is_none_or(|mask| mask.is_valid(*row))
        };
        let row = (0..array.len()).find(is_null);
        return Err(path.value_error(row, "is NULL, which the column does not allow"));
    }
    Ok(node)
}

/// The column of an array about which there is nothing to ask, as almost all are: of small batches most of the work would be asking.
fn as_it_is(array: &ArrayRef, target: &ArrowField, mask: Option<&NullBuffer>) -> Option<Node> {
    use ArrowType::{Decimal32, Decimal64, Decimal128};
    let (found, wanted) = (array.data_type(), target.data_type());
    let is_flat = !wanted.is_nested() && !matches!(wanted, Decimal32(..) | Decimal64(..) | Decimal128(..));
    let may_be_null = target.is_nullable() || array.null_count() == 0;
    let is_such = mask.is_none() && is_flat && may_be_null && found == wanted;
    is_such.then(|| Node::new(array.nulls().cloned(), Values::Plain(array.clone())))
}

fn conform_list(dense: Dense, nulls: Option<NullBuffer>, wanted: &Fields, path: &Path<'_>) -> Result<Node, Error> {
    let mut children = Vec::with_capacity(wanted.len());
    for (child, field) in dense.children.iter().zip(wanted) {
        let node = conform_node(child, field, None, &path.child(field.name()));
        children.push(node.map_err(|error| about_row_of(error, |element| dense.row_of(element)))?);
    }
    Ok(Node::new(nulls, Values::List { offsets: dense.offsets, children }))
}

/// What stands under a NULL struct is nobody's value: it must not fail a cast or a check.
fn under_mask(array: &ArrayRef, mask: Option<&NullBuffer>) -> Result<ArrayRef, ArrowError> {
    match mask.filter(|mask| mask.null_count() > 0) {
        Some(mask) if !array.nulls().is_some_and(|nulls| nulls.contains(mask)) => {
            nullif(array, &BooleanArray::new(!mask.inner(), None))
        }
        _ => Ok(array.clone()),
    }
}

fn type_error(array: &ArrayRef, target: &ArrowField, path: &Path<'_>) -> Error {
    let (column, found, wanted) = (path.to_string(), array.data_type(), target.data_type());
    schema_error(format!(
        "column {column:?} is {found} in the batch and {wanted} in the stream; cast it before appending"
    ))
}

/// Arrow lets an array hold decimals of more digits than its type says; the server does not.
fn check_decimals(array: &ArrayRef, path: &Path<'_>) -> Result<(), Error> {
    match array.data_type() {
        ArrowType::Decimal32(precision, _) => check_digits::<Decimal32Type>(array, *precision, path),
        ArrowType::Decimal64(precision, _) => check_digits::<Decimal64Type>(array, *precision, path),
        ArrowType::Decimal128(precision, _) => check_digits::<Decimal128Type>(array, *precision, path),
        _ => Ok(()),
    }
}

fn check_digits<T: DecimalType>(array: &ArrayRef, precision: u8, path: &Path<'_>) -> Result<(), Error> {
    let decimals: &PrimitiveArray<T> = array.as_primitive();
    if decimals.validate_decimal_precision(precision).is_ok() {
        return Ok(());
    }
    let row = (0..decimals.len())
        .find(|row| decimals.is_valid(*row) && !T::is_valid_decimal_precision(decimals.value(*row), precision));
    Err(path.value_error(row, format!("has more than {precision} digits")))
}

#[cfg(test)]
mod tests;
