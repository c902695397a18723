//! Several data files into one: read row group by row group, written by the same encoders as any other file.
//!
//! Row groups of this engine that are large enough are copied as they are, which costs next to nothing; the rows of others are
//! gathered and encoded anew. Rows keep their order. In memory are one row group as it lies in its file, and the rows that wait until they are enough
//! for a row group of the new file. Blocks, and waits as the bound on bytes wants.

use super::canary::Canary;
use super::conform::{Unfit, conform};
use super::hands::{Hands, Stopped};
use super::planner::SmallFile;
use crate::budget::{Budget, Reservation};
use crate::commit::encode::{EncodeError, EncodingPlan, encode_here};
use crate::commit::staged_file::{FinishedStagedFile, Place, StagedFile, StagedFileError};
use crate::commit::staged_name::Origin;
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use crate::table::delta::stored_file::StoredFile;
use crate::table::delta::{DeltaTable, TableError};
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use std::sync::Arc;
use std::time::Duration;

/// Rows of a file's row group, and bytes in memory that are one whatever its rows.
const ROWS_MAX: usize = 1 << 20;
const BYTES_MAX: usize = 32 << 20;
const BYTES_MIN: usize = 1 << 20;
/// Row groups with so many rows, or bytes, are as good as any.
const COPIED_ROWS_MIN: i64 = 64 << 10;
const COPIED_BYTES_MIN: u64 = 4 << 20;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 16 << 10;
/// How often memory is asked for, and how long in between.
const MEMORY_TRIES: u32 = 100;
const MEMORY_PAUSE: Duration = Duration::from_millis(100);

/// Why files could not be merged.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error("there was no memory to spare")]
    Memory,
    #[error("{path} cannot be read: {cause}")]
    Read { path: Arc<str>, cause: ParquetError },
    #[error("{path} does not fit the table: {cause}")]
    Unfit { path: Arc<str>, cause: Unfit },
    #[error("{path} cannot be read: {cause}")]
    Table { path: Arc<str>, cause: TableError },
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Stage(#[from] StagedFileError),
    #[error("{read} rows were read and {written} written")]
    Rows { read: u64, written: u64 },
}

impl RewriteError {
    /// The file that no merge can take, if that is what it says.
    pub fn unfit(&self) -> Option<&Arc<str>> {
        match self {
            Self::Unfit { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// What files are merged with.
pub struct Rewriter<'a> {
    pub table: &'a DeltaTable,
    pub plan: Arc<EncodingPlan>,
    pub compression: Compression,
    pub budget: &'a Budget,
    pub origin: Option<Origin>,
    /// The folder of the new file, with a slash at its end, if it is not the table's own.
    pub folder: String,
    pub canary: Canary,
}

/// A merge under way.
struct Output<'a, 'b> {
    rewriter: &'b Rewriter<'a>,
    file: StagedFile,
    /// Rows that wait, with the memory that they and their copy take.
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
    waiting_rows: usize,
    memory: Reservation,
    read: u64,
    told: u64,
}

impl Rewriter<'_> {
    /// The files' rows in one durable file, in this order.
    ///
    /// # Errors
    /// When a file cannot be read or does not fit, or the new one cannot be written. Nothing is left of it then.
    pub fn rewrite(&self, files: &[&SmallFile], hands: &mut Hands) -> Result<FinishedStagedFile, RewriteError> {
        let files = if self.canary.drops_a_file() { &files[..files.len().saturating_sub(1)] } else { files };
        let store = self.table.store();
        let place = Place { folder: self.folder.clone(), origin: self.origin, ..Place::default() };
        let file = StagedFile::begin_at(store, &self.plan, self.compression, self.budget, place)?;
        let memory = self.budget.reserve(0);
        let mut output = Output {
            rewriter: self,
            file,
            waiting: Vec::new(),
            waiting_bytes: 0,
            waiting_rows: 0,
            memory,
            read: 0,
            told: 0,
        };
        for file in files {
            output.take_file(file, hands)?;
        }
        output.finish(hands)
    }

    fn row_group_bytes(&self) -> usize {
        (self.budget.limit() / 16).clamp(BYTES_MIN, BYTES_MAX)
    }

    fn reserve(&self, bytes: usize, hands: &Hands) -> Result<Reservation, RewriteError> {
        for _ in 0..MEMORY_TRIES {
            if let Some(memory) = self.budget.try_reserve(bytes) {
                return Ok(memory);
            }
            hands.wait(MEMORY_PAUSE)?;
        }
        Err(RewriteError::Memory)
    }
}

impl Output<'_, '_> {
    fn take_file(&mut self, file: &SmallFile, hands: &mut Hands) -> Result<(), RewriteError> {
        let unreadable = |cause| RewriteError::Read { path: file.path.clone(), cause };
        let stored = self.rewriter.table.stored_file(&file.path, file.bytes);
        let stored = stored.map_err(|cause| RewriteError::Table { path: file.path.clone(), cause })?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let options = options.with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&stored, options).map_err(unreadable)?;
        for row_group in 0..metadata.metadata().num_row_groups() {
            self.take_row_group(file, &stored, &metadata, row_group, hands)?;
        }
        Ok(())
    }

    fn take_row_group(
        &mut self,
        file: &SmallFile,
        stored: &StoredFile,
        metadata: &ArrowReaderMetadata,
        row_group: usize,
        hands: &mut Hands,
    ) -> Result<(), RewriteError> {
        let unreadable = |cause| RewriteError::Read { path: file.path.clone(), cause };
        let chunks = metadata.metadata().row_group(row_group).columns().iter().map(|chunk| chunk.byte_range());
        let chunks: Vec<_> = chunks.collect();
        let start = chunks.iter().map(|(start, _)| *start).min().unwrap_or(0);
        let end = chunks.iter().map(|(start, length)| start + length).max().unwrap_or(0);
        let length = end.min(file.bytes).saturating_sub(start);
        let _fetched = self.rewriter.reserve(usize::try_from(length).unwrap_or(usize::MAX), hands)?;
        stored.fetch(start, length).map_err(unreadable)?;
        hands.read(length)?;
        let rows = metadata.metadata().row_group(row_group).num_rows();
        let is_large = rows >= COPIED_ROWS_MIN || length >= COPIED_BYTES_MIN;
        if is_large && self.rewriter.plan.has_columns(metadata.metadata().file_metadata()) {
            // What was read before comes before it.
            self.encode(hands)?;
            self.read += u64::try_from(rows).unwrap_or(0);
            self.file.copy_row_group(stored, metadata.metadata(), row_group)?;
            stored.let_go();
            return self.tell(self.file.bytes(), hands);
        }
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(stored.clone(), metadata.clone());
        let rows = builder.with_row_groups(vec![row_group]).with_batch_size(BATCH_ROWS).build().map_err(unreadable)?;
        for batch in rows {
            let batch = batch.map_err(|error| unreadable(error.into()))?;
            let batch = conform(&batch, self.rewriter.plan.schema());
            let batch = batch.map_err(|cause| RewriteError::Unfit { path: file.path.clone(), cause })?;
            self.take_rows(batch, hands)?;
        }
        stored.let_go();
        Ok(())
    }

    fn take_rows(&mut self, rows: RecordBatch, hands: &mut Hands) -> Result<(), RewriteError> {
        self.read += rows.num_rows() as u64;
        self.waiting_rows += rows.num_rows();
        self.waiting_bytes += rows.get_array_memory_size();
        self.waiting.push(rows);
        self.memory.resize(self.waiting_bytes);
        if self.waiting_rows >= ROWS_MAX || self.waiting_bytes >= self.rewriter.row_group_bytes() {
            self.encode(hands)?;
        }
        Ok(())
    }

    fn encode(&mut self, hands: &mut Hands) -> Result<(), RewriteError> {
        if self.waiting_rows == 0 {
            return Ok(());
        }
        let memory = self.rewriter.reserve(self.waiting_bytes, hands)?;
        let waiting = std::mem::take(&mut self.waiting);
        let rows =
            concat_batches(self.rewriter.plan.schema(), &waiting).map_err(|error| EncodeError::File(error.into()))?;
        drop(waiting);
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        self.memory.resize(0);
        let row_group = RowGroup { shard: ShardId(0), generation: 0, cut: 0, rows, memory };
        self.file.append(encode_here(self.rewriter.plan.clone(), row_group)?)?;
        self.tell(self.file.bytes(), hands)
    }

    fn tell(&mut self, bytes: u64, hands: &mut Hands) -> Result<(), RewriteError> {
        let more = bytes.saturating_sub(self.told);
        self.told += more;
        Ok(hands.wrote(more)?)
    }

    fn finish(mut self, hands: &mut Hands) -> Result<FinishedStagedFile, RewriteError> {
        self.encode(hands)?;
        let (read, table) = (self.read, self.rewriter.table);
        let finished = self.file.finish()?;
        let written = finished.added.statistics.rows();
        if read != written {
            let _left = table.store().delete(&finished.added.path);
            return Err(RewriteError::Rows { read, written });
        }
        Ok(finished)
    }
}
