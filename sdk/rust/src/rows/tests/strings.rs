//! Which string columns are dictionary-encoded.

use super::super::text::{ENTRIES_BYTES_MAX, NEW_FREE, PLAIN_BATCHES};
use super::{RowColumns, one, sealed_one};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use serde::Serialize;

#[derive(Serialize)]
struct Row<'a> {
    c: Option<&'a str>,
}

/// Seals a batch of these texts; checks that it holds them.
fn batch<'a>(columns: &mut RowColumns, texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let texts: Vec<_> = texts.collect();
    for text in &texts {
        columns.push(&Row { c: *text }).unwrap();
    }
    let array = sealed_one(columns);
    let plain = cast(&array, &DataType::Utf8).unwrap();
    assert_eq!(plain.as_string::<i32>().iter().collect::<Vec<_>>(), texts);
    array
}

fn entries(array: &ArrayRef) -> Option<Vec<String>> {
    let dictionary = array.as_dictionary_opt::<Int32Type>()?;
    Some(dictionary.values().as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

/// `count` texts out of `distinct` from number `first` on.
fn names(first: usize, distinct: usize, count: usize) -> Vec<String> {
    (0..count).map(|row| format!("device-{:06}", first + row * 7_919 % distinct)).collect()
}

fn push_names(columns: &mut RowColumns, names: &[String]) -> ArrayRef {
    batch(columns, names.iter().map(|name| Some(name.as_str())))
}

#[test]
fn few_values_are_encoded_and_their_dictionary_is_carried_over() {
    let mut columns = one(DataType::Utf8, true);
    let first = push_names(&mut columns, &names(0, 100, 5_000));
    let known = entries(&first).unwrap();
    assert_eq!(known.len(), 100);
    let second = push_names(&mut columns, &names(0, 100, 5_000));
    let dictionary = |array: &ArrayRef| array.as_dictionary::<Int32Type>().values().clone();
    assert!(std::ptr::eq(dictionary(&first).as_ref(), dictionary(&second).as_ref()), "the very same entries");
    let third = entries(&push_names(&mut columns, &names(0, 120, 5_000))).unwrap();
    assert_eq!((&third[..100], third.len()), (&known[..], 120));
}

#[test]
fn nulls_and_empty_texts_share_an_entry() {
    let mut columns = one(DataType::Utf8, true);
    let texts = [None, Some("red"), Some(""), Some("green"), None, Some("red")];
    let array = batch(&mut columns, texts.into_iter().cycle().take(600));
    assert_eq!(entries(&array).unwrap(), ["", "red", "green"]);
    assert_eq!(array.null_count(), 200);
    let nothing = batch(&mut columns, std::iter::repeat_n(None, 50));
    assert_eq!((nothing.data_type(), nothing.null_count()), (&DataType::Utf8, 50));
}

#[test]
fn values_that_hardly_repeat_are_plain_for_a_while_and_tried_again() {
    // Many at once are given up while they come, few when they are sealed: that batch is not one of the plain ones.
    for (rows, plain_batches) in [(2 * NEW_FREE, PLAIN_BATCHES), (100, PLAIN_BATCHES + 1)] {
        let mut columns = one(DataType::Utf8, true);
        let once: Vec<_> = (0..rows).map(|row| format!("{row}")).collect();
        for attempt in 0..2 {
            assert_eq!(push_names(&mut columns, &once).data_type(), &DataType::Utf8, "attempt {attempt}");
            for sealed in 1..plain_batches {
                let array = push_names(&mut columns, &names(0, 10, 100));
                assert_eq!(array.data_type(), &DataType::Utf8, "attempt {attempt}, batch {sealed}");
            }
        }
        assert_eq!(entries(&push_names(&mut columns, &names(0, 10, 100))).unwrap().len(), 10);
    }
}

#[test]
fn devices_in_turn_are_learned_in_their_first_round() {
    let mut columns = one(DataType::Utf8, true);
    let array = push_names(&mut columns, &names(0, 10_000, 65_536));
    assert_eq!(entries(&array).unwrap().len(), 10_000);
}

#[test]
fn a_dictionary_that_gets_too_large_is_written_out() {
    let mut columns = one(DataType::Utf8, true);
    let long = "x".repeat(10_000);
    let names: Vec<_> = (0..2 * ENTRIES_BYTES_MAX / long.len()).map(|row| format!("{row}{long}")).collect();
    let array = batch(&mut columns, names.iter().chain(&names).chain(&names).map(|name| Some(name.as_str())));
    assert_eq!(array.data_type(), &DataType::Utf8);
}

#[test]
fn values_that_drift_get_new_dictionaries() {
    let mut columns = one(DataType::Utf8, true);
    let (mut encoded, mut largest) = (0, 0);
    for window in 0..200 {
        let array = push_names(&mut columns, &names(window * 100, 200, 4_000));
        if let Some(entries) = entries(&array) {
            encoded += 1;
            largest = largest.max(entries.len());
        }
    }
    assert!(encoded > 180, "{encoded} of 200 batches");
    assert!(largest < 3_000, "a dictionary of {largest} entries for batches of 200 values");
}

#[test]
fn small_batches_do_not_drag_a_large_dictionary_along() {
    let mut columns = one(DataType::Utf8, true);
    let large = push_names(&mut columns, &names(0, 1_000, 8_000));
    assert_eq!(entries(&large).unwrap().len(), 1_000);
    for batch in 0..50 {
        let small = push_names(&mut columns, &names(batch, 1_000, 10));
        let sent = entries(&small).map_or(0, |entries| entries.len());
        assert!(sent <= 10, "{sent} entries for 10 rows");
    }
}

#[test]
fn a_row_refused_behind_its_text_takes_the_text_back() {
    #[derive(Serialize)]
    struct Pair<'a> {
        text: &'a str,
        number: i64,
    }
    use arrow::datatypes::Field;
    for distinct in [3, 1_000_000] {
        let mut columns = super::columns(vec![
            Field::new("text", DataType::Utf8, false),
            Field::new("number", DataType::Int8, false),
        ]);
        let mut kept = Vec::new();
        for row in 0..4_000 {
            let text = format!("text {}", row % distinct);
            let number = if row % 3 == 0 { 1_000 } else { 1 };
            match columns.push(&Pair { text: &text, number }) {
                Ok(()) => kept.push(text),
                Err(_) => assert_eq!(number, 1_000),
            }
        }
        let array = cast(&sealed_one(&mut columns), &DataType::Utf8).unwrap();
        assert_eq!(array.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), kept);
    }
}
