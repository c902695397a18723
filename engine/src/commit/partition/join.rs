//! Parts of one partition into one row group.
//!
//! Row groups differ in which of their columns are keys into dictionaries, at any depth. Where they differ, all become plain;
//! where they do not, dictionaries are merged. What a part was given of a large dictionary is most of the time a few entries
//! of it: a column with more entries than rows loses those that no row has, so that encoding a part costs what its rows are.

use arrow::array::{ArrayRef, AsArray, DictionaryArray, Int32Array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// The rows of `parts` one after another; `schema` has the columns' plain types. At least one part.
///
/// # Errors
/// When the parts are not of one table.
pub fn join(parts: &[RecordBatch], schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    let mut fields = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let values: Vec<&ArrayRef> = parts.iter().map(|part| part.column(index)).collect();
        let values = joined(&values, field.data_type())?;
        fields.push(Arc::new(field.as_ref().clone().with_data_type(values.data_type().clone())));
        columns.push(values);
    }
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns)
}

fn joined(values: &[&ArrayRef], plain: &DataType) -> Result<ArrayRef, ArrowError> {
    if let [only] = values {
        return compact(only);
    }
    let same = values.windows(2).all(|pair| pair[0].data_type() == pair[1].data_type());
    if same {
        let values: Result<Vec<_>, _> = values.iter().map(|values| compact(values)).collect();
        let values = values?;
        return concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    }
    let values: Result<Vec<_>, _> = values.iter().map(|values| cast(values, plain)).collect();
    let values = values?;
    concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// The same values, a dictionary without the entries that no row has, if there are more entries than rows.
fn compact(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(keyed) = values.as_dictionary_opt::<Int32Type>() else { return Ok(values.clone()) };
    if keyed.values().len() <= keyed.keys().len() {
        return Ok(values.clone());
    }
    let keys = keyed.keys();
    let mut used: Vec<i32> = keys.iter().flatten().collect();
    used.sort_unstable();
    used.dedup();
    let new = |key: Option<i32>| key.map(|key| used.partition_point(|other| *other < key) as i32);
    let keys: Int32Array = keys.iter().map(new).collect();
    let entries = take(keyed.values(), &Int32Array::from(used), None)?;
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, entries)?))
}
