//! Row groups through encoders and data file, and back through the Parquet reader.

use super::*;
use crate::budget::Budget;
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use arrow::array::*;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, LogicalType, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::channel;

mod nested;

pub(super) fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(1).unwrap())
}

/// All flat types, as tables have them; every column has a field id.
pub(super) fn flat_schema() -> SchemaRef {
    let utc = || Some("UTC".into());
    let types = [
        DataType::Boolean,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal32(7, 2),
        DataType::Decimal64(18, 4),
        DataType::Decimal128(38, 10),
        DataType::Date32,
        DataType::Timestamp(TimeUnit::Microsecond, utc()),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Utf8,
        DataType::Binary,
    ];
    let field = |(id, data_type): (usize, DataType)| {
        let id_of_field = HashMap::from([("PARQUET:field_id".to_owned(), (id + 1).to_string())]);
        Field::new(format!("c{id}"), data_type, true).with_metadata(id_of_field)
    };
    Arc::new(Schema::new(types.into_iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// Rows of [`flat_schema`] in which each column takes `values` in its own way.
pub(super) fn flat_rows(values: &[Option<i64>]) -> RecordBatch {
    let each = |make: fn(i64) -> i64| values.iter().map(move |value| value.map(make));
    let texts: Vec<Option<String>> = values.iter().map(|value| value.map(text)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(values.iter().map(|value| value.map(|value| value % 2 == 0)).collect::<BooleanArray>()),
        Arc::new(values.iter().map(|value| value.map(|value| value as i8)).collect::<Int8Array>()),
        Arc::new(values.iter().map(|value| value.map(|value| value as i16)).collect::<Int16Array>()),
        Arc::new(values.iter().map(|value| value.map(|value| value as i32)).collect::<Int32Array>()),
        Arc::new(each(|value| value).collect::<Int64Array>()),
        Arc::new(values.iter().map(|value| value.map(|value| f32::from_bits(value as u32))).collect::<Float32Array>()),
        Arc::new(values.iter().map(|value| value.map(|value| f64::from_bits(value as u64))).collect::<Float64Array>()),
        Arc::new(
            values
                .iter()
                .map(|value| value.map(|value| (value % 9_999_999) as i32))
                .collect::<Decimal32Array>()
                .with_precision_and_scale(7, 2)
                .unwrap(),
        ),
        Arc::new(
            each(|value| value % 999_999_999_999_999_999)
                .collect::<Decimal64Array>()
                .with_precision_and_scale(18, 4)
                .unwrap(),
        ),
        Arc::new(
            values
                .iter()
                .map(|value| value.map(|value| i128::from(value) * 10_000_000_000_000_000_000))
                .collect::<Decimal128Array>()
                .with_precision_and_scale(38, 10)
                .unwrap(),
        ),
        Arc::new(values.iter().map(|value| value.map(|value| value as i32)).collect::<Date32Array>()),
        Arc::new(each(|value| value).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Arc::new(each(|value| value).collect::<TimestampMicrosecondArray>()),
        Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>()),
        Arc::new(texts.iter().map(|text| text.as_ref().map(String::as_bytes)).collect::<BinaryArray>()),
    ];
    RecordBatch::try_new(flat_schema(), columns).unwrap()
}

fn text(value: i64) -> String {
    let character = char::from_u32((value % 0x11_0000) as u32).unwrap_or('\u{10ffff}');
    character.to_string().repeat((value % 45).unsigned_abs() as usize)
}

fn extremes() -> Vec<Option<i64>> {
    let mut values = vec![None, Some(0), Some(i64::MIN), Some(i64::MAX), Some(-1), Some(1)];
    values.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].map(|value| Some(value.to_bits() as i64)));
    values.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0].map(|value| Some(value.to_bits().into())));
    values
}

/// What a test hears from encoding: the row groups, in the order given.
fn encode(plan: &Arc<EncodingPlan>, budget: &Budget, row_groups: &[RecordBatch]) -> Vec<EncodedRowGroup> {
    let encoders = Encoders::start(2).unwrap();
    let (sender, receiver) = channel();
    for (cut, rows) in row_groups.iter().enumerate() {
        let sender = sender.clone();
        let done = move |result| sender.send(result).unwrap();
        encoders.encode(plan.clone(), row_group(rows.clone(), budget, cut as u64), done);
    }
    drop(sender);
    let mut encoded: Vec<EncodedRowGroup> = receiver.iter().map(Result::unwrap).collect();
    encoded.sort_by_key(|row_group| row_group.cut);
    encoded
}

fn row_group(rows: RecordBatch, budget: &Budget, cut: u64) -> RowGroup {
    let memory = budget.reserve(rows.get_array_memory_size());
    RowGroup { shard: ShardId(3), generation: 7, cut, rows, memory }
}

pub(super) fn write(row_groups: &[RecordBatch]) -> FinishedFile<Vec<u8>> {
    let budget = Budget::new(1 << 30);
    let plan = Arc::new(EncodingPlan::new(row_groups[0].schema(), zstd()).unwrap());
    let mut file = DataFile::begin(Vec::new(), &plan).unwrap();
    for encoded in encode(&plan, &budget, row_groups) {
        assert_eq!((encoded.shard, encoded.generation), (ShardId(3), 7));
        assert_eq!(encoded.memory.bytes() as u64, encoded.bytes);
        file.append(encoded).unwrap();
    }
    let finished = file.finish().unwrap();
    assert_eq!(finished.bytes, finished.sink.len() as u64);
    assert_eq!(budget.used(), finished.memory.as_ref().map_or(0, crate::budget::Reservation::bytes));
    finished
}

pub(super) fn read(file: &FinishedFile<Vec<u8>>) -> (Vec<RecordBatch>, Arc<ParquetMetaData>) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file.sink.clone())).unwrap();
    let metadata = reader.metadata().clone();
    (reader.with_batch_size(1 << 20).build().unwrap().map(Result::unwrap).collect(), metadata)
}

/// The file's rows in the table's Arrow types: Parquet does not tell decimals of 32, 64 and 128 bits or small integers
/// apart the way Arrow does.
fn read_as(file: &FinishedFile<Vec<u8>>, schema: &SchemaRef) -> RecordBatch {
    let (batches, _) = read(file);
    let cast = |batch: &RecordBatch| {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns.map(|(column, field)| arrow::compute::cast(column, field.data_type()).unwrap());
        RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
    };
    arrow::compute::concat_batches(schema, &batches.iter().map(cast).collect::<Vec<_>>()).unwrap()
}

fn assert_same(found: &RecordBatch, expected: &RecordBatch) {
    assert_eq!(found.num_rows(), expected.num_rows());
    for (found, expected) in found.columns().iter().zip(expected.columns()) {
        // Bit by bit, so that NaN equals NaN.
        assert_eq!(found.to_data(), expected.to_data(), "{}", expected.data_type());
    }
}

#[test]
fn every_flat_type_comes_back_with_nulls_and_extremes() {
    let rows = flat_rows(&extremes());
    let file = write(std::slice::from_ref(&rows));
    assert_eq!(file.rows, extremes().len() as u64);
    assert_same(&read_as(&file, &flat_schema()), &rows);
}

#[test]
fn one_row_no_rows_only_nulls_and_many_rows_come_back_in_order() {
    let many: Vec<_> = (0..50_000).map(|value| (value % 7 != 0).then_some(value * 1_000_003)).collect();
    let groups = [flat_rows(&[Some(5)]), flat_rows(&[]), flat_rows(&[None, None]), flat_rows(&many)];
    let file = write(&groups);
    assert_same(&read_as(&file, &flat_schema()), &arrow::compute::concat_batches(&flat_schema(), &groups).unwrap());
    let (_, metadata) = read(&file);
    assert_eq!(metadata.num_row_groups(), 3);
    let empty = write(&[flat_rows(&[])]);
    assert_eq!((empty.rows, read(&empty).0.len()), (0, 0));
}

#[test]
fn the_file_says_who_wrote_it_and_names_fields_and_types_as_readers_take_them() {
    let file = write(&[flat_rows(&[Some(1)])]);
    let (_, metadata) = read(&file);
    let file_metadata = metadata.file_metadata();
    assert!(file_metadata.created_by().unwrap().starts_with("lakehead version "));
    assert_eq!(file_metadata.key_value_metadata(), None);
    let columns = file_metadata.schema_descr().columns();
    for (index, column) in columns.iter().enumerate() {
        assert_eq!(column.self_type().get_basic_info().id(), index as i32 + 1);
    }
    for (column, utc) in [(11, true), (12, false)] {
        match columns[column].logical_type_ref() {
            Some(LogicalType::Timestamp(timestamp)) => assert_eq!(timestamp.is_adjusted_to_u_t_c, utc),
            other => panic!("{other:?}"),
        }
    }
    let physical: Vec<_> = columns[7..10].iter().map(|column| column.physical_type().to_string()).collect();
    assert_eq!(physical, ["INT32", "INT64", "FIXED_LEN_BYTE_ARRAY"]);
}

#[test]
fn only_encodings_that_every_reader_has_are_used() {
    let many: Vec<_> = (0..50_000).map(|value| (value % 7 != 0).then_some(value * 1_000_003)).collect();
    let (_, metadata) = read(&write(&[flat_rows(&many)]));
    for column in metadata.row_groups().iter().flat_map(|row_group| row_group.columns()) {
        for encoding in column.encodings() {
            let known = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY, Encoding::DELTA_BINARY_PACKED];
            assert!(known.contains(&encoding), "{encoding}");
        }
    }
}

#[test]
fn row_groups_that_do_not_fit_the_plan_are_refused_with_both_schemas() {
    let budget = Budget::new(1 << 20);
    let plan = Arc::new(EncodingPlan::new(flat_schema(), zstd()).unwrap());
    let other = RecordBatch::try_from_iter([("c0", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]).unwrap();
    let encoders = Encoders::start(1).unwrap();
    let (sender, receiver) = channel();
    encoders.encode(plan, row_group(other, &budget, 1), move |result| sender.send(result).unwrap());
    let error = receiver.recv().unwrap().unwrap_err();
    assert!(matches!(error, EncodeError::Columns { .. }), "{error}");
    assert!(receiver.recv().is_err());
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_null_in_a_column_without_nulls_is_an_error_told_once_and_memory_comes_back() {
    let budget = Budget::new(1 << 20);
    let strict = Arc::new(Schema::new(vec![
        Field::new("a", DataType::Int64, false),
        Field::new("b", DataType::Int64, false),
        Field::new("c", DataType::Int64, true),
    ]));
    let loose = Arc::new(Schema::new(
        strict.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>(),
    ));
    let holes: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let rows = RecordBatch::try_new(loose, vec![holes.clone(), holes.clone(), holes]).unwrap();
    let plan = Arc::new(EncodingPlan::new(strict, zstd()).unwrap());
    let encoders = Encoders::start(2).unwrap();
    let (sender, receiver) = channel();
    encoders.encode(plan, row_group(rows, &budget, 1), move |result| sender.send(result).unwrap());
    let error = receiver.recv().unwrap().unwrap_err();
    assert!(matches!(&error, EncodeError::Column { .. }), "{error}");
    assert!(receiver.recv().is_err());
    drop(encoders);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_panic_while_encoding_or_in_a_callback_ends_neither_the_thread_nor_the_promise() {
    let budget = Budget::new(1 << 20);
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
    let rows = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
    let plan = Arc::new(EncodingPlan::new(schema, zstd()).unwrap());
    let encoders = Encoders::start(1).unwrap();
    let (sender, receiver) = channel();
    let poisoned = Arc::new(plan.panicking());
    let first = sender.clone();
    encoders.encode(poisoned, row_group(rows.clone(), &budget, 1), move |result| {
        first.send(result).unwrap();
        panic!("the receiver fails as well");
    });
    encoders.encode(plan, row_group(rows, &budget, 2), move |result| sender.send(result).unwrap());
    let error = receiver.recv().unwrap().unwrap_err();
    assert!(matches!(&error, EncodeError::Panic { column, .. } if column == "a"), "{error}");
    let encoded = receiver.recv().unwrap().unwrap();
    assert_eq!(encoded.cut, 2);
    assert!(receiver.recv().is_err());
    drop(encoded);
    assert_eq!(budget.used(), 0);
}

#[test]
fn every_callback_is_heard_once_when_the_encoders_stop_amid_work() {
    let budget = Budget::new(1 << 30);
    let plan = Arc::new(EncodingPlan::new(flat_schema(), zstd()).unwrap());
    let rows = flat_rows(&(0..5_000).map(Some).collect::<Vec<_>>());
    let encoders = Encoders::start(3).unwrap();
    let (sender, receiver) = channel();
    for cut in 0..40 {
        let sender = sender.clone();
        encoders.encode(plan.clone(), row_group(rows.clone(), &budget, cut), move |result| {
            let result = result.map(|encoded| encoded.rows);
            sender.send((cut, result)).unwrap();
        });
    }
    drop(sender);
    encoders.stop();
    let mut heard: Vec<u64> = Vec::new();
    for (cut, result) in receiver {
        assert!(matches!(result, Ok(5_000) | Err(EncodeError::Stopped)), "{result:?}");
        heard.push(cut);
    }
    heard.sort_unstable();
    assert_eq!(heard, (0..40).collect::<Vec<_>>());
    assert_eq!(budget.used(), 0);
}

#[test]
fn the_last_owner_of_the_encoders_may_be_a_callback() {
    let budget = Budget::new(1 << 20);
    let plan = Arc::new(EncodingPlan::new(flat_schema(), zstd()).unwrap());
    let encoders = Arc::new(Encoders::start(2).unwrap());
    let (sender, receiver) = channel();
    let owner = encoders.clone();
    encoders.encode(plan, row_group(flat_rows(&[Some(1)]), &budget, 1), move |result| {
        drop(owner);
        sender.send(result.is_ok()).unwrap();
    });
    drop(encoders);
    assert!(receiver.recv().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_goes_in_comes_out(groups in prop::collection::vec(prop::collection::vec(any::<Option<i64>>(), 0..40), 1..4)) {
        let groups: Vec<_> = groups.iter().map(|values| flat_rows(values)).collect();
        let file = write(&groups);
        assert_same(&read_as(&file, &flat_schema()), &arrow::compute::concat_batches(&flat_schema(), &groups).unwrap());
    }
}
