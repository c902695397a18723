use super::super::distinct::Distinct;
use super::super::figures::WayFigures;
use super::*;
use parquet::basic::{Compression, Encoding};

const RAW: Compression = Compression::UNCOMPRESSED;
const PLAIN: ColumnWay = ColumnWay { encoding: Some(Encoding::PLAIN), compression: RAW };
const DELTA: ColumnWay = ColumnWay { encoding: Some(Encoding::DELTA_BINARY_PACKED), compression: RAW };
const DICTIONARY: ColumnWay = ColumnWay { encoding: None, compression: RAW };
const POLICY: EncodingPolicy = EncodingPolicy::Balanced;
const ROWS: usize = 500_000;

/// A look at `rows` rows of longs: plain, delta, and keys into a thousand entries.
fn found(rows: usize, delta_bytes: f64, dictionary_bytes: f64) -> Look {
    let way = |way, ns, data_bytes, dictionary_bytes| WayFigures { way, ns, data_bytes, dictionary_bytes };
    let ways = vec![
        way(PLAIN, 2.0, 8.0, 0.0),
        way(DELTA, 7.0, delta_bytes, 0.0),
        way(DICTIONARY, 8.0, dictionary_bytes, 8_000.0),
    ];
    let sampled = rows.min(SAMPLE_ROWS);
    let distinct = Some(Distinct::returning(1000.0, sampled as f64));
    Look { figures: Figures { sampled, distinct, ways, dictionary_stretch: 1.0 }, spent_ns: 17.0 * sampled as f64 }
}

fn learning() -> Learning {
    Learning::new(PLAIN)
}

fn next(learning: &mut Learning, rows: usize) -> Step {
    learning.next(rows, POLICY, || rows * 8)
}

fn looked(learning: &mut Learning, found: Look) -> Promise {
    learning.looked(found, &Scope::All, ROWS, POLICY)
}

/// Writes a row group as promised, but for the factor.
fn write(learning: &mut Learning, rows: usize, factor: f64) {
    let Step::Write(promise) = next(learning, rows) else { panic!("a look is due") };
    let figures = &learning.learnt.as_ref().unwrap().figures;
    let bytes = figures.bytes(figures.of(promise.way).unwrap(), rows) * rows as f64 * factor;
    learning.wrote(promise, rows, bytes as u64, POLICY);
}

/// Row groups that are written before the next look.
fn until_look(learning: &mut Learning, rows: usize, factor: f64) -> (u32, Scope) {
    for written in 0..10_000 {
        if let Step::Look(scope) = next(learning, rows) {
            return (written, scope);
        }
        let learnt = learning.learnt.as_mut().unwrap();
        learnt.row_groups -= 1;
        write(learning, rows, factor);
    }
    panic!("no look is ever due")
}

#[test]
fn few_rows_are_written_blindly_until_there_were_many_of_them() {
    let mut learning = learning();
    for _ in 0..ROW_GROUPS_PER_LOOK {
        assert!(matches!(next(&mut learning, 10), Step::Write(Promise { way: PLAIN, .. })));
    }
    assert_eq!(next(&mut learning, 0), next(&mut learning, 0));
    assert_eq!(next(&mut learning, 10), Step::Look(Scope::All));
    // Rows that are few and large, and those that are many, are worth a look at once.
    assert_eq!(self::learning().next(10, POLICY, || 1 << 20), Step::Look(Scope::All));
    assert_eq!(next(&mut self::learning(), 1024), Step::Look(Scope::All));
}

#[test]
fn small_row_groups_go_by_what_large_ones_taught_and_the_other_way_round() {
    let mut learning = learning();
    assert_eq!(looked(&mut learning, found(ROWS, 6.0, 1.25)).way, DICTIONARY);
    for rows in [10, ROWS, 10, 1_000, ROWS] {
        let Step::Write(promise) = next(&mut learning, rows) else { panic!("a look is due") };
        assert_eq!(promise.way, if rows == 10 { DELTA } else { DICTIONARY }, "{rows}");
    }
    // So many small ones that they are the rule.
    learning.learnt.as_mut().unwrap().earned_ns = 1e12;
    let (written, _) = until_look(&mut learning, 10, 1.0);
    assert!(written > 3 * ROW_GROUPS_PER_LOOK, "{written}");
}

#[test]
fn a_small_sample_is_taken_again_from_larger_row_groups_until_it_is_full() {
    let mut learning = learning();
    learning.looked(found(50, 1.4, 8.0), &Scope::All, 50, POLICY);
    assert!(matches!(next(&mut learning, 203), Step::Write(_)));
    assert_eq!(next(&mut learning, 204), Step::Look(Scope::All));
    // Of large values a sample has fewer than it might have.
    learning.looked(found(1_024, 1.4, 8.0), &Scope::All, 20_000, POLICY);
    assert!(matches!(next(&mut learning, 1_000_000), Step::Write(_)));
}

#[test]
fn looks_are_few_and_paid_for_by_the_encoding_since() {
    for rows in [2_000, 20_000, ROWS] {
        let mut learning = learning();
        looked(&mut learning, found(ROWS, 1.4, 8.0));
        let mut scopes = Vec::new();
        for _ in 0..8 {
            let (written, scope) = until_look(&mut learning, rows, 1.0);
            assert!(written >= ROW_GROUPS_PER_LOOK - 1, "{written}");
            let (spent, encoding) = (17.0 * SAMPLE_ROWS as f64, 7.0 * (rows as f64) * f64::from(written + 1));
            assert!(spent <= 0.0101 * encoding, "{rows} {written}");
            learning.looked(found(ROWS, 1.4, 8.0), &scope, rows, POLICY);
            scopes.push(scope);
        }
        // Plain costs three times as much as delta: no rival. Once in a while everything is tried.
        assert_eq!(scopes.iter().filter(|scope| **scope == Scope::All).count(), 2);
        assert!(scopes.contains(&Scope::Rivals(vec![DELTA])), "{scopes:?}");
    }
}

#[test]
fn chunks_larger_than_promised_are_looked_at_next_but_ever_more_seldom() {
    let mut learning = learning();
    looked(&mut learning, found(ROWS, 1.4, 8.0));
    write(&mut learning, ROWS, 1.0);
    write(&mut learning, ROWS, 1.4);
    write(&mut learning, ROWS, 4.0);
    assert_eq!(next(&mut learning, ROWS), Step::Look(Scope::All));
    // Each time the data is back to what was promised, and then it changes again.
    let mut waits = Vec::new();
    for _ in 0..8 {
        looked(&mut learning, found(ROWS, 1.4, 8.0));
        write(&mut learning, ROWS, 1.0);
        waits.push(until_look(&mut learning, ROWS, 4.0).0 + 1);
    }
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
    assert_eq!(waits.last(), Some(&(ROW_GROUPS_PER_LOOK - 1)), "{waits:?}");
}

#[test]
fn data_that_changed_is_written_another_way() {
    let mut learning = learning();
    assert_eq!(looked(&mut learning, found(ROWS, 1.4, 8.0)).way, DELTA);
    write(&mut learning, ROWS, 1.0);
    write(&mut learning, ROWS, 6.0);
    assert_eq!(next(&mut learning, ROWS), Step::Look(Scope::All));
    assert_eq!(looked(&mut learning, found(ROWS, 8.3, 1.25)).way, DICTIONARY);
}

#[test]
fn a_dictionary_that_does_not_hold_is_not_believed_again_at_once() {
    let mut learning = learning();
    assert_eq!(looked(&mut learning, found(ROWS, 8.3, 1.25)).way, DICTIONARY);
    write(&mut learning, ROWS, 7.0);
    // Not looked at again: the sample had said otherwise, so the sample misleads.
    let Step::Write(promise) = next(&mut learning, ROWS) else { panic!("a look is due") };
    assert_eq!(promise.way, PLAIN);
    looked(&mut learning, found(ROWS, 8.3, 1.25));
    let Step::Write(promise) = next(&mut learning, ROWS) else { panic!("a look is due") };
    assert_eq!(promise.way, PLAIN);
}

#[test]
fn chunks_that_are_always_somewhat_larger_surprise_nobody() {
    let mut learning = learning();
    looked(&mut learning, found(ROWS, 1.4, 8.0));
    // Levels of a nested column, say, which the sample has not.
    assert_eq!(until_look(&mut learning, ROWS, 2.5).0, ROW_GROUPS_PER_LOOK - 1);
    assert_eq!(learning.favoured(), Some(DELTA));
}

#[test]
fn what_was_promised_by_an_earlier_look_says_nothing_of_this_one() {
    let mut learning = learning();
    let before = looked(&mut learning, found(ROWS, 1.4, 8.0));
    looked(&mut learning, found(ROWS, 1.4, 8.0));
    learning.wrote(before, ROWS, u64::MAX, POLICY);
    assert_eq!(learning.learnt.as_ref().unwrap().standing, Standing::Fresh);
}
