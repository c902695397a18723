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
/// About the most bytes: of large values fewer say as much, and cost as much.
const SAMPLE_BYTES: usize = 1 << 20;
/// Fewer say nothing.
const SAMPLE_ROWS_MIN: usize = RUNS * 16;
/// A way is tried so many times, and the fastest trial counts: the first ones find memory cold, or none at all, which on a new
/// thread can cost many times what the encoding does.
const TRIALS_OF_LOOK: u32 = 3;
const TRIALS_OF_RIVALS: u32 = 2;
/// Trials that took so long together are enough, from the second on.
const TRIALS_NS: f64 = 4_000_000.0;

/// Which ways a look tries.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scope {
    /// All that the type has.
    All,
    /// The one in use and those that come near it.
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
    let run_rows = (sample_rows(values) / RUNS).max(1);
    if values.len() <= RUNS * run_rows {
        return Ok(values.clone());
    }
    let stride = (values.len() - run_rows) / (RUNS - 1);
    let runs: Vec<ArrayRef> = (0..RUNS).map(|run| values.slice(run * stride, run_rows)).collect();
    let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
    concat(&runs).map_err(ParquetError::from)
}

/// How many values are enough.
fn sample_rows(values: &ArrayRef) -> usize {
    if !matches!(values.data_type(), DataType::Utf8 | DataType::Binary) {
        return SAMPLE_ROWS;
    }
    let bytes = values.to_data().get_slice_memory_size().unwrap_or(0);
    let value_bytes = (bytes / values.len().max(1)).max(1);
    (SAMPLE_BYTES / value_bytes).clamp(SAMPLE_ROWS_MIN, SAMPLE_ROWS)
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
    let possible = ways(sample.data_type(), codec);
    let wanted = |way: &ColumnWay| match scope {
        Scope::All => true,
        Scope::Rivals(rivals) => rivals.contains(way),
    };
    let mut measured = Vec::with_capacity(possible.len());
    for way in possible.into_iter().filter(wanted) {
        measured.push(fastest(writers, way, sample, scope, clock)?);
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

/// Tries a way until its time can be believed.
fn fastest(
    writers: &ColumnWriters,
    way: ColumnWay,
    sample: &ArrayRef,
    scope: &Scope,
    clock: Clock,
) -> Result<WayFigures, ParquetError> {
    let trials = if *scope == Scope::All { TRIALS_OF_LOOK } else { TRIALS_OF_RIVALS };
    let mut fastest = trial(writers, way, sample, clock)?;
    let mut spent_ns = fastest.ns * sample.len() as f64;
    for number in 1..trials {
        if number > 1 && spent_ns > TRIALS_NS {
            break;
        }
        let again = trial(writers, way, sample, clock)?;
        spent_ns += again.ns * sample.len() as f64;
        fastest.ns = fastest.ns.min(again.ns);
    }
    Ok(fastest)
}

/// Writes `sample` in one way.
pub(super) fn trial(
    writers: &ColumnWriters,
    way: ColumnWay,
    sample: &ArrayRef,
    clock: Clock,
) -> Result<WayFigures, ParquetError> {
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
