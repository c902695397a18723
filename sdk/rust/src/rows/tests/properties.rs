use super::model::{Datum, random_fields, random_row, read};
use super::{columns, sealed};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field};
use lakehead_protocol::arrow_schema::{from_arrow, to_arrow};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn read_row(batch: &RecordBatch, row: usize) -> Datum {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    Datum::Struct(columns.map(|(field, column)| (field.name().clone(), read(column, row))).collect())
}

fn expect_rows(batch: &RecordBatch, rows: &[Datum], row_type: &DataType) {
    assert_eq!(batch.num_rows(), rows.len());
    for (row, expected) in rows.iter().enumerate() {
        assert_eq!(read_row(batch, row), expected.normal(row_type), "row {row}");
    }
}

proptest! {
    #[test]
    fn rows_of_any_schema_are_read_back_and_spoilt_ones_leave_nothing(seed in any::<u64>()) {
        let mut random = StdRng::seed_from_u64(seed);
        let fields = random_fields(&mut random, 4);
        let row_type = DataType::Struct(fields.clone().into());
        let mut columns = columns(fields.clone());
        for _ in 0..random.random_range(1..4) {
            let mut good = Vec::new();
            for _ in 0..random.random_range(0..60) {
                let mut row = random_row(&mut random, &fields);
                if random.random_bool(0.2) {
                    row.spoil(&mut random);
                    prop_assert!(columns.push(&row).is_err(), "{row:?}");
                } else {
                    columns.push(&row).unwrap();
                    good.push(row);
                }
                prop_assert_eq!(columns.rows(), good.len());
            }
            let batch = sealed(&mut columns);
            expect_rows(&batch, &good, &row_type);
            // The types are the table's, but for dictionaries.
            let table = from_arrow(&arrow::datatypes::Schema::new(fields.clone())).unwrap();
            prop_assert_eq!(from_arrow(&batch.schema()).unwrap(), table.clone());
            prop_assert_eq!(to_arrow(&table).unwrap().fields().len(), batch.num_columns());
        }
    }

    #[test]
    fn json_rows_are_read_back(rows in prop::collection::vec(
        (any::<i64>(), prop::option::of(-1e9f64..1e9), "[a-c]{0,2}", prop::collection::vec(any::<bool>(), 0..3)), 0..40)
    ) {
        let mut columns = columns(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("reading", super::structure(vec![
                Field::new("value", DataType::Float64, true),
                Field::new("unit", DataType::Utf8, false),
            ]), true),
            Field::new("flags", super::list(DataType::Boolean, false), false),
        ]);
        for (id, value, unit, flags) in &rows {
            let row = serde_json::json!({ "flags": flags, "id": id, "reading": { "unit": unit, "value": value } });
            columns.push(&row).unwrap();
        }
        let batch = sealed(&mut columns);
        for (row, (id, value, unit, flags)) in rows.iter().enumerate() {
            let value = value.map_or(Datum::Null, |value| Datum::Double(value.to_bits()));
            let reading = Datum::Struct(vec![("value".into(), value), ("unit".into(), Datum::Text(unit.clone()))]);
            let flags = Datum::Array(flags.iter().copied().map(Datum::Boolean).collect());
            let expected = [("id", Datum::Integer(*id)), ("reading", reading), ("flags", flags)];
            let expected = expected.map(|(name, value)| (name.to_owned(), value)).to_vec();
            prop_assert_eq!(read_row(&batch, row), Datum::Struct(expected));
        }
    }
}

#[test]
fn the_deepest_schema_takes_rows() {
    let mut data_type = DataType::Int32;
    let mut row = serde_json::json!(7);
    let mut expected = Datum::Integer(7);
    for level in 0..lakehead_protocol::limits::NESTING_MAX - 1 {
        if level % 2 == 0 {
            data_type = super::list(data_type, true);
            row = serde_json::json!([null, row]);
            expected = Datum::Array(vec![Datum::Null, expected]);
        } else {
            data_type = super::structure(vec![Field::new("f", data_type, true)]);
            row = serde_json::json!({ "f": row });
            expected = Datum::Struct(vec![("f".into(), expected)]);
        }
    }
    let mut columns = super::one(data_type.clone(), true);
    columns.push(&serde_json::json!({ "c": row })).unwrap();
    columns.push(&serde_json::json!({ "c": null })).unwrap();
    let batch = sealed(&mut columns);
    assert_eq!(read(batch.column(0), 0), expected);
    assert_eq!(read(batch.column(0), 1), Datum::Null);
    let deeper = super::list(data_type, true);
    let schema = arrow::datatypes::Schema::new(vec![Field::new("c", deeper, true)]);
    assert!(super::RowColumns::new(schema.into()).is_err());
}
