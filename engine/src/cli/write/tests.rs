use super::args::{Format, WriteArgs};
use super::failure::Failure;
use super::infer::Kind;
use super::source::{Piece, Source};
use crate::cli::columns::{parse::parse, print::columns, same::difference};
use crate::cli::exit::Exit;
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{
    DataType, Decimal64Type, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn csv(dir: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = dir.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn open(path: &Path, batch_rows: u32) -> Source {
    Source::open(&WriteArgs { batch_rows, ..WriteArgs::of_file(path) }).unwrap()
}

fn kind(fields: &[&str]) -> Kind {
    fields.iter().fold(Kind::default(), |kind, field| kind.with(field))
}

fn rows(path: &Path, batch_rows: u32, table: &SchemaRef, skip: u64) -> Result<Vec<RecordBatch>, Failure> {
    let (pieces, _) = open(path, batch_rows).pieces(table, skip)?;
    let rows = pieces.filter_map(|piece| match piece {
        Ok(Piece::Rows(batch)) => Some(Ok(batch)),
        Ok(Piece::Pause) => None,
        Err(failure) => Some(Err(failure)),
    });
    rows.collect()
}

fn failure(text: &str, fields: Vec<Field>) -> String {
    failure_of("rows.csv", text, &Arc::new(Schema::new(fields)))
}

fn failure_of(name: &str, text: &str, table: &SchemaRef) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    let failed = rows(&path, 2, table, 0).unwrap_err();
    assert_eq!(failed.exit(), Exit::Data);
    failed.to_string()
}

#[test]
fn a_column_is_the_narrowest_type_that_loses_nothing() {
    for (fields, expected) in [
        (&["1", "-2", "+3"][..], Kind::Long),
        (&["1", "2.5", "1e3"], Kind::Double),
        (&["1", "99999999999999999999"], Kind::String),
        (&["true", "FALSE"], Kind::Boolean),
        (&["true", "1"], Kind::String),
        (&["2024-02-29"], Kind::Date),
        (&["2024-02-30"], Kind::String),
        (&["2024-02-29", "2024-03-01 10:00:00"], Kind::TimestampNtz),
        (&["2024-03-01T10:00:00.123456Z", "2024-03-01T10:00:00+02:00"], Kind::Timestamp),
        (&["2024-03-01T10:00:00Z", "2024-03-01T10:00:00"], Kind::String),
        (&["nan"], Kind::String),
        (&["zürich-fluntern"], Kind::String),
        (&[], Kind::Unknown),
    ] {
        assert_eq!(kind(fields), expected, "{fields:?}");
    }
}

proptest! {
    #[test]
    fn the_order_of_fields_does_not_matter(fields in prop::collection::vec(prop::sample::select(vec![
        "1", "2.5", "true", "x", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "99999999999999999999",
    ]), 0..5)) {
        let reversed: Vec<_> = fields.iter().rev().copied().collect();
        prop_assert_eq!(kind(&fields), kind(&reversed));
    }
}

#[test]
fn the_whole_file_is_looked_at_before_its_columns_are_settled() {
    let dir = tempfile::tempdir().unwrap();
    let mut text = "id,late,empty,when\n".to_owned();
    (0..20_000).for_each(|row| text.push_str(&format!("{row},{row},NA,2024-01-01\n")));
    text.push_str("20000,0.5,,2024-01-01T00:00:01\n");
    let path = csv(&dir, &text);
    let schema = open(&path, 1_000).infer().unwrap();
    let types: Vec<_> = schema.fields().iter().map(|field| field.data_type().clone()).collect();
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    assert_eq!(types, [DataType::Int64, DataType::Float64, DataType::Utf8, timestamp]);
    let batches = rows(&path, 1_000, &Arc::new(schema), 0).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20_001);
    assert!(batches.iter().all(|batch| batch.column(2).null_count() == batch.num_rows()));
}

#[test]
fn fields_are_read_as_the_tables_types() {
    let dir = tempfile::tempdir().unwrap();
    let text = "\u{feff}blob,price,at,n\nxy,1.5,2024-01-01T02:00:00+02:00,7\n,NA,,\n";
    let table: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int16, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("price", DataType::Decimal32(5, 2), true),
        Field::new("blob", DataType::Binary, true),
    ]));
    let batches = rows(&csv(&dir, text), 100, &table, 0).unwrap();
    let batch = &batches[0];
    assert_eq!(batch.column_by_name("blob").unwrap().as_binary::<i32>().value(0), b"xy");
    assert_eq!(batch.column_by_name("price").unwrap().data_type(), &DataType::Decimal32(5, 2));
    let at = batch.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>().clone();
    assert_eq!(at.value(0), 1_704_067_200_000_000);
    assert!(batch.columns().iter().all(|column| column.is_null(1)));
}

#[test]
fn rows_that_are_there_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let text: String = std::iter::once("n\n".to_owned()).chain((0..100).map(|row| format!("{row}\n"))).collect();
    let path = csv(&dir, &text);
    let table = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    for skip in [0, 1, 7, 50, 99, 100] {
        let batches = rows(&path, 7, &table, skip).unwrap();
        let values: Vec<i64> =
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert_eq!(values, (skip as i64..100).collect::<Vec<_>>());
    }
    let short = rows(&path, 7, &table, 101).unwrap_err().to_string();
    assert!(short.contains("has 100 rows, but the stream has 101"), "{short}");
}

#[test]
fn a_field_that_cannot_be_is_named_by_line_and_column() {
    let long = |nullable| vec![Field::new("a", DataType::Utf8, true), Field::new("n", DataType::Int64, nullable)];
    let wrong = failure("a,n\nx,1\n\"two\nlines\",2\nx,3\nx,four\n", long(true));
    assert!(wrong.contains("line 6, column \"n\": \"four\" is not a long"), "{wrong}");
    let null = failure("a,n\nx,1\nx,2\nx,NA\n", long(false));
    assert!(null.contains("line 4, column \"n\": NULL is not allowed"), "{null}");
    let decimal = failure("d\n1.5\nx\n", vec![Field::new("d", DataType::Decimal64(12, 2), true)]);
    assert!(decimal.contains("line 3, column \"d\": \"x\" is not a decimal(12,2)"), "{decimal}");
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let time = failure("t\n2024-13-01T00:00:00Z\n", vec![Field::new("t", time, true)]);
    assert!(time.contains("line 2, column \"t\""), "{time}");
    let ragged = failure("a,n\nx,1\nx\n", long(true));
    assert!(ragged.contains("line 3"), "{ragged}");
    let stranger = failure("a,b\nx,1\n", long(true));
    assert!(stranger.contains("column \"b\" is not in the table"), "{stranger}");
}

#[test]
fn binary_files_are_read_from_any_row_on() {
    let dir = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter([
        ("n", Arc::new(Int64Array::from_iter_values(0..1_000)) as _),
        ("s", Arc::new(StringArray::from_iter_values((0..1_000).map(|row| format!("row {row}")))) as _),
    ])
    .unwrap();
    let create = |name: &str| std::fs::File::create(dir.path().join(name)).unwrap();
    let mut parquet = ArrowWriter::try_new(create("rows.parquet"), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    parquet.close().unwrap();
    let mut file = FileWriter::try_new(create("rows.arrow"), &batch.schema()).unwrap();
    let mut stream = StreamWriter::try_new(create("rows.feather"), &batch.schema()).unwrap();
    for from in (0..1_000).step_by(100) {
        file.write(&batch.slice(from, 100)).unwrap();
        stream.write(&batch.slice(from, 100)).unwrap();
    }
    file.finish().unwrap();
    stream.finish().unwrap();
    for name in ["rows.parquet", "rows.arrow", "rows.feather"] {
        let path = dir.path().join(name);
        assert_eq!(open(&path, 64).infer().unwrap().fields(), batch.schema().fields(), "{name}");
        for skip in [0, 63, 100, 999, 1_000] {
            let batches = rows(&path, 64, &batch.schema(), skip).unwrap();
            let whole = arrow::compute::concat_batches(&batch.schema(), &batches).unwrap();
            assert_eq!(whole, batch.slice(skip as usize, 1_000 - skip as usize), "{name}");
        }
        let short = rows(&path, 64, &batch.schema(), 1_001).unwrap_err().to_string();
        assert!(short.contains("has 1000 rows, but the stream has 1001"), "{short}");
    }
    let text = csv(&dir, "n\n1\n");
    for format in [Format::Parquet, Format::Arrow] {
        let args = WriteArgs { format: Some(format), ..WriteArgs::of_file(&text) };
        assert_eq!(Source::open(&args).err().unwrap().exit(), Exit::Data);
    }
    let unnamed = Source::open(&WriteArgs::of_file(&dir.path().join("rows.xyz"))).err().unwrap();
    assert_eq!(unnamed.exit(), Exit::Usage);
    let missing = Source::open(&WriteArgs::of_file(&dir.path().join("none.csv"))).err().unwrap();
    assert_eq!(missing.exit(), Exit::Failure);
}

fn ndjson(text: &str, columns: &str) -> RecordBatch {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.ndjson");
    std::fs::write(&path, text).unwrap();
    let table = Arc::new(parse(columns).unwrap());
    let batches = rows(&path, 2, &table, 0).unwrap();
    let nullable: Vec<_> = table.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    arrow::compute::concat_batches(&Arc::new(Schema::new(nullable)), &batches).unwrap()
}

#[test]
fn json_values_are_kept_exactly() {
    let text = r#"
{"d": 12345678.90, "x": "NaN", "at": "2024-01-01T02:00:00+02:00", "day": "2024-02-29", "n": 9007199254740993, "s": 1.50}
{"d": "-0.01", "x": "-Infinity", "n": "7", "s": true, "b": "00ff"}

{"d": 1e2, "x": 1, "n": 3.0, "s": "", "flag": false}
{}"#;
    let batch =
        ndjson(text, "d decimal(12,2), x double, at timestamp, day date, n long, s string, b binary, flag boolean");
    let decimals = batch.column(0).as_primitive::<Decimal64Type>();
    assert_eq!(decimals.iter().collect::<Vec<_>>(), [Some(1_234_567_890), Some(-1), Some(10_000), None]);
    let doubles = batch.column(1).as_primitive::<Float64Type>();
    assert!(doubles.value(0).is_nan() && doubles.value(1) == f64::NEG_INFINITY && doubles.value(2) == 1.0);
    assert_eq!(batch.column(2).as_primitive::<TimestampMicrosecondType>().value(0), 1_704_067_200_000_000);
    assert_eq!(batch.column(2).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    let longs = batch.column(4).as_primitive::<Int64Type>();
    assert_eq!(longs.iter().collect::<Vec<_>>(), [Some(9_007_199_254_740_993), Some(7), Some(3), None]);
    let texts = batch.column(5).as_string::<i32>();
    assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("1.50"), Some("true"), Some(""), None]);
    assert_eq!(batch.column(6).as_binary::<i32>().value(1), b"\x00\xff");
    assert!(batch.column(7).as_boolean().is_valid(2) && batch.columns().iter().all(|column| column.is_null(3)));
}

#[test]
fn nested_json_is_nested_columns() {
    let text = "{\"tags\": [\"a\", null], \"pos\": {\"x\": 1, \"y\": 2.5}, \"m\": {\"k\": 1}}\n{\"pos\": {\"y\": 0}, \"tags\": []}";
    let batch = ndjson(text, "tags array<string>, pos struct<x: long, y: double not null>, m map<string, int>");
    let tags = batch.column(0).as_list::<i32>();
    assert_eq!((tags.value(0).len(), tags.value(1).len()), (2, 0));
    let y = batch.column(1).as_struct().column(1).as_primitive::<Float64Type>().clone();
    assert_eq!(y.values(), &[2.5, 0.0]);
    assert!(batch.column(2).is_null(1));
}

#[test]
fn json_that_cannot_be_is_named_by_line_and_column() {
    let table = "n long not null, d decimal(5,2), at timestamp, pos struct<x: double, y: double not null>, tags array<int>, \
                 x double, day date, b binary";
    let table = Arc::new(parse(table).unwrap());
    for (line, parts) in [
        (r#"{"n": 1.5}"#, ["column \"n\"", "\"1.5\" is not a long"]),
        (r#"{"n": 9223372036854775808}"#, ["column \"n\"", "is not a long"]),
        (r#"{"n": {}}"#, ["column \"n\"", "long"]),
        (r#"{}"#, ["column \"n\"", "NULL is not allowed"]),
        (r#"{"n": 1, "d": 1.555}"#, ["column \"d\"", "\"1.555\" is not a decimal(5,2)"]),
        (r#"{"n": 1, "d": 1000}"#, ["column \"d\"", "decimal(5,2)"]),
        (r#"{"n": 1, "at": "yesterday"}"#, ["column \"at\"", "\"yesterday\" is not a timestamp"]),
        (r#"{"n": 1, "at": 1704067200}"#, ["column \"at\"", "timestamp"]),
        (r#"{"n": 1, "day": "2024-02-30"}"#, ["column \"day\"", "date (YYYY-MM-DD)"]),
        (r#"{"n": 1, "pos": {"x": "a", "y": 1}}"#, ["column \"pos.x\"", "\"a\" is not a double"]),
        (r#"{"n": 1, "pos": {"x": 1}}"#, ["column \"pos\"", "allows none"]),
        (r#"{"n": 1, "pos": {"z": 1, "y": 1}}"#, ["column \"pos.z\"", "no such column"]),
        (r#"{"n": 1, "tags": [1, "b"]}"#, ["column \"tags\"", "\"b\" is not a integer"]),
        (r#"{"n": 1, "x": 1e999}"#, ["column \"x\"", "double"]),
        (r#"{"n": 1, "b": "0g"}"#, ["column \"b\"", "hexadecimal"]),
        (r#"{"n": 1, "other": 1}"#, ["column \"other\"", "no such column"]),
        (r#"{"n": 1} {"n": 2}"#, ["not one whole JSON object", "jq"]),
        (r#"{"n": 1"#, ["not one whole JSON object", "jq"]),
        (r#"[{"n": 1}]"#, ["JSON array", "jq -c '.[]'"]),
        (r#"n,d"#, ["not one whole JSON object", "jq"]),
    ] {
        let text = format!("{{\"n\": 1}}\n{{\"n\": 2}}\n\n{{\"n\": 3}}\n{line}\n");
        let said = failure_of("rows.jsonl", &text, &table);
        assert!(said.contains("line 5"), "{line}: {said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{line}: {said}"));
    }
    // An object over two lines is not two rows, and not one.
    let said = failure_of("rows.jsonl", "{\"n\": 1}\n{\"n\":\n2}\n", &table);
    assert!(said.contains("line 2"), "{said}");
}

#[test]
fn json_columns_are_inferred_from_every_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.json");
    let infer = |text: &str| {
        std::fs::write(&path, text).unwrap();
        open(&path, 2).infer().map_err(|failure| failure.to_string())
    };
    let text = r#"{"z": 1, "a": "2024-01-01T00:00:00Z", "pos": {"y": 1}, "tags": [], "none": null, "big": 18446744073709551615}
{"z": 2.5, "a": "2024-01-02T00:00:00+01:00", "pos": {"x": "q", "y": 2}, "tags": [[1], [2, null]], "mix": 1}
{"mix": "one", "flag": true, "day": "2024-02-29"}"#;
    let expected = "z double, a timestamp, pos struct<y: long, x: string>, tags array<array<long>>, none string, big string, \
                    mix string, flag boolean, day date";
    let inferred = infer(text).unwrap();
    assert_eq!(difference(&parse(expected).unwrap(), &inferred), None, "{}", columns(&inferred));
    // What was inferred reads the lines.
    let batches = rows(&path, 2, &Arc::new(inferred), 0).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    for (text, parts) in [
        ("{\"a\": {\"b\": 1}}\n{\"a\": {\"b\": [1]}}", ["line 2", "column \"a.b\" holds an array here"]),
        ("{\"a\": 1}\n{\"a\": {}}", ["line 2", "an object here and a plain value"]),
        ("{\"a\": {}}", ["column \"a\"", "empty objects"]),
        ("{\"a\": 1}\n[1]", ["line 2", ""]),
        ("", ["no row", "table create"]),
    ] {
        let said = infer(text).unwrap_err();
        parts.iter().for_each(|part| assert!(said.contains(part), "{text}: {said}"));
    }
}

#[test]
fn csv_cannot_hold_nested_columns() {
    let said = failure_of("rows.csv", "tags\na\n", &Arc::new(parse("tags array<string>").unwrap()));
    assert!(said.contains("column \"tags\" is array<string>") && said.contains("NDJSON"), "{said}");
}
