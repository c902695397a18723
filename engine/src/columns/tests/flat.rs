//! Flat columns read back equal, however they were cut into batches and trimmed.

use super::super::layout::Layout;
use super::super::table_builder::{RowGroupSize, TableBuilder};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal32Type, Int64Type};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::{ArchivedBatch, Batch, Column};
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::{FrameBuffer, archive, batch_check};
use proptest::prelude::*;
use std::sync::Arc;

type Row = (Option<i64>, Option<String>, Option<bool>, Option<i32>);

fn table() -> Schema {
    Schema::flat(vec![
        Field::flat("n", DataType::Long, true),
        Field::flat("s", DataType::String, true),
        Field::flat("b", DataType::Boolean, true),
        Field::decimal("d", 7, 2, true),
    ])
}

fn bitmap(bits: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut bytes = vec![0; bits.len().div_ceil(8)];
    bits.enumerate().for_each(|(index, bit)| bytes[index / 8] |= u8::from(bit) << (index % 8));
    bytes
}

fn column<'a, T: 'a>(rows: &'a [Row], get: impl Fn(&'a Row) -> &'a Option<T>) -> Column {
    let present = || rows.iter().map(|row| get(row).is_some());
    let validity = if present().all(|some| some) { Vec::new() } else { bitmap(present()) };
    Column { length: rows.len() as u32, validity, ..Column::default() }
}

/// The rows as a batch, columns in reverse order.
fn batch(rows: &[Row]) -> Batch {
    let mut n = column(rows, |row| &row.0);
    n.values = rows.iter().flat_map(|row| row.0.unwrap_or(77).to_le_bytes()).collect();
    let mut s = column(rows, |row| &row.1);
    s.offsets = vec![0];
    for row in rows {
        s.values.extend_from_slice(row.1.as_deref().unwrap_or("").as_bytes());
        s.offsets.push(s.values.len() as u32);
    }
    let mut b = column(rows, |row| &row.2);
    b.values = bitmap(rows.iter().map(|row| row.2.unwrap_or(true)));
    let mut d = column(rows, |row| &row.3);
    d.values = rows.iter().flat_map(|row| row.3.unwrap_or(i32::MAX).to_le_bytes()).collect();
    Batch { columns: vec![d, b, s, n] }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(
        (
            any::<Option<i64>>(),
            prop::option::of(".{0,6}"),
            any::<Option<bool>>(),
            prop::option::of(-9_999_999..=9_999_999i32),
        ),
        0..40,
    )
}

proptest! {
    #[test]
    fn appended_rows_read_back_equal(batches in prop::collection::vec((rows(), any::<prop::sample::Index>()), 1..6)) {
        let table = table();
        let mut announced = table.clone();
        announced.columns.reverse();
        let layout = Layout::match_columns(&announced, &table).unwrap();
        let mut builder = TableBuilder::new(Arc::new(to_arrow(&table).unwrap()), RowGroupSize::default()).unwrap();
        let mut expected = Vec::new();
        for (rows, skip) in &batches {
            let skip = skip.index(rows.len() + 1);
            let bytes = archive::append(FrameBuffer::new(), &batch(rows)).unwrap();
            let view = archive::access::<ArchivedBatch>(&bytes).unwrap();
            prop_assert_eq!(batch_check::check(view, &layout.schema, rows.len() as u32), Ok(()));
            builder.append(view, &layout, skip, rows.len(), bytes.len());
            expected.extend_from_slice(&rows[skip..]);
        }
        prop_assert_eq!(builder.rows(), expected.len());
        let Some(sealed) = builder.seal().unwrap() else {
            prop_assert!(expected.is_empty());
            return Ok(());
        };
        prop_assert_eq!(builder.rows(), 0);
        sealed.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
        let (n, s) = (sealed.column(0).as_primitive::<Int64Type>(), sealed.column(1).as_string::<i32>());
        let (b, d) = (sealed.column(2).as_boolean(), sealed.column(3).as_primitive::<Decimal32Type>());
        for (index, row) in expected.iter().enumerate() {
            prop_assert_eq!(n.is_valid(index).then(|| n.value(index)), row.0);
            prop_assert_eq!(s.is_valid(index).then(|| s.value(index)), row.1.as_deref());
            prop_assert_eq!(b.is_valid(index).then(|| b.value(index)), row.2);
            prop_assert_eq!(d.is_valid(index).then(|| d.value(index)), row.3);
        }
    }
}

#[test]
fn a_builder_is_full_by_rows_or_bytes() {
    let table = table();
    let layout = Layout::match_columns(&table, &table).unwrap();
    let size = RowGroupSize { rows: 3, bytes: 1 << 20 };
    let mut builder = TableBuilder::new(Arc::new(to_arrow(&table).unwrap()), size).unwrap();
    let mut reversed = batch(&[(Some(1), None, None, None), (Some(2), None, None, None)]);
    reversed.columns.reverse();
    let bytes = archive::append(FrameBuffer::new(), &reversed).unwrap();
    let view = archive::access::<ArchivedBatch>(&bytes).unwrap();
    builder.append(view, &layout, 0, 2, bytes.len());
    assert!(!builder.is_full());
    builder.append(view, &layout, 1, 2, bytes.len());
    assert!(builder.is_full());
    assert_eq!(builder.seal().unwrap().unwrap().num_rows(), 3);
    assert!(!builder.is_full() && builder.seal().unwrap().is_none());
}
