use super::*;
use lakehead_protocol::batch::{Batch, Column, ENCODING_DICTIONARY};
use lakehead_protocol::schema::Field;
use lakehead_protocol::{FrameBuffer, archive};
use std::iter::once;

fn rendered(schema: &Schema, columns: Vec<Column>, rows: u32, wanted: impl Iterator<Item = Range<u32>>) -> Vec<String> {
    let bytes = archive::append(FrameBuffer::new(), &Batch { columns }).unwrap();
    let batch = archive::access::<ArchivedBatch>(&bytes).unwrap();
    let values = json_rows(batch, schema, rows, wanted).unwrap();
    values.iter().map(Value::to_string).collect()
}

fn texts(values: &[&[u8]]) -> Column {
    let mut column = Column { length: values.len() as u32, offsets: vec![0], ..Column::default() };
    for value in values {
        column.values.extend_from_slice(value);
        column.offsets.push(column.values.len() as u32);
    }
    column
}

fn fixed<const N: usize>(values: &[[u8; N]]) -> Column {
    Column { length: values.len() as u32, values: values.concat(), ..Column::default() }
}

fn one(field: Field, column: Column) -> Vec<String> {
    let (name, rows) = (field.name.clone(), column.length);
    let rows = rendered(&Schema::flat(vec![field]), vec![column], rows, once(0..rows));
    rows.iter().map(|row| row.trim_start_matches(&format!("{{\"{name}\":")).trim_end_matches('}').to_owned()).collect()
}

#[test]
fn every_kind_of_value_is_told_without_loss() {
    let flat = |kind| Field::flat("v", kind, false);
    let nulls = Column { validity: vec![0b01], ..fixed(&[7i64.to_le_bytes(), 8i64.to_le_bytes()]) };
    assert_eq!(one(flat(DataType::Long), nulls), ["7", "null"]);
    let doubles = [0.1f64, f64::NAN, f64::NEG_INFINITY].map(f64::to_le_bytes);
    assert_eq!(one(flat(DataType::Double), fixed(&doubles)), ["0.1", "\"NaN\"", "\"-inf\""]);
    assert_eq!(one(flat(DataType::Float), fixed(&[0.1f32.to_le_bytes()])), ["0.1"]);
    let days = [19_782i32, i32::MAX].map(i32::to_le_bytes);
    assert_eq!(one(flat(DataType::Date), fixed(&days)), ["\"2024-02-29\"", &i32::MAX.to_string()]);
    let times = [1_709_208_000_000_001i64, i64::MAX].map(i64::to_le_bytes);
    let expected = ["\"2024-02-29T12:00:00.000001Z\"".to_owned(), i64::MAX.to_string()];
    assert_eq!(one(flat(DataType::Timestamp), fixed(&times)), expected);
}

#[test]
fn what_keeps_a_row_out_of_its_table_does_not_keep_it_out_of_here() {
    let strings = texts(&[b"caf\xc3\xa9", b"\xff\x00", b""]);
    let expected = ["\"café\"", "{\"not_utf8\":\"ff00\"", "\"\""];
    assert_eq!(one(Field::flat("s", DataType::String, false), strings), expected);
    let binary = texts(&[b"\x00\x01"]);
    assert_eq!(one(Field::flat("b", DataType::Binary, false), binary), ["{\"hex\":\"0001\""]);
    let decimal = Field { precision: 4, scale: 2, ..Field::flat("d", DataType::Decimal, false) };
    let digits = fixed(&[12_345_678i32.to_le_bytes(), 150i32.to_le_bytes()]);
    assert_eq!(one(decimal, digits), ["\"123456.78\"", "\"1.50\""]);
}

#[test]
fn only_the_wanted_rows_are_told_and_keys_are_looked_up() {
    let keys = [1u32, 0, 1].map(u32::to_le_bytes);
    let keys = Column { encoding: ENCODING_DICTIONARY, children: vec![2], ..fixed(&keys) };
    let numbers = fixed(&[1i64, 2, 3].map(i64::to_le_bytes));
    let fields = vec![Field::flat("s", DataType::String, false), Field::flat("n", DataType::Long, false)];
    let columns = vec![keys, numbers, texts(&[b"zero", b"one"])];
    let rows = rendered(&Schema::flat(fields), columns, 3, [0..1, 2..3].into_iter());
    assert_eq!(rows, ["{\"n\":1,\"s\":\"one\"}", "{\"n\":3,\"s\":\"one\"}"]);
}

#[test]
fn nested_values_are_told_by_their_shape() {
    let field = |name: &str, kind: DataType, children: Vec<u32>| Field { children, ..Field::flat(name, kind, false) };
    let fields = vec![
        field("a", DataType::Array, vec![1]),
        field("element", DataType::Struct, vec![2]),
        field("x", DataType::Long, vec![]),
        field("m", DataType::Map, vec![4, 5]),
        field("key", DataType::String, vec![]),
        field("value", DataType::Long, vec![]),
    ];
    let schema = Schema { fields, columns: vec![0, 3] };
    let list = |children: Vec<u32>, offsets: Vec<u32>| Column { length: 1, children, offsets, ..Column::default() };
    let columns = vec![
        list(vec![2], vec![0, 2]),
        list(vec![4, 5], vec![0, 1]),
        Column { length: 2, children: vec![3], validity: vec![0b01], ..Column::default() },
        fixed(&[1i64, 2].map(i64::to_le_bytes)),
        texts(&[b"k"]),
        fixed(&[9i64.to_le_bytes()]),
    ];
    assert_eq!(
        rendered(&schema, columns, 1, once(0..1)),
        ["{\"a\":[{\"x\":1},null],\"m\":[{\"key\":\"k\",\"value\":9}]}"]
    );
}
