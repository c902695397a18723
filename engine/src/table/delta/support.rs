//! Which tables are refused.
//!
//! Writing into a table whose features are not honoured would break it for its other writers and readers, so what is not
//! known to be safe is refused by name, with what can be done about it, when the table is opened and again whenever somebody
//! changed it. docs/tables.md tells people the same.

use super::columns::columns_of;
use super::idle_features;
use crate::commit::partition::Partitioning;
use delta_kernel::schema::{DataType, StructType};
use delta_kernel::snapshot::Snapshot;
use delta_kernel::table_features::{Operation, TableFeature};

/// Why rows cannot be written into this version of a table, if so.
pub fn unsupported(snapshot: &Snapshot) -> Option<String> {
    let configuration = snapshot.table_configuration();
    let metadata = configuration.metadata();
    let properties = snapshot.table_properties();
    if properties.set_transaction_retention_duration.is_some() {
        return Some(
            "the table forgets transaction identifiers (delta.setTransactionRetentionDuration), which hold the streams' \
             committed offsets; unset the property"
                .into(),
        );
    }
    if let Some(constraint) = properties.check_constraints.first() {
        let name = constraint.name();
        return Some(format!(
            "the table has the CHECK constraint {name:?} (checkConstraints), which cannot be checked here; drop it (ALTER \
             TABLE … DROP CONSTRAINT {name}), or write to a table without it and move the rows on with an engine that checks"
        ));
    }
    if let Some((column, feature)) = special(&snapshot.schema(), "") {
        return Some(format!("column {column:?} {feature}"));
    }
    let unknown = configuration.protocol().writer_features().unwrap_or_default().iter().find(|found| !is_safe(found));
    if let Some(feature) = unknown {
        return Some(format!(
            "the table has the feature {:?}, which cannot be honoured here; drop it (ALTER TABLE … DROP FEATURE {feature}), \
             or write to a table without it",
            feature.to_string()
        ));
    }
    match columns_of(&snapshot.schema()) {
        Ok(columns) => {
            if let Err(error) = Partitioning::new(&columns.arrow, metadata.partition_columns()) {
                return Some(error.to_string());
            }
        }
        Err(error) => return Some(error.to_string()),
    }
    let narrowed = idle_features::narrowed(configuration);
    let supported = match &narrowed {
        Ok(narrowed) => narrowed.as_ref().unwrap_or(configuration).ensure_operation_supported(Operation::Write),
        Err(error) => return Some(error.to_string()),
    };
    supported.err().map(|error| error.to_string())
}

/// What a field's metadata may begin with that makes its values more than what a writer is given, and what to say then.
const SPECIAL: [(&str, &str); 4] = [
    (
        "delta.generationExpression",
        "is generated (generatedColumns), which cannot be computed here; make it a plain column, or write to a table without it",
    ),
    (
        "delta.identity.",
        "is an identity column (identityColumns), whose numbers cannot be drawn here; make it a plain column, or write to a \
         table without it",
    ),
    (
        "delta.invariants",
        "is under an invariant (delta.invariants), which cannot be checked here; unset it, or write to a table without it",
    ),
    (
        "CURRENT_DEFAULT",
        "has a default value (allowColumnDefaults), which cannot be filled in here; drop it (ALTER TABLE … ALTER COLUMN … DROP \
         DEFAULT)",
    ),
];

/// The path of the first field, at any depth, that is special, and why.
fn special(fields: &StructType, above: &str) -> Option<(String, &'static str)> {
    fields.fields().find_map(|field| {
        let path = format!("{above}{}", field.name);
        let of = |prefix: &str| field.metadata.keys().any(|key| key.starts_with(prefix));
        match SPECIAL.into_iter().find(|(prefix, _)| of(prefix)) {
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

/// Features that change nothing for a writer that appends rows, that are honoured here or by the kernel, or that nothing in
/// the table uses (which is asked for apart).
fn is_safe(feature: &TableFeature) -> bool {
    idle_features::IDLE.contains(feature)
        || matches!(
            feature,
            TableFeature::AppendOnly
                | TableFeature::Invariants
                | TableFeature::AllowColumnDefaults
                | TableFeature::ChangeDataFeed
                | TableFeature::ColumnMapping
                | TableFeature::InCommitTimestamp
                | TableFeature::DomainMetadata
                | TableFeature::ClusteredTable
                | TableFeature::RowTracking
                | TableFeature::DeletionVectors
                | TableFeature::TimestampWithoutTimezone
                | TableFeature::TypeWidening
                | TableFeature::TypeWideningPreview
                | TableFeature::V2Checkpoint
                | TableFeature::VariantType
                | TableFeature::VariantTypePreview
                | TableFeature::VariantShredding
                | TableFeature::VariantShreddingPreview
                | TableFeature::VacuumProtocolCheck
        )
}
