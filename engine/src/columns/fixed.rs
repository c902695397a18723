//! Columns whose values have one width: integers, floats, decimals, dates, timestamps.

use super::widening::Widening;
use arrow::buffer::{Buffer, MutableBuffer};
use std::ops::Range;

/// Values end to end, little-endian, as both the wire and Arrow have them.
#[derive(Debug)]
pub struct FixedValues {
    width: usize,
    values: MutableBuffer,
}

impl FixedValues {
    /// An empty column of values of `width` bytes, with room for `bytes`.
    pub fn new(width: usize, bytes: usize) -> Self {
        Self { width, values: MutableBuffer::new(bytes) }
    }

    /// Appends these rows of a batch's values.
    pub fn append(&mut self, values: &[u8], rows: Range<usize>) {
        self.values.extend_from_slice(&values[rows.start * self.width..rows.end * self.width]);
    }

    /// Appends these rows of a batch's narrower values.
    pub fn append_widened(&mut self, widening: Widening, values: &[u8], rows: Range<usize>) {
        widening.append(values, rows, &mut self.values);
    }

    /// Appends rows without a value.
    pub fn append_nulls(&mut self, rows: usize) {
        self.values.extend_zeros(rows * self.width);
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.values.capacity()
    }

    /// Bytes of values.
    pub fn bytes(&self) -> usize {
        self.values.len()
    }

    /// The buffer so far; starts anew with room for `bytes`.
    pub fn seal(&mut self, bytes: usize) -> Buffer {
        std::mem::replace(&mut self.values, MutableBuffer::new(bytes)).into()
    }
}
