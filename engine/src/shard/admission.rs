//! Where an offset is judged.

use lakehead_protocol::limits::OFFSET_MAX;

/// What becomes of a batch's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Rows from `skip` on are new; those before are here already.
    Accept { skip: u32 },
    /// All rows are here already.
    Duplicate,
    /// Rows between `expected` and the batch are missing.
    Gap { expected: u64 },
    /// The offsets leave the range of the table's counters.
    OutOfRange,
}

/// Judges a batch of `rows` rows from offset `first` on, for a stream whose next row is `next`.
///
/// Offsets count rows, so a client may cut its rows into other batches when it sends them again.
pub fn judge(next: u64, first: u64, rows: u32) -> Admission {
    let Some(end) = first.checked_add(u64::from(rows)).filter(|end| *end <= OFFSET_MAX) else {
        return Admission::OutOfRange;
    };
    if first > next {
        return Admission::Gap { expected: next };
    }
    if end <= next {
        return Admission::Duplicate;
    }
    // Below `rows`, because `next` lies before the batch's end.
    Admission::Accept { skip: (next - first) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(judge(0, 0, 10), Admission::Accept { skip: 0 });
        assert_eq!(judge(4, 0, 10), Admission::Accept { skip: 4 });
        assert_eq!(judge(10, 0, 10), Admission::Duplicate);
        assert_eq!(judge(10, 10, 0), Admission::Duplicate);
        assert_eq!(judge(10, 11, 1), Admission::Gap { expected: 10 });
        assert_eq!(judge(0, u64::MAX, 1), Admission::OutOfRange);
        assert_eq!(judge(OFFSET_MAX, OFFSET_MAX, 1), Admission::OutOfRange);
    }

    proptest! {
        /// However rows are cut into batches and repeated, what is accepted is each row once, in order.
        #[test]
        fn any_rebatching_yields_each_row_once(batches in prop::collection::vec((0..60u64, 0..20u32), 0..80)) {
            let mut taken: Vec<u64> = Vec::new();
            for (first, rows) in batches {
                let next = taken.len() as u64;
                match judge(next, first, rows) {
                    Admission::Accept { skip } => taken.extend(first + u64::from(skip)..first + u64::from(rows)),
                    Admission::Duplicate => prop_assert!(first + u64::from(rows) <= next),
                    Admission::Gap { expected } => prop_assert!(expected == next && first > next),
                    Admission::OutOfRange => prop_assert!(false),
                }
                prop_assert!(taken.iter().enumerate().all(|(index, row)| index as u64 == *row));
            }
        }
    }
}
