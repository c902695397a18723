//! The files of a version, as far as upkeep may merge them.

use super::table::{DeltaTable, TableError, Version};
use crate::upkeep::planner::SmallFile;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StructArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Int64Type;
use delta_kernel::engine::arrow_data::EngineDataArrowExt;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The small files of a version, and how many there are in all.
#[derive(Debug)]
pub struct LiveFiles {
    pub small: Vec<SmallFile>,
    pub files: u64,
    pub bytes: u64,
    /// What the kernel knows of each small file: its batch, and the row there.
    places: Vec<(usize, u32)>,
    batches: Vec<RecordBatch>,
}

/// What a commit that removes files says of them.
#[derive(Debug, Clone)]
pub struct Removal {
    pub paths: BTreeSet<Arc<str>>,
    /// Rows of the kernel's scan.
    pub(super) batches: Vec<RecordBatch>,
    /// What all of the files have in the table's partition columns: a map of one row.
    pub(super) partition_values: ArrayRef,
}

impl DeltaTable {
    /// The files of `version`; those below `small_bytes` that a merge may take singly.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn live_files(&self, version: &Version, small_bytes: u64) -> Result<LiveFiles, TableError> {
        let scan = version.snapshot.clone().scan_builder().build()?;
        let mut found = LiveFiles { small: vec![], files: 0, bytes: 0, places: vec![], batches: vec![] };
        for metadata in scan.scan_metadata(self.engine())? {
            let live = metadata?.scan_files.apply_selection_vector()?;
            let batch = live.try_into_record_batch()?;
            found
                .take(&batch, small_bytes)
                .ok_or(TableError::Internal("the kernel's list of files has another shape"))?;
        }
        Ok(found)
    }
}

impl LiveFiles {
    fn take(&mut self, batch: &RecordBatch, small_bytes: u64) -> Option<()> {
        let paths = batch.column_by_name("path")?.as_string_opt::<i32>()?;
        let sizes = batch.column_by_name("size")?.as_primitive_opt::<Int64Type>()?;
        let times = batch.column_by_name("modificationTime")?.as_primitive_opt::<Int64Type>()?;
        let masks = batch.column_by_name("deletionVector")?.as_struct_opt()?;
        let mask_types = masks.column_by_name("storageType")?;
        let constants = batch.column_by_name("fileConstantValues")?.as_struct_opt()?;
        let clustering = constants.column_by_name("clusteringProvider")?;
        let mut kept = Vec::new();
        for row in 0..batch.num_rows() {
            let bytes = u64::try_from(sizes.value(row)).unwrap_or(0);
            self.files += 1;
            self.bytes += bytes;
            let path = paths.value(row);
            let masked = masks.is_valid(row) && mask_types.is_valid(row);
            // Files elsewhere belong to another table, and clustered ones lie as somebody wanted them to.
            let foreign = path.contains("://") || path.starts_with('/');
            let clustered = constants.is_valid(row) && clustering.is_valid(row);
            if bytes >= small_bytes || masked || foreign || clustered {
                continue;
            }
            let partition = partition_text(constants, row)?;
            self.small.push(SmallFile {
                path: path.into(),
                partition: partition.into(),
                bytes,
                modified_ms: times.value(row),
            });
            self.places.push((self.batches.len(), u32::try_from(kept.len()).ok()?));
            kept.push(u32::try_from(row).ok()?);
        }
        if !kept.is_empty() {
            self.batches.push(take_record_batch(batch, &UInt32Array::from(kept)).ok()?);
        }
        Some(())
    }

    /// What a commit says that removes these of the small files, which are of one partition. `None` for none.
    ///
    /// # Errors
    /// When what the kernel said of them has another shape.
    pub fn removal(&self, files: &[usize]) -> Result<Option<Removal>, TableError> {
        let shape = || TableError::Internal("the kernel's list of files has another shape");
        let Some((batch, row)) = files.first().and_then(|first| self.places.get(*first)) else { return Ok(None) };
        let constants =
            self.batches[*batch].column_by_name("fileConstantValues").and_then(|values| values.as_struct_opt());
        let values = constants.and_then(|constants| constants.column_by_name("partitionValues")).ok_or_else(shape)?;
        let partition_values = values.slice(*row as usize, 1);
        let mut rows = vec![Vec::new(); self.batches.len()];
        let mut paths = BTreeSet::new();
        for file in files {
            let (batch, row) = *self.places.get(*file).ok_or_else(shape)?;
            rows[batch].push(row);
            paths.insert(self.small[*file].path.clone());
        }
        let taken = self.batches.iter().zip(rows).filter(|(_, rows)| !rows.is_empty());
        let batches = taken.map(|(batch, rows)| take_record_batch(batch, &UInt32Array::from(rows)));
        let batches = batches.collect::<Result<_, _>>().map_err(|error| TableError::Kernel(error.into()))?;
        Ok(Some(Removal { paths, batches, partition_values }))
    }
}

/// A text that files of one partition share, and no others.
fn partition_text(constants: &StructArray, row: usize) -> Option<String> {
    let values = constants.column_by_name("partitionValues")?.as_map_opt()?;
    if constants.is_null(row) || values.is_null(row) {
        return Some(String::new());
    }
    let entries = values.value(row);
    let (names, texts) = (entries.column(0).as_string_opt::<i32>()?, entries.column(1).as_string_opt::<i32>()?);
    let text = |texts: &StringArray, entry| texts.is_valid(entry).then(|| texts.value(entry).to_owned());
    let mut all: Vec<_> = (0..entries.len()).map(|entry| (names.value(entry), text(texts, entry))).collect();
    all.sort();
    Some(format!("{all:?}"))
}
