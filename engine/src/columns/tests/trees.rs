//! Columns of all types, nested, plain and encoded, against the model.

use super::super::layout::Layout;
use super::super::table_builder::{RowGroupSize, TableBuilder};
use super::generate::Generator;
use super::value::Value;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::{ArchivedBatch, Batch};
use lakehead_protocol::schema::Schema;
use lakehead_protocol::{FrameBuffer, archive, batch_check};
use proptest::prelude::*;
use rand::Rng;
use std::sync::Arc;

/// The rows of a sealed row group.
fn rows_of(sealed: &RecordBatch) -> Vec<Vec<Value>> {
    let row = |row| sealed.columns().iter().map(|column| Value::read(column, row)).collect();
    (0..sealed.num_rows()).map(row).collect()
}

/// The type without dictionaries.
fn decoded(data_type: &DataType) -> DataType {
    let field = |field: &arrow::datatypes::FieldRef| {
        Arc::new(field.as_ref().clone().with_data_type(decoded(field.data_type())))
    };
    match data_type {
        DataType::Dictionary(keys, values) if **keys == DataType::Int32 => values.as_ref().clone(),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::List(element) => DataType::List(field(element)),
        DataType::Map(pairs, sorted) => DataType::Map(field(pairs), *sorted),
        other => other.clone(),
    }
}

pub fn append(builder: &mut TableBuilder, batch: &Batch, layout: &Layout, skip: usize, rows: usize) {
    let bytes = archive::append(FrameBuffer::new(), batch).unwrap();
    let view = archive::access::<ArchivedBatch>(&bytes).unwrap();
    assert_eq!(batch_check::check(view, &layout.schema, rows as u32), Ok(()));
    builder.append(view, layout, skip, rows, bytes.len());
}

pub fn assert_sealed(builder: &mut TableBuilder, table: &Schema, expected: &mut Vec<Vec<Value>>) {
    assert_eq!(builder.rows(), expected.len());
    let Some(sealed) = builder.seal().unwrap() else { return assert!(expected.is_empty()) };
    for (column, field) in sealed.columns().iter().zip(to_arrow(table).unwrap().fields()) {
        column.to_data().validate_full().unwrap();
        assert_eq!(decoded(column.data_type()), *field.data_type());
    }
    assert_eq!(rows_of(&sealed), *expected);
    expected.clear();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_appended_reads_back_equal(seed in any::<u64>(), encoded in prop::sample::select(vec![0.0, 0.5, 1.0])) {
        let mut generator = Generator::new(seed, encoded);
        let table = generator.table(4, 5);
        let mut builder = TableBuilder::new(Arc::new(to_arrow(&table).unwrap()), RowGroupSize::default()).unwrap();
        let mut expected = Vec::new();
        for _ in 0..generator.random().random_range(1..7) {
            let announced = generator.announced(&table);
            let layout = Layout::match_columns(&announced, &table).unwrap();
            let count = generator.random().random_range(0..25);
            let rows: Vec<Vec<Value>> = (0..count).map(|_| generator.row(&table)).collect();
            let batch = generator.batch(&table, &announced, &rows);
            let skip = if generator.random().random() { 0 } else { generator.random().random_range(0..=count) };
            append(&mut builder, &batch, &layout, skip, count);
            expected.extend_from_slice(&rows[skip..]);
            if generator.random().random_bool(0.2) {
                assert_sealed(&mut builder, &table, &mut expected);
            }
        }
        assert_sealed(&mut builder, &table, &mut expected);
        prop_assert!(builder.seal().unwrap().is_none());
    }
}
