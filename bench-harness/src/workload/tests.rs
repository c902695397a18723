use super::{Kind, RowNumber, Workload, row_bytes};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use clap::ValueEnum;
use proptest::prelude::*;
use std::collections::HashSet;

const BATCH_ROWS_MAX: usize = 4_096;

fn workload(kind: Kind, seed: u64) -> Workload {
    Workload::new(kind, seed, BATCH_ROWS_MAX).unwrap()
}

fn batches(workload: &Workload, stream: u64, rows: usize, batch_rows: usize) -> RecordBatch {
    let batches: Vec<_> = (0..rows)
        .step_by(batch_rows)
        .map(|first| workload.batch(stream, "one", first as u64, batch_rows.min(rows - first)).unwrap())
        .collect();
    concat_batches(&workload.schema(), &batches).unwrap()
}

#[test]
fn rows_depend_on_the_seed_alone_not_on_batch_sizes() {
    for kind in Kind::value_variants() {
        let (here, there, other) = (workload(*kind, 7), workload(*kind, 7), workload(*kind, 8));
        let rows = batches(&here, 3, 5_000, 4_000);
        assert_eq!(rows, batches(&there, 3, 5_000, 17));
        assert_ne!(rows, batches(&other, 3, 5_000, 4_000));
        assert_ne!(rows, batches(&here, 4, 5_000, 4_000));
    }
}

#[test]
fn telemetry_rows_have_69_bytes() {
    let rows = batches(&workload(Kind::Telemetry, 1), 0, 100_000, BATCH_ROWS_MAX);
    let bytes = row_bytes(&rows).unwrap() as f64 / rows.num_rows() as f64;
    assert!((bytes - 69.0).abs() < 0.2, "{bytes}");
}

#[test]
fn telemetry_columns_have_the_promised_number_of_values() {
    let rows = batches(&workload(Kind::Telemetry, 1), 0, 100_000, BATCH_ROWS_MAX);
    let column = |name: &str| rows.column_by_name(name).unwrap();
    let values = |name: &str| {
        column(name).as_primitive::<Float64Type>().values().iter().map(|value| value.to_bits()).collect::<HashSet<_>>()
    };
    let strings = |name: &str| column(name).as_string::<i32>().iter().flatten().collect::<HashSet<_>>();
    assert_eq!(values("temp").len(), 1_000);
    assert_eq!(values("hum").len(), 100_000);
    assert_eq!((strings("device").len(), strings("msg").len()), (1_000, 5));
}

#[test]
fn events_have_a_kilobyte_and_wide_has_105_columns_a_third_null() {
    let events = batches(&workload(Kind::Events1k, 1), 0, 4_096, 1_024);
    let bytes = row_bytes(&events).unwrap() / 4_096;
    assert!((950..1_100).contains(&bytes), "{bytes}");

    let wide = batches(&workload(Kind::Wide, 1), 0, 4_096, 1_024);
    assert_eq!(wide.num_columns(), 105);
    let nulls: usize = wide.columns().iter().map(|column| column.null_count()).sum();
    let share = nulls as f64 / (4_096.0 * 105.0);
    assert!((0.32..0.34).contains(&share), "{share}");
}

#[test]
fn a_timestamp_names_its_row() {
    for kind in Kind::value_variants() {
        let workload = workload(*kind, 5);
        for stream in [0, 1, 77] {
            let first = 1 << 33;
            let batch = workload.batch(stream, "one", first, 2_000).unwrap();
            let timestamps = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
            for (row, timestamp) in (first..).zip(timestamps) {
                assert_eq!(RowNumber::from_timestamp_us(*timestamp), Some(RowNumber { stream, row }));
            }
        }
    }
    assert_eq!(RowNumber::from_timestamp_us(0), None);
}

#[test]
fn verified_rows_name_their_stream_and_offset() {
    let batch = workload(Kind::TelemetryVerified, 5).batch(2, "bench-2", 1_000, 3).unwrap();
    let streams: Vec<_> = batch.column_by_name("stream").unwrap().as_string::<i32>().iter().flatten().collect();
    assert_eq!(streams, ["bench-2"; 3]);
    assert_eq!(batch.column_by_name("seq").unwrap().as_primitive::<Int64Type>().values(), &[1_000, 1_001, 1_002]);
}

#[test]
fn a_batch_longer_than_built_for_is_refused() {
    assert!(workload(Kind::Tiny, 5).batch(0, "one", 0, BATCH_ROWS_MAX + 1).is_err());
}

proptest! {
    #[test]
    fn timestamps_round_trip(stream in 0_u64..500_000, row in 0..super::row_number::ROWS_PER_STREAM_MAX, random: u64) {
        let number = RowNumber { stream, row };
        prop_assert_eq!(RowNumber::from_timestamp_us(number.timestamp_us(random)), Some(number));
    }
}

#[test]
fn dictionaries_are_the_same_rows_and_bytes() {
    let plain = workload(Kind::TelemetryVerified, 5);
    let encoded = workload(Kind::TelemetryVerified, 5).with_dictionaries().unwrap();
    let (one, other) = (plain.batch(2, "s", 70, 90).unwrap(), encoded.batch(2, "s", 70, 90).unwrap());
    assert_ne!(one.schema(), other.schema());
    for (column, encoded) in one.columns().iter().zip(other.columns()) {
        assert_eq!(&arrow::compute::cast(encoded, column.data_type()).unwrap(), column);
    }
    assert_eq!(row_bytes(&one).unwrap(), row_bytes(&other).unwrap());
}
