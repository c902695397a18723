use super::super::tests::{flat_rows, flat_schema, write};
use super::*;
use arrow::array::*;
use arrow::datatypes::{Schema, TimeUnit};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn one_column(values: ArrayRef) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("c", values.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![values]).unwrap()
}

fn statistics(groups: Vec<ArrayRef>) -> Value {
    let groups: Vec<_> = groups.into_iter().map(one_column).collect();
    serde_json::from_str(&write(&groups).statistics.to_json()).unwrap()
}

fn bounds(groups: Vec<ArrayRef>) -> (Value, Value) {
    let statistics = statistics(groups);
    (statistics["minValues"]["c"].clone(), statistics["maxValues"]["c"].clone())
}

fn array<T: Array + 'static>(values: T) -> ArrayRef {
    Arc::new(values)
}

#[test]
fn row_groups_are_merged() {
    let first = array(Int64Array::from(vec![Some(5), None, Some(i64::MAX)]));
    let second = array(Int64Array::from(vec![None, None]));
    let third = array(Int64Array::from(vec![i64::MIN, 7]));
    let expected = json!({
        "numRecords": 7, "minValues": {"c": i64::MIN}, "maxValues": {"c": i64::MAX}, "nullCount": {"c": 3},
        "tightBounds": true
    });
    assert_eq!(statistics(vec![first, second, third]), expected);
}

#[test]
fn nulls_alone_have_no_bounds() {
    let expected =
        json!({"numRecords": 2, "minValues": {}, "maxValues": {}, "nullCount": {"c": 2}, "tightBounds": true});
    assert_eq!(statistics(vec![array(Float64Array::from(vec![None, None]))]), expected);
}

#[test]
fn dates_and_timestamps_are_texts_and_round_outwards() {
    let dates = array(Date32Array::from(vec![18_292, -1]));
    assert_eq!(bounds(vec![dates]), (json!("1969-12-31"), json!("2020-01-31")));
    let microseconds = vec![1_580_472_000_123_456, 1_580_472_000_123_000];
    let utc = array(TimestampMicrosecondArray::from(microseconds.clone()).with_timezone("UTC"));
    assert_eq!(bounds(vec![utc]), (json!("2020-01-31T12:00:00.123Z"), json!("2020-01-31T12:00:00.124Z")));
    let local = array(TimestampMicrosecondArray::from(microseconds));
    assert_eq!(bounds(vec![local]), (json!("2020-01-31T12:00:00.123"), json!("2020-01-31T12:00:00.124")));
}

#[test]
fn a_nan_anywhere_takes_the_bounds_away_and_infinities_their_own() {
    let numbers = || array(Float64Array::from(vec![1.5, -2.5]));
    assert_eq!(bounds(vec![numbers()]), (json!(-2.5), json!(1.5)));
    let nan = array(Float64Array::from(vec![f64::NAN, 1.0]));
    assert_eq!(bounds(vec![numbers(), nan, numbers()]), (Value::Null, Value::Null));
    let infinite = array(Float32Array::from(vec![f32::INFINITY, 1.0]));
    assert_eq!(bounds(vec![infinite]), (json!(1.0), Value::Null));
}

#[test]
fn zeros_hold_for_readers_who_tell_them_apart() {
    for zeros in [[0.0, 0.0], [-0.0, -0.0], [0.0, -0.0]] {
        let file = write(&[one_column(array(Float64Array::from(zeros.to_vec())))]);
        assert!(file.statistics.to_json().contains(r#""minValues":{"c":-0.0},"maxValues":{"c":0.0}"#));
    }
}

#[test]
fn decimals_have_all_their_digits() {
    let wide = vec![-12_345_678_901_234_567_890_123_456_789_012_345_678_i128, 5];
    let file = write(&[one_column(array(Decimal128Array::from(wide).with_precision_and_scale(38, 10).unwrap()))]);
    let text = file.statistics.to_json();
    assert!(text.contains(r#""minValues":{"c":-1234567890123456789012345678.9012345678}"#), "{text}");
    assert!(text.contains(r#""maxValues":{"c":0.0000000005}"#), "{text}");
    let narrow = array(Decimal32Array::from(vec![-5, 12_345]).with_precision_and_scale(7, 2).unwrap());
    assert_eq!(bounds(vec![narrow]), (json!(-0.05), json!(123.45)));
    let middle = array(Decimal64Array::from(vec![-7, 9]).with_precision_and_scale(18, 0).unwrap());
    assert_eq!(bounds(vec![middle]), (json!(-7), json!(9)));
}

#[test]
fn texts_are_cut_to_32_characters_and_stay_outside() {
    let long = array(StringArray::from(vec!["ä".repeat(500), "z".repeat(500)]));
    assert_eq!(bounds(vec![long]), (json!("z".repeat(32)), json!(format!("{}å", "ä".repeat(31)))));
    let quotes = array(StringArray::from(vec!["", "\"\n"]));
    assert_eq!(bounds(vec![quotes]), (json!(""), json!("\"\n")));
    let last = array(StringArray::from(vec![char::MAX.to_string().repeat(100)]));
    assert_eq!(bounds(vec![last]), (json!(char::MAX.to_string().repeat(32)), Value::Null));
}

#[test]
fn booleans_and_binaries_have_nulls_only() {
    for values in
        [array(BooleanArray::from(vec![Some(true), None])), array(BinaryArray::from(vec![Some(&b"a"[..]), None]))]
    {
        let expected =
            json!({"numRecords": 2, "minValues": {}, "maxValues": {}, "nullCount": {"c": 1}, "tightBounds": true});
        assert_eq!(statistics(vec![values]), expected);
    }
}

#[test]
fn columns_past_the_32nd_have_nulls_only() {
    let columns = (0..40).map(|column| (format!("c{column:02}"), array(Int32Array::from(vec![1]))));
    let file = write(&[RecordBatch::try_from_iter(columns).unwrap()]);
    let statistics: Value = serde_json::from_str(&file.statistics.to_json()).unwrap();
    assert_eq!(statistics["nullCount"].as_object().unwrap().len(), 40);
    assert_eq!(statistics["minValues"].as_object().unwrap().len(), 32);
    assert_eq!(file.statistics.to_struct().column_by_name("maxValues").unwrap().as_struct().num_columns(), 32);
}

/// `p: struct<x: long, q: struct<tag: string, bits: boolean>, more: array<long>>, n: int`, four rows, the last `p` NULL.
fn nested_rows() -> RecordBatch {
    let list: ArrayRef = array(ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>(vec![
        Some(vec![Some(7)]),
        None,
        Some(vec![]),
        None,
    ]));
    let field = |name: &str, values: &ArrayRef| Arc::new(Field::new(name, values.data_type().clone(), true));
    let tags: ArrayRef = array(StringArray::from(vec![Some("b"), None, Some("a"), Some("hidden")]));
    let bits: ArrayRef = array(BooleanArray::from(vec![true, false, true, true]));
    let q: ArrayRef = array(StructArray::from(vec![(field("tag", &tags), tags), (field("bits", &bits), bits)]));
    let x: ArrayRef = array(Int64Array::from(vec![Some(5), Some(-2), None, Some(1_000)]));
    let fields = vec![field("x", &x), field("q", &q), field("more", &list)];
    let nulls = arrow::buffer::NullBuffer::from(vec![true, true, true, false]);
    let p = array(StructArray::try_new(fields.into(), vec![x, q, list], Some(nulls)).unwrap());
    RecordBatch::try_from_iter_with_nullable([("p", p, true), ("n", array(Int32Array::from(vec![3, 1, 4, 1])), true)])
        .unwrap()
}

#[test]
fn fields_of_structs_have_statistics_in_the_shape_of_the_struct() {
    let file = write(&[nested_rows(), nested_rows()]);
    let found: Value = serde_json::from_str(&file.statistics.to_json()).unwrap();
    let expected = json!({
        "numRecords": 8,
        "minValues": {"p": {"x": -2, "q": {"tag": "a"}}, "n": 1},
        "maxValues": {"p": {"x": 5, "q": {"tag": "b"}}, "n": 4},
        "nullCount": {"p": {"x": 4, "q": {"tag": 4, "bits": 2}}, "n": 0},
        "tightBounds": true
    });
    assert_eq!(found, expected);
    let found = file.statistics.to_struct();
    let mut text = arrow::json::LineDelimitedWriter::new(Vec::new());
    text.write(&RecordBatch::from(found)).unwrap();
    text.finish().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&text.into_inner()).unwrap(), expected);
}

#[test]
fn the_struct_says_what_the_text_says() {
    let values: Vec<_> = [7, 1_000, 2_000].into_iter().map(Some).chain([None]).collect();
    let file = write(&[flat_rows(&values)]);
    let found = file.statistics.to_struct();
    assert_eq!(found.len(), 1);
    let section = |name: &str| found.column_by_name(name).unwrap().as_struct().clone();
    assert_eq!(found.column_by_name("numRecords").unwrap().as_primitive::<arrow::datatypes::Int64Type>().value(0), 4);
    assert_eq!(section("nullCount").num_columns(), 15);
    let (least, greatest) = (section("minValues"), section("maxValues"));
    assert_eq!((least.num_columns(), least.fields()), (13, greatest.fields()));
    let text: Value = serde_json::from_str(&file.statistics.to_json()).unwrap();
    let number = |column: &ArrayRef| arrow::util::display::array_value_to_string(column, 0).unwrap();
    for name in ["c2", "c3", "c4"] {
        assert_eq!(number(greatest.column_by_name(name).unwrap()), text["maxValues"][name].to_string(), "{name}");
    }
    let data_type = greatest.column_by_name("c11").unwrap().data_type().clone();
    assert_eq!(data_type, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert_eq!(greatest.column_by_name("c7").unwrap().data_type(), &DataType::Decimal128(7, 2));
    assert_eq!(text["maxValues"]["c11"], json!("1970-01-01T00:00:00.002Z"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_value_lies_within_the_bounds(
        groups in prop::collection::vec(prop::collection::vec(any::<Option<i64>>(), 1..30), 1..4),
    ) {
        let batches: Vec<_> = groups.iter().map(|values| flat_rows(values)).collect();
        let found = write(&batches).statistics;
        let total = arrow::compute::concat_batches(&flat_schema(), &batches).unwrap();
        prop_assert_eq!(found.rows(), total.num_rows() as u64);
        for (field, nulls) in flat(found.nulls()) {
            prop_assert_eq!(nulls, total.column_by_name(field.name()).unwrap().null_count() as u64);
        }
        for (end, wrong) in [(End::Least, std::cmp::Ordering::Less), (End::Greatest, std::cmp::Ordering::Greater)] {
            for (field, bound) in flat(found.bounds(end)) {
                let column = total.column_by_name(field.name()).unwrap();
                for row in (0..column.len()).filter(|row| column.is_valid(*row)) {
                    let value = value(column, row);
                    if let Some(bound) = &bound {
                        prop_assert_ne!(compare(&value, bound), Some(wrong), "{} {:?} {:?}", field, value, bound);
                        prop_assert!(compare(&value, bound).is_some());
                    }
                }
            }
        }
    }
}

fn flat<T>(told: Vec<Told<'_, T>>) -> Vec<(&Field, T)> {
    let value = |told| match told {
        Told::Value(field, value) => (field, value),
        Told::Fields(field, _) => panic!("{field} is a struct"),
    };
    told.into_iter().map(value).collect()
}

/// A value as a bound, by a way of its own.
fn value(column: &ArrayRef, row: usize) -> Bound {
    let one = column.slice(row, 1);
    match column.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let wide = arrow::compute::cast(&one, &DataType::Float64).unwrap();
            Bound::Float(wide.as_primitive::<arrow::datatypes::Float64Type>().value(0))
        }
        DataType::Utf8 => Bound::Text(one.as_string::<i32>().value(0).to_owned()),
        DataType::Decimal32(..) => {
            Bound::Decimal(one.as_primitive::<arrow::datatypes::Decimal32Type>().value(0).into())
        }
        DataType::Decimal64(..) => {
            Bound::Decimal(one.as_primitive::<arrow::datatypes::Decimal64Type>().value(0).into())
        }
        DataType::Decimal128(..) => Bound::Decimal(one.as_primitive::<arrow::datatypes::Decimal128Type>().value(0)),
        DataType::Date32 => Bound::Integer(one.as_primitive::<arrow::datatypes::Date32Type>().value(0).into()),
        _ => {
            let wide = arrow::compute::cast(&one, &DataType::Int64).unwrap();
            Bound::Integer(wide.as_primitive::<arrow::datatypes::Int64Type>().value(0))
        }
    }
}

fn compare(value: &Bound, bound: &Bound) -> Option<std::cmp::Ordering> {
    match (value, bound) {
        (Bound::Float(value), Bound::Float(bound)) => value.partial_cmp(bound),
        (Bound::Integer(value), Bound::Integer(bound)) => Some(value.cmp(bound)),
        (Bound::Decimal(value), Bound::Decimal(bound)) => Some(value.cmp(bound)),
        (Bound::Text(value), Bound::Text(bound)) => Some(value.cmp(bound)),
        _ => None,
    }
}
