//! Single cases: what is said of bad nested values, and what is sent of dictionaries.

use super::nested::{appended, sent};
use crate::columns::{FrameLimits, batch_frame, conform, split, stream_schema};
use arrow::array::{
    Array, ArrayRef, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch, RunArray, StringArray,
    StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as ArrowType, Field, Fields, Int32Type, Schema};
use lakehead_protocol::arrow_schema::to_arrow;
use std::sync::Arc;

fn one(array: ArrayRef) -> RecordBatch {
    let field = Field::new("c", array.data_type().clone(), true);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
}

fn list_of(field: Field, values: ArrayRef, lengths: &[usize]) -> ListArray {
    ListArray::new(Arc::new(field), OffsetBuffer::from_lengths(lengths.iter().copied()), values, None)
}

#[test]
fn what_is_wrong_deep_inside_names_its_place_and_its_row() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None, Some(1 << 40)]));
    let fields = Fields::from(vec![Field::new("n", ArrowType::Int64, true)]);
    let points: ArrayRef = Arc::new(StructArray::new(fields.clone(), vec![numbers], None));
    let batch = one(Arc::new(list_of(Field::new("item", ArrowType::Struct(fields), true), points, &[0, 2, 0, 1, 1])));
    let target = |nullable, data_type| {
        let point = ArrowType::Struct(Fields::from(vec![Field::new("n", data_type, nullable)]));
        let list = ArrowType::List(Arc::new(Field::new("element", point, true)));
        Arc::new(Schema::new(vec![Field::new("c", list, true)]))
    };
    let null = conform(&batch, &target(false, ArrowType::Int64)).unwrap_err();
    assert_eq!(null.to_string(), "row 3, column \"c.element.n\": is NULL, which the column does not allow");
    let large = conform(&batch, &target(true, ArrowType::Int32)).unwrap_err();
    assert_eq!((large.code(), large.to_string().contains("c.element.n")), ("BATCH_VALUE", true), "{large}");
    let text = conform(&batch, &target(true, ArrowType::Utf8)).unwrap_err();
    assert_eq!((text.code(), text.to_string().contains("c.element.n")), ("BATCH_SCHEMA", true), "{text}");
}

#[test]
fn fields_are_found_by_name_and_strangers_are_refused() {
    let structure = |names: [&str; 2]| {
        let fields: Vec<_> = names.iter().map(|name| Field::new(*name, ArrowType::Int32, false)).collect();
        let column = |value| Arc::new(Int32Array::from(vec![value])) as ArrayRef;
        StructArray::new(fields.into(), vec![column(1), column(2)], None)
    };
    let target = Arc::new(one(Arc::new(structure(["a", "b"]))).schema().as_ref().clone());
    let swapped = conform(&one(Arc::new(structure(["b", "a"]))), &target).unwrap();
    let in_place = conform(&one(Arc::new(structure(["a", "b"]))), &target).unwrap();
    assert_ne!(format!("{:?}", swapped.nodes), format!("{:?}", in_place.nodes));
    let missing = conform(&one(Arc::new(structure(["a", "x"]))), &target).unwrap_err();
    assert!(missing.to_string().contains("column \"c\" of the batch has no field \"b\""), "{missing}");
}

#[test]
fn a_dictionary_much_larger_than_its_rows_is_cut_to_what_they_use() {
    let entries = StringArray::from_iter_values((0..1_000).map(|entry| format!("{entry:0>100}")));
    let keys = Int32Array::from_iter_values((0..3_000).map(|row| if row < 100 { row % 7 } else { row % 1_000 }));
    let batch = one(Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(entries))));
    let wire = stream_schema(batch.schema_ref()).unwrap();
    let target = Arc::new(to_arrow(&wire).unwrap());
    let bytes = |batch: &RecordBatch| {
        let columns = conform(batch, &target).unwrap();
        let pieces = split(&columns, 0..columns.rows, FrameLimits::announced(0, 0)).unwrap();
        batch_frame(&columns, &pieces[0], 0).unwrap().len()
    };
    // Seven entries, then about all of them.
    assert!((1_000..2_000).contains(&bytes(&batch.slice(0, 100))), "{}", bytes(&batch.slice(0, 100)));
    assert!((110_000..140_000).contains(&bytes(&batch)), "{}", bytes(&batch));
    for part in [batch.slice(0, 100), batch.slice(50, 1_200), batch] {
        assert_eq!(sent(&part, FrameLimits::announced(0, 0)), appended(&part));
    }
}

#[test]
fn dictionaries_are_cut_before_they_stand_for_too_much() {
    let entries = StringArray::from(vec!["x".repeat(1 << 20)]);
    let keys = Int32Array::from(vec![0; 200]);
    let batch = one(Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(entries))));
    let target = Arc::new(to_arrow(&stream_schema(batch.schema_ref()).unwrap()).unwrap());
    let columns = conform(&batch, &target).unwrap();
    let pieces = split(&columns, 0..columns.rows, FrameLimits::announced(0, 0)).unwrap();
    assert_eq!(pieces.iter().map(|piece| piece.rows.len()).collect::<Vec<_>>(), [50; 4]);
}

#[test]
fn a_dictionary_without_entries_holds_only_nulls() {
    let keys = Int32Array::from(vec![None, None]);
    let batch = one(Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(StringArray::from(Vec::<&str>::new())))));
    assert_eq!(sent(&batch, FrameLimits::announced(0, 0)).len(), 2);
}

#[test]
fn runs_and_columns_of_nothing_are_written_out() {
    let values = StringArray::from(vec![Some("a"), None, Some("b")]);
    let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3, 6]), &values).unwrap();
    let plain = StringArray::from(vec![Some("a"), Some("a"), None, Some("b"), Some("b"), Some("b")]);
    let sent_runs = sent(&one(Arc::new(runs.clone())), FrameLimits::announced(0, 2));
    assert_eq!(sent_runs, appended(&one(Arc::new(plain))));
    let sliced = one(Arc::new(runs.slice(1, 3)));
    assert_eq!(sent(&sliced, FrameLimits::announced(0, 0))[..], sent_runs[1..4]);
}

#[test]
fn no_rows_are_no_frames() {
    let batch = one(Arc::new(StringArray::from(Vec::<&str>::new())));
    assert!(sent(&batch, FrameLimits::announced(0, 0)).is_empty());
}
