//! How a table's columns are written.

use super::error::EncodeError;
use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use std::io::{Sink, Write, sink};
use std::sync::Arc;

/// A table's Parquet schema and what has been learnt of its columns. One per table, shared by all its row groups.
#[derive(Debug)]
pub struct EncodingPlan {
    schema: SchemaRef,
    root: TypePtr,
    properties: WriterPropertiesPtr,
}

impl EncodingPlan {
    /// A plan for a table's columns; `compression` is used for those where it pays.
    ///
    /// # Errors
    /// [`EncodeError::Plan`] when Parquet has no type for a column.
    pub fn new(schema: SchemaRef, compression: Compression) -> Result<Self, EncodeError> {
        let root = ArrowSchemaConverter::new().convert(&schema).map_err(EncodeError::Plan)?.root_schema_ptr();
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(concat!("lakehead version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(compression)
            .build();
        Ok(Self { schema, root, properties: Arc::new(properties) })
    }

    /// The table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn column_name(&self, column: usize) -> String {
        self.schema.fields().get(column).map(|field| field.name().clone()).unwrap_or_default()
    }

    /// Do these columns have the table's types?
    pub(super) fn check(&self, found: &Schema) -> Result<(), EncodeError> {
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
        if types(&self.schema) == types(found) {
            return Ok(());
        }
        Err(EncodeError::Columns { expected: self.schema.to_string(), found: found.to_string() })
    }

    pub(super) fn file_writer<W: Write + Send>(&self, sink: W) -> Result<SerializedFileWriter<W>, EncodeError> {
        SerializedFileWriter::new(sink, self.root.clone(), self.properties.clone()).map_err(EncodeError::File)
    }

    pub(super) fn encode_column(&self, column: usize, values: &ArrayRef) -> Result<ArrowColumnChunk, ParquetError> {
        let file: SerializedFileWriter<Sink> =
            SerializedFileWriter::new(sink(), self.root.clone(), self.properties.clone())?;
        let mut writers = ArrowRowGroupWriterFactory::new(&file, self.schema.clone()).create_column_writers(0)?;
        let mut writer = writers.swap_remove(column);
        for leaf in compute_leaves(self.schema.field(column), values)? {
            writer.write(&leaf)?;
        }
        writer.close()
    }
}
