use arrow::array::{Array, RecordBatch};
use arrow::error::ArrowError;

/// Bytes of a batch's rows in Arrow's own layout: values, string bytes, 4-byte offsets, and validity where a column has
/// nulls. A slice counts what it shows, not what it keeps alive.
///
/// # Errors
/// An array of a type whose slices cannot be measured.
pub fn row_bytes(batch: &RecordBatch) -> Result<u64, ArrowError> {
    let mut bytes = 0;
    for column in batch.columns() {
        bytes += column.to_data().get_slice_memory_size()? as u64;
    }
    Ok(bytes)
}
