//! What encoding each column of `telemetry` costs one core, by the engine's own writer and by the Parquet crate's.
//!
//! ```text
//! cargo run --release --locked --example encode_columns -- [ROWS] [ROUNDS]
//! ```
//!
//! Both writers take turns in one run, each column and way `ROUNDS` times; the least CPU time of the thread stands. It does
//! not matter what else the machine does, as long as both meet the same.

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use lakehead_engine::commit::encode::{ColumnChunk, ColumnWay, ColumnWriters};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 1 << 20;
const ROUNDS: usize = 7;
const MESSAGES: [&str; 5] = ["ok", "battery low", "sensor restart", "link re-established", "calibration overdue"];

/// A column with the ways that are worth a look; the first is the one that is usually chosen.
struct Column {
    name: &'static str,
    values: ArrayRef,
    ways: Vec<(&'static str, ColumnWay)>,
}

/// CPU nanoseconds and bytes of a row.
#[derive(Clone, Copy)]
struct Cost {
    nanoseconds: f64,
    bytes: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let rows = arguments.next().transpose()?.unwrap_or(ROWS);
    let rounds = arguments.next().transpose()?.unwrap_or(ROUNDS);
    println!("{rows} rows, least of {rounds} rounds; ns of CPU and bytes of a row");
    println!(
        "{:<18} {:<12} {:>9} {:>7} {:>9} {:>7} {:>7}",
        "column", "way", "crate ns", "bytes", "own ns", "bytes", "times"
    );
    let (mut plain, mut keyed) = ([0.0; 2], [0.0; 2]);
    for column in columns(rows) {
        for (index, (name, way)) in column.ways.iter().enumerate() {
            let [theirs, ours] = measure(&column.values, *way, rounds)?;
            let times = theirs.nanoseconds / ours.nanoseconds;
            println!(
                "{:<18} {name:<12} {:>9.2} {:>7.3} {:>9.2} {:>7.3} {times:>7.2}",
                column.name, theirs.nanoseconds, theirs.bytes, ours.nanoseconds, ours.bytes
            );
            let keys = matches!(column.values.data_type(), DataType::Dictionary(..));
            let strings = *column.values.data_type() == DataType::Utf8;
            for (sum, counts) in [(&mut plain, !keys), (&mut keyed, !strings)] {
                if index == 0 && counts && !column.name.contains("nulls") {
                    sum[0] += theirs.nanoseconds;
                    sum[1] += ours.nanoseconds;
                }
            }
        }
    }
    for (name, [theirs, ours]) in [("six, plain strings", plain), ("six, dictionaries", keyed)] {
        println!("{name:<31} {theirs:>9.2} {:>7} {ours:>9.2} {:>7} {:>7.2}", "", "", theirs / ours);
    }
    Ok(())
}

fn columns(rows: usize) -> Vec<Column> {
    let mut random = StdRng::seed_from_u64(5);
    let raw = Compression::UNCOMPRESSED;
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let plain = ("plain", ColumnWay::encoded(Encoding::PLAIN, raw));
    let plain_zstd = ("plain zstd", ColumnWay::encoded(Encoding::PLAIN, zstd));
    let delta = ("delta", ColumnWay::encoded(Encoding::DELTA_BINARY_PACKED, raw));
    let dictionary = ("dictionary", ColumnWay::dictionary(raw));
    let dictionary_zstd = ("dict. zstd", ColumnWay::dictionary(zstd));

    let mut now = 1_700_000_000_000_000;
    let times = (0..rows).map(|_| {
        now += random.random_range(0..1500);
        now
    });
    let ts: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"));
    let temp: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..rows).map(|_| f64::from(random.random_range(0..1000)) / 20.0)));
    let hum: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(|_| random.random::<f64>() * 100.0)));
    let holes: ArrayRef =
        Arc::new((0..rows).map(|_| random.random_bool(0.9).then(|| random.random::<f64>())).collect::<Float64Array>());
    let status: ArrayRef = Arc::new(Int32Array::from_iter_values((0..rows).map(|_| random.random_range(0..5))));
    let devices: StringArray = (0..1000usize)
        .map(|device| {
            Some(format!("sensor-{device:03}{:0width$x}", random.random_range(0..1u64 << 31), width = 8 + device % 5))
        })
        .collect();
    let device_keys: Int32Array = (0..rows).map(|_| Some(random.random_range(0..1000))).collect();
    let device = keyed(&device_keys, &devices);
    let message_keys: Int32Array = (0..rows).map(|_| Some(random.random_range(0..5))).collect();
    let msg = keyed(&message_keys, &StringArray::from(MESSAGES.to_vec()));
    let unique: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..rows).map(|row| format!("order {row:08} {:06}", random.random_range(0..1_000_000))),
    ));
    let column = |name, values: &ArrayRef, ways: &[_]| Column { name, values: values.clone(), ways: ways.to_vec() };
    vec![
        column("ts", &ts, &[delta, plain, plain_zstd, dictionary]),
        column("temp", &temp, &[dictionary, dictionary_zstd, plain, plain_zstd]),
        column("hum", &hum, &[plain, dictionary, plain_zstd]),
        column("hum, tenth nulls", &holes, &[plain]),
        column("status", &status, &[dictionary, delta, plain]),
        column("device", &plain_of(&device), &[dictionary, dictionary_zstd, plain, plain_zstd]),
        column("device as keys", &device, &[dictionary, dictionary_zstd, plain]),
        column("msg", &plain_of(&msg), &[dictionary, dictionary_zstd, plain]),
        column("msg as keys", &msg, &[dictionary, dictionary_zstd]),
        column("no nulls, unique", &unique, &[plain, plain_zstd, dictionary]),
    ]
}

fn keyed(keys: &Int32Array, values: &StringArray) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(keys.clone(), Arc::new(values.clone())))
}

fn plain_of(values: &ArrayRef) -> ArrayRef {
    match values.as_any().downcast_ref::<DictionaryArray<Int32Type>>().map(|keyed| keyed.downcast_dict::<StringArray>())
    {
        Some(Some(texts)) => Arc::new(texts.into_iter().collect::<StringArray>()),
        _ => values.clone(),
    }
}

/// The Parquet crate's writer and the engine's own, in turns.
fn measure(values: &ArrayRef, way: ColumnWay, rounds: usize) -> Result<[Cost; 2], ParquetError> {
    let data_type = match values.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        flat => flat.clone(),
    };
    let writers = ColumnWriters::new(&Arc::new(Field::new("c", data_type, true)))?;
    let mut least = [Cost { nanoseconds: f64::INFINITY, bytes: 0.0 }; 2];
    for _ in 0..rounds {
        let turns: [&dyn Fn() -> Result<Vec<ColumnChunk>, ParquetError>; 2] =
            [&|| writers.encode_by_crate(&[way], values), &|| writers.encode(&[way], values)];
        for (least, turn) in least.iter_mut().zip(turns) {
            let before = thread_nanoseconds();
            let chunks = turn()?;
            let nanoseconds = (thread_nanoseconds() - before) / values.len() as f64;
            let bytes: u64 = chunks.iter().map(|chunk| chunk.close().bytes_written).sum();
            if nanoseconds < least.nanoseconds {
                *least = Cost { nanoseconds, bytes: bytes as f64 / values.len() as f64 };
            }
        }
    }
    Ok(least)
}

#[expect(unsafe_code, reason = "the thread's CPU time is asked of the system")]
fn thread_nanoseconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
