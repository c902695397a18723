//! Features that stand in a table's protocol while nothing in the table uses them.
//!
//! Writer versions 3 to 6 stand for CHECK constraints, generated and identity columns whether a table has any or not, and a
//! table that was upgraded from them lists these features for good. The kernel knows none of the three and refuses all such
//! tables. What they ask of a writer is asked for constraint by constraint and column by column ([`super::support`] refuses
//! a table that has one), so a transaction is made upon the same snapshot with these features taken out of its protocol.
//! Nothing of that reaches the table: a commit that adds rows writes no protocol, and checkpoints are made of the log.

use delta_kernel::KernelResult;
use delta_kernel::actions::Protocol;
use delta_kernel::snapshot::{Snapshot, SnapshotRef};
use delta_kernel::table_configuration::TableConfiguration;
use delta_kernel::table_features::TableFeature;
use std::sync::Arc;

/// The features.
pub(super) const IDLE: [TableFeature; 3] =
    [TableFeature::CheckConstraints, TableFeature::GeneratedColumns, TableFeature::IdentityColumns];

/// The writer version that lists its features.
const LISTING_VERSION: i32 = 7;

/// What a reader and a writer version that list no features stand for besides [`IDLE`], with the versions that brought each.
const LEGACY: [(i32, i32, TableFeature); 4] = [
    (1, 2, TableFeature::AppendOnly),
    (1, 2, TableFeature::Invariants),
    (1, 4, TableFeature::ChangeDataFeed),
    (2, 5, TableFeature::ColumnMapping),
];

/// The configuration without these features; `None` when it has none of them.
pub(super) fn narrowed(configuration: &TableConfiguration) -> KernelResult<Option<TableConfiguration>> {
    let protocol = configuration.protocol();
    let (reader, writer) = (protocol.min_reader_version(), protocol.min_writer_version());
    let features: Vec<TableFeature> = match protocol.writer_features() {
        Some(features) if features.iter().any(|feature| IDLE.contains(feature)) => {
            features.iter().filter(|feature| !IDLE.contains(feature)).cloned().collect()
        }
        None if (3..LISTING_VERSION).contains(&writer) => {
            let stands_for =
                |(since_reader, since_writer, _): &(i32, i32, _)| *since_reader <= reader && *since_writer <= writer;
            LEGACY.into_iter().filter(stands_for).map(|(_, _, feature)| feature).collect()
        }
        _ => return Ok(None),
    };
    let readers = protocol.reader_features().map(<[TableFeature]>::to_vec);
    let protocol = Protocol::try_new(reader, LISTING_VERSION, readers, Some(features))?;
    with_protocol(configuration, protocol).map(Some)
}

/// The snapshot to make a transaction upon.
pub(super) fn to_write_upon(snapshot: &SnapshotRef) -> KernelResult<SnapshotRef> {
    match narrowed(snapshot.table_configuration())? {
        Some(narrowed) => Ok(Arc::new(Snapshot::new(snapshot.log_segment().clone(), narrowed)?)),
        None => Ok(snapshot.clone()),
    }
}

/// The snapshot after a transaction upon [`to_write_upon`] of `before`, with the table's own protocol.
pub(super) fn as_it_is(before: &SnapshotRef, after: SnapshotRef) -> KernelResult<SnapshotRef> {
    let protocol = before.table_configuration().protocol();
    if after.table_configuration().protocol() == protocol {
        return Ok(after);
    }
    let configuration = with_protocol(after.table_configuration(), protocol.clone())?;
    Ok(Arc::new(Snapshot::new(after.log_segment().clone(), configuration)?))
}

fn with_protocol(configuration: &TableConfiguration, protocol: Protocol) -> KernelResult<TableConfiguration> {
    let (metadata, root) = (configuration.metadata().clone(), configuration.table_root().clone());
    TableConfiguration::try_new(metadata, protocol, root, configuration.version())
}
