//! How often values return in a sample, and what that says of more rows.
//!
//! Values are counted by 64-bit hashes: two that share one would make an estimate worse by one. The table is the thread's and
//! used again, so that counting allocates nothing.

use super::fast_hash::FastHash;
use arrow::array::{Array, ArrayRef, AsArray, GenericByteArray};
use arrow::datatypes::{BinaryType, ByteArrayType, DataType, Utf8Type};
use hashbrown::HashTable;
use std::cell::RefCell;

/// How often values return.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distinct {
    /// Rows counted.
    rows: f64,
    /// Values in them: NULL is none.
    values: f64,
    /// Different ones among them.
    pub seen: f64,
    once: f64,
    twice: f64,
}

/// Hashes with how often they came.
type Counts = HashTable<(u64, u32)>;

thread_local! {
    static COUNTS: RefCell<Counts> = const { RefCell::new(HashTable::new()) };
}

impl Distinct {
    /// `None` for types that have no dictionary.
    pub(super) fn of(sample: &ArrayRef) -> Option<Self> {
        COUNTS.with_borrow_mut(|counts| {
            counts.clear();
            count(sample, counts)?;
            let having = |wanted: u32| counts.iter().filter(|(_, count)| *count == wanted).count() as f64;
            let values = counts.iter().map(|(_, count)| f64::from(*count)).sum();
            let rows = sample.len().max(1) as f64;
            Some(Self { rows, values, seen: counts.len() as f64, once: having(1), twice: having(2) })
        })
    }

    /// Made-up ones: `seen` values in `rows` rows, each as often as the others.
    #[cfg(test)]
    pub(super) fn returning(seen: f64, rows: f64) -> Self {
        Self { rows, values: rows, seen, once: 0.0, twice: 0.0 }
    }

    /// Distinct values of `rows` rows. Of more than were counted: those seen, and as many more as the ratio of values seen once
    /// to those seen twice lets expect (the estimator of Chao). Of fewer: as if all were equally frequent.
    pub fn estimate(&self, rows: usize) -> f64 {
        let rows = rows as f64;
        if rows == self.rows {
            return self.seen;
        }
        let values = rows * self.values / self.rows;
        if rows > self.rows {
            let unseen = match self.twice > 0.0 {
                true => self.once * self.once / (2.0 * self.twice),
                false => self.once * (self.once - 1.0) / 2.0,
            };
            return (self.seen + unseen).min(values.max(self.seen));
        }
        let met = |values: f64| 1.0 - (1.0 - 1.0 / self.seen.max(1.0)).powf(values);
        (self.seen * met(values) / met(self.values).max(f64::MIN_POSITIVE)).min(values)
    }
}

fn count(sample: &ArrayRef, counts: &mut Counts) -> Option<()> {
    match sample.data_type() {
        DataType::Utf8 => count_bytes::<Utf8Type>(sample.as_string(), counts),
        DataType::Binary => count_bytes::<BinaryType>(sample.as_binary(), counts),
        other => {
            let width = other.primitive_width()?;
            let data = sample.to_data();
            let bytes = data.buffers().first()?.as_slice();
            let values = bytes.chunks_exact(width).skip(data.offset()).take(sample.len());
            for (row, value) in values.enumerate() {
                if sample.is_valid(row) {
                    add(value, counts);
                }
            }
        }
    }
    Some(())
}

fn count_bytes<T: ByteArrayType>(values: &GenericByteArray<T>, counts: &mut Counts) {
    values.iter().flatten().for_each(|value| add(value.as_ref(), counts));
}

fn add(value: &[u8], counts: &mut Counts) {
    let hash = FastHash::of(value);
    counts.entry(hash, |(held, _)| *held == hash, |(held, _)| *held).or_insert((hash, 0)).into_mut().1 += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn values_are_counted_as_a_map_counts_them(values in prop::collection::vec(prop::option::of(0i64..40), 0..200)) {
            let mut counts: HashMap<i64, u32> = HashMap::new();
            values.iter().flatten().for_each(|value| *counts.entry(*value).or_default() += 1);
            let having = |wanted| counts.values().filter(|count| **count == wanted).count() as f64;
            let texts: StringArray = values.iter().map(|value| value.map(|value| format!("value {value}"))).collect();
            let longs: ArrayRef = Arc::new(Int64Array::from(values.clone()));
            for sample in [longs.clone(), Arc::new(texts)] {
                let found = Distinct::of(&sample).unwrap();
                prop_assert_eq!((found.seen, found.once, found.twice), (counts.len() as f64, having(1), having(2)));
                prop_assert_eq!(found.values, values.iter().flatten().count() as f64);
                prop_assert_eq!(found.estimate(values.len()), found.seen);
                for rows in [0, 1, 7, 1_000, 1_000_000] {
                    prop_assert!((0.0..=found.seen.max(rows as f64)).contains(&found.estimate(rows)), "{rows}");
                }
            }
            // A slice counts its own values alone.
            let half = values.len() / 2;
            let slice = Distinct::of(&longs.slice(half, values.len() - half)).unwrap();
            prop_assert_eq!(slice.values, values[half..].iter().flatten().count() as f64);
        }
    }

    #[test]
    fn fewer_rows_meet_fewer_values() {
        let thousand = Distinct::returning(1000.0, 8192.0);
        assert!(thousand.estimate(10) > 9.0 && thousand.estimate(10) <= 10.0);
        assert!(thousand.estimate(1000) < 700.0);
        assert_eq!(thousand.estimate(500_000), 1000.0);
    }
}
