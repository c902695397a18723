//! NDJSON: a JSON object on each line, its members are columns.
//!
//! A member that is not there is NULL. Numbers and true/false are taken into text columns as they are written.

use super::chunks::Chunk;
use super::cutter::Cutter;
use super::exact_decoders::ExactDecoders;
use super::infer_json::JsonInference;
use super::text_format::{Inference, TextDecoder, TextFormat, check_nulls};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;
use std::sync::Arc;

/// The format has no settings.
#[derive(Debug, Clone, Copy)]
pub struct Ndjson;

impl TextFormat for Ndjson {
    fn cutter(&self) -> Cutter {
        Cutter::lines()
    }

    fn has_header(&self) -> bool {
        false
    }

    fn header(&mut self, _first: &Chunk) -> Result<(), String> {
        Ok(())
    }

    fn inference(&self) -> Box<dyn Inference> {
        Box::new(JsonInference::default())
    }

    fn decoder(&self, table: &SchemaRef) -> Result<Box<dyn TextDecoder>, String> {
        // A NULL where none may be is said with its line, by `check_nulls`.
        let nullable = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
        let read = Arc::new(Schema::new(table.fields().iter().map(nullable).collect::<Vec<_>>()));
        Ok(Box::new(NdjsonDecoder { table: table.clone(), read }))
    }
}

struct NdjsonDecoder {
    table: SchemaRef,
    read: SchemaRef,
}

impl TextDecoder for NdjsonDecoder {
    fn decode(&mut self, chunk: &Chunk) -> Result<RecordBatch, String> {
        let batch = match self.read(&chunk.bytes, chunk.records) {
            Ok(Some(batch)) if batch.num_rows() == chunk.records => batch,
            _ => return Err(self.explain(chunk)),
        };
        check_nulls(&batch, &self.table, chunk)?;
        Ok(batch)
    }
}

impl NdjsonDecoder {
    fn decoder(&self, records: usize) -> Result<Decoder, ArrowError> {
        ReaderBuilder::new(self.read.clone())
            // One more than there should be, to notice two on a line.
            .with_batch_size(records + 1)
            .with_strict_mode(true)
            .with_coerce_primitive(true)
            .with_decoder_factory(Arc::new(ExactDecoders))
            .build_decoder()
    }

    fn read(&self, bytes: &[u8], records: usize) -> Result<Option<RecordBatch>, ArrowError> {
        let mut decoder = self.decoder(records)?;
        let decoded = decoder.decode(bytes)?;
        if decoded < bytes.len() || decoder.has_partial_record() {
            return Ok(None);
        }
        decoder.flush()
    }

    /// Which line is wrong, and what is wrong with it.
    fn explain(&self, chunk: &Chunk) -> String {
        for (line, bytes) in chunk.each() {
            match self.read(bytes, 1) {
                Ok(Some(batch)) if batch.num_rows() == 1 => {}
                Ok(_) => return format!("line {line}: {}", not_an_object(bytes)),
                Err(ArrowError::JsonError(reason))
                    if reason.starts_with("Encountered unexpected") || reason.starts_with("expected {") =>
                {
                    return format!("line {line}: {} ({reason})", not_an_object(bytes));
                }
                Err(ArrowError::JsonError(reason)) => return format!("line {line}{}", place(&reason)),
                Err(other) => return format!("line {line}: {other}"),
            }
        }
        format!("from line {} on: the lines cannot be read together", chunk.line)
    }
}

fn not_an_object(bytes: &[u8]) -> &'static str {
    match bytes.trim_ascii().first() {
        Some(b'[') => "a JSON array is no row; put one object on each line (`jq -c '.[]' FILE` does that)",
        _ => "this is not one whole JSON object; put one on each line (`jq -c . FILE` does that)",
    }
}

/// `, column "a.b": reason` out of the reader's words.
fn place(reason: &str) -> String {
    let (mut path, mut rest) = (Vec::new(), reason);
    while let Some((name, behind)) =
        rest.strip_prefix("whilst decoding field '").and_then(|rest| rest.split_once("': "))
    {
        path.push(name);
        rest = behind;
    }
    let missing = rest.strip_prefix("column '").and_then(|rest| rest.split_once("' missing from schema"));
    if let Some((stranger, _)) = missing {
        path.push(stranger);
        return format!(", column {:?}: the table has no such column", path.join("."));
    }
    if let Some(field) = rest.strip_prefix("Encountered unmasked nulls in non-nullable StructArray child: ") {
        rest = "NULL, or nothing, stands where the column allows none: ";
        return format!(", column {:?}: {rest}{field}", path.join("."));
    }
    if path.is_empty() { format!(": {rest}") } else { format!(", column {:?}: {rest}", path.join(".")) }
}
