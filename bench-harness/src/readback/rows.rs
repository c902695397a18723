use super::tally::{SentStream, Tally};
use crate::workload::{RowNumber, SEQ_COLUMN, STREAM_COLUMN, TIMESTAMP_COLUMN};
use arrow::array::{ArrayRef, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use serde::Serialize;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub const READ_BATCH_ROWS: usize = 65_536;

/// Which columns say which row a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RowNames {
    /// The row number that every workload's timestamps carry.
    #[serde(rename = "the row number in ts")]
    Timestamp,
    /// A verified workload's `stream` and `seq`; its timestamps must agree.
    #[serde(rename = "stream and seq, with which ts must agree")]
    StreamAndSeq,
}

/// Why a data file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read data file {path}: {reason}")]
pub struct ReadError {
    pub path: PathBuf,
    pub reason: ReadFailure,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error("it has no column {0:?}")]
    NoColumn(&'static str),
    #[error("it has {found} bytes, and the log says {expected}")]
    Length { found: u64, expected: u64 },
    #[error("a row of it has a time that no run sends")]
    Unnamed,
}

/// Reads data files into a [`Tally`].
#[derive(Debug)]
pub struct Readback {
    names: RowNames,
    numbers: HashMap<String, u64>,
    tally: Tally,
}

impl Readback {
    pub fn new(names: RowNames, streams: &[SentStream]) -> Self {
        let numbers = (0..).zip(streams).map(|(number, stream)| (stream.name.clone(), number)).collect();
        Self { names, numbers, tally: Tally::new(streams) }
    }

    /// Counts the rows of one Parquet file.
    pub fn read(&mut self, path: &Path) -> Result<(), ReadError> {
        self.read_file(path).map_err(|reason| ReadError { path: path.to_owned(), reason })
    }

    pub fn finish(self) -> Tally {
        self.tally
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ReadFailure> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
        let columns: &[&str] = match self.names {
            RowNames::Timestamp => &[TIMESTAMP_COLUMN],
            RowNames::StreamAndSeq => &[TIMESTAMP_COLUMN, STREAM_COLUMN, SEQ_COLUMN],
        };
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        for batch in builder.with_projection(mask).with_batch_size(READ_BATCH_ROWS).build()? {
            self.count(&batch?)?;
        }
        Ok(())
    }

    fn count(&mut self, batch: &RecordBatch) -> Result<(), ReadFailure> {
        let timestamps = numeric::<TimestampMicrosecondType>(batch, TIMESTAMP_COLUMN)?;
        let by_timestamp = timestamps.iter().map(|value| value.and_then(RowNumber::from_timestamp_us));
        match self.names {
            RowNames::Timestamp => by_timestamp.for_each(|number| self.tally.count(number)),
            RowNames::StreamAndSeq => {
                let streams = cast(column(batch, STREAM_COLUMN)?, &DataType::Utf8)?;
                let rows = numeric::<Int64Type>(batch, SEQ_COLUMN)?;
                for ((stream, row), other) in streams.as_string::<i32>().iter().zip(&rows).zip(by_timestamp) {
                    let number = stream
                        .and_then(|stream| self.numbers.get(stream).copied())
                        .zip(row)
                        .and_then(|(stream, row)| Some(RowNumber { stream, row: u64::try_from(row).ok()? }));
                    self.tally.contradicting += u64::from(number.is_some() && number != other);
                    self.tally.count(number);
                }
            }
        }
        Ok(())
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a ArrayRef, ReadFailure> {
    batch.column_by_name(name).ok_or(ReadFailure::NoColumn(name))
}

pub fn numeric<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &'static str,
) -> Result<PrimitiveArray<T>, ReadFailure> {
    Ok(cast(column(batch, name)?, &T::DATA_TYPE)?.as_primitive::<T>().clone())
}
