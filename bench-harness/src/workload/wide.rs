//! `wide`: 105 columns of mixed types, a third of their values null.
//!
//! `ts` and `id` are computed per batch; the other 103 columns are pooled.

use super::pool::nullable_columns;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

pub const PERIOD: usize = 1 << 15;
pub const POOLED_COLUMNS: usize = 103;
const WORDS: [&str; 8] = ["north", "south", "east", "west", "idle", "running", "stopped", "maintenance due"];

/// `c000` to `c102`, their types taken in turns.
pub fn pooled_columns(random: &mut ChaCha8Rng) -> Result<RecordBatch, ArrowError> {
    nullable_columns(
        (0..POOLED_COLUMNS).map(|column| (format!("c{column:03}"), pooled_column(column, random))).collect(),
    )
}

fn pooled_column(column: usize, random: &mut ChaCha8Rng) -> ArrayRef {
    match column % 10 {
        0 => filled::<Int32Array, _>(random, |random| random.random_range(0..100)),
        1 => filled::<Int64Array, _>(random, |random| random.random_range(0..1_000_000_000_000_i64)),
        2 => filled::<Float64Array, _>(random, |random| random.random_range(0.0..1.0)),
        3 => filled::<Float64Array, _>(random, |random| f64::from(random.random_range(0..500)) / 4.0),
        4 => filled::<StringArray, _>(random, |random| WORDS[random.random_range(0..WORDS.len())]),
        5 => filled::<StringArray, _>(random, |random| format!("{:012x}", random.random::<u64>() >> 16)),
        6 => filled::<BooleanArray, _>(random, |random| random.random_bool(0.5)),
        7 => filled::<Date32Array, _>(random, |random| random.random_range(19_000..20_500)),
        8 => filled::<Float32Array, _>(random, |random| random.random_range(-1.0..1.0_f32)),
        _ if column % 20 == 9 => filled::<Int16Array, _>(random, |random| random.random_range(-300..300_i16)),
        _ => {
            let instants = |random: &mut ChaCha8Rng| 1_767_225_600_000_000 + random.random_range(0..86_400_000_000_i64);
            let values: TimestampMicrosecondArray =
                (0..PERIOD).map(|_| present(random).then(|| instants(random))).collect();
            Arc::new(values.with_timezone("UTC"))
        }
    }
}

fn filled<A, V>(random: &mut ChaCha8Rng, mut value: impl FnMut(&mut ChaCha8Rng) -> V) -> ArrayRef
where
    A: FromIterator<Option<V>> + Array + 'static,
{
    let values: A = (0..PERIOD).map(|_| present(random).then(|| value(random))).collect();
    Arc::new(values)
}

fn present(random: &mut ChaCha8Rng) -> bool {
    random.random_ratio(2, 3)
}
