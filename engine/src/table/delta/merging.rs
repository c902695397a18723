//! The commit of a merge: files out, one file with the same rows in, no change of data.

use super::describe::has_any_file;
use super::freeze::{Freezer, frozen};
use super::idle_features;
use super::live_files::Removal;
use super::table::{AddedFile, DeltaTable, ENGINE_INFO, Frozen, TableError, Version};
use crate::commit::decide::Sighting;
use crate::commit::ledger::Entries;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::transaction::{CommitResult, UpdateTableOperation};
use delta_kernel::{EngineData, FilteredEngineData};
use std::collections::HashSet;
use std::sync::Arc;

/// What a merge makes of a table.
#[derive(Debug, Clone)]
pub struct MergeChange {
    pub removal: Removal,
    /// The file with their rows; it is as old as the youngest of them.
    pub output: AddedFile,
    /// Its path as the log writes it.
    pub output_path: String,
    pub bytes_removed: u64,
}

impl DeltaTable {
    /// The bytes of the version after `known` that makes `change`, and the table after it. Puts nothing.
    ///
    /// # Errors
    /// When the kernel does not make such a commit.
    pub fn freeze_merge(&self, known: &Version, change: &MergeChange) -> Result<Frozen, TableError> {
        let (freezer, slot) = Freezer::new();
        let metrics = [
            ("numAddedFiles", Some("1".to_owned())),
            ("numRemovedFiles", Some(change.removal.paths.len().to_string())),
            ("numAddedBytes", Some(change.output.bytes.to_string())),
            ("numRemovedBytes", Some(change.bytes_removed.to_string())),
        ];
        let upon = idle_features::to_write_upon(&known.snapshot)?;
        let builder = upon.update_table(UpdateTableOperation::Optimize, ENGINE_INFO, false);
        let mut transaction = builder.with_operation_metrics(metrics).build(self.engine(), freezer)?;
        for batch in &change.removal.batches {
            let rows: Box<dyn EngineData> = Box::new(ArrowEngineData::new(batch.clone()));
            transaction.remove_files(FilteredEngineData::with_all_rows_selected(rows));
        }
        transaction.add_files(added(change)?);
        let CommitResult::Committed(committed) = transaction.commit(self.engine())? else {
            return Err(TableError::Internal("the kernel did not take the committer's answer"));
        };
        let bytes = frozen(&slot).ok_or(TableError::Internal("the kernel made no commit"))?;
        let snapshot = committed.post_commit_snapshot().cloned();
        let snapshot = snapshot.ok_or(TableError::Internal("the kernel gave no snapshot after the commit"))?;
        let snapshot = idle_features::as_it_is(&known.snapshot, snapshot)?;
        Ok(Frozen { after: known.followed(snapshot, &Entries::default(), bytes.clone()), bytes })
    }

    /// Whether the newest version of the table `id` shows the file of a merge that was put as `version`.
    pub fn sight_merge(&self, id: &str, version: u64, output_path: &str) -> Sighting {
        let found = match self.load() {
            Ok(Some(found)) => found,
            Ok(None) => return Sighting::NotShown("the table is gone".into()),
            Err(error) => return Sighting::Unknown(error.to_string()),
        };
        if *found.view().id != *id || found.view().version < version {
            return Sighting::NotShown(format!("the table is at version {}", found.view().version));
        }
        match has_any_file(self, &found, HashSet::from([output_path.to_owned()])) {
            Ok(true) => Sighting::Shown,
            Ok(false) => Sighting::NotShown(format!("version {} does not show the merged file", found.view().version)),
            Err(error) => Sighting::Unknown(error.to_string()),
        }
    }
}

/// What the kernel makes the `add` action of.
fn added(change: &MergeChange) -> Result<Box<dyn EngineData>, TableError> {
    let MergeChange { removal, output, output_path, .. } = change;
    let long = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("path", Arc::new(StringArray::from(vec![output_path.as_str()])), false),
        ("partitionValues", removal.partition_values.clone(), false),
        ("size", long(i64::try_from(output.bytes).unwrap_or(i64::MAX)), false),
        ("modificationTime", long(output.modified_ms), false),
        ("stats", Arc::new(output.statistics.to_struct()), true),
    ];
    let fields =
        columns.iter().map(|(name, values, nullable)| Field::new(*name, values.data_type().clone(), *nullable));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, values, _)| values).collect();
    let batch = RecordBatch::try_new(schema, columns).map_err(|error| TableError::Kernel(error.into()))?;
    Ok(Box::new(ArrowEngineData::new(batch)))
}
