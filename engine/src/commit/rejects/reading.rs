//! Which rows a table of rejected rows has, read from it.

use super::judging::{OfLogs, There};
use crate::handover::log_part::LogId;
use crate::table::delta::{DeltaTable, TableError, Version};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use delta_kernel::engine::arrow_data::EngineDataArrowExt;
use delta_kernel::expressions::{Expression, Predicate, Scalar};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is read of a row.
const COLUMNS: [&str; 4] = ["stream", "offset", "log", "position"];

/// Rows of `version` that may be some of `rows`: of the same offsets and logs or streams. Files are left out whose statistics
/// say that they have none.
///
/// # Errors
/// When the table cannot be read, or has not the columns that it was made with.
pub fn read_there(table: &DeltaTable, version: &Version, rows: &OfLogs<'_>) -> Result<There, TableError> {
    let offsets: BTreeSet<u64> = rows.iter().map(|(_, row)| row.offset).collect();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return Ok(There::default()) };
    let number = |offset: u64| Expression::Literal(Scalar::Long(i64::try_from(offset).unwrap_or(i64::MAX)));
    let column = || Expression::column(["offset"]);
    let between = Predicate::and(column().ge(number(*first)), column().le(number(*last)));
    let mut there = There::default();
    for batch in table.scan(version, &COLUMNS, Arc::new(between))? {
        let batch = batch?.try_into_record_batch()?;
        take(&batch, &offsets, &mut there).ok_or(TableError::Internal("a table of rejected rows has another shape"))?;
    }
    Ok(there)
}

fn take(batch: &RecordBatch, offsets: &BTreeSet<u64>, there: &mut There) -> Option<()> {
    let streams = batch.column_by_name("stream")?.as_string_opt::<i32>()?;
    let logs = batch.column_by_name("log")?.as_string_opt::<i32>()?;
    let places = batch.column_by_name("offset")?.as_primitive_opt::<Int64Type>()?;
    let positions = batch.column_by_name("position")?.as_primitive_opt::<Int64Type>()?;
    for row in 0..batch.num_rows() {
        let (offset, position) = (places.value(row) as u64, positions.value(row) as u64);
        // A log that is none of ours: somebody else put the row there.
        let Ok(log) = logs.value(row).parse::<LogId>() else { continue };
        if offsets.contains(&offset) {
            there.add(log, position, streams.is_valid(row).then(|| streams.value(row)), offset);
        }
    }
    Some(())
}
