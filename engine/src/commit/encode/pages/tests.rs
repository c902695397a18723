//! Chunks of every flat type, way and codec: read back by the Parquet crate, and told of as its own writer tells.

use crate::commit::encode::column_writer::{ColumnWay, ColumnWriters};
use crate::commit::encode::tests::{flat_rows, zstd};
use crate::commit::encode::{ColumnChunk, EncodingPlan};
use arrow::array::*;
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::basic::{Compression, Encoding, Type};
use parquet::file::metadata::PageIndexPolicy;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

mod fallback;
mod same_as_crate;

const RAW: Compression = Compression::UNCOMPRESSED;

fn ways() -> Vec<ColumnWay> {
    let codecs = [RAW, zstd(), Compression::LZ4_RAW];
    let each = |compression| {
        let encoded =
            [Encoding::PLAIN, Encoding::DELTA_BINARY_PACKED].map(|encoding| ColumnWay::encoded(encoding, compression));
        encoded.into_iter().chain([ColumnWay::dictionary(compression)])
    };
    codecs.into_iter().flat_map(each).collect()
}

/// The column's type as the table has it.
fn field_of(values: &ArrayRef, nullable: bool) -> FieldRef {
    let data_type = match values.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        flat => flat.clone(),
    };
    Arc::new(Field::new("c", data_type, nullable))
}

fn encode(field: &FieldRef, way: ColumnWay, values: &ArrayRef) -> ColumnChunk {
    let mut chunks = ColumnWriters::new(field).unwrap().encode(&[way], values).unwrap();
    assert!(chunks[0].is_own(), "{}", values.data_type());
    chunks.remove(0)
}

/// The Parquet crate has deltas of integers only; here other types are plain then.
fn crate_knows(way: ColumnWay, field: &FieldRef) -> bool {
    let column = ArrowSchemaConverter::new().convert(&Schema::new(vec![field.clone()])).unwrap().column(0);
    way.encoding != Some(Encoding::DELTA_BINARY_PACKED) || matches!(column.physical_type(), Type::INT32 | Type::INT64)
}

/// The chunk's rows, all and (by the page index) every third hundred of them.
fn read(field: &FieldRef, chunk: ColumnChunk) -> (ArrayRef, ArrayRef) {
    let rows = chunk.close().rows_written as usize;
    let plan = EncodingPlan::new(Arc::new(Schema::new(vec![field.clone()])), RAW).unwrap();
    let mut file = plan.file_writer(Vec::new()).unwrap();
    let mut row_group = file.next_row_group().unwrap();
    chunk.append_to(&mut row_group).unwrap();
    row_group.close().unwrap();
    let bytes = bytes::Bytes::from(file.into_inner().unwrap());
    let open = || {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options).unwrap().with_batch_size(1 << 17)
    };
    let all = |builder: ParquetRecordBatchReaderBuilder<bytes::Bytes>| {
        let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
        let columns: Vec<ArrayRef> =
            batches.iter().map(|batch| arrow::compute::cast(batch.column(0), field.data_type()).unwrap()).collect();
        match &columns[..] {
            [] => new_empty_array(field.data_type()),
            some => arrow::compute::concat(&some.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap(),
        }
    };
    let selection = every_third_hundred(rows);
    (all(open()), all(open().with_row_selection(selection)))
}

fn every_third_hundred(rows: usize) -> RowSelection {
    let hundred = |start: usize| {
        let length = 100.min(rows - start);
        if start / 100 % 3 == 1 { RowSelector::select(length) } else { RowSelector::skip(length) }
    };
    (0..rows).step_by(100).map(hundred).collect::<Vec<_>>().into()
}

fn some_of(values: &ArrayRef) -> ArrayRef {
    let keep: BooleanArray = (0..values.len()).map(|row| Some(row / 100 % 3 == 1)).collect();
    arrow::compute::filter(values, &keep).unwrap()
}

fn assert_comes_back(field: &FieldRef, way: ColumnWay, values: &ArrayRef) {
    let plain = arrow::compute::cast(values, field.data_type()).unwrap();
    let (all, some) = read(field, encode(field, way, values));
    // Bit by bit, so that NaN equals NaN.
    assert!(all.to_data() == plain.to_data(), "{} {way:?}", values.data_type());
    assert!(some.to_data() == some_of(&plain).to_data(), "some {} {way:?}", values.data_type());
}

/// Numbers of which each flat type makes its own values.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Few,
    Thousand,
    Random,
    Rising,
    Runs,
    Extreme,
}

const SHAPES: [Shape; 6] = [Shape::Few, Shape::Thousand, Shape::Random, Shape::Rising, Shape::Runs, Shape::Extreme];

fn numbers(random: &mut StdRng, shape: Shape, rows: usize, nulls: f64) -> Vec<Option<i64>> {
    let extremes = [0, 1, -1, i64::MIN, i64::MAX, f64::INFINITY.to_bits() as i64, (-0.0f64).to_bits() as i64];
    let mut last = random.random_range(-1000..1000);
    let mut null = false;
    (0..rows)
        .map(|_| {
            let value = match shape {
                Shape::Few => random.random_range(0..5),
                Shape::Thousand => random.random_range(0..1000) * 7 - 100,
                Shape::Random => random.random(),
                Shape::Rising => last + random.random_range(0..100),
                Shape::Runs if random.random_ratio(1, 50) => random.random_range(0..100),
                Shape::Runs => last,
                Shape::Extreme => extremes[random.random_range(0..extremes.len())],
            };
            last = value;
            // NULLs stand in heaps or alone.
            let again = if null { nulls.max(0.5) } else { nulls };
            null = nulls > 0.0 && random.random_bool(again.min(1.0));
            (!null).then_some(value)
        })
        .collect()
}

/// Every flat column of these numbers, and their texts as keys into a dictionary.
fn columns(random: &mut StdRng, numbers: &[Option<i64>]) -> Vec<ArrayRef> {
    let rows = flat_rows(numbers);
    let mut columns = rows.columns().to_vec();
    let texts = [columns.len() - 2, columns.len() - 1].map(|index| with_dictionary(random, &columns[index]));
    columns.extend(texts);
    // Decimals that a wider type holds than they need.
    let narrow = arrow::compute::cast(rows.column(2), &DataType::Decimal64(7, 0)).unwrap();
    columns.push(narrow);
    for digits in [(9, 1), (18, 3), (25, 5)] {
        let wide = arrow::compute::cast(rows.column(2), &DataType::Decimal128(digits.0, digits.1)).unwrap();
        columns.push(wide);
    }
    columns
}

/// The same texts by way of a dictionary in which some entries are unused, some come twice, and some are NULL.
fn with_dictionary(random: &mut StdRng, texts: &ArrayRef) -> ArrayRef {
    let keyed =
        arrow::compute::cast(texts, &DataType::Dictionary(DataType::Int32.into(), texts.data_type().clone().into()))
            .unwrap();
    let keyed = keyed.as_dictionary::<Int32Type>();
    let count = keyed.values().len() as u32;
    // Twice the entries, and NULLs between.
    let order: UInt32Array = (0..count * 2).flat_map(|entry| [Some(entry % count.max(1)), None]).collect();
    let values = arrow::compute::take(keyed.values(), &order, None).unwrap();
    let keys = keyed.keys().iter().map(|key| match key {
        Some(key) => Some(key * 2 + if random.random() { count as i32 * 2 } else { 0 }),
        None if count > 0 && random.random() => Some(1),
        None => None,
    });
    Arc::new(DictionaryArray::<Int32Type>::try_new(keys.collect(), values).unwrap())
}

#[test]
fn every_type_way_and_codec_comes_back() {
    let mut random = StdRng::seed_from_u64(11);
    for shape in SHAPES {
        for nulls in [0.0, 0.01, 0.4, 1.0] {
            for rows in [1, 2, 9, 1000] {
                let numbers = numbers(&mut random, shape, rows, nulls);
                for values in columns(&mut random, &numbers) {
                    for way in ways() {
                        assert_comes_back(&field_of(&values, true), way, &values);
                    }
                }
            }
        }
    }
}

#[test]
fn many_pages_come_back() {
    let mut random = StdRng::seed_from_u64(12);
    for (shape, nulls) in [(Shape::Thousand, 0.0), (Shape::Rising, 0.1), (Shape::Random, 0.0), (Shape::Runs, 0.01)] {
        let numbers = numbers(&mut random, shape, 150_000, nulls);
        for values in columns(&mut random, &numbers) {
            for way in ways().into_iter().filter(|way| way.compression == RAW) {
                assert_comes_back(&field_of(&values, true), way, &values);
            }
        }
    }
}

#[test]
fn columns_without_nulls_have_no_levels_and_refuse_nulls() {
    let mut random = StdRng::seed_from_u64(13);
    let whole = numbers(&mut random, Shape::Thousand, 3000, 0.0);
    for values in columns(&mut random, &whole) {
        for way in ways() {
            assert_comes_back(&field_of(&values, false), way, &values);
        }
    }
    let holes = numbers(&mut random, Shape::Thousand, 3000, 0.1);
    for values in columns(&mut random, &holes) {
        let writers = ColumnWriters::new(&field_of(&values, false)).unwrap();
        let error = writers.encode(&[ColumnWay::dictionary(RAW)], &values).unwrap_err();
        assert!(error.to_string().contains("NULL"), "{error}");
    }
}

#[test]
fn nothing_is_a_chunk_without_pages() {
    for values in columns(&mut StdRng::seed_from_u64(1), &[]) {
        for way in ways() {
            let chunk = encode(&field_of(&values, true), way, &values);
            assert_eq!((chunk.close().bytes_written, chunk.close().rows_written), (0, 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn slices_come_back(seed in any::<u64>(), rows in 0usize..700, offset in 0usize..80, shape in 0..SHAPES.len()) {
        let mut random = StdRng::seed_from_u64(seed);
        let nulls = random.random_range(0.0..0.6);
        let numbers = numbers(&mut random, SHAPES[shape], offset + rows + 3, nulls);
        for values in columns(&mut random, &numbers) {
            let values = values.slice(offset, rows);
            for way in ways().into_iter().filter(|_| rows > 0) {
                assert_comes_back(&field_of(&values, true), way, &values);
            }
        }
    }
}
