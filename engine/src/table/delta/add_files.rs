//! The files of one commit, as its `add` actions.

use super::table::{AddedFile, TableError};
use arrow::array::{Array, ArrayRef, Int64Array, MapBuilder, MapFieldNames, StringArray, StringBuilder};
use arrow::compute::concat;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use delta_kernel::EngineData;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::snapshot::Snapshot;
use std::collections::HashMap;
use std::sync::Arc;

/// What a URI path does not take as it is, beside control characters and what is not ASCII.
const ENCODED: &[u8] = b" \"#%<>?[\\]^`{|}";

impl AddedFile {
    /// The path as the log has it: as part of a URI.
    pub fn log_path(&self) -> String {
        let mut encoded = String::with_capacity(self.path.len());
        for byte in self.path.bytes() {
            if byte.is_ascii_graphic() && !ENCODED.contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
        encoded
    }
}

/// `operationMetrics` of a commit of these files.
pub(super) fn metrics(files: &[AddedFile]) -> [(&'static str, Option<String>); 3] {
    let rows: u64 = files.iter().map(|file| file.statistics.rows()).sum();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    [("numOutputRows", rows), ("numOutputBytes", bytes), ("numAddedFiles", files.len() as u64)]
        .map(|(name, value)| (name, Some(value.to_string())))
}

/// What the kernel makes `add` actions of; at least one file.
pub(super) fn of_snapshot(snapshot: &Snapshot, files: &[AddedFile]) -> Result<Box<dyn EngineData>, TableError> {
    let batch = batch(snapshot, files).map_err(|error| TableError::Kernel(error.into()))?;
    Ok(Box::new(ArrowEngineData::new(batch)))
}

fn batch(snapshot: &Snapshot, files: &[AddedFile]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let long = |value: &dyn Fn(&AddedFile) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(files.iter().map(value)))
    };
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values(files.iter().map(AddedFile::log_path)));
    let sizes = long(&|file| i64::try_from(file.bytes).unwrap_or(i64::MAX));
    let times = long(&|file| file.modified_ms);
    let statistics: Vec<_> = files.iter().map(|file| file.statistics.to_struct()).collect();
    let statistics: Vec<&dyn Array> = statistics.iter().map(|one| one as &dyn Array).collect();
    let columns = [
        ("path", paths, false),
        ("partitionValues", partition_values(snapshot, files)?, false),
        ("size", sizes, false),
        ("modificationTime", times, false),
        ("stats", concat(&statistics)?, true),
    ];
    let field =
        |(name, values, nullable): &(&str, ArrayRef, bool)| Field::new(*name, values.data_type().clone(), *nullable);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, values, _)| values).collect())
}

/// Each file's partition values, under the names that files and the log use for the columns.
fn partition_values(snapshot: &Snapshot, files: &[AddedFile]) -> Result<ArrayRef, arrow::error::ArrowError> {
    let (schema, mode) = (snapshot.schema(), snapshot.table_configuration().column_mapping_mode());
    let physical: HashMap<&str, &str> =
        schema.fields().map(|field| (field.name.as_str(), field.physical_name(mode))).collect();
    let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let mut values = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for file in files {
        for (column, value) in &file.partition {
            values.keys().append_value(physical.get(&**column).copied().unwrap_or(column));
            values.values().append_option(value.as_deref());
        }
        values.append(true)?;
    }
    Ok(Arc::new(values.finish()))
}
