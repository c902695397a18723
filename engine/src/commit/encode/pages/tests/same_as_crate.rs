//! What chunks tell of themselves is what the Parquet crate's own writer tells of the same values.

use super::*;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;

fn assert_told_alike(ours: &ColumnCloseResult, theirs: &ColumnCloseResult, context: &str) {
    assert_eq!(ours.rows_written, theirs.rows_written, "{context}");
    let (own, other) = (&ours.metadata, &theirs.metadata);
    assert_eq!(own.statistics(), other.statistics(), "{context}");
    assert_eq!(own.num_values(), other.num_values(), "{context}");
    assert_eq!(own.compression_codec(), other.compression_codec(), "{context}");
    assert_eq!(own.definition_level_histogram(), other.definition_level_histogram(), "{context}");
    assert_eq!(own.repetition_level_histogram(), other.repetition_level_histogram(), "{context}");
    assert_eq!(own.unencoded_byte_array_data_bytes(), other.unencoded_byte_array_data_bytes(), "{context}");
    assert_eq!(own.column_descr(), other.column_descr(), "{context}");
    assert_eq!(ours.column_index.is_some(), theirs.column_index.is_some(), "{context}");
    let (own, other) = (offsets(ours), offsets(theirs));
    let first_rows = |index: &OffsetIndexMetaData| -> Vec<i64> {
        index.page_locations.iter().map(|page| page.first_row_index).collect()
    };
    // Pages may be cut elsewhere.
    if first_rows(own) == first_rows(other) {
        assert_eq!(ours.column_index, theirs.column_index, "{context}");
        assert_eq!(own.unencoded_byte_array_data_bytes, other.unencoded_byte_array_data_bytes, "{context}");
    }
    assert_eq!(ours.metadata.compressed_size() as u64, ours.bytes_written, "{context}");
}

fn offsets(close: &ColumnCloseResult) -> &OffsetIndexMetaData {
    close.offset_index.as_ref().unwrap()
}

fn check(values: &ArrayRef, way: ColumnWay) {
    let field = field_of(values, true);
    let writers = ColumnWriters::new(&field).unwrap();
    let ours = encode(&field, way, values);
    if !crate_knows(way, &field) {
        return;
    }
    let theirs = writers.encode_by_crate(&[way], values).unwrap();
    assert_told_alike(ours.close(), theirs[0].close(), &format!("{} {way:?}", values.data_type()));
}

#[test]
fn every_type_and_way_is_told_alike() {
    let mut random = StdRng::seed_from_u64(21);
    for shape in SHAPES {
        for nulls in [0.0, 0.2, 1.0] {
            for rows in [1, 1000, 150_000] {
                let numbers = numbers(&mut random, shape, rows, nulls);
                for values in columns(&mut random, &numbers) {
                    let ways = ways().into_iter().filter(|way| way.compression == RAW || rows == 1000);
                    ways.for_each(|way| check(&values, way));
                }
            }
        }
    }
}

#[test]
fn long_texts_have_bounds_cut_alike() {
    let mut random = StdRng::seed_from_u64(22);
    for length in [60, 64, 65, 127, 128, 129, 300] {
        for character in ["x", "ü", "\u{ffff}", "\u{10ffff}", "\u{7f}"] {
            let texts: Vec<String> = (0..20)
                .map(|_| {
                    let mut text = character.repeat(length / character.len());
                    let at = if random.random() { 0 } else { text.len() };
                    text.insert(at, char::from(random.random_range(b'a'..=b'z')));
                    text
                })
                .collect();
            let strings: ArrayRef = Arc::new(StringArray::from_iter_values(&texts));
            let bytes: ArrayRef =
                Arc::new(BinaryArray::from_iter_values(texts.iter().map(|text| vec![0xff; text.len()])));
            for values in [strings, bytes] {
                ways().into_iter().for_each(|way| check(&values, way));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_values_are_told_alike(values in prop::collection::vec(any::<Option<i64>>(), 1..60), seed in any::<u64>()) {
        for values in columns(&mut StdRng::seed_from_u64(seed), &values) {
            ways().into_iter().for_each(|way| check(&values, way));
        }
    }
}
