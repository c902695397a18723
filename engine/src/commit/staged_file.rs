//! A data file of one cut, from its first row group to its place in the store.
//!
//! The file is in the table's folder, or in its partition's below that, under a name that nobody else has
//! ([`staged_name`](super::staged_name)) and no reader looks at before a commit names it. It is durable before the commit is put.
//! All calls block.

use super::encode::{DataFile, EncodeError, EncodedRowGroup, EncodingPlan};
use super::partition::PartitionKey;
use super::partition::folder::folder;
use super::staged_name::{Origin, new_name};
use crate::budget::{Budget, Reservation};
use crate::store::{FILE_BUFFER_BYTES, FileWriter, Store};
use crate::table::delta::table::AddedFile;
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use std::sync::Arc;

/// Why a file could not be written. Its rows are lost with it: they must be sent again.
#[derive(Debug, thiserror::Error)]
pub enum StagedFileError {
    #[error("the table's store did not take a data file: {0}")]
    Store(#[from] std::io::Error),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A file that takes row groups.
pub struct StagedFile {
    path: String,
    partition: Vec<(Arc<str>, Option<Arc<str>>)>,
    row_groups: usize,
    file: Box<DataFile<Box<dyn FileWriter>>>,
    /// The writer's buffer.
    memory: Reservation,
}

/// A finished, durable file.
#[derive(Debug, Clone)]
pub struct FinishedStagedFile {
    pub added: AddedFile,
    pub row_groups: usize,
}

/// Where a file is to be, and what is said of it there.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// With a slash at its end, if it is not the table's own folder.
    pub folder: String,
    /// Names and values of the table's partition columns.
    pub partition: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// What its commit depends upon, for its name.
    pub origin: Option<Origin>,
}

impl Place {
    /// In the folder of a partition; `columns` are the names of the table's partition columns.
    pub fn of_partition(columns: &[Arc<str>], key: &PartitionKey) -> Self {
        let partition = columns.iter().cloned().zip(key.values().iter().cloned()).collect();
        Self { folder: folder(columns, key), partition, origin: None }
    }
}

impl StagedFile {
    /// Begins a file of the plan's table, which has no partitions.
    ///
    /// # Errors
    /// When the store does not take it.
    pub fn begin(
        store: &Arc<dyn Store>,
        plan: &EncodingPlan,
        compression: Compression,
        budget: &Budget,
    ) -> Result<Self, StagedFileError> {
        Self::begin_at(store, plan, compression, budget, Place::default())
    }

    /// The same at this place.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_at(
        store: &Arc<dyn Store>,
        plan: &EncodingPlan,
        compression: Compression,
        budget: &Budget,
        place: Place,
    ) -> Result<Self, StagedFileError> {
        let Place { folder, partition, origin } = place;
        let path = folder + &new_name(origin.as_ref(), compression);
        let memory = budget.reserve(FILE_BUFFER_BYTES);
        let file = Box::new(DataFile::begin(store.begin_file(&path)?, plan)?);
        Ok(Self { path, partition, row_groups: 0, file, memory })
    }

    /// Appends a row group. Its memory comes back at once: the bytes are in the store's file.
    ///
    /// # Errors
    /// When the store does not take it; the file is lost.
    pub fn append(&mut self, mut row_group: EncodedRowGroup) -> Result<(), StagedFileError> {
        row_group.memory.resize(0);
        self.row_groups += 1;
        self.file.append(row_group)?;
        self.memory.resize(self.file.sink().memory_bytes());
        Ok(())
    }

    /// Appends a row group of another file; see [`DataFile::copy_row_group`].
    ///
    /// # Errors
    /// When the store does not take it; the file is lost.
    pub fn copy_row_group(
        &mut self,
        pages: &impl ChunkReader,
        metadata: &ParquetMetaData,
        index: usize,
    ) -> Result<(), StagedFileError> {
        self.row_groups += 1;
        self.file.copy_row_group(pages, metadata, index)?;
        self.memory.resize(self.file.sink().memory_bytes());
        Ok(())
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    /// Makes the file durable.
    ///
    /// # Errors
    /// When the store does not promise that; the file is lost.
    pub fn finish(self) -> Result<FinishedStagedFile, StagedFileError> {
        let Self { path, partition, row_groups, file, memory } = self;
        let finished = file.finish()?;
        let bytes = finished.sink.finish()?;
        drop(memory);
        let added = AddedFile { path, partition, bytes, modified_ms: now_unix_ms(), statistics: finished.statistics };
        Ok(FinishedStagedFile { added, row_groups })
    }
}

#[expect(clippy::disallowed_methods, reason = "Delta's modificationTime is wall clock time; nothing is decided by it")]
pub(super) fn now_unix_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
