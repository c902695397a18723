//! A few thousand values of a leaf, and what writing them in each way costs.

use super::column_writer::{ColumnWay, ColumnWriters};
use super::cpu_clock::Clock;
use super::distinct::Distinct;
use super::figures::{Figures, WayFigures};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Int32Type};
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use std::sync::Arc;

/// Runs of neighbouring values: neighbours show what deltas and codecs do, several runs how often values return.
const RUNS: usize = 8;
const RUN_ROWS: usize = 1024;
/// Most values of a sample.
pub(super) const SAMPLE_ROWS: usize = RUNS * RUN_ROWS;

/// Which ways a look tries.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scope {
    /// All that the type has, each twice: the first run warms up.
    All,
    /// The one in use and those that come near it, once.
    Rivals(Vec<ColumnWay>),
}

/// A look's result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    pub(super) figures: Figures,
    /// CPU time of all trials.
    pub(super) spent_ns: f64,
}

/// Values spread over the column.
pub(super) fn take(values: &ArrayRef) -> Result<ArrayRef, ParquetError> {
    if values.len() <= SAMPLE_ROWS {
        return Ok(values.clone());
    }
    let stride = (values.len() - RUN_ROWS) / (RUNS - 1);
    let runs: Vec<ArrayRef> = (0..RUNS).map(|run| values.slice(run * stride, RUN_ROWS)).collect();
    let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
    concat(&runs).map_err(ParquetError::from)
}

/// Tries ways of writing on `sample`.
pub(super) fn look(
    writers: &ColumnWriters,
    sample: &ArrayRef,
    codec: Compression,
    scope: &Scope,
    clock: Clock,
) -> Result<Look, ParquetError> {
    let begun_ns = clock();
    let (possible, repeats) = (ways(sample.data_type(), codec), if *scope == Scope::All { 2 } else { 1 });
    let wanted = |way: &ColumnWay| match scope {
        Scope::All => true,
        Scope::Rivals(rivals) => rivals.contains(way),
    };
    let mut measured = Vec::with_capacity(possible.len());
    for way in possible.into_iter().filter(wanted) {
        let mut trial = trial(writers, way, sample, clock)?;
        for _ in 1..repeats {
            let again = self::trial(writers, way, sample, clock)?;
            trial.ns = trial.ns.min(again.ns);
        }
        measured.push(trial);
    }
    let distinct = match measured.iter().any(|trial| trial.way.encoding.is_none()) {
        true => distinct(sample),
        false => None,
    };
    let figures = Figures { sampled: sample.len(), distinct, ways: measured, dictionary_stretch: 1.0 };
    Ok(Look { figures, spent_ns: clock().saturating_sub(begun_ns) as f64 })
}

/// The ways in which every reader knows this type, those with less work first. Keys into a dictionary stay so.
pub fn ways(data_type: &DataType, codec: Compression) -> Vec<ColumnWay> {
    let mut encodings = Vec::with_capacity(3);
    if !matches!(data_type, DataType::Dictionary(..)) {
        encodings.push(Some(Encoding::PLAIN));
    }
    if has_deltas(data_type) {
        encodings.push(Some(Encoding::DELTA_BINARY_PACKED));
    }
    if has_dictionary(data_type) {
        encodings.push(None);
    }
    let mut codecs = vec![Compression::UNCOMPRESSED, codec];
    codecs.dedup();
    let with = |compression| encodings.iter().map(move |encoding| ColumnWay { encoding: *encoding, compression });
    codecs.into_iter().flat_map(with).collect()
}

fn trial(writers: &ColumnWriters, way: ColumnWay, sample: &ArrayRef, clock: Clock) -> Result<WayFigures, ParquetError> {
    let begun_ns = clock();
    let chunks = writers.encode(&[way], sample)?;
    let took_ns = clock().saturating_sub(begun_ns);
    let rows = sample.len().max(1) as f64;
    let close = chunks.first().map(|chunk| chunk.close());
    let total = close.map_or(0, |close| close.bytes_written) as f64;
    let dictionary_bytes = total - close.map_or(0.0, data_bytes);
    Ok(WayFigures { way, data_bytes: (total - dictionary_bytes) / rows, dictionary_bytes, ns: took_ns as f64 / rows })
}

/// Size of a chunk's pages but for the dictionary.
fn data_bytes(close: &ColumnCloseResult) -> f64 {
    let pages = close.offset_index.as_ref().map(|index| index.page_locations.as_slice()).unwrap_or_default();
    pages.iter().map(|page| f64::from(page.compressed_page_size)).sum()
}

fn distinct(sample: &ArrayRef) -> Option<Distinct> {
    match sample.data_type() {
        DataType::Dictionary(..) => {
            let keys: ArrayRef = Arc::new(sample.as_dictionary_opt::<Int32Type>()?.keys().clone());
            Distinct::of(&keys)
        }
        _ => Distinct::of(sample),
    }
}

fn has_dictionary(data_type: &DataType) -> bool {
    use DataType::{Binary, Dictionary, Utf8};
    data_type.is_primitive() || matches!(data_type, Utf8 | Binary | Dictionary(..))
}

fn has_deltas(data_type: &DataType) -> bool {
    use DataType::{Date32, Decimal32, Decimal64, Decimal128, Timestamp};
    // Decimals of up to 18 digits are integers in Parquet.
    data_type.is_signed_integer()
        || matches!(data_type, Date32 | Timestamp(..) | Decimal32(..) | Decimal64(..) | Decimal128(0..=18, _))
}
