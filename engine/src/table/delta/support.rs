//! Which tables are refused.
//!
//! Writing into a table whose features are not honoured would break it for its other writers and readers, so what is not
//! known to be safe is refused by name, when the table is opened and again whenever somebody changed it.

use super::columns::columns_of;
use crate::commit::partition::Partitioning;
use delta_kernel::schema::{DataType, StructType};
use delta_kernel::snapshot::Snapshot;
use delta_kernel::table_features::{ColumnMappingMode, Operation, TableFeature};

/// Why rows cannot be written into this version of a table, if so.
pub fn unsupported(snapshot: &Snapshot) -> Option<String> {
    let configuration = snapshot.table_configuration();
    let metadata = configuration.metadata();
    if configuration.column_mapping_mode() != ColumnMappingMode::None {
        return Some("the table maps columns (delta.columnMapping.mode), which cannot be written here".into());
    }
    let properties = snapshot.table_properties();
    if properties.set_transaction_retention_duration.is_some() {
        return Some(
            "the table forgets transaction identifiers (delta.setTransactionRetentionDuration), which hold the streams' \
             committed offsets; unset the property"
                .into(),
        );
    }
    if let Some(constraint) = properties.check_constraints.first() {
        return Some(format!(
            "the table has the CHECK constraint {:?}, which cannot be honoured here",
            constraint.name()
        ));
    }
    if let Some((column, feature)) = special(&snapshot.schema(), "") {
        return Some(format!("column {column:?} is {feature}, which cannot be honoured here"));
    }
    let unknown = configuration.protocol().writer_features().unwrap_or_default().iter().find(|found| !is_safe(found));
    if let Some(feature) = unknown {
        return Some(format!("the table has the feature {:?}, which cannot be honoured here", feature.to_string()));
    }
    match columns_of(&snapshot.schema()) {
        Ok(columns) => {
            if let Err(error) = Partitioning::new(&columns.arrow, metadata.partition_columns()) {
                return Some(error.to_string());
            }
        }
        Err(error) => return Some(error.to_string()),
    }
    configuration.ensure_operation_supported(Operation::Write).err().map(|error| error.to_string())
}

/// The path of the first field, at any depth, whose values are not simply what a writer is given, and what it is.
fn special(fields: &StructType, above: &str) -> Option<(String, &'static str)> {
    let features = [
        ("delta.generationExpression", "generated"),
        ("delta.identity.", "an identity column"),
        ("delta.invariants", "under an invariant"),
    ];
    fields.fields().find_map(|field| {
        let path = format!("{above}{}", field.name);
        let of = |prefix: &str| field.metadata.keys().any(|key| key.starts_with(prefix));
        match features.into_iter().find(|(prefix, _)| of(prefix)) {
            Some((_, feature)) => Some((path, feature)),
            None => special_below(field.data_type(), &path),
        }
    })
}

fn special_below(data_type: &DataType, path: &str) -> Option<(String, &'static str)> {
    match data_type {
        DataType::Struct(fields) => special(fields, &format!("{path}.")),
        DataType::Array(array) => special_below(array.element_type(), path),
        DataType::Map(map) => special_below(map.key_type(), path).or_else(|| special_below(map.value_type(), path)),
        _ => None,
    }
}

/// Features that change nothing for a writer that appends rows, or that the kernel honours for it.
fn is_safe(feature: &TableFeature) -> bool {
    matches!(
        feature,
        TableFeature::AppendOnly
            | TableFeature::Invariants
            | TableFeature::CheckConstraints
            | TableFeature::GeneratedColumns
            | TableFeature::IdentityColumns
            | TableFeature::ChangeDataFeed
            | TableFeature::ColumnMapping
            | TableFeature::InCommitTimestamp
            | TableFeature::DomainMetadata
            | TableFeature::DeletionVectors
            | TableFeature::TimestampWithoutTimezone
            | TableFeature::V2Checkpoint
            | TableFeature::VacuumProtocolCheck
    )
}
