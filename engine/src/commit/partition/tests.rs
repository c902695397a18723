//! What is split and joined again is what it was, in its order, whatever the types.

use super::join::join;
use super::*;
use crate::budget::Budget;
use crate::columns::layout::Layout;
use crate::columns::table_builder::{RowGroupSize, TableBuilder};
use crate::columns::tests::generate::Generator;
use crate::columns::tests::value::Value;
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use crate::table::delta::partition_value::{PartitionValueError, partition_value};
use arrow::array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Int32Type, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::RecordBatch;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::schema::{DATA_TYPES, DataType, Field, Schema};
use lakehead_protocol::{FrameBuffer, archive};
use proptest::prelude::*;
use rand::Rng;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Sealed row groups of random rows of `table`.
fn row_groups(generator: &mut Generator, table: &Schema, distinct: &[Vec<Value>], names: usize) -> Vec<RecordBatch> {
    let mut builder = TableBuilder::new(Arc::new(to_arrow(table).unwrap()), RowGroupSize::default()).unwrap();
    let mut sealed = Vec::new();
    for _ in 0..generator.random().random_range(1..6) {
        let layout = Layout::match_columns(table, table).unwrap();
        let count = generator.random().random_range(0..40);
        let mut rows: Vec<Vec<Value>> = (0..count).map(|_| generator.row(table)).collect();
        let mut last = 0;
        for row in &mut rows {
            // Runs, and values that return.
            if generator.random().random_bool(0.4) {
                last = generator.random().random_range(0..distinct.len());
            }
            row[..names].clone_from_slice(&distinct[last]);
        }
        let batch = generator.batch(table, table, &rows);
        let bytes = archive::append(FrameBuffer::new(), &batch).unwrap();
        let view = archive::access::<ArchivedBatch>(&bytes).unwrap();
        builder.append(view, &layout, 0, count, bytes.len());
        if generator.random().random_bool(0.5) {
            sealed.extend(builder.seal().unwrap());
        }
    }
    sealed.extend(builder.seal().unwrap());
    sealed
}

fn row(batch: &RecordBatch, columns: impl IntoIterator<Item = usize>, row: usize) -> Vec<Value> {
    columns.into_iter().map(|column| Value::read(batch.column(column), row)).collect()
}

/// A table whose first columns may name partitions, and a number that counts its rows.
fn table(generator: &mut Generator, names: usize) -> Schema {
    let flat: Vec<DataType> = DATA_TYPES.into_iter().filter(|kind| kind.children() == Some(0)).collect();
    let mut schema = Schema::default();
    for index in 0..names {
        let kind = flat[generator.random().random_range(0..flat.len())];
        schema.columns.push(index as u32);
        schema.fields.push(match kind {
            DataType::Decimal => Field::decimal(format!("p{index}"), 20, 3, true),
            // Bytes that are no text are refused before they come here.
            DataType::Binary => Field::flat(format!("p{index}"), DataType::String, true),
            other => Field::flat(format!("p{index}"), other, true),
        });
    }
    let others = generator.table(3, 4);
    let shift = schema.fields.len() as u32;
    for mut field in others.fields {
        field.children.iter_mut().for_each(|child| *child += shift);
        schema.fields.push(field);
    }
    schema.columns.extend(others.columns.iter().map(|column| column + shift));
    assert_eq!(schema.check(), Ok(()));
    schema
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_split_and_joined_has_the_same_rows_in_the_same_order(
        seed in any::<u64>(),
        encoded in prop::sample::select(vec![0.0, 0.5, 1.0]),
        names in 1usize..4,
        values in 1usize..20,
    ) {
        let mut generator = Generator::new(seed, encoded);
        let table = table(&mut generator, names);
        let distinct: Vec<Vec<Value>> = (0..values).map(|_| generator.row(&table)[..names].to_vec()).collect();
        let arrow = Arc::new(to_arrow(&table).unwrap());
        let columns: Vec<String> = (0..names).rev().map(|index| format!("p{index}")).collect();
        let partitioning = Partitioning::new(&arrow, &columns).unwrap().unwrap();
        let width = arrow.fields().len();
        let budget = Budget::new(1 << 30);

        let mut expected: HashMap<PartitionKey, Vec<Vec<Value>>> = HashMap::new();
        let mut found: HashMap<PartitionKey, Vec<RecordBatch>> = HashMap::new();
        for rows in row_groups(&mut generator, &table, &distinct, names) {
            for at in 0..rows.num_rows() {
                let texts = (0..names).rev().map(|column| partition_value(rows.column(column), at).unwrap());
                expected.entry(PartitionKey::new(texts)).or_default().push(row(&rows, names..width, at));
            }
            let memory = budget.reserve(1000);
            let parts = partitioning.split(RowGroup { shard: ShardId(3), generation: 1, cut: 1, rows, memory }).unwrap();
            prop_assert!(budget.used() <= 1000);
            for Part { shard, key, rows, .. } in parts {
                prop_assert_eq!((shard, rows.num_rows() > 0), (ShardId(3), true));
                found.entry(key).or_default().push(rows);
            }
        }
        prop_assert_eq!(budget.used(), 0);
        prop_assert_eq!(found.len(), expected.len());
        for (key, parts) in found {
            let whole = join(&parts, partitioning.kept_schema()).unwrap();
            whole.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
            let rows: Vec<_> = (0..whole.num_rows()).map(|at| row(&whole, 0..width - names, at)).collect();
            prop_assert_eq!(&rows, &expected[&key]);
        }
    }
}

fn two_columns(name: ArrayRef) -> (SchemaRef, RecordBatch) {
    let rows = name.len() as i64;
    let plain =
        if matches!(name.data_type(), ArrowType::Dictionary(..)) { ArrowType::Utf8 } else { name.data_type().clone() };
    let field = |kind| ArrowField::new("p", kind, true);
    let number = ArrowField::new("n", ArrowType::Int64, false);
    let of_table = Arc::new(ArrowSchema::new(vec![field(plain), number.clone()]));
    let schema = Arc::new(ArrowSchema::new(vec![field(name.data_type().clone()), number]));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    (of_table, RecordBatch::try_new(schema, vec![name, numbers]).unwrap())
}

fn split_by_name(name: ArrayRef) -> BTreeMap<Option<String>, Vec<i64>> {
    let (schema, rows) = two_columns(name);
    let partitioning = Partitioning::new(&schema, &["p".to_owned()]).unwrap().unwrap();
    let parts = partitioning.parts(&rows).unwrap();
    let part = |(key, rows): (PartitionKey, RecordBatch)| {
        let numbers = rows.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec();
        (key.values()[0].as_deref().map(str::to_owned), numbers)
    };
    parts.into_iter().map(part).collect()
}

#[test]
fn values_of_the_same_text_are_one_partition() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![None, Some("a"), Some(""), Some("a"), None]));
    let expected = BTreeMap::from([(None, vec![0, 2, 4]), (Some("a".to_owned()), vec![1, 3])]);
    assert_eq!(split_by_name(texts), expected);

    // Two keys of one text.
    let entries = Arc::new(StringArray::from(vec!["a", "b", "a", "unused"]));
    let keys = Int32Array::from(vec![Some(0), Some(2), None, Some(1), Some(0)]);
    let encoded: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, entries));
    let expected = BTreeMap::from([(None, vec![2]), (Some("a".into()), vec![0, 1, 4]), (Some("b".into()), vec![3])]);
    assert_eq!(split_by_name(encoded), expected);

    let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, 0.0, other_nan, -0.0, -f64::NAN, 1e300]));
    let expected = [("NaN", vec![0, 2, 4]), ("0.0", vec![1]), ("-0.0", vec![3]), ("1.0E300", vec![5])];
    assert_eq!(split_by_name(floats), expected.into_iter().map(|(text, rows)| (Some(text.to_owned()), rows)).collect());
}

#[test]
fn rows_of_one_partition_are_not_copied() {
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a"; 1000]));
    let (schema, rows) = two_columns(names);
    let partitioning = Partitioning::new(&schema, &["p".to_owned()]).unwrap().unwrap();
    let parts = partitioning.parts(&rows).unwrap();
    assert_eq!(parts.len(), 1);
    assert!(parts[0].1.column(0).to_data().ptr_eq(&rows.column(1).to_data()));
    assert!(partitioning.parts(&rows.slice(0, 0)).unwrap().is_empty());
}

#[test]
fn a_part_keeps_of_a_dictionary_what_its_rows_have() {
    let entries = Arc::new(StringArray::from_iter_values((0..1000).map(|entry| format!("entry {entry}"))));
    let keys = Int32Array::from(vec![Some(7), Some(999), None, Some(7)]);
    let encoded: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, entries));
    let field = ArrowField::new("t", encoded.data_type().clone(), true);
    let rows = RecordBatch::try_new(Arc::new(ArrowSchema::new(vec![field])), vec![encoded]).unwrap();
    let table = Arc::new(ArrowSchema::new(vec![ArrowField::new("t", ArrowType::Utf8, true)]));
    let joined = join(std::slice::from_ref(&rows), &table).unwrap();
    let keyed = joined.column(0).as_any().downcast_ref::<DictionaryArray<Int32Type>>().unwrap();
    assert_eq!(keyed.values().len(), 2);
    let plain = RecordBatch::try_new(table.clone(), vec![Arc::new(StringArray::from(vec!["x"]))]).unwrap();
    let joined = join(&[rows.clone(), plain, rows], &table).unwrap();
    let texts = joined.column(0).as_any().downcast_ref::<StringArray>().unwrap();
    let of_rows = [Some("entry 7"), Some("entry 999"), None, Some("entry 7")];
    assert_eq!(texts.iter().collect::<Vec<_>>(), [&of_rows[..], &[Some("x")], &of_rows[..]].concat());
}

#[test]
fn what_cannot_name_partitions_is_refused() {
    let list = ArrowType::new_list(ArrowType::Int32, true);
    let fields = [("a", ArrowType::Int32), ("b", list)].map(|(name, kind)| ArrowField::new(name, kind, true));
    let schema: SchemaRef = Arc::new(ArrowSchema::new(fields.to_vec()));
    let refused = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Partitioning::new(&schema, &names).unwrap_err().to_string()
    };
    assert!(refused(&["b"]).contains("\"b\" of type"));
    assert!(refused(&["c"]).contains("\"c\", which is not among its columns"));
    assert!(refused(&["a", "b"]).contains("of type"));
    assert!(Partitioning::new(&schema, &[]).unwrap().is_none());
    let bytes = arrow::array::BinaryArray::from(vec![&b"\xff"[..]]);
    assert_eq!(partition_value(&bytes, 0), Err(PartitionValueError::NotText));
}
