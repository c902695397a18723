//! Boolean columns: one bit a row.

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use std::ops::Range;

/// Bits end to end, least significant first.
#[derive(Debug)]
pub struct Bits {
    bits: BooleanBufferBuilder,
}

impl Bits {
    /// An empty column with room for `rows`.
    pub fn new(rows: usize) -> Self {
        Self { bits: BooleanBufferBuilder::new(rows) }
    }

    /// Appends these rows of a batch's bitmap.
    pub fn append(&mut self, bitmap: &[u8], rows: Range<usize>) {
        self.bits.append_packed_range(rows, bitmap);
    }

    /// Appends rows without a value.
    pub fn append_nulls(&mut self, rows: usize) {
        self.bits.append_n(rows, false);
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.bits.capacity() / 8
    }

    /// The bits so far; starts anew with room for `rows`.
    pub fn seal(&mut self, rows: usize) -> BooleanBuffer {
        std::mem::replace(&mut self.bits, BooleanBufferBuilder::new(rows)).build()
    }
}
