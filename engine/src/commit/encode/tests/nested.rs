//! Nested and dictionary-encoded row groups through the encoders, and back through the Parquet reader.

use super::*;
use crate::columns::layout::Layout;
use crate::columns::table_builder::{RowGroupSize, TableBuilder};
use crate::columns::tests::generate::Generator;
use crate::columns::tests::value::Value;
use arrow::datatypes::Int32Type;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::schema::Schema as WireSchema;
use lakehead_protocol::{FrameBuffer, archive};
use parquet::basic::PageType;
use rand::Rng;

/// Encodes row groups of a table into one file.
fn write_as(schema: &SchemaRef, row_groups: &[RecordBatch]) -> FinishedFile<Vec<u8>> {
    let plan = Arc::new(EncodingPlan::new(schema.clone(), zstd()).unwrap());
    let mut file = DataFile::begin(Vec::new(), &plan).unwrap();
    for encoded in encode(&plan, &Budget::new(1 << 30), row_groups) {
        file.append(encoded).unwrap();
    }
    file.finish().unwrap()
}

fn values(batches: &[RecordBatch]) -> Vec<Vec<Value>> {
    let row = |batch: &RecordBatch, row| batch.columns().iter().map(|column| Value::read(column, row)).collect();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |index| row(batch, index))).collect()
}

/// Row groups of one shard with the rows that they stand for.
fn row_groups(generator: &mut Generator, table: &WireSchema, expected: &mut Vec<Vec<Value>>) -> Vec<RecordBatch> {
    let mut builder = TableBuilder::new(Arc::new(to_arrow(table).unwrap()), RowGroupSize::default()).unwrap();
    let mut sealed = Vec::new();
    for _ in 0..generator.random().random_range(1..4) {
        let announced = generator.announced(table);
        let layout = Layout::match_columns(&announced, table).unwrap();
        let rows: Vec<_> = (0..generator.random().random_range(1..30)).map(|_| generator.row(table)).collect();
        let batch = generator.batch(table, &announced, &rows);
        let bytes = archive::append(FrameBuffer::new(), &batch).unwrap();
        builder.append(archive::access::<ArchivedBatch>(&bytes).unwrap(), &layout, 0, rows.len(), bytes.len());
        expected.extend(rows);
        if generator.random().random() {
            sealed.extend(builder.seal().unwrap());
        }
    }
    sealed.extend(builder.seal().unwrap());
    sealed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_the_builders_seal_comes_back_equal(seed in any::<u64>()) {
        // Shards whose producers send plain text, dictionaries, and both.
        let table = Generator::new(seed, 0.0).table(3, 5);
        let (mut groups, mut expected) = (Vec::new(), Vec::new());
        for (shard, encoded) in [0.0, 1.0, 0.5].into_iter().enumerate() {
            let mut generator = Generator::new(seed ^ shard as u64, encoded);
            groups.extend(row_groups(&mut generator, &table, &mut expected));
        }
        let file = write_as(&Arc::new(to_arrow(&table).unwrap()), &groups);
        let (found, metadata) = read(&file);
        prop_assert_eq!(metadata.num_row_groups(), groups.len());
        prop_assert_eq!(values(&found), expected);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&file.statistics.to_json()).is_ok());
        prop_assert_eq!(file.statistics.to_struct().len(), 1);
    }
}

#[test]
fn the_deepest_columns_come_back_equal() {
    let table = Generator::deepest_table();
    let mut generator = Generator::new(11, 0.5);
    let (mut groups, mut expected) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        groups.extend(row_groups(&mut generator, &table, &mut expected));
    }
    let file = write_as(&Arc::new(to_arrow(&table).unwrap()), &groups);
    assert_eq!(values(&read(&file).0), expected);
}

fn keys(entries: usize, rows: usize) -> ArrayRef {
    let names: Vec<String> = (0..entries).map(|entry| format!("{entry:0100}")).collect();
    let keys = Int32Array::from_iter_values((0..rows).map(|row| (row * 7_919 % entries) as i32));
    Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(names))).unwrap())
}

#[test]
fn dictionaries_stay_dictionaries_to_the_last_page() {
    let field = |data_type: &DataType| Field::new("s", data_type.clone(), false);
    let schema = Arc::new(Schema::new(vec![field(&DataType::Utf8)]));
    // Nearly as large as a dictionary may be.
    let column = keys(10_000, 300_000);
    let own = Arc::new(Schema::new(vec![field(column.data_type())]));
    let group = RecordBatch::try_new(own, vec![column.clone()]).unwrap();
    let plan = Arc::new(EncodingPlan::new(schema.clone(), zstd()).unwrap());
    let encoded = encode(&plan, &Budget::new(1 << 30), std::slice::from_ref(&group));
    let pages = encoded[0].chunks[0].close().metadata.page_encoding_stats().unwrap().clone();
    for page in &pages {
        let expected =
            if page.page_type == PageType::DICTIONARY_PAGE { Encoding::PLAIN } else { Encoding::RLE_DICTIONARY };
        assert_eq!(page.encoding, expected);
    }
    assert!(pages.iter().any(|page| page.page_type == PageType::DATA_PAGE));
    // What was learnt of dictionaries says nothing of plain values.
    assert_eq!(plan.way(0), None);
    let plain = arrow::compute::cast(&column, &DataType::Utf8).unwrap();
    let plain = RecordBatch::try_new(schema.clone(), vec![plain]).unwrap();
    let file = write_as(&schema, &[group, plain.clone()]);
    let found = arrow::compute::concat_batches(&schema, &read(&file).0).unwrap();
    assert_same(&found, &arrow::compute::concat_batches(&schema, &[plain.clone(), plain]).unwrap());
}

#[test]
fn each_leaf_is_written_its_own_way() {
    let rows = 40_000;
    let element = Arc::new(Field::new("element", DataType::Int64, true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(std::iter::repeat_n(2, rows));
    let rising = Arc::new(Int64Array::from_iter_values((0..2 * rows as i64).map(|value| value * 3)));
    let list: ArrayRef = Arc::new(ListArray::try_new(element, offsets, rising, None).unwrap());
    let mut generator = Generator::new(7, 0.0);
    let names = (0..rows).map(|_| format!("device-{:013}", generator.random().random_range(0..1000)));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    let field = |name: &str, values: &ArrayRef| Arc::new(Field::new(name, values.data_type().clone(), true));
    let fields = vec![(field("list", &list), list), (field("name", &names), names)];
    let column: ArrayRef = Arc::new(StructArray::from(fields));
    let group = RecordBatch::try_from_iter_with_nullable([("p", column, true)]).unwrap();
    let (found, metadata) = read(&write(std::slice::from_ref(&group)));
    let encodings = |leaf: usize| metadata.row_group(0).column(leaf).encodings().collect::<Vec<_>>();
    assert!(encodings(0).contains(&Encoding::DELTA_BINARY_PACKED));
    assert!(encodings(1).contains(&Encoding::RLE_DICTIONARY));
    assert_eq!(values(&found), values(&[group]));
}

#[test]
fn only_text_may_be_a_dictionary() {
    let plan = EncodingPlan::new(flat_schema(), zstd()).unwrap();
    let with = |data_type: DataType, at: usize| {
        let mut fields: Vec<_> = flat_schema().fields().iter().cloned().collect();
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(data_type));
        fields[at] = Arc::new(Field::new("x", dictionary, true));
        plan.check(&Schema::new(fields)).is_ok()
    };
    assert!(with(DataType::Utf8, 13) && with(DataType::Binary, 14));
    assert!(!with(DataType::Int64, 4) && !with(DataType::Binary, 13));
    assert!(plan.check(&Schema::new(flat_schema().fields()[1..].to_vec())).is_err());
}
