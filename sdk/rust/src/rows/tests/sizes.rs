//! How well the size of rows under construction is guessed.

use super::model::{random_fields, random_row};
use super::{RowColumns, columns, sealed};
use arrow::array::{Array, ArrayData, RecordBatch};
use arrow::datatypes::{DataType, Field};
use lakehead_protocol::batch::ArchivedColumn;
use lakehead_protocol::limits::HEADER_BYTES;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

/// Buffers, records and header of the one frame that the batch is.
fn encoded_bytes(batch: &RecordBatch) -> usize {
    fn records(data: &ArrayData) -> usize {
        // A map's entries are no column of their own on the wire.
        let entries = matches!(data.data_type(), DataType::Map(..));
        usize::from(!entries) + data.child_data().iter().map(records).sum::<usize>()
    }
    let columns = batch.columns().iter().map(|column| {
        let data = column.to_data();
        data.get_slice_memory_size().unwrap() + records(&data) * (size_of::<ArchivedColumn>() + 8)
    });
    HEADER_BYTES + columns.sum::<usize>()
}

fn expect_close(guess: usize, batch: &RecordBatch) {
    let truth = encoded_bytes(batch);
    assert!(guess > truth / 2 && guess < truth * 2, "{guess} guessed, {truth} true of {} rows", batch.num_rows());
}

proptest! {
    #[test]
    fn rows_of_any_schema(seed in any::<u64>()) {
        let mut random = StdRng::seed_from_u64(seed);
        let fields = random_fields(&mut random, 3);
        let mut columns = columns(fields.clone());
        for _ in 0..3 {
            for _ in 0..random.random_range(0..300) {
                columns.push(&random_row(&mut random, &fields)).unwrap();
            }
            let guess = columns.bytes();
            expect_close(guess, &sealed(&mut columns));
        }
    }
}

#[derive(Serialize)]
struct Row {
    c: String,
}

fn texts(columns: &mut RowColumns, texts: impl Iterator<Item = String>) {
    for c in texts {
        columns.push(&Row { c }).unwrap();
    }
    let guess = columns.bytes();
    expect_close(guess, &sealed(columns));
}

#[test]
fn texts_of_every_kind_and_length() {
    let mut columns = columns(vec![Field::new("c", DataType::Utf8, false)]);
    texts(&mut columns, std::iter::once("x".repeat(1_000_000)));
    texts(&mut columns, (0..10_000).map(|row| format!("device {}", row % 50)));
    texts(&mut columns, (0..10_000).map(|row| format!("device {row}")));
    texts(&mut columns, (0..20).map(|row| "y".repeat(row * row * row)));
    texts(&mut columns, (0..1_000).map(|_| String::new()));
}
