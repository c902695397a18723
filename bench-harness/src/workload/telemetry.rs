//! The columns of `telemetry` that come from the pool.
//!
//! With `ts` and `hum` a row has 8 + 8 + 8 + 4 bytes of numbers, a device name of 20 bytes and a message of 13 on average,
//! and 4 bytes of offset for each string: 69.

use super::pool::nullable_columns;
use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Rows before the pooled columns repeat: longer than any Parquet page, so that a codec finds no repetition in one.
pub const PERIOD: usize = 1 << 20;
const DEVICES: usize = 1_000;
const STATUSES: [i32; 5] = [0, 1, 2, 3, 4];
/// 65 bytes in all, 13 on average.
const MESSAGES: [&str; 5] = ["ok", "battery low", "sensor restart", "link re-established", "calibration overdue"];

/// `temp`, `status`, `device` and `msg`, in this order.
pub fn pooled_columns(random: &mut ChaCha8Rng) -> Result<RecordBatch, ArrowError> {
    let devices = device_names(random);
    let temp: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..PERIOD).map(|_| f64::from(random.random_range(0..1_000)) / 20.0)));
    let status: ArrayRef =
        Arc::new(Int32Array::from_iter_values((0..PERIOD).map(|_| STATUSES[random.random_range(0..STATUSES.len())])));
    let device: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..PERIOD).map(|_| &devices[random.random_range(0..DEVICES)])));
    let msg: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..PERIOD).map(|_| MESSAGES[random.random_range(0..MESSAGES.len())])));
    let columns = [("temp", temp), ("status", status), ("device", device), ("msg", msg)];
    nullable_columns(columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect())
}

/// 18 to 22 bytes each, 20 on average: two names a byte shorter for every two a byte longer.
fn device_names(random: &mut ChaCha8Rng) -> Vec<String> {
    (0..DEVICES)
        .map(|device| {
            let tail = 8 + device % 5;
            let suffix: String =
                (0..tail).map(|_| char::from(b"0123456789abcdef"[random.random_range(0..16)])).collect();
            format!("sensor-{device:03}{suffix}")
        })
        .collect()
}
