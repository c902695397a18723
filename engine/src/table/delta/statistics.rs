//! Which statistics a table wants with its files.

use super::freeze::Freezer;
use super::idle_features;
use super::table::{AddedFile, DeltaTable, ENGINE_INFO, TableError, Version};
use crate::commit::encode::{ColumnPath, WantedStatistics};
use bytes::Bytes;
use delta_kernel::expressions::ColumnName;
use delta_kernel::snapshot::Snapshot;
use delta_kernel::table_features::TableFeature;
use delta_kernel::transaction::UpdateTableOperation;
use serde_json::Value;
use std::collections::HashMap;

impl DeltaTable {
    /// Columns that get least and greatest values, by their names in files: as the table's properties say
    /// (`delta.dataSkippingStatsColumns`, `delta.dataSkippingNumIndexedCols`), and those that the table is clustered by.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn wanted_statistics(&self, known: &Version) -> Result<WantedStatistics, TableError> {
        let (freezer, _) = Freezer::new();
        let snapshot = idle_features::to_write_upon(&known.snapshot)?;
        let builder = snapshot.update_table(UpdateTableOperation::StreamingUpdate, ENGINE_INFO, true);
        let transaction = builder.build(self.engine(), freezer)?;
        let bounded = transaction.write_state()?.stats_columns().iter().map(path_of).collect();
        let clustering = self.clustering(&known.snapshot)?.iter().map(path_of).collect();
        Ok(WantedStatistics { bounded, clustering })
    }

    /// The columns that the table is clustered by.
    pub(super) fn clustering(&self, snapshot: &Snapshot) -> Result<Vec<ColumnName>, TableError> {
        if !snapshot.table_configuration().is_feature_supported(&TableFeature::ClusteredTable) {
            return Ok(Vec::new());
        }
        Ok(snapshot.get_physical_clustering_columns(self.engine())?.unwrap_or_default())
    }
}

fn path_of(column: &ColumnName) -> ColumnPath {
    column.path().iter().map(|name| name.as_str().into()).collect()
}

/// The commit with the files' own statistics in what it adds, instead of those that the kernel was given.
pub(super) fn with_statistics(commit: &Bytes, files: &[AddedFile]) -> Result<Bytes, serde_json::Error> {
    let by_path: HashMap<String, &AddedFile> = files.iter().map(|file| (file.log_path(), file)).collect();
    let mut told = Vec::with_capacity(commit.len());
    for line in commit.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut action: Value = serde_json::from_slice(line)?;
        let add = action.get_mut("add");
        let file = add.as_ref().and_then(|add| by_path.get(add.get("path")?.as_str()?));
        match add.zip(file) {
            Some((add, file)) => {
                add["stats"] = file.statistics.to_json().into();
                serde_json::to_writer(&mut told, &action)?;
            }
            None => told.extend_from_slice(line),
        }
        told.push(b'\n');
    }
    Ok(told.into())
}
