//! Rows as columns under construction.

use crate::error::{Error, ErrorKind};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;
use serde::Serialize;

/// Rows that are collected for a batch.
pub(crate) struct RowColumns {
    schema: SchemaRef,
    decoder: Decoder,
    rows: usize,
    bytes: usize,
}

impl RowColumns {
    pub(crate) fn new(schema: SchemaRef) -> Result<Self, Error> {
        let decoder = decoder(&schema)?;
        Ok(Self { schema, decoder, rows: 0, bytes: 0 })
    }

    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<(), Error> {
        let mut alone = decoder(&self.schema)?;
        alone.serialize(&[row]).map_err(wrong)?;
        self.bytes += alone.flush().map_err(wrong)?.map_or(0, |batch| batch.get_array_memory_size());
        self.decoder.serialize(&[row]).map_err(wrong)?;
        self.rows += 1;
        Ok(())
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn seal(&mut self) -> Result<RecordBatch, Error> {
        (self.rows, self.bytes) = (0, 0);
        let batch = self.decoder.flush().map_err(wrong)?;
        Ok(batch.unwrap_or_else(|| RecordBatch::new_empty(self.schema.clone())))
    }
}

fn decoder(schema: &SchemaRef) -> Result<Decoder, Error> {
    ReaderBuilder::new(schema.clone()).with_batch_size(1 << 20).build_decoder().map_err(wrong)
}

fn wrong(error: arrow::error::ArrowError) -> Error {
    Error::plain(ErrorKind::BatchValue { column: String::new(), row: None, reason: error.to_string() })
}
