//! A CSV file as batches.
//!
//! Columns are found by the names in the first line. Fields are read as the table's types at once; a batch in which a
//! field cannot be is read again as text, to say which one it was.

use super::failure::Failure;
use super::infer::Kind;
use super::locate::{count_records, line_of_record};
use super::value::{parses, type_name};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::{Format, Reader};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use indicatif::{ProgressBar, ProgressBarIter};
use regex::Regex;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An upper bound that leaves room for the header in the reader's own count.
const RECORDS_MAX: usize = usize::MAX / 2;

/// A file and how it is written.
#[derive(Debug, Clone)]
pub struct CsvSource {
    path: PathBuf,
    delimiter: u8,
    null: Regex,
    batch_rows: usize,
    columns: Vec<String>,
}

impl CsvSource {
    /// Opens the file and reads its column names.
    ///
    /// # Errors
    /// A file that cannot be read or has no header, or a delimiter that is not one byte.
    pub fn open(path: &Path, delimiter: char, null: &[String], batch_rows: usize) -> Result<Self, Failure> {
        let delimiter = u8::try_from(delimiter)
            .ok()
            .filter(u8::is_ascii)
            .ok_or_else(|| Failure::Usage(format!("the delimiter {delimiter:?} is not an ASCII character")))?;
        let tokens: Vec<String> = null.iter().map(|token| regex::escape(token)).collect();
        let null = Regex::new(&format!("^(?:{})$", tokens.join("|")))
            .map_err(|error| Failure::Usage(format!("the NULL tokens are too many: {error}")))?;
        let file = File::open(path).map_err(|error| Failure::file(path, error))?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(Failure::file(
                path,
                "is not a regular file; it is read more than once, so write it to one first",
            ));
        }
        let format = Format::default().with_header(true).with_delimiter(delimiter);
        let (header, _) = format.infer_schema(file, Some(0)).map_err(|error| Failure::data(path, error))?;
        let mut columns: Vec<String> = header.fields().iter().map(|field| field.name().clone()).collect();
        if let Some(first) = columns.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        if columns.is_empty() {
            return Err(Failure::data(path, "has no first line of column names"));
        }
        Ok(Self { path: path.to_owned(), delimiter, null, batch_rows, columns })
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.path.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Rows of the file: reads it through.
    ///
    /// # Errors
    /// What reading gives.
    pub fn rows(&self) -> Result<u64, Failure> {
        let records = count_records(self.file()?).map_err(|error| Failure::file(&self.path, error))?;
        Ok(records.saturating_sub(1))
    }

    /// The columns, judged by every field of the file.
    ///
    /// # Errors
    /// A file that cannot be read as CSV.
    pub fn infer(&self) -> Result<Schema, Failure> {
        let mut kinds = vec![Kind::default(); self.columns.len()];
        for batch in self.reader(self.text_schema(), 0, RECORDS_MAX, &ProgressBar::hidden())? {
            let batch = batch.map_err(|error| Failure::data(&self.path, error))?;
            for (kind, column) in kinds.iter_mut().zip(batch.columns()) {
                *kind = column.as_string::<i32>().iter().flatten().fold(*kind, Kind::with);
            }
        }
        let fields = self.columns.iter().zip(kinds).map(|(name, kind)| Field::new(name, kind.data_type(), true));
        Ok(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The rows from `skip` on, in the types of `table`. `bar` follows the bytes read.
    ///
    /// # Errors
    /// Columns that the table has not.
    pub fn batches(&self, table: &SchemaRef, skip: u64, bar: &ProgressBar) -> Result<CsvBatches, Failure> {
        let fields: Result<Vec<Field>, Failure> = self.columns.iter().map(|name| self.target(name, table)).collect();
        let targets: SchemaRef = Arc::new(Schema::new(fields?));
        let skip = usize::try_from(skip).unwrap_or(RECORDS_MAX);
        let reader = self.reader(read_schema(&targets), skip, RECORDS_MAX, bar)?;
        Ok(CsvBatches { source: self.clone(), targets, reader, next_row: skip, failed: false })
    }

    fn target(&self, name: &str, table: &SchemaRef) -> Result<Field, Failure> {
        table.field_with_name(name).cloned().map_err(|_| {
            let known: Vec<_> = table.fields().iter().map(|field| field.name()).collect();
            Failure::data(&self.path, format!("column {name:?} is not in the table, whose columns are {known:?}"))
        })
    }

    fn file(&self) -> Result<File, Failure> {
        File::open(&self.path).map_err(|error| Failure::file(&self.path, error))
    }

    fn reader(
        &self,
        schema: SchemaRef,
        skip: usize,
        end: usize,
        bar: &ProgressBar,
    ) -> Result<Reader<ProgressBarIter<File>>, Failure> {
        ReaderBuilder::new(schema)
            .with_header(true)
            .with_delimiter(self.delimiter)
            .with_null_regex(self.null.clone())
            .with_batch_size(self.batch_rows)
            .with_bounds(skip, end)
            .build(bar.wrap_read(self.file()?))
            .map_err(|error| Failure::data(&self.path, error))
    }

    fn text_schema(&self) -> SchemaRef {
        let fields: Vec<_> = self.columns.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        Arc::new(Schema::new(fields))
    }

    fn line(&self, row: usize) -> u64 {
        // The header is record 0. A file that changed meanwhile has no better answer.
        let record = row as u64 + 1;
        self.file().ok().and_then(|file| line_of_record(file, record).ok()).unwrap_or(record + 1)
    }

    /// Which field of the batch that begins at row `first` cannot be read, if it is one field's fault.
    fn explain(&self, first: usize, targets: &Schema) -> Option<Failure> {
        let end = first.saturating_add(self.batch_rows);
        let mut reader = self.reader(self.text_schema(), first, end, &ProgressBar::hidden()).ok()?;
        let batch = reader.next()?.ok()?;
        let columns = targets.fields().iter().zip(batch.columns());
        let wrong = columns.filter_map(|(field, column)| {
            let texts = column.as_string::<i32>();
            let row = texts.iter().position(|text| text.is_some_and(|text| !parses(field.data_type(), text)))?;
            Some((row, field, texts.value(row)))
        });
        let (row, field, text) = wrong.min_by_key(|(row, ..)| *row)?;
        let (line, expected) = (self.line(first + row), type_name(field.data_type()));
        let reason = format!("line {line}, column {:?}: {text:?} is not a {expected}", field.name());
        Some(Failure::data(&self.path, reason))
    }
}

/// The types in which fields are read: the table's, where the reader has them.
fn read_schema(targets: &Schema) -> SchemaRef {
    let read = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            // The reader knows offsets only; the client takes any zone, because an instant is one in all of them.
            DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
            DataType::Binary => DataType::Utf8,
            other => other.clone(),
        };
        Field::new(field.name(), data_type, true)
    };
    Arc::new(Schema::new(targets.fields().iter().map(read).collect::<Vec<_>>()))
}

/// The batches of a file.
pub struct CsvBatches {
    source: CsvSource,
    /// The table's columns in the file's order.
    targets: SchemaRef,
    reader: Reader<ProgressBarIter<File>>,
    next_row: usize,
    failed: bool,
}

impl CsvBatches {
    fn check(&self, batch: &RecordBatch) -> Result<RecordBatch, Failure> {
        for (column, field) in batch.columns().iter().zip(self.targets.fields()) {
            if !field.is_nullable() && column.null_count() > 0 {
                let row = (0..column.len()).find(|row| column.is_null(*row)).unwrap_or(0);
                let line = self.source.line(self.next_row + row);
                let reason = format!("line {line}, column {:?}: NULL is not allowed there", field.name());
                return Err(Failure::data(&self.source.path, reason));
            }
        }
        let columns =
            batch.columns().iter().zip(self.targets.fields()).map(|(column, field)| match field.data_type() {
                DataType::Binary => cast(column, &DataType::Binary),
                _ => Ok(column.clone()),
            });
        let named = columns.zip(self.targets.fields()).map(|(column, field)| Ok((field.name(), column?)));
        let columns: Result<Vec<_>, arrow::error::ArrowError> = named.collect();
        columns.and_then(RecordBatch::try_from_iter).map_err(|error| Failure::data(&self.source.path, error))
    }
}

impl Iterator for CsvBatches {
    type Item = Result<RecordBatch, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = match self.reader.next()? {
            Ok(batch) => self.check(&batch),
            Err(error) => {
                let explained = self.source.explain(self.next_row, &self.targets);
                Err(explained.unwrap_or_else(|| Failure::data(&self.source.path, error)))
            }
        };
        match &batch {
            Ok(batch) => self.next_row += batch.num_rows(),
            Err(_) => self.failed = true,
        }
        Some(batch)
    }
}
