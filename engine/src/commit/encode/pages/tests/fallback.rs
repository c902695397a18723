//! Dictionaries that are given up, and what pages are made of.

use super::*;

fn encodings(chunk: &ColumnChunk) -> Vec<(Encoding, i32)> {
    let stats = chunk.close().metadata.page_encoding_stats().unwrap();
    stats.iter().map(|stats| (stats.encoding, stats.count)).collect()
}

fn dictionary() -> ColumnWay {
    ColumnWay::dictionary(RAW)
}

#[test]
fn a_dictionary_that_never_pays_leaves_no_trace() {
    let mut random = StdRng::seed_from_u64(31);
    let doubles: ArrayRef = Arc::new((0..200_000).map(|_| Some(random.random::<f64>())).collect::<Float64Array>());
    let texts: ArrayRef =
        Arc::new((0..200_000).map(|_| Some(random.random::<u64>().to_string())).collect::<StringArray>());
    for values in [doubles, texts] {
        let field = field_of(&values, true);
        let plain = encode(&field, ColumnWay::encoded(Encoding::PLAIN, RAW), &values).close().bytes_written;
        let chunk = encode(&field, dictionary(), &values);
        assert_eq!(chunk.close().bytes_written, plain);
        assert!(encodings(&chunk).iter().all(|(encoding, _)| *encoding == Encoding::PLAIN));
        assert_comes_back(&field, dictionary(), &values);
    }
}

#[test]
fn a_dictionary_that_paid_is_kept_for_the_rows_before() {
    let mut random = StdRng::seed_from_u64(32);
    let mut number = |row: i64| if row < 140_000 { row % 10 } else { random.random() };
    let numbers: Vec<i64> = (0..400_000).map(&mut number).collect();
    let longs: ArrayRef = Arc::new(Int64Array::from(numbers.clone()));
    let texts: ArrayRef = Arc::new(numbers.iter().map(|number| Some(number.to_string())).collect::<StringArray>());
    for values in [longs, texts] {
        let field = field_of(&values, true);
        let chunk = encode(&field, dictionary(), &values);
        let [(Encoding::PLAIN, 1), (Encoding::RLE_DICTIONARY, keys), (Encoding::PLAIN, plain)] = encodings(&chunk)[..]
        else {
            panic!("{:?}", encodings(&chunk));
        };
        assert!(keys >= 2 && plain >= 2);
        assert_comes_back(&field, dictionary(), &values);
    }
}

#[test]
fn a_dictionary_array_too_large_for_its_page_becomes_plain() {
    let entries: StringArray = (0..60_000).map(|entry| Some(format!("{entry:030}"))).collect();
    let keys: Int32Array = (0..200_000).map(|row| (row % 11 != 0).then_some(row * 7 % 60_000)).collect();
    let values: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::new(entries)));
    let field = field_of(&values, true);
    let chunk = encode(&field, dictionary(), &values);
    assert!(encodings(&chunk).iter().all(|(encoding, _)| *encoding == Encoding::PLAIN));
    assert_comes_back(&field, dictionary(), &values);
}

#[test]
fn unused_entries_are_neither_written_nor_bounds() {
    let entries: StringArray = (0..10_000).map(|entry| Some(format!("entry {entry:05}"))).collect();
    let keys: Int32Array = (0..1000).map(|row| Some(5000 + row % 3)).collect();
    let values: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::new(entries)));
    let field = field_of(&values, true);
    let chunk = encode(&field, dictionary(), &values);
    assert!(chunk.close().bytes_written < 400, "{}", chunk.close().bytes_written);
    let statistics = chunk.close().metadata.statistics().unwrap();
    assert_eq!(statistics.min_bytes_opt(), Some(&b"entry 05000"[..]));
    assert_eq!(statistics.max_bytes_opt(), Some(&b"entry 05002"[..]));
    assert_comes_back(&field, dictionary(), &values);
}

#[test]
fn huge_texts_have_pages_of_their_own() {
    let values: ArrayRef =
        Arc::new((0..20).map(|row| (row % 5 != 0).then(|| "x".repeat(row * 150_000))).collect::<StringArray>());
    let field = field_of(&values, true);
    for way in ways() {
        assert_comes_back(&field, way, &values);
    }
    let chunk = encode(&field, ColumnWay::encoded(Encoding::PLAIN, RAW), &values);
    assert!(chunk.close().offset_index.as_ref().unwrap().page_locations.len() > 12);
}

#[test]
fn files_are_no_larger_than_the_crates() {
    let mut random = StdRng::seed_from_u64(33);
    for (shape, nulls) in [(Shape::Few, 0.0), (Shape::Thousand, 0.01), (Shape::Rising, 0.0), (Shape::Runs, 0.3)] {
        let numbers = numbers(&mut random, shape, 100_000, nulls);
        for values in columns(&mut random, &numbers) {
            let field = field_of(&values, true);
            for way in ways().into_iter().filter(|way| crate_knows(*way, &field)) {
                let ours = encode(&field, way, &values).close().bytes_written;
                let writers = ColumnWriters::new(&field).unwrap();
                let theirs = writers.encode_by_crate(&[way], &values).unwrap();
                let theirs = theirs[0].close().bytes_written;
                // Codecs may be luckier with other pages, and keys of larger pages are as wide as the last of them.
                let more = match way {
                    ColumnWay { compression: RAW, encoding: Some(_) } => theirs / 200,
                    ColumnWay { compression: RAW, encoding: None } => theirs / 50,
                    _ => theirs / 30,
                };
                assert!(ours <= theirs + more + 16, "{ours} {theirs} {} {way:?} {shape:?}", values.data_type());
            }
        }
    }
}
