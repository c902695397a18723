use super::csv_source::CsvSource;
use super::failure::Failure;
use super::infer::Kind;
use super::parquet_source::ParquetSource;
use crate::cli::exit::Exit;
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use indicatif::ProgressBar;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn csv(dir: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = dir.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn open(path: &Path, batch_rows: usize) -> CsvSource {
    CsvSource::open(path, ',', &[String::new(), "NA".to_owned()], batch_rows).unwrap()
}

fn kind(fields: &[&str]) -> Kind {
    fields.iter().fold(Kind::default(), |kind, field| kind.with(field))
}

fn rows(source: &CsvSource, table: &SchemaRef, skip: u64) -> Result<Vec<RecordBatch>, Failure> {
    source.batches(table, skip, &ProgressBar::hidden())?.collect()
}

fn failure(text: &str, fields: Vec<Field>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let failed = rows(&open(&csv(&dir, text), 2), &Arc::new(Schema::new(fields)), 0).unwrap_err();
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
    let source = open(&csv(&dir, &text), 1_000);
    let schema = source.infer().unwrap();
    let types: Vec<_> = schema.fields().iter().map(|field| field.data_type().clone()).collect();
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    assert_eq!(types, [DataType::Int64, DataType::Float64, DataType::Utf8, timestamp]);
    let batches = rows(&source, &Arc::new(schema), 0).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20_001);
    assert_eq!(source.rows().unwrap(), 20_001);
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
    let batches = rows(&open(&csv(&dir, text), 100), &table, 0).unwrap();
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
    let source = open(&csv(&dir, &text), 7);
    let table = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    for skip in [0, 1, 7, 50, 99, 100] {
        let batches = rows(&source, &table, skip).unwrap();
        let values: Vec<i64> =
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert_eq!(values, (skip as i64..100).collect::<Vec<_>>());
    }
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
fn a_parquet_file_is_read_from_any_row_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    let batch = RecordBatch::try_from_iter([
        ("n", Arc::new(Int64Array::from_iter_values(0..1_000)) as _),
        ("s", Arc::new(StringArray::from_iter_values((0..1_000).map(|row| format!("row {row}")))) as _),
    ])
    .unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let source = ParquetSource::open(&path, 64).unwrap();
    assert_eq!((source.rows(), source.schema().fields().len()), (1_000, 2));
    for skip in [0, 63, 999, 1_000] {
        let batches: Vec<_> = source.batches(skip).unwrap().map(Result::unwrap).collect();
        let whole = arrow::compute::concat_batches(&batch.schema(), &batches).unwrap();
        assert_eq!(whole, batch.slice(skip as usize, 1_000 - skip as usize));
    }
    let not = ParquetSource::open(&csv(&dir, "n\n1\n"), 64).unwrap_err();
    assert_eq!(not.exit(), Exit::Data);
}
