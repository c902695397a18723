//! Where rows of variable length begin and end, in text as in lists.

use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use rkyv::rend::u32_le;
use std::ops::Range;

/// Offsets of all rows so far: where each begins and the last one ends. They start at 0 and never fall.
#[derive(Debug)]
pub struct Offsets {
    offsets: Vec<i32>,
}

impl Offsets {
    /// No rows, with room for `rows`.
    pub fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets }
    }

    /// Where the last row ends.
    pub fn end(&self) -> usize {
        self.offsets.last().map_or(0, |end| *end as usize)
    }

    /// Where a row begins and ends.
    pub fn row(&self, row: usize) -> Range<usize> {
        self.offsets[row] as usize..self.offsets[row + 1] as usize
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Appends these rows of a batch's offsets, one addition each; gives what they lie between in the batch. What is held
    /// and what is added must stay below `i32::MAX` together.
    pub fn append(&mut self, offsets: &[u32_le], rows: Range<usize>) -> Range<usize> {
        let (first, end) = (offsets[rows.start].to_native(), offsets[rows.end].to_native());
        let shift = (self.end() as i32).wrapping_sub(first as i32);
        let added = offsets[rows.start + 1..=rows.end].iter();
        self.offsets.extend(added.map(|offset| (offset.to_native() as i32).wrapping_add(shift)));
        first as usize..end as usize
    }

    /// Appends rows of these lengths, under the same condition.
    pub fn append_lengths(&mut self, lengths: impl Iterator<Item = usize>) {
        let mut end = self.end() as i32;
        self.offsets.extend(lengths.map(|length| {
            end = end.wrapping_add(length as i32);
            end
        }));
    }

    /// Appends rows of no length.
    pub fn append_empty(&mut self, rows: usize) {
        let end = self.end() as i32;
        self.offsets.resize(self.offsets.len() + rows, end);
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.offsets.capacity() * size_of::<i32>()
    }

    /// The offsets so far; starts anew with room for `rows`.
    #[expect(unsafe_code, reason = "checking the offsets again would read every row a second time")]
    pub fn seal(&mut self, rows: usize) -> OffsetBuffer<i32> {
        let sealed = std::mem::replace(self, Self::new(rows)).offsets;
        // SAFETY: offsets start at 0 and never fall: each batch's were checked to rise and are shifted to begin where the
        // last one ended, and what a builder may hold keeps the sums from wrapping (see `extent`).
        unsafe { OffsetBuffer::new_unchecked(ScalarBuffer::from(sealed)) }
    }
}
