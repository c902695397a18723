//! Properties that tables made here get.
//!
//! They are judged when the engine starts, so that no stream finds out: what would break the engine is forbidden by name,
//! and a value that no reader understands is no property. A new table has no feature but those that its columns and these
//! properties ask for: every feature is one more that somebody's reader may not know.

use delta_kernel::table_properties::TableProperties;
use std::collections::BTreeMap;

/// Why a table cannot get a property.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    #[error("the property {name} cannot be given to tables here: {why}")]
    Forbidden { name: String, why: &'static str },
    #[error("the property {name} cannot be {value:?}: no Delta reader understands that")]
    Value { name: String, value: String },
}

const COLUMN_MAPPING_MODE: &str = "delta.columnMapping.mode";

/// Properties of Delta's own that new tables may get.
const ALLOWED: [&str; 16] = [
    "delta.appendOnly",
    "delta.checkpoint.writeStatsAsJson",
    "delta.checkpoint.writeStatsAsStruct",
    "delta.checkpointInterval",
    "delta.checkpointPolicy",
    COLUMN_MAPPING_MODE,
    "delta.dataSkippingNumIndexedCols",
    "delta.dataSkippingStatsColumns",
    "delta.deletedFileRetentionDuration",
    "delta.enableChangeDataFeed",
    "delta.enableDeletionVectors",
    "delta.enableExpiredLogCleanup",
    "delta.enableInCommitTimestamps",
    "delta.enableRowTracking",
    "delta.enableTypeWidening",
    "delta.logRetentionDuration",
];

/// Features that may be switched on without a property of their own, as `delta.feature.<name>` = `supported`.
const FEATURES: [&str; 11] = [
    "appendOnly",
    "changeDataFeed",
    "columnMapping",
    "deletionVectors",
    "domainMetadata",
    "inCommitTimestamp",
    "invariants",
    "rowTracking",
    "typeWidening",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// Judges the properties for new tables.
///
/// # Errors
/// [`PropertyError`] for the first that is none.
pub fn judge(properties: &BTreeMap<String, String>) -> Result<(), PropertyError> {
    properties.iter().try_for_each(|(name, value)| judge_one(name, value))
}

fn judge_one(name: &str, value: &str) -> Result<(), PropertyError> {
    let forbidden = |why| Err(PropertyError::Forbidden { name: name.to_owned(), why });
    // Spark takes names in any case; so nothing slips through in another.
    let lower = name.to_lowercase();
    if let Some(feature) = name.strip_prefix("delta.feature.") {
        return match (FEATURES.contains(&feature), value) {
            (true, "supported") => Ok(()),
            (true, _) => Err(PropertyError::Value { name: name.to_owned(), value: value.to_owned() }),
            (false, _) => forbidden("rows could not be written to a table that has the feature"),
        };
    }
    if lower == "delta.settransactionretentionduration" {
        return forbidden("the table would forget how far its streams are committed, and take their rows twice");
    }
    if lower.starts_with("delta.constraints.") {
        return forbidden("CHECK constraints cannot be checked here");
    }
    if !lower.starts_with("delta.") {
        return Ok(());
    }
    if !ALLOWED.contains(&name) {
        return forbidden(
            "it is none of those that new tables can get, which docs/tables.md lists; ALTER TABLE … SET TBLPROPERTIES may \
             set it later",
        );
    }
    let parsed = TableProperties::from([(name, value)]);
    let is_mode = name != COLUMN_MAPPING_MODE || ["none", "name", "id"].contains(&value);
    match parsed.unknown_properties.contains_key(name) || !is_mode {
        true => Err(PropertyError::Value { name: name.to_owned(), value: value.to_owned() }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_engine_is_forbidden_by_name() {
        for (name, value) in [
            ("delta.setTransactionRetentionDuration", "interval 7 days"),
            ("DELTA.setTransactionRetentionDuration", "interval 7 days"),
            ("delta.constraints.positive", "x > 0"),
            ("delta.enableIcebergCompatV2", "true"),
            ("delta.feature.identityColumns", "supported"),
            ("delta.minWriterVersion", "7"),
        ] {
            let error = judge_one(name, value).unwrap_err();
            assert!(matches!(error, PropertyError::Forbidden { .. }) && error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn values_are_judged_too() {
        for (name, good, bad) in [
            ("delta.logRetentionDuration", "interval 7 days", "a week"),
            ("delta.columnMapping.mode", "name", "names"),
            ("delta.appendOnly", "true", "yes"),
            ("delta.checkpointInterval", "20", "-1"),
            ("delta.feature.rowTracking", "supported", "enabled"),
        ] {
            assert_eq!(judge_one(name, good), Ok(()));
            assert!(matches!(judge_one(name, bad), Err(PropertyError::Value { .. })), "{name} = {bad}");
        }
        assert_eq!(judge_one("owner", "the plant"), Ok(()));
    }

    #[test]
    fn every_allowed_property_is_one_that_the_kernel_knows() {
        for name in ALLOWED {
            let known = ["true", "1", "interval 1 days", "name", "v2", "a"].map(|value| judge_one(name, value));
            assert!(known.contains(&Ok(())), "{name}");
        }
    }
}
