use super::encode::encoded;
use super::error::StageError;
use super::input::Input;
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use arrow::record_batch::RecordBatch;
use lakehead_engine::budget::Budget;
use lakehead_engine::commit::encode::EncodingPlan;
use lakehead_engine::commit::staged_file::{StagedFile, StagedFileError};
use lakehead_engine::store::Store;
use lakehead_engine::store::local::LocalStore;
use parquet::basic::Compression;
use std::path::Path;
use std::sync::Arc;

/// Row groups of a file.
const ROW_GROUPS: usize = 8;

/// Encoded row groups spliced into a file of a table, with its statistics, and made durable.
pub struct File {
    store: Arc<dyn Store>,
    plan: Arc<EncodingPlan>,
    compression: Compression,
    rows: RecordBatch,
    budget: Budget,
}

impl File {
    /// Files go to a folder of `work_dir`.
    ///
    /// # Errors
    /// When the folder cannot be made, or Parquet has no type for a column.
    pub fn new(input: &Input, work_dir: &Path, compression: Compression) -> Result<Self, StageError> {
        let store = LocalStore::new(work_dir.join("table"));
        store.prepare().map_err(StageError::io("the table's folder"))?;
        Ok(Self {
            store: Arc::new(store),
            plan: Arc::new(EncodingPlan::new(input.table.clone(), compression)?),
            compression,
            rows: input.row_group.clone(),
            budget: Budget::new(usize::MAX / 2),
        })
    }
}

impl Stage for File {
    fn name(&self) -> StageName {
        StageName::File
    }

    fn input(&self) -> &'static str {
        "warm: eight row groups that were encoded just before, into one file as the engine writes it, synced once"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let groups: Result<Vec<_>, _> =
            (0..ROW_GROUPS).map(|_| encoded(&self.plan, &self.rows, &self.budget)).collect();
        let groups = groups?;
        let finished = stopwatch.time(0, || {
            let mut file = StagedFile::begin(&self.store, &self.plan, self.compression, &self.budget)?;
            for group in groups {
                file.append(group)?;
            }
            file.finish()
        });
        let finished: Result<_, StagedFileError> = finished;
        self.store.delete(&finished?.added.path).map_err(StageError::io("a file that is not needed any more"))?;
        Ok((ROW_GROUPS * self.rows.num_rows()) as u64)
    }
}
