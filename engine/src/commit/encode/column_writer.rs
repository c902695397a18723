//! Writes a column's values in a given way: a flat one in [`super::pages`], the leaves of a nested one with the Parquet
//! crate's writers.

use super::column_chunk::ColumnChunk;
use super::pages::{STATISTICS_BYTES_MAX, flat_column};
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
use parquet::schema::types::SchemaDescriptor;
use std::io::sink;
use std::sync::Arc;

/// What files are signed with, before the version.
pub(super) const WRITER: &str = "lakehead version ";

/// Encoding and codec of a leaf.
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

/// Makes the chunks of one column: one for each of its leaves. They fit into any file whose column has the same name, type
/// and field ids.
#[derive(Debug)]
pub struct ColumnWriters {
    schema: Arc<Schema>,
    descriptor: SchemaDescriptor,
}

impl ColumnWriters {
    /// Writers of this column.
    ///
    /// # Errors
    /// When Parquet has no type for it.
    pub fn new(field: &Arc<Field>) -> Result<Self, ParquetError> {
        // A schema of its own: the crate makes writers for all columns of a schema at once.
        let schema = Arc::new(Schema::new(vec![field.clone()]));
        let descriptor = ArrowSchemaConverter::new().convert(&schema)?;
        Ok(Self { schema, descriptor })
    }

    /// How many leaves the column has: one, unless it is nested.
    pub(super) fn leaves(&self) -> usize {
        self.descriptor.num_columns()
    }

    /// The chunks of all leaves, each written its own way.
    ///
    /// # Errors
    /// When the values are not the column's.
    pub fn encode(&self, ways: &[ColumnWay], values: &ArrayRef) -> Result<Vec<ColumnChunk>, ParquetError> {
        if let ([leaf], [way]) = (self.descriptor.columns(), ways)
            && let Some(written) = flat_column::write(leaf, *way, values)
        {
            return Ok(vec![written?.into()]);
        }
        self.encode_by_crate(ways, values)
    }

    /// As [`Self::encode`], by the Parquet crate's own writers whatever the column: what nested columns are written with, and
    /// what others are measured against.
    ///
    /// # Errors
    /// When the values are not the column's.
    pub fn encode_by_crate(&self, ways: &[ColumnWay], values: &ArrayRef) -> Result<Vec<ColumnChunk>, ParquetError> {
        let mut properties = file_properties();
        for (leaf, way) in self.descriptor.columns().iter().zip(ways) {
            let path = || leaf.path().clone();
            properties = properties.set_column_compression(path(), way.compression);
            properties = match way.encoding {
                Some(encoding) => {
                    properties.set_column_dictionary_enabled(path(), false).set_column_encoding(path(), encoding)
                }
                None => properties.set_column_dictionary_enabled(path(), true),
            };
        }
        let file = SerializedFileWriter::new(sink(), self.descriptor.root_schema_ptr(), Arc::new(properties.build()))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, self.schema.clone());
        let writers = factory.create_column_writers(0)?;
        // Dictionaries go in as they are: only the array's own type says where they stand.
        let field = self.schema.field(0).clone().with_data_type(values.data_type().clone());
        let mut chunks = Vec::with_capacity(writers.len());
        for (mut writer, leaf) in writers.into_iter().zip(compute_leaves(&field, values)?) {
            writer.write(&leaf)?;
            let mut chunk = writer.close()?;
            forget_bounds_beside_nan(&mut chunk)?;
            chunks.push(chunk.into());
        }
        match chunks.len() == self.leaves() {
            true => Ok(chunks),
            false => Err(ParquetError::NYI(format!("{} leaves of a column that has {}", chunks.len(), self.leaves()))),
        }
    }
}

/// What all columns and the file itself share.
pub(super) fn file_properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(format!("{WRITER}{}", env!("CARGO_PKG_VERSION")))
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
