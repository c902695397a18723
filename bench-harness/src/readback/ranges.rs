use super::commit::AddedFile;
use super::rows::{READ_BATCH_ROWS, ReadError, ReadFailure, numeric};
use crate::workload::{RowNumber, TIMESTAMP_COLUMN};
use arrow::array::Array;
use arrow::datatypes::TimestampMicrosecondType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

/// Rows `first..end` of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    pub stream: u64,
    pub first: u64,
    pub end: u64,
}

/// A data file that a reader opened: its length is the one the log gives it, and its footer is whole.
#[derive(Debug)]
pub struct DataFile {
    path: PathBuf,
    pub bytes: u64,
    builder: ParquetRecordBatchReaderBuilder<File>,
}

impl DataFile {
    /// # Errors
    /// A file that is missing, shorter or longer than the log says, or without a footer that can be read.
    pub fn open(added: &AddedFile) -> Result<Self, ReadError> {
        Self::try_open(added).map_err(|reason| ReadError { path: added.path.clone(), reason })
    }

    fn try_open(added: &AddedFile) -> Result<Self, ReadFailure> {
        let file = File::open(&added.path)?;
        let found = file.metadata()?.len();
        match added.bytes {
            Some(expected) if expected != found => return Err(ReadFailure::Length { found, expected }),
            _ => {}
        }
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        Ok(Self { path: added.path.clone(), bytes: found, builder })
    }

    /// Which rows it holds, as their timestamps say. A stream's rows may come as several ranges.
    ///
    /// # Errors
    /// A file that cannot be read to its end, and rows that no run sends.
    pub fn ranges(self) -> Result<Vec<RowRange>, ReadError> {
        let Self { path, builder, .. } = self;
        ranges(builder).map_err(|reason| ReadError { path, reason })
    }
}

fn ranges(builder: ParquetRecordBatchReaderBuilder<File>) -> Result<Vec<RowRange>, ReadFailure> {
    let mask = ProjectionMask::columns(builder.parquet_schema(), [TIMESTAMP_COLUMN]);
    let mut found = Ranges::default();
    for batch in builder.with_projection(mask).with_batch_size(READ_BATCH_ROWS).build()? {
        let timestamps = numeric::<TimestampMicrosecondType>(&batch?, TIMESTAMP_COLUMN)?;
        if timestamps.null_count() > 0 {
            return Err(ReadFailure::Unnamed);
        }
        for timestamp in timestamps.values() {
            found.add(RowNumber::from_timestamp_us(*timestamp).ok_or(ReadFailure::Unnamed)?);
        }
    }
    Ok(found.finish())
}

/// Joins rows that follow each other. Streams may alternate: each has a range that is open.
#[derive(Debug, Default)]
struct Ranges {
    last: Option<RowRange>,
    open: BTreeMap<u64, RowRange>,
    closed: Vec<RowRange>,
}

impl Ranges {
    #[inline]
    fn add(&mut self, number: RowNumber) {
        match &mut self.last {
            Some(last) if last.stream == number.stream && last.end == number.row => last.end += 1,
            _ => self.turn(number),
        }
    }

    /// Goes on with another range.
    fn turn(&mut self, number: RowNumber) {
        if let Some(last) = self.last.take() {
            self.open.insert(last.stream, last);
        }
        let fresh = RowRange { stream: number.stream, first: number.row, end: number.row + 1 };
        self.last = match self.open.remove(&number.stream) {
            Some(range) if range.end == number.row => Some(RowRange { end: number.row + 1, ..range }),
            Some(range) => {
                self.closed.push(range);
                Some(fresh)
            }
            None => Some(fresh),
        };
    }

    fn finish(mut self) -> Vec<RowRange> {
        self.closed.extend(self.open.into_values());
        self.closed.extend(self.last);
        self.closed.sort_unstable_by_key(|range| (range.stream, range.first));
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(rows: &[(u64, u64)]) -> Vec<(u64, u64, u64)> {
        let mut ranges = Ranges::default();
        rows.iter().for_each(|(stream, row)| ranges.add(RowNumber { stream: *stream, row: *row }));
        ranges.finish().into_iter().map(|range| (range.stream, range.first, range.end)).collect()
    }

    #[test]
    fn rows_of_streams_that_alternate_are_joined() {
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[(0, 5), (0, 6), (3, 0), (0, 7), (3, 1)]), [(0, 5, 8), (3, 0, 2)]);
        assert_eq!(of(&[(1, 9), (1, 3), (1, 4)]), [(1, 3, 5), (1, 9, 10)]);
    }

    proptest! {
        #[test]
        fn no_row_is_added_or_left_out(rows in proptest::collection::vec((0_u64..3, 0_u64..20), 0..60)) {
            let mut back: Vec<_> = of(&rows)
                .into_iter()
                .flat_map(|(stream, first, end)| (first..end).map(move |row| (stream, row)))
                .collect();
            let mut rows = rows;
            rows.sort_unstable();
            back.sort_unstable();
            prop_assert_eq!(rows, back);
        }
    }
}
