use super::model::{Datum, read};
use super::{columns, list, map, one, refused, sealed_one, structure};
use arrow::datatypes::{DataType, Field, TimeUnit};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Row<T> {
    c: T,
}

/// What a column of the type has after one value, or why it has none.
fn stored(data_type: DataType, value: impl Serialize) -> Result<Datum, String> {
    let mut columns = one(data_type, true);
    match columns.push(&Row { c: value }) {
        Ok(()) => Ok(read(&sealed_one(&mut columns), 0)),
        Err(error) => Err(error.to_string()),
    }
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn ntz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

#[test]
fn integers_are_stored_as_far_as_they_fit() {
    let integer = |value: i64| Ok(Datum::Integer(value));
    assert_eq!(stored(DataType::Int8, i8::MIN), integer(-128));
    assert_eq!(stored(DataType::Int8, 127u64), integer(127));
    assert_eq!(stored(DataType::Int16, i64::from(i16::MIN)), integer(-32_768));
    assert_eq!(stored(DataType::Int32, u32::MAX >> 1), integer(i32::MAX.into()));
    assert_eq!(stored(DataType::Int64, i64::MIN), integer(i64::MIN));
    assert_eq!(stored(DataType::Int64, i128::from(i64::MAX)), integer(i64::MAX));
    assert_eq!(stored(DataType::Int64, 7u128), integer(7));
    let refused = [
        stored(DataType::Int8, 128),
        stored(DataType::Int8, -129i16),
        stored(DataType::Int16, 32_768u16),
        stored(DataType::Int32, i64::from(i32::MIN) - 1),
        stored(DataType::Int64, u64::MAX),
        stored(DataType::Int64, i128::MAX),
        stored(DataType::Int64, u128::MAX),
        stored(DataType::Date32, i64::MAX),
        stored(utc(), u64::MAX),
    ];
    for refused in refused {
        assert!(refused.as_ref().is_err_and(|message| message.contains("does not fit")), "{refused:?}");
    }
    assert!(stored(DataType::Int64, 1.0).is_err());
    assert!(stored(DataType::Int64, true).is_err());
    assert!(stored(DataType::Boolean, 1).is_err());
    assert!(stored(DataType::Utf8, 1).is_err());
    assert!(stored(DataType::Utf8, 'é').is_ok_and(|text| text == Datum::Text("é".into())));
}

#[test]
fn floats_hold_what_means_the_same_in_them() {
    let float = |value: f32| Ok(Datum::Float(value.to_bits()));
    let double = |value: f64| Ok(Datum::Double(value.to_bits()));
    for value in [0.0, -0.0, f32::MIN, f32::MAX, f32::MIN_POSITIVE, 1e-45, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(stored(DataType::Float32, value), float(value));
        assert_eq!(stored(DataType::Float32, f64::from(value)), float(value));
        assert_eq!(stored(DataType::Float64, value), double(value.into()));
    }
    for value in [f64::MIN, f64::MAX, 0.1, f64::NAN, f64::INFINITY, 5e-324] {
        assert_eq!(stored(DataType::Float64, value), double(value));
    }
    assert_eq!(stored(DataType::Float32, 1 << 24), float(16_777_216.0));
    assert_eq!(stored(DataType::Float64, -(1i64 << 53)), double(-9_007_199_254_740_992.0));
    assert_eq!(stored(DataType::Float64, i64::MIN), double(-9_223_372_036_854_775_808.0));
    assert_eq!(stored(DataType::Float64, i128::MIN), double(i128::MIN as f64));
    let refused = [
        stored(DataType::Float32, (1 << 24) + 1),
        stored(DataType::Float32, 0.1),
        stored(DataType::Float32, f64::MAX),
        stored(DataType::Float64, (1i64 << 53) + 1),
        stored(DataType::Float64, i64::MAX),
        stored(DataType::Float64, i128::MAX),
        stored(DataType::Float64, u64::MAX),
    ];
    for refused in refused {
        assert!(refused.as_ref().is_err_and(|message| message.contains("does not fit")), "{refused:?}");
    }
    assert!(stored(DataType::Float64, "1.0").is_err());
}

#[test]
fn decimals_are_exact_or_refused() {
    let narrow = DataType::Decimal32(5, 2);
    assert_eq!(stored(narrow.clone(), "999.99"), Ok(Datum::Decimal(99_999, 2)));
    assert_eq!(stored(narrow.clone(), -999), Ok(Datum::Decimal(-99_900, 2)));
    for over in [stored(narrow.clone(), 1_000), stored(narrow.clone(), "1000.00"), stored(narrow.clone(), "1e3")] {
        assert!(
            over.as_ref().is_err_and(|message| message.contains("more digits than decimal(5,2) holds")),
            "{over:?}"
        );
    }
    let message = stored(narrow.clone(), "1.005").unwrap_err();
    assert!(message.contains("\"1.005\" has more digits behind the point than decimal(5,2) keeps"), "{message}");
    assert!(stored(narrow.clone(), 1.5).unwrap_err().contains("a float cannot be stored as decimal(5,2)"));
    assert!(stored(narrow, "much").is_err());
    let most = 10i128.pow(38) - 1;
    assert_eq!(stored(DataType::Decimal128(38, 0), most), Ok(Datum::Decimal(most, 0)));
    assert_eq!(
        stored(DataType::Decimal128(38, 10), format!("-{}", "9".repeat(28))),
        Ok(Datum::Decimal(-most + 9_999_999_999, 10))
    );
    assert!(stored(DataType::Decimal128(38, 0), most + 1).is_err());
    assert!(stored(DataType::Decimal128(38, 38), 1).is_err());
    assert_eq!(stored(DataType::Decimal64(18, 0), 10i64.pow(18) - 1), Ok(Datum::Decimal(10i128.pow(18) - 1, 0)));
}

#[test]
fn times_come_as_text_or_in_the_wires_units() {
    let integer = |value: i64| Ok(Datum::Integer(value));
    assert_eq!(stored(DataType::Date32, "1970-01-02"), integer(1));
    assert_eq!(stored(DataType::Date32, i32::MIN), integer(i32::MIN.into()));
    assert_eq!(stored(utc(), "1970-01-01T01:00:00.000001+01:00"), integer(1));
    assert_eq!(stored(utc(), i64::MAX), integer(i64::MAX));
    assert_eq!(stored(ntz(), "1969-12-31 23:59:59.999999"), integer(-1));
    assert_eq!(stored(ntz(), i64::MIN), integer(i64::MIN));
    assert!(stored(utc(), "1970-01-01T00:00:00").unwrap_err().contains("has no offset"));
    assert!(stored(ntz(), "1970-01-01T00:00:00Z").unwrap_err().contains("has an offset"));
    assert!(stored(utc(), "+999999-01-01T00:00:00Z").unwrap_err().contains("is too far away for timestamp"));
    assert!(stored(DataType::Date32, "yesterday").unwrap_err().contains("\"yesterday\" is no date; send"));
    assert!(stored(utc(), "é".repeat(300)).unwrap_err().contains("…\" is no timestamp"));
}

#[test]
fn bytes_come_whole_or_one_by_one() {
    assert_eq!(stored(DataType::Binary, [0u8, 255]), Ok(Datum::Bytes(vec![0, 255])));
    assert_eq!(stored(DataType::Binary, vec![1i64, 2]), Ok(Datum::Bytes(vec![1, 2])));
    assert_eq!(stored(DataType::Binary, Vec::<u8>::new()), Ok(Datum::Bytes(vec![])));
    assert_eq!(stored(DataType::Binary, serde_json::json!([7, 8])), Ok(Datum::Bytes(vec![7, 8])));
    assert!(stored(DataType::Binary, [1, 256]).unwrap_err().contains("column \"c[1]\": 256 is no byte"));
    assert!(stored(DataType::Binary, [Some(1), None]).unwrap_err().contains("column \"c[1]\": NULL is no byte"));
    assert!(stored(DataType::Binary, "text").unwrap_err().contains("a string cannot be stored as binary"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let point = structure(vec![Field::new("x", DataType::Int64, false), Field::new("y", DataType::Int64, true)]);
    let mut columns = columns(vec![
        Field::new("point", point.clone(), true),
        Field::new("track", list(point, true), true),
        Field::new("counts", map(DataType::Utf8, DataType::Int8), true),
    ]);
    let row = |point, track, counts| serde_json::json!({ "point": point, "track": track, "counts": counts });
    let (none, fine) = (serde_json::Value::Null, serde_json::json!({ "x": 1 }));
    let cases = [
        (
            row(serde_json::json!({ "y": 1, "x": "one" }), none.clone(), none.clone()),
            "column \"point.x\": a string cannot be stored as long; send an integer of 64 bits",
        ),
        (
            row(serde_json::json!({ "y": 1 }), none.clone(), none.clone()),
            "column \"point.x\": is missing in the row, and the column does not allow NULL; send an integer of 64 bits",
        ),
        (
            row(fine.clone(), serde_json::json!([fine, null, { "x": null }]), none.clone()),
            "column \"track[2].x\": is NULL, which the column does not allow; send an integer of 64 bits",
        ),
        (
            row(fine.clone(), none.clone(), serde_json::json!({ "a": 1, "b": 300 })),
            "column \"counts.value\": 300 does not fit byte; send an integer from -128 to 127",
        ),
        (
            row(serde_json::json!({ "x": 1, "z": 1 }), none.clone(), none.clone()),
            "column \"point\": the field \"z\" is none of the columns [\"x\", \"y\"]; \
             rename it, leave it out (#[serde(skip)]), or add it to the table",
        ),
        (
            serde_json::json!({ "point": fine, "nowhere": 1 }),
            "the field \"nowhere\" is none of the columns [\"point\", \"track\", \"counts\"]; \
             rename it, leave it out (#[serde(skip)]), or add it to the table",
        ),
        (serde_json::json!(5), "a row is a struct, or a map with strings as keys, and not an integer"),
    ];
    for (row, message) in cases {
        assert_eq!(refused(&mut columns, &row), message);
    }
    let numbered = BTreeMap::from([(1, "one")]);
    assert!(refused(&mut columns, &numbered).contains("columns are named by strings, and an integer was given"));
    assert!(refused(&mut columns, &None::<Row<i32>>).contains("is NULL"));
    assert_eq!(sealed_one(&mut columns).len(), 0);
}

#[test]
fn types_that_no_column_has_are_refused_at_once() {
    for data_type in [DataType::LargeUtf8, DataType::UInt8, DataType::Time64(TimeUnit::Microsecond), DataType::Date64] {
        let schema = arrow::datatypes::Schema::new(vec![Field::new("c", data_type, true)]);
        assert!(super::RowColumns::new(schema.into()).is_err());
    }
}
