//! What a table says of its upkeep.

use super::table::{TableError, Version};
use arrow::datatypes::{Schema, SchemaRef};
use delta_kernel::table_features::{ColumnMappingMode, TableFeature};
use std::sync::Arc;
use std::time::Duration;

/// Delta's defaults.
const LOG_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A table's wishes, and what keeps its files from being merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepTerms {
    /// `delta.autoOptimize.autoCompact`, if it says it.
    pub compact: Option<bool>,
    /// `delta.targetFileSize`.
    pub target_bytes: Option<u64>,
    /// Why its files cannot be merged here, if so.
    pub unmergeable: Option<Arc<str>>,
    /// `delta.enableExpiredLogCleanup`.
    pub clean_log: bool,
    /// `delta.logRetentionDuration`.
    pub log_retention: Duration,
}

impl Version {
    /// What the table says of its upkeep.
    pub fn upkeep_terms(&self) -> UpkeepTerms {
        let properties = self.snapshot.table_properties();
        UpkeepTerms {
            compact: properties.auto_compact,
            target_bytes: properties.target_file_size.map(std::num::NonZero::get),
            unmergeable: self.unmergeable().map(Arc::from),
            clean_log: properties.enable_expired_log_cleanup.unwrap_or(true),
            log_retention: properties.log_retention_duration.unwrap_or(LOG_RETENTION),
        }
    }

    /// The columns that data files of the table have: partition columns are not among them.
    ///
    /// # Errors
    /// [`TableError::Unsupported`] for columns that cannot be written here.
    pub fn file_schema(&self) -> Result<SchemaRef, TableError> {
        let columns = self.columns()?.arrow;
        let partition = self.snapshot.table_configuration().metadata().partition_columns();
        if partition.is_empty() {
            return Ok(columns);
        }
        let fields = columns.fields().iter().filter(|field| !partition.contains(field.name())).cloned();
        Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }

    fn unmergeable(&self) -> Option<String> {
        let configuration = self.snapshot.table_configuration();
        if configuration.column_mapping_mode() != ColumnMappingMode::None {
            return Some("the table maps columns (delta.columnMapping.mode)".into());
        }
        let features = configuration.protocol().writer_features().unwrap_or_default();
        let kept = [
            (TableFeature::RowTracking, "rows would get new identities"),
            (TableFeature::ClusteredTable, "its files are laid out by OPTIMIZE"),
            (TableFeature::IcebergCompatV1, "readers of its Iceberg metadata would not follow"),
            (TableFeature::IcebergCompatV2, "readers of its Iceberg metadata would not follow"),
        ];
        kept.into_iter()
            .find(|(feature, _)| features.contains(feature))
            .map(|(feature, why)| format!("the table has the feature {:?}: {why}", feature.to_string()))
    }
}
