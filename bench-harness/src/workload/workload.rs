use super::hash::HashSequence;
use super::pool::ColumnPool;
use super::row_number::RowNumber;
use super::{Kind, events, telemetry, wide};
use arrow::array::{
    ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::Arc;

/// The column that says when, and, read by [`RowNumber`], which row.
pub const TIMESTAMP_COLUMN: &str = "ts";
/// The name of a verified row's stream.
pub const STREAM_COLUMN: &str = "stream";
/// The offset of a verified row in its stream.
pub const SEQ_COLUMN: &str = "seq";

/// One seeded workload: makes any batch of any stream, in any order. Shared by all connections.
#[derive(Debug)]
pub struct Workload {
    kind: Kind,
    seed: u64,
    pool: ColumnPool,
    schema: SchemaRef,
    batch_rows_max: usize,
}

impl Workload {
    /// Builds the pooled columns. No batch may be longer than `batch_rows_max`.
    pub fn new(kind: Kind, seed: u64, batch_rows_max: usize) -> Result<Self, ArrowError> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let pooled = match kind {
            Kind::Telemetry | Kind::TelemetryVerified | Kind::Tiny => telemetry::pooled_columns(&mut random)?,
            Kind::Events1k => events::pooled_columns(&mut random)?,
            Kind::Wide => wide::pooled_columns(&mut random)?,
        };
        let pool = ColumnPool::new(&pooled, batch_rows_max)?;
        let schema = Arc::new(Schema::new(fields(kind, pool.fields())));
        Ok(Self { kind, seed, pool, schema, batch_rows_max })
    }

    /// The same rows with their pooled strings as dictionaries, as a producer sends them that hashed them once.
    pub fn with_dictionaries(self) -> Result<Self, ArrowError> {
        Ok(Self { pool: self.pool.with_dictionaries()?, ..self })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Rows `first..first + rows` of stream number `stream`; `name` is what a `stream` column says.
    ///
    /// # Errors
    /// More rows than the workload was built for.
    pub fn batch(&self, stream: u64, name: &str, first: u64, rows: usize) -> Result<RecordBatch, ArrowError> {
        if rows > self.batch_rows_max {
            let message = format!("a batch of {rows} rows was asked of a workload built for {}", self.batch_rows_max);
            return Err(ArrowError::InvalidArgumentError(message));
        }
        let hashes = HashSequence::new(self.seed, stream);
        let numbers = first..first + rows as u64;
        let ts: ArrayRef = Arc::new(
            TimestampMicrosecondArray::from_iter_values(
                numbers.clone().map(|row| RowNumber { stream, row }.timestamp_us(hashes.at(row))),
            )
            .with_timezone("UTC"),
        );
        // Streams start at different places of the pool.
        let pooled_first = (HashSequence::new(self.seed, u64::MAX).at(stream) >> 32) + first;
        let mut pooled = self.pool.slices(pooled_first, rows);
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        columns.push(ts);
        match self.kind {
            Kind::Telemetry | Kind::TelemetryVerified | Kind::Tiny => {
                columns.extend(pooled.next());
                columns.push(Arc::new(Float64Array::from_iter_values(
                    numbers.clone().map(|row| percentage(hashes.at(row))),
                )));
            }
            Kind::Events1k => {
                columns.push(ids(hashes, numbers.clone()));
                columns.push(bodies(hashes, numbers.clone())?);
            }
            Kind::Wide => columns.push(ids(hashes, numbers.clone())),
        }
        columns.extend(pooled);
        if self.kind == Kind::TelemetryVerified {
            columns.push(Arc::new(repeated(name, rows)?));
            columns.push(Arc::new(Int64Array::from_iter_values(numbers.map(|row| row as i64))));
        }
        RecordBatch::try_new(schema_of(&self.schema, &columns), columns)
    }
}

/// The table's schema, with the types that these columns have: dictionaries are a form of strings.
fn schema_of(table: &SchemaRef, columns: &[ArrayRef]) -> SchemaRef {
    if table.fields().iter().zip(columns).all(|(field, column)| field.data_type() == column.data_type()) {
        return table.clone();
    }
    let typed =
        |(field, column): (&FieldRef, &ArrayRef)| Field::clone(field).with_data_type(column.data_type().clone());
    Arc::new(Schema::new(table.fields().iter().zip(columns).map(typed).collect::<Vec<_>>()))
}

fn fields(kind: Kind, pooled: &[Field]) -> Vec<Field> {
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![Field::new(TIMESTAMP_COLUMN, timestamp, true)];
    let mut pooled = pooled.iter().cloned();
    match kind {
        Kind::Telemetry | Kind::TelemetryVerified | Kind::Tiny => {
            fields.extend(pooled.next());
            fields.push(Field::new("hum", DataType::Float64, true));
        }
        Kind::Events1k => {
            fields.push(Field::new("id", DataType::Int64, true));
            fields.push(Field::new("body", DataType::Binary, true));
        }
        Kind::Wide => fields.push(Field::new("id", DataType::Int64, true)),
    }
    fields.extend(pooled);
    if kind == Kind::TelemetryVerified {
        fields.push(Field::new(STREAM_COLUMN, DataType::Utf8, true));
        fields.push(Field::new(SEQ_COLUMN, DataType::Int64, true));
    }
    fields
}

/// 0 to 100, with all the digits a double has.
#[inline]
fn percentage(random: u64) -> f64 {
    const ONE: u64 = 0x3FF0_0000_0000_0000;
    (f64::from_bits(ONE | (random >> 12)) - 1.0) * 100.0
}

fn ids(hashes: HashSequence, numbers: Range<u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(numbers.map(|row| (hashes.at(row) >> 1) as i64)))
}

fn bodies(hashes: HashSequence, numbers: Range<u64>) -> Result<ArrayRef, ArrowError> {
    let rows = (numbers.end - numbers.start) as usize;
    let words: Vec<u64> = numbers
        .flat_map(|row| {
            let bodies = HashSequence::new(hashes.at(row), 1);
            (0..events::BODY_WORDS as u64).map(move |word| bodies.at(word))
        })
        .collect();
    let offsets = OffsetBuffer::from_repeated_length(events::BODY_WORDS * 8, rows);
    Ok(Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(words), None)?))
}

fn repeated(text: &str, rows: usize) -> Result<StringArray, ArrowError> {
    let offsets = OffsetBuffer::from_repeated_length(text.len(), rows);
    StringArray::try_new(offsets, Buffer::from_vec(text.as_bytes().repeat(rows)), None)
}
