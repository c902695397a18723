//! A Parquet file as batches.

use super::failure::Failure;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file whose footer was read.
#[derive(Debug, Clone)]
pub struct ParquetSource {
    path: PathBuf,
    batch_rows: usize,
    rows: u64,
    schema: Schema,
}

impl ParquetSource {
    /// Opens the file and reads its footer.
    ///
    /// # Errors
    /// A file that cannot be read or is not Parquet.
    pub fn open(path: &Path, batch_rows: usize) -> Result<Self, Failure> {
        let reader = builder(path)?;
        let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
        // What other writers left in the metadata says nothing about this table.
        let schema = Schema::new(reader.schema().fields().clone());
        Ok(Self { path: path.to_owned(), batch_rows, rows, schema })
    }

    /// For messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Rows of the file.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The file's columns.
    pub fn schema(&self) -> Schema {
        self.schema.clone()
    }

    /// The rows from `skip` on.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn batches(&self, skip: u64) -> Result<impl Iterator<Item = Result<RecordBatch, Failure>> + use<>, Failure> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let reader = builder(&self.path)?
            .with_batch_size(self.batch_rows)
            .with_offset(skip)
            .build()
            .map_err(|error| Failure::data(self.name(), error))?;
        let name = self.name();
        Ok(reader.map(move |batch| batch.map_err(|error| Failure::data(&name, error))))
    }
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path.display(), error))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| Failure::data(path.display(), error))
}
