//! A few thousand values of a column and what writing them in each way costs.

use super::column_chunk::ColumnChunk;
use super::column_writer::{ColumnWay, ColumnWriters};
use arrow::array::{Array, ArrayRef, AsArray, GenericByteArray};
use arrow::compute::concat;
use arrow::datatypes::{BinaryType, ByteArrayType, DataType, Int32Type, Utf8Type};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use std::collections::HashMap;
use std::sync::Arc;

/// Runs of neighbouring values: neighbours show what deltas and codecs do, several runs how often values return.
const RUNS: usize = 8;
const RUN_ROWS: usize = 1024;

/// Bytes that a row takes, as far as a sample shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowBytes {
    pub raw: f64,
    /// After the table's codec; equal to `raw` without one.
    pub compressed: f64,
}

/// What a sample showed of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub plain: RowBytes,
    /// Where the type allows it.
    pub delta: Option<RowBytes>,
    /// Where the type allows it: dictionary and keys, reckoned up to the whole row group.
    pub dictionary: Option<RowBytes>,
    /// Estimated size of the row group's dictionary.
    pub dictionary_bytes: f64,
}

/// Values spread over the column.
pub(super) fn take(values: &ArrayRef) -> Result<ArrayRef, ParquetError> {
    if values.len() <= RUNS * RUN_ROWS {
        return Ok(values.clone());
    }
    let stride = (values.len() - RUN_ROWS) / (RUNS - 1);
    let runs: Vec<ArrayRef> = (0..RUNS).map(|run| values.slice(run * stride, RUN_ROWS)).collect();
    let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
    concat(&runs).map_err(ParquetError::from)
}

/// Tries all ways of writing on `sample`, which stands for a row group of `rows` rows.
pub(super) fn figures(
    writers: &ColumnWriters,
    sample: &ArrayRef,
    rows: usize,
    codec: Compression,
) -> Result<Figures, ParquetError> {
    let both = |encoding: Encoding| -> Result<RowBytes, ParquetError> {
        let way = |compression| ColumnWay::encoded(encoding, compression);
        let size = |compression| Ok::<f64, ParquetError>(trial(writers, way(compression), sample)?.data);
        let raw = size(Compression::UNCOMPRESSED)?;
        let compressed = if codec == Compression::UNCOMPRESSED { raw } else { size(codec)? };
        let rows = sample.len().max(1) as f64;
        Ok(RowBytes { raw: raw / rows, compressed: compressed / rows })
    };
    let data_type = sample.data_type();
    let plain = both(Encoding::PLAIN)?;
    let delta = if has_deltas(data_type) { Some(both(Encoding::DELTA_BINARY_PACKED)?) } else { None };
    let (dictionary, dictionary_bytes) = match Distinct::of(sample) {
        Some(distinct) => {
            let (bytes, total) = dictionary(writers, sample, rows, codec, &distinct)?;
            (Some(bytes), total)
        }
        None => (None, 0.0),
    };
    Ok(Figures { plain, delta, dictionary, dictionary_bytes })
}

/// What rows take that are keys into a dictionary already.
pub(super) fn encoded(
    writers: &ColumnWriters,
    sample: &ArrayRef,
    rows: usize,
    codec: Compression,
) -> Result<RowBytes, ParquetError> {
    let keys: ArrayRef = Arc::new(sample.as_dictionary::<Int32Type>().keys().clone());
    let distinct = Distinct::of(&keys).ok_or_else(|| ParquetError::NYI("keys that cannot be counted".to_owned()))?;
    Ok(dictionary(writers, sample, rows, codec, &distinct)?.0)
}

/// What each row takes with a dictionary, and the size of the whole dictionary.
fn dictionary(
    writers: &ColumnWriters,
    sample: &ArrayRef,
    rows: usize,
    codec: Compression,
    distinct: &Distinct,
) -> Result<(RowBytes, f64), ParquetError> {
    let raw = trial(writers, ColumnWay::dictionary(Compression::UNCOMPRESSED), sample)?;
    let compressed =
        if codec == Compression::UNCOMPRESSED { raw } else { trial(writers, ColumnWay::dictionary(codec), sample)? };
    let distinct_total = distinct.estimate(rows);
    let more_values = distinct_total / distinct.seen.max(1.0);
    // A key of the whole dictionary has more bits than one of the sample's.
    let wider_keys = key_bits(distinct_total) / key_bits(distinct.seen);
    let row_bytes = |pages: &Pages| {
        pages.data * wider_keys / sample.len().max(1) as f64 + pages.dictionary * more_values / rows.max(1) as f64
    };
    let figures = RowBytes { raw: row_bytes(&raw), compressed: row_bytes(&compressed) };
    Ok((figures, raw.dictionary * more_values))
}

fn trial(writers: &ColumnWriters, way: ColumnWay, sample: &ArrayRef) -> Result<Pages, ParquetError> {
    Ok(writers.encode(&[way], sample)?.first().map(Pages::of).unwrap_or_default())
}

fn key_bits(distinct: f64) -> f64 {
    distinct.max(2.0).log2().ceil()
}

fn has_deltas(data_type: &DataType) -> bool {
    use DataType::{Date32, Decimal32, Decimal64, Decimal128, Timestamp};
    // Decimals of up to 18 digits are integers in Parquet.
    data_type.is_signed_integer()
        || matches!(data_type, Date32 | Timestamp(..) | Decimal32(..) | Decimal64(..) | Decimal128(0..=18, _))
}

/// Sizes of a chunk's pages.
#[derive(Clone, Copy, Default)]
struct Pages {
    data: f64,
    dictionary: f64,
}

impl Pages {
    fn of(chunk: &ColumnChunk) -> Self {
        let close = chunk.close();
        let total = close.bytes_written as f64;
        let locations = close.offset_index.as_ref().map(|index| index.page_locations.as_slice()).unwrap_or_default();
        let data: f64 = locations.iter().map(|location| f64::from(location.compressed_page_size)).sum();
        Self { data, dictionary: total - data }
    }
}

/// How often values return in a sample.
struct Distinct {
    values: f64,
    seen: f64,
    once: f64,
    twice: f64,
}

impl Distinct {
    /// `None` for types that have no dictionary.
    fn of(sample: &ArrayRef) -> Option<Self> {
        let mut counts: HashMap<&[u8], u32> = HashMap::new();
        let data = sample.to_data();
        match sample.data_type() {
            DataType::Utf8 => count_bytes::<Utf8Type>(sample.as_string(), &mut counts),
            DataType::Binary => count_bytes::<BinaryType>(sample.as_binary(), &mut counts),
            other => {
                let width = other.primitive_width()?;
                let bytes = data.buffers().first()?.as_slice();
                let values = bytes.chunks_exact(width).skip(data.offset()).take(sample.len());
                for (row, value) in values.enumerate() {
                    if sample.is_valid(row) {
                        *counts.entry(value).or_default() += 1;
                    }
                }
            }
        }
        let having = |wanted: u32| counts.values().filter(|count| **count == wanted).count() as f64;
        let values = counts.values().map(|count| f64::from(*count)).sum();
        Some(Self { values, seen: counts.len() as f64, once: having(1), twice: having(2) })
    }

    /// Distinct values of `rows` rows: those seen, and as many more as the ratio of values seen once to those seen twice
    /// lets expect (the estimator of Chao).
    fn estimate(&self, rows: usize) -> f64 {
        if self.values >= rows as f64 {
            return self.seen;
        }
        let unseen = if self.twice > 0.0 {
            self.once * self.once / (2.0 * self.twice)
        } else {
            self.once * (self.once - 1.0) / 2.0
        };
        (self.seen + unseen).min((rows as f64).max(self.seen))
    }
}

fn count_bytes<'a, T: ByteArrayType>(values: &'a GenericByteArray<T>, counts: &mut HashMap<&'a [u8], u32>) {
    for value in values.iter().flatten() {
        *counts.entry(value.as_ref()).or_default() += 1;
    }
}
