//! The values of rows that have one.

use arrow::buffer::{BooleanBuffer, NullBuffer};
use std::ops::Range;

/// Which of these rows have values; `None` when all do.
pub(super) fn validity(nulls: Option<&NullBuffer>, rows: Range<usize>) -> Option<BooleanBuffer> {
    let bits = nulls?.inner().slice(rows.start, rows.len());
    (bits.count_set_bits() < bits.len()).then_some(bits)
}

/// Writes what `convert` makes of each value that is there over `out`.
pub(super) fn keep<N: Copy, T: Copy + Default>(
    values: &[N],
    validity: &BooleanBuffer,
    out: &mut Vec<T>,
    convert: impl Fn(N) -> T,
) {
    out.resize(values.len(), T::default());
    let mut kept = 0;
    let chunks = validity.bit_chunks();
    for (bits, values) in chunks.iter_padded().zip(values.chunks(64)) {
        if bits == u64::MAX {
            for (place, value) in out[kept..].iter_mut().zip(values) {
                *place = convert(*value);
            }
            kept += values.len();
        } else if bits != 0 {
            // Whether a value is there is not guessed: it is written, and written over when it was not.
            let places = &mut out[kept..];
            let mut place = 0;
            for (bit, value) in values.iter().enumerate() {
                places[place] = convert(*value);
                place += (bits >> bit & 1) as usize;
            }
            kept += place;
        }
    }
    out.truncate(kept);
}

/// Writes the numbers of the rows that have values over `out`; the first row is `first`.
pub(super) fn rows(validity: &BooleanBuffer, first: usize, out: &mut Vec<u32>) {
    out.clear();
    out.extend(validity.set_indices().map(|row| (first + row) as u32));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_there_is_kept_in_order(
            runs in prop::collection::vec((any::<bool>(), prop_oneof![1usize..4, 1usize..150]), 0..20),
            offset in 0usize..70,
        ) {
            let bits: Vec<bool> = runs.iter().flat_map(|(bit, length)| std::iter::repeat_n(*bit, *length)).collect();
            let nulls: NullBuffer = std::iter::repeat_n(true, offset).chain(bits.iter().copied()).collect::<Vec<_>>().into();
            let values: Vec<i16> = (0..bits.len() as i16).collect();
            let expected: Vec<i64> = (0..).zip(&bits).filter(|(_, bit)| **bit).map(|(value, _)| value).collect();
            match validity(Some(&nulls), offset..offset + bits.len()) {
                Some(validity) => {
                    let mut out = vec![7; 3];
                    keep(&values, &validity, &mut out, i64::from);
                    prop_assert_eq!(&out, &expected);
                    let mut found = Vec::new();
                    rows(&validity, 10, &mut found);
                    prop_assert_eq!(found, expected.iter().map(|row| *row as u32 + 10).collect::<Vec<_>>());
                }
                None => prop_assert_eq!(expected.len(), bits.len()),
            }
        }
    }
}
