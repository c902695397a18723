//! The data file of one cut, from its first row group to its place in the store.
//!
//! The file is in the table's folder under a name that nobody else has (`part-<uuid>.<codec>.parquet`) and no reader looks
//! at before a commit names it. It is durable before the commit is put. All calls block.

use super::encode::{DataFile, EncodeError, EncodedRowGroup, EncodingPlan};
use crate::budget::{Budget, Reservation};
use crate::store::{FILE_BUFFER_BYTES, FileWriter, Store};
use crate::table::delta::table::AddedFile;
use parquet::basic::Compression;
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

impl StagedFile {
    /// Begins a file of the plan's table.
    ///
    /// # Errors
    /// When the store does not take it.
    pub fn begin(
        store: &Arc<dyn Store>,
        plan: &EncodingPlan,
        compression: Compression,
        budget: &Budget,
    ) -> Result<Self, StagedFileError> {
        let path = new_path(compression);
        let memory = budget.reserve(FILE_BUFFER_BYTES);
        let file = Box::new(DataFile::begin(store.begin_file(&path)?, plan)?);
        Ok(Self { path, row_groups: 0, file, memory })
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

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    /// Makes the file durable.
    ///
    /// # Errors
    /// When the store does not promise that; the file is lost.
    pub fn finish(self) -> Result<FinishedStagedFile, StagedFileError> {
        let Self { path, row_groups, file, memory } = self;
        let finished = file.finish()?;
        let bytes = finished.sink.finish()?;
        drop(memory);
        let added = AddedFile { path, bytes, modified_ms: now_unix_ms(), statistics: finished.statistics };
        Ok(FinishedStagedFile { added, row_groups })
    }
}

#[expect(clippy::disallowed_methods, reason = "data files are named here, and only here")]
fn new_path(compression: Compression) -> String {
    let codec = match compression {
        Compression::UNCOMPRESSED => "",
        Compression::SNAPPY => ".snappy",
        Compression::GZIP(_) => ".gz",
        Compression::BROTLI(_) => ".br",
        Compression::LZ4 | Compression::LZ4_RAW => ".lz4",
        Compression::ZSTD(_) => ".zstd",
        _ => ".other",
    };
    format!("part-{}{codec}.parquet", uuid::Uuid::new_v4())
}

#[expect(clippy::disallowed_methods, reason = "Delta's modificationTime is wall clock time; nothing is decided by it")]
fn now_unix_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
