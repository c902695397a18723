//! When a column is keys into a dictionary, and when it ceases to be.

use super::super::layout::Layout;
use super::super::table_builder::{RowGroupSize, TableBuilder};
use super::generate::texts;
use super::value::Value;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType as ArrowType, Int32Type};
use arrow::record_batch::RecordBatch;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::{ArchivedBatch, Batch, Column, ENCODING_DICTIONARY};
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::{FrameBuffer, archive, batch_check};
use std::sync::Arc;

/// A builder of one text column, and what it should hold.
struct Rig {
    builder: TableBuilder,
    layout: Layout,
    expected: Vec<Value>,
}

impl Rig {
    fn new() -> Self {
        let table = Schema::flat(vec![Field::flat("s", DataType::String, true)]);
        let builder = TableBuilder::new(Arc::new(to_arrow(&table).unwrap()), RowGroupSize::default()).unwrap();
        Self { builder, layout: Layout::match_columns(&table, &table).unwrap(), expected: Vec::new() }
    }

    fn append(&mut self, batch: &Batch, values: impl Iterator<Item = Value>) {
        let rows = batch.columns[0].length;
        let bytes = archive::append(FrameBuffer::new(), batch).unwrap();
        let view = archive::access::<ArchivedBatch>(&bytes).unwrap();
        assert_eq!(batch_check::check(view, &self.layout.schema, rows), Ok(()));
        self.builder.append(view, &self.layout, 0, rows as usize, bytes.len());
        self.expected.extend(values);
    }

    fn encoded(&mut self, entries: &[impl AsRef<[u8]>], keys: &[u32]) {
        let entry = |key: &u32| Value::Bytes(entries[*key as usize].as_ref().to_vec());
        self.append(&encoded(entries, keys), keys.iter().map(entry));
    }

    fn plain(&mut self, rows: &[&str]) {
        let (offsets, values) = texts(&rows.iter().map(|row| row.as_bytes()).collect::<Vec<_>>());
        let column = Column { length: rows.len() as u32, offsets, values, ..Column::default() };
        self.append(&Batch { columns: vec![column] }, rows.iter().map(|row| Value::Bytes(row.as_bytes().to_vec())));
    }

    /// Seals; the type of the column.
    fn seal(&mut self) -> (ArrowType, RecordBatch) {
        let sealed = self.builder.seal().unwrap().unwrap();
        let column = sealed.column(0);
        column.to_data().validate_full().unwrap();
        let found: Vec<_> = (0..column.len()).map(|row| Value::read(column, row)).collect();
        assert!(found == std::mem::take(&mut self.expected));
        (column.data_type().clone(), sealed.clone())
    }
}

fn encoded(entries: &[impl AsRef<[u8]>], keys: &[u32]) -> Batch {
    let (offsets, values) = texts(&entries.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let column = Column {
        encoding: ENCODING_DICTIONARY,
        length: keys.len() as u32,
        values: keys.iter().flat_map(|key| key.to_le_bytes()).collect(),
        children: vec![1],
        ..Column::default()
    };
    Batch { columns: vec![column, Column { length: entries.len() as u32, offsets, values, ..Column::default() }] }
}

fn is_dictionary(data_type: &ArrowType) -> bool {
    matches!(data_type, ArrowType::Dictionary(..))
}

#[test]
fn dictionaries_are_merged_whatever_their_order_and_however_often_an_entry_stands_in_them() {
    let mut rig = Rig::new();
    rig.encoded(&["a", "b"], &[1, 0, 1]);
    rig.encoded(&["a", "b", "c"], &[2, 1]);
    rig.encoded(&["c", "c", "d", "a"], &[0, 1, 2, 3]);
    rig.encoded(&["c", "c"], &[1]);
    let (data_type, sealed) = rig.seal();
    assert!(is_dictionary(&data_type));
    let dictionary = sealed.column(0).as_dictionary::<Int32Type>();
    assert_eq!(
        (dictionary.values().len(), dictionary.keys().values().to_vec()),
        (4, vec![1, 0, 1, 2, 1, 2, 2, 3, 0, 2])
    );
}

#[test]
fn plain_and_encoded_batches_together_are_plain_until_the_seal() {
    for plain_first in [false, true] {
        let mut rig = Rig::new();
        if plain_first {
            rig.plain(&["x", ""]);
        }
        rig.encoded(&["a", "b"], &[1, 0]);
        rig.plain(&["y"]);
        rig.encoded(&["a", "b"], &[0]);
        assert_eq!(rig.seal().0, ArrowType::Utf8);
        rig.encoded(&["a"], &[0]);
        assert!(is_dictionary(&rig.seal().0));
        rig.plain(&["y"]);
        assert_eq!(rig.seal().0, ArrowType::Utf8);
    }
}

#[test]
fn a_dictionary_without_entries_stands_for_nulls() {
    let mut rig = Rig::new();
    let mut nulls = encoded(&[] as &[&str], &[0, 0]);
    nulls.columns[0].validity = vec![0];
    rig.append(&nulls, [Value::Null, Value::Null].into_iter());
    rig.encoded(&["b"], &[0]);
    rig.append(&nulls, [Value::Null, Value::Null].into_iter());
    assert!(is_dictionary(&rig.seal().0));
    rig.append(&nulls, [Value::Null, Value::Null].into_iter());
    assert!(is_dictionary(&rig.seal().0));
    rig.append(&nulls, [Value::Null, Value::Null].into_iter());
    rig.plain(&["x"]);
    assert_eq!(rig.seal().0, ArrowType::Utf8);
}

#[test]
fn a_dictionary_that_does_not_pay_is_written_out() {
    // As many entries as rows.
    let entries: Vec<String> = (0..10_000).map(|entry| format!("entry {entry}")).collect();
    let mut rig = Rig::new();
    rig.encoded(&entries, &(0..10_000).collect::<Vec<_>>());
    assert_eq!(rig.seal().0, ArrowType::Utf8);
    // Entries of more bytes than a dictionary page has, in one batch and over several.
    let long: Vec<String> = (0..40).map(|entry| format!("{entry:040000}")).collect();
    rig.encoded(&long, &(0..40).collect::<Vec<_>>());
    assert_eq!(rig.seal().0, ArrowType::Utf8);
    rig.encoded(&long[..20], &[3, 19]);
    assert!(rig.builder.memory_bytes() < 4 << 20);
    rig.encoded(&long[20..], &[3, 19]);
    rig.encoded(&long[..20], &[3, 19]);
    assert_eq!(rig.seal().0, ArrowType::Utf8);
}

#[test]
fn what_a_row_group_stands_for_is_bounded() {
    let entries = ["x".repeat(60_000)];
    let batch = encoded(&entries, &[0; 1000]);
    let bytes = archive::append(FrameBuffer::new(), &batch).unwrap();
    let view = archive::access::<ArchivedBatch>(&bytes).unwrap();
    let mut rig = Rig::new();
    for batches in 1.. {
        rig.builder.append(view, &rig.layout, 0, 1000, bytes.len());
        assert_eq!(rig.builder.is_full(), batches >= 5);
        if batches == 5 {
            break;
        }
    }
    assert!(rig.builder.memory_bytes() < 1 << 20);
    rig.builder.clear().unwrap();
    assert!(!rig.builder.is_full());
}
