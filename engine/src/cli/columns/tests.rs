use super::parse::parse;
use super::print::columns;
use super::same::difference;
use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use proptest::prelude::*;
use std::sync::Arc;

#[test]
fn definitions_of_both_dialects_mean_the_same() {
    let ours = "id long not null, tags array<string>, price decimal(10,2), pos struct<x: double, y: double not null>, \
                at timestamp, m map<string, integer not null>, `odd name` byte";
    let spark = "ID BIGINT NOT NULL, tags ARRAY<STRING>, price NUMERIC(10, 2) NULL, pos STRUCT<x DOUBLE, y: DOUBLE NOT NULL>,\n\
                 at TIMESTAMP_LTZ, m MAP<STRING NOT NULL, INT NOT NULL>, \"odd name\" TINYINT";
    let (ours, spark) = (parse(ours).unwrap(), parse(spark).unwrap());
    assert_eq!(difference(&ours, &spark), None);
    assert_eq!(ours.field(2).data_type(), &DataType::Decimal64(10, 2));
    assert_eq!(parse("d decimal").unwrap().field(0).data_type(), &DataType::Decimal64(10, 0));
    assert!(!ours.field(0).is_nullable() && ours.field(1).is_nullable());
    let DataType::Struct(fields) = ours.field(3).data_type() else { panic!("struct") };
    assert_eq!((fields[0].is_nullable(), fields[1].is_nullable()), (true, false));
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_what_was_expected() {
    for (text, at, expected) in [
        ("", 1, "expected a column's name, found the end"),
        ("id", 3, "expected a type: boolean"),
        ("id bigit", 4, "found \"bigit\""),
        ("id bigint not", 14, "\"null\" after \"not\""),
        ("id bigint nut null", 11, "expected \",\" or \"not null\", found \"nut\""),
        ("id bigint,", 11, "a column's name"),
        ("d decimal(39)", 11, "1 to 38"),
        ("d decimal(5,6)", 13, "0 to 5"),
        ("d decimal(5 6)", 13, "\",\" or \")\""),
        ("a array string", 9, "\"<\""),
        ("a array<string", 15, "\">\""),
        ("m map<string>", 13, "type of the values"),
        ("s struct<>", 10, "a column's name"),
        ("s struct<a: int, A: int>", 18, "two fields \"A\""),
        ("a int, A int", 8, "two columns \"A\""),
        ("a-b int", 2, "backticks"),
        ("`a int", 1, "never closed"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.at, at, "{text:?}: {error}");
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
    }
    let deep = format!("a {}int{}", "array<".repeat(1_000), ">".repeat(1_000));
    assert!(parse(&deep).unwrap_err().to_string().contains("levels at most"));
}

#[test]
fn a_difference_is_named() {
    let table = parse("a int, b string").unwrap();
    for (wanted, part) in [
        ("a int, b string not null", "\"b string\" where \"b string not null\""),
        ("a int", "\"b string\" besides"),
        ("a int, b string, c int", "lacks the column \"c integer\""),
        ("b string, a int", "where"),
    ] {
        let difference = difference(&parse(wanted).unwrap(), &table).unwrap();
        assert!(difference.contains(part), "{difference}");
    }
}

fn flat() -> impl Strategy<Value = DataType> {
    prop_oneof![
        Just(DataType::Boolean),
        Just(DataType::Int8),
        Just(DataType::Int16),
        Just(DataType::Int32),
        Just(DataType::Int64),
        Just(DataType::Float32),
        Just(DataType::Float64),
        Just(DataType::Date32),
        Just(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        Just(DataType::Timestamp(TimeUnit::Microsecond, None)),
        Just(DataType::Utf8),
        Just(DataType::Binary),
        (1..=38u8).prop_flat_map(|precision| (Just(precision), 0..=precision)).prop_map(|(precision, scale)| {
            match precision {
                ..=9 => DataType::Decimal32(precision, scale as i8),
                10..=18 => DataType::Decimal64(precision, scale as i8),
                19.. => DataType::Decimal128(precision, scale as i8),
            }
        }),
    ]
}

fn fields(data_type: impl Strategy<Value = DataType>) -> impl Strategy<Value = Vec<Field>> {
    let name = prop_oneof!["[a-z_][a-z0-9_]{0,5}", "[ -~äß`\"]{1,6}"];
    prop::collection::vec((name, data_type, any::<bool>()), 1..4).prop_map(|fields| {
        // Siblings differ by more than case.
        let named = fields.into_iter().enumerate();
        named
            .map(|(index, (name, data_type, nullable))| Field::new(format!("{name}{index}"), data_type, nullable))
            .collect()
    })
}

fn any_type() -> impl Strategy<Value = DataType> {
    flat().prop_recursive(3, 12, 3, |inner| {
        let one = (inner.clone(), any::<bool>());
        prop_oneof![
            one.clone().prop_map(|(of, nullable)| DataType::List(Arc::new(Field::new("element", of, nullable)))),
            (inner.clone(), one).prop_map(|(key, (value, nullable))| {
                let entries = vec![Field::new("key", key, false), Field::new("value", value, nullable)];
                let entries = Field::new("key_value", DataType::Struct(Fields::from(entries)), false);
                DataType::Map(Arc::new(entries), false)
            }),
            fields(inner).prop_map(|fields| DataType::Struct(fields.into())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(fields in fields(any_type())) {
        let schema = Schema::new(fields);
        prop_assert_eq!(parse(&columns(&schema)).unwrap(), schema);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in "[a-z<>(),:` 0-9]{0,40}|(array<|map<|struct<|int|,|>|a|not| )*") {
        if let Err(error) = parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.at), "{}", error);
        }
    }
}
