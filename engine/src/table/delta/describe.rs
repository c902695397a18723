//! What a person wants to see of a table.

use super::columns::Columns;
use super::footer::{FileEncodings, NewestFile};
use super::properties::NamedPolicy;
use super::streams::{self, Number};
use super::table::{DeltaTable, TableError, Version};
use crate::commit::ledger::Standing;
use delta_kernel::KernelError;
use delta_kernel::scan::state::ScanFile;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// A table, described.
#[derive(Debug, Clone)]
pub struct Description {
    pub id: Arc<str>,
    pub version: u64,
    pub columns: Columns,
    /// Names of the columns that it is partitioned by.
    pub partition_columns: Vec<String>,
    /// Files that the version consists of.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Rows, when every file says how many it has.
    pub rows: Option<u64>,
    /// Named streams; those that were forgotten are not among them.
    pub streams: BTreeMap<Arc<str>, StreamDescription>,
    /// Table properties.
    pub properties: BTreeMap<String, String>,
    /// How it wants to be encoded.
    pub encoding: NamedPolicy,
    /// How the file that was added last is encoded.
    pub newest: NewestFile,
    /// Why this engine could not write the table, if so.
    pub unsupported: Option<Arc<str>>,
    /// Why upkeep does not merge its files, if so.
    pub unmergeable: Option<Arc<str>>,
}

/// A named stream, described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamDescription {
    /// Rows committed.
    pub committed: u64,
    /// Grows each time the stream is opened.
    pub epoch: u64,
    /// When one of the two changed last, in milliseconds since 1970, if its writer said so.
    pub updated_ms: Option<i64>,
}

/// Describes the table at `url`, if there is one.
///
/// # Errors
/// When its log cannot be read, or it has columns that have no name here.
pub fn describe(table: &DeltaTable) -> Result<Option<Description>, TableError> {
    let Some(version) = table.load()? else { return Ok(None) };
    let totals = scan(table, &version, HashSet::new())?;
    let view = version.view();
    let properties = version.snapshot.metadata_configuration();
    Ok(Some(Description {
        id: view.id.clone(),
        version: view.version,
        columns: version.columns()?,
        partition_columns: version.partition_columns().to_vec(),
        files: totals.files,
        bytes: totals.bytes,
        rows: totals.rows,
        streams: describe_streams(table, &version)?,
        properties: properties.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        encoding: version.encoding_policy(),
        newest: newest_file(table, totals.newest),
        unsupported: view.unsupported.clone(),
        unmergeable: version.upkeep_terms().unmergeable,
    }))
}

fn newest_file(table: &DeltaTable, newest: Option<(i64, String, u64)>) -> NewestFile {
    let Some((_, path, bytes)) = newest else { return NewestFile::None };
    let missing = || KernelError::generic("the store gave no answer");
    let fetch = |range: Range<u64>| {
        let url = table.url().join(&path).map_err(|error| KernelError::generic(error.to_string()))?;
        let mut found = table.engine().storage_handler().read_files(vec![(url, Some(range))])?;
        found.next().unwrap_or_else(|| Err(missing()))
    };
    match FileEncodings::read(bytes, fetch) {
        Ok(encodings) => NewestFile::Read { path, encodings },
        Err(error) => NewestFile::Unreadable { path, reason: error.to_string() },
    }
}

fn describe_streams(
    table: &DeltaTable,
    version: &Version,
) -> Result<BTreeMap<Arc<str>, StreamDescription>, TableError> {
    let live = version.view().streams.iter().filter(|(_, state)| state.standing == Standing::Live);
    let describe = |committed, epoch| StreamDescription { committed, epoch, updated_ms: None };
    let mut described: BTreeMap<Arc<str>, _> =
        live.map(|(name, state)| (name.clone(), describe(state.committed, state.epoch))).collect();
    for transaction in table.transactions(&version.snapshot)? {
        let named = streams::parse(&transaction.app_id);
        if let Some(stream) = named.and_then(|(name, Number::Committed | Number::Epoch)| described.get_mut(name)) {
            stream.updated_ms = stream.updated_ms.max(transaction.updated_ms);
        }
    }
    Ok(described)
}

/// Whether `version` of the table consists of, among others, a file at one of `paths`, as the log writes them.
pub(super) fn has_any_file(table: &DeltaTable, version: &Version, paths: HashSet<String>) -> Result<bool, TableError> {
    Ok(scan(table, version, paths)?.wanted_seen)
}

struct Totals {
    files: u64,
    bytes: u64,
    rows: Option<u64>,
    wanted: HashSet<String>,
    /// When the youngest file was written, its path and its size.
    newest: Option<(i64, String, u64)>,
    wanted_seen: bool,
}

fn scan(table: &DeltaTable, version: &Version, wanted: HashSet<String>) -> Result<Totals, TableError> {
    let scan = version.snapshot.clone().scan_builder().build()?;
    let mut totals = Totals { files: 0, bytes: 0, rows: Some(0), newest: None, wanted, wanted_seen: false };
    for metadata in scan.scan_metadata(table.engine())? {
        totals = metadata?.visit_scan_files(totals, |totals, file: ScanFile| {
            totals.files += 1;
            let bytes = u64::try_from(file.size).unwrap_or_default();
            totals.bytes += bytes;
            let deleted = file.dv_info.cardinality().map(Option::unwrap_or_default).ok();
            let rows = file.stats.zip(deleted).map(|(stats, deleted)| stats.num_records.saturating_sub(deleted));
            totals.rows = totals.rows.zip(rows).map(|(sum, rows)| sum + rows);
            let written = (file.modification_time, &file.path);
            if totals.newest.as_ref().is_none_or(|(modified_ms, path, _)| (*modified_ms, path) < written) {
                totals.newest = Some((file.modification_time, file.path.clone(), bytes));
            }
            totals.wanted_seen |= totals.wanted.contains(&file.path);
        })?;
    }
    Ok(totals)
}
