//! One column's Parquet writer for each way of writing it.

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use std::io::sink;
use std::sync::Arc;

/// Enough for 32 characters of Delta statistics whatever their width.
const STATISTICS_BYTES_MAX: usize = 128;

/// Encoding and codec of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnWay {
    /// `None` for a dictionary.
    pub encoding: Option<Encoding>,
    pub compression: Compression,
}

impl ColumnWay {
    /// Without a dictionary.
    pub fn encoded(encoding: Encoding, compression: Compression) -> Self {
        Self { encoding: Some(encoding), compression }
    }

    /// Keys into a dictionary.
    pub fn dictionary(compression: Compression) -> Self {
        Self { encoding: None, compression }
    }
}

/// Makes writers of one column. The chunks fit into any file whose column has the same name, type and field id.
#[derive(Debug)]
pub(super) struct ColumnWriters {
    schema: Arc<Schema>,
    root: TypePtr,
}

impl ColumnWriters {
    pub(super) fn new(field: &Arc<Field>) -> Result<Self, ParquetError> {
        // A schema of its own: the crate makes writers for all columns of a schema at once.
        let schema = Arc::new(Schema::new(vec![field.clone()]));
        let root = ArrowSchemaConverter::new().convert(&schema)?.root_schema_ptr();
        Ok(Self { schema, root })
    }

    pub(super) fn encode(&self, way: &ColumnWay, values: &ArrayRef) -> Result<ArrowColumnChunk, ParquetError> {
        let properties = file_properties().set_compression(way.compression);
        let properties = match way.encoding {
            Some(encoding) => properties.set_dictionary_enabled(false).set_encoding(encoding),
            None => properties.set_dictionary_enabled(true),
        };
        let file = SerializedFileWriter::new(sink(), self.root.clone(), Arc::new(properties.build()))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, self.schema.clone());
        let writer = factory.create_column_writers(0)?.pop();
        let mut writer = writer.ok_or_else(|| ParquetError::NYI("a column without values of its own".to_owned()))?;
        for leaf in compute_leaves(self.schema.field(0), values)? {
            writer.write(&leaf)?;
        }
        let mut chunk = writer.close()?;
        forget_bounds_beside_nan(&mut chunk)?;
        Ok(chunk)
    }
}

/// What all columns and the file itself share.
pub(super) fn file_properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("lakehead version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_truncate_length(Some(STATISTICS_BYTES_MAX))
}

/// Readers disagree on where NaN stands, and some do not know that it may hide beside bounds: then there are none.
fn forget_bounds_beside_nan(chunk: &mut ArrowColumnChunk) -> Result<(), ParquetError> {
    let metadata = &chunk.close().metadata;
    let nulls_only = match metadata.statistics() {
        Some(found) if found.nan_count_opt().is_none_or(|count| count == 0) => return Ok(()),
        Some(Statistics::Float(found)) => Statistics::float(None, None, None, found.null_count_opt(), false),
        Some(Statistics::Double(found)) => Statistics::double(None, None, None, found.null_count_opt(), false),
        _ => return Ok(()),
    };
    let metadata: ColumnChunkMetaData = metadata.clone().into_builder().set_statistics(nulls_only).build()?;
    let close = chunk.close_mut();
    close.metadata = metadata;
    close.column_index = None;
    Ok(())
}
