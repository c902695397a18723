//! A file of either format.

use super::args::{Format, WriteArgs};
use super::csv_source::CsvSource;
use super::failure::Failure;
use super::parquet_source::ParquetSource;
use super::progress::bar;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use indicatif::ProgressBar;
use std::path::Path;

/// Batches of a file, in order, up to the first that cannot be read.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Failure>>>;

/// An opened file.
#[derive(Debug, Clone)]
pub enum Source {
    Csv(CsvSource),
    Parquet(ParquetSource),
}

impl Source {
    /// Opens the file that `args` names.
    ///
    /// # Errors
    /// A file that cannot be read, or whose format nothing says.
    pub fn open(args: &WriteArgs) -> Result<Self, Failure> {
        let batch_rows = args.batch_rows as usize;
        let format = args.format.or_else(|| by_extension(&args.file)).ok_or_else(|| {
            Failure::Usage(format!("{}: say what it is with --format csv or --format parquet", args.file.display()))
        })?;
        Ok(match format {
            Format::Csv => Self::Csv(CsvSource::open(&args.file, args.delimiter, &args.null, batch_rows)?),
            Format::Parquet => Self::Parquet(ParquetSource::open(&args.file, batch_rows)?),
        })
    }

    /// Rows of the file.
    ///
    /// # Errors
    /// What reading gives.
    pub fn rows(&self) -> Result<u64, Failure> {
        match self {
            Self::Csv(source) => source.rows(),
            Self::Parquet(source) => Ok(source.rows()),
        }
    }

    /// The columns of a table that would hold the file's rows.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn infer(&self) -> Result<Schema, Failure> {
        match self {
            Self::Csv(source) => source.infer(),
            Self::Parquet(source) => Ok(source.schema()),
        }
    }

    /// The rows from `skip` on, for a table with these columns, and a bar that follows them.
    ///
    /// # Errors
    /// Columns that do not fit, or a file that cannot be read any more.
    pub fn batches(&self, table: &SchemaRef, skip: u64) -> Result<(Batches, ProgressBar), Failure> {
        match self {
            Self::Csv(source) => {
                let bar = bar(source.length(), true);
                Ok((Box::new(source.batches(table, skip, &bar)?), bar))
            }
            Self::Parquet(source) => {
                let bar = bar(source.rows(), false);
                bar.set_position(skip);
                let follow = bar.clone();
                let batches = source.batches(skip)?.inspect(move |batch| {
                    follow.inc(batch.as_ref().map_or(0, |batch| batch.num_rows() as u64));
                });
                Ok((Box::new(batches), bar))
            }
        }
    }
}

fn by_extension(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    match extension.as_str() {
        "csv" | "tsv" | "txt" => Some(Format::Csv),
        "parquet" | "pq" => Some(Format::Parquet),
        _ => None,
    }
}
