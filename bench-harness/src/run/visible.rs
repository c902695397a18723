use std::collections::BTreeMap;

/// The rows of one stream that an outside reader has seen: all before `end`, and ranges beyond a hole.
///
/// A version's files may be read in any order, so a later range can come before an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visible {
    end: u64,
    beyond: BTreeMap<u64, u64>,
}

impl Visible {
    /// Rows before this one can all be read.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds rows `first..end`; they may have been seen before.
    pub fn add(&mut self, first: u64, end: u64) {
        let known = self.beyond.entry(first).or_default();
        *known = end.max(*known);
        while let Some(next) = self.beyond.first_entry()
            && *next.key() <= self.end
        {
            self.end = self.end.max(next.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_beyond_a_hole_wait_for_it_to_be_filled() {
        let mut visible = Visible::default();
        for (first, end, all_before) in
            [(0, 10, 10), (20, 30, 10), (25, 26, 10), (10, 15, 15), (12, 20, 30), (0, 5, 30)]
        {
            visible.add(first, end);
            assert_eq!(visible.end(), all_before, "after {first}..{end}");
        }
        assert!(visible.beyond.is_empty());
    }

    proptest! {
        #[test]
        fn it_is_the_first_row_that_is_missing(ranges in proptest::collection::vec((0_u64..40, 1_u64..9), 0..20)) {
            let (mut visible, mut rows) = (Visible::default(), [false; 64]);
            for (first, length) in ranges {
                visible.add(first, first + length);
                (first..first + length).for_each(|row| rows[row as usize] = true);
                let missing = rows.iter().position(|seen| !seen);
                prop_assert_eq!(Some(visible.end() as usize), missing);
            }
        }
    }
}
