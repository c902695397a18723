//! CSV.
//!
//! Columns are found by the names in the first line. Fields are read as the table's types at once; a chunk in which a
//! field cannot be is read again as text, to say which one it was.

use super::chunks::Chunk;
use super::cutter::Cutter;
use super::infer::Kind;
use super::text_format::{Inference, TextDecoder, TextFormat, check_nulls};
use super::value::{parses, type_name};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use regex::Regex;
use std::sync::Arc;

/// How a CSV text is written, and its columns once they are known.
#[derive(Debug, Clone)]
pub struct Csv {
    delimiter: u8,
    null: Regex,
    columns: Vec<String>,
}

impl Csv {
    /// A text with this delimiter, in which these fields mean NULL.
    ///
    /// # Errors
    /// A delimiter that is not one byte.
    pub fn new(delimiter: char, null: &[String]) -> Result<Self, String> {
        let delimiter = u8::try_from(delimiter)
            .ok()
            .filter(u8::is_ascii)
            .ok_or_else(|| format!("the delimiter {delimiter:?} is not an ASCII character"))?;
        let tokens: Vec<String> = null.iter().map(|token| regex::escape(token)).collect();
        let null = Regex::new(&format!("^(?:{})$", tokens.join("|")))
            .map_err(|error| format!("the NULL tokens are too many: {error}"))?;
        Ok(Self { delimiter, null, columns: Vec::new() })
    }

    fn text_schema(&self) -> SchemaRef {
        let fields: Vec<_> = self.columns.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        Arc::new(Schema::new(fields))
    }

    fn read(&self, schema: SchemaRef, bytes: &[u8], records: usize) -> Result<RecordBatch, ArrowError> {
        let mut decoder = ReaderBuilder::new(schema.clone())
            .with_delimiter(self.delimiter)
            .with_null_regex(self.null.clone())
            .with_batch_size(records)
            .build_decoder();
        let mut rest = bytes;
        while !rest.is_empty() {
            match decoder.decode(rest)? {
                0 => break,
                decoded => rest = &rest[decoded..],
            }
        }
        let batch = decoder.flush()?;
        Ok(batch.unwrap_or_else(|| RecordBatch::new_empty(schema)))
    }

    /// The records as text, or which of them is none.
    fn read_text(&self, chunk: &Chunk) -> Result<RecordBatch, String> {
        self.read(self.text_schema(), &chunk.bytes, chunk.records).map_err(|error| {
            let broken = chunk.each().find_map(|(line, bytes)| {
                let error = self.read(self.text_schema(), bytes, 1).err()?;
                Some((line, error))
            });
            let (line, error) = broken.unwrap_or((chunk.line, error));
            let columns = self.columns.len();
            match error {
                ArrowError::CsvError(reason) if reason.contains("incorrect number of fields") => {
                    let found = reason.rsplit(' ').next().unwrap_or("another number").to_owned();
                    format!("line {line}: the header names {columns} columns and this record has {found} fields")
                }
                other => format!("line {line}: {other}"),
            }
        })
    }
}

impl TextFormat for Csv {
    fn cutter(&self) -> Cutter {
        Cutter::csv(self.delimiter)
    }

    fn has_header(&self) -> bool {
        true
    }

    fn header(&mut self, first: &Chunk) -> Result<(), String> {
        let format = Format::default().with_header(true).with_delimiter(self.delimiter);
        let read = format.infer_schema(first.bytes.as_slice(), Some(0));
        let (header, _) = read.map_err(|error| format!("line {}: {error}", first.line))?;
        self.columns = header.fields().iter().map(|field| field.name().clone()).collect();
        if self.columns.is_empty() {
            return Err("has no first line of column names".to_owned());
        }
        Ok(())
    }

    fn inference(&self) -> Box<dyn Inference> {
        Box::new(CsvInference { csv: self.clone(), kinds: vec![Kind::default(); self.columns.len()] })
    }

    fn decoder(&self, table: &SchemaRef) -> Result<Box<dyn TextDecoder>, String> {
        let target = |name: &String| {
            let field = table.field_with_name(name).cloned().map_err(|_| {
                let known: Vec<_> = table.fields().iter().map(|field| field.name()).collect();
                format!("column {name:?} is not in the table, whose columns are {known:?}")
            })?;
            if field.data_type().is_nested() {
                let type_name = crate::cli::columns::print::type_name(field.data_type());
                return Err(format!("column {name:?} is {type_name} in the table, which CSV cannot hold; send NDJSON"));
            }
            Ok(field)
        };
        let targets: Result<Vec<Field>, String> = self.columns.iter().map(target).collect();
        Ok(Box::new(CsvDecoder { csv: self.clone(), targets: Schema::new(targets?) }))
    }
}

struct CsvInference {
    csv: Csv,
    kinds: Vec<Kind>,
}

impl Inference for CsvInference {
    fn take(&mut self, chunk: &Chunk) -> Result<(), String> {
        let batch = self.csv.read_text(chunk)?;
        for (kind, column) in self.kinds.iter_mut().zip(batch.columns()) {
            *kind = column.as_string::<i32>().iter().flatten().fold(*kind, Kind::with);
        }
        Ok(())
    }

    fn schema(&self) -> Result<Schema, String> {
        let columns = self.csv.columns.iter().zip(&self.kinds);
        let fields = columns.map(|(name, kind)| Field::new(name, kind.data_type(), true));
        Ok(Schema::new(fields.collect::<Vec<_>>()))
    }
}

struct CsvDecoder {
    csv: Csv,
    /// The table's columns in the text's order.
    targets: Schema,
}

impl TextDecoder for CsvDecoder {
    fn decode(&mut self, chunk: &Chunk) -> Result<RecordBatch, String> {
        let read = self.csv.read(read_schema(&self.targets), &chunk.bytes, chunk.records);
        let batch = match read {
            Ok(batch) if batch.num_rows() == chunk.records => batch,
            Ok(batch) => {
                let (found, expected) = (batch.num_rows(), chunk.records);
                return Err(format!("line {}: {expected} records read as {found}; are quotes closed?", chunk.line));
            }
            Err(error) => return Err(self.explain(chunk, &error)),
        };
        check_nulls(&batch, &self.targets, chunk)?;
        let columns = batch.columns().iter().zip(self.targets.fields()).map(|(column, field)| {
            let column = match field.data_type() {
                DataType::Binary => cast(column, &DataType::Binary)?,
                _ => column.clone(),
            };
            Ok((field.name(), column))
        });
        let columns: Result<Vec<_>, ArrowError> = columns.collect();
        columns.and_then(RecordBatch::try_from_iter).map_err(|error| error.to_string())
    }
}

impl CsvDecoder {
    /// Which field cannot be read.
    fn explain(&self, chunk: &Chunk, error: &ArrowError) -> String {
        let batch = match self.csv.read_text(chunk) {
            Ok(batch) => batch,
            Err(reason) => return reason,
        };
        let columns = self.targets.fields().iter().zip(batch.columns());
        let wrong = columns.filter_map(|(field, column)| {
            let texts = column.as_string::<i32>();
            let row = texts.iter().position(|text| text.is_some_and(|text| !parses(field.data_type(), text)))?;
            Some((row, field, texts.value(row)))
        });
        match wrong.min_by_key(|(row, ..)| *row) {
            Some((row, field, text)) => {
                let (line, expected) = (chunk.line_of(row), type_name(field.data_type()));
                format!("line {line}, column {:?}: {text:?} is not a {expected}", field.name())
            }
            None => format!("from line {} on: {error}", chunk.line),
        }
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
