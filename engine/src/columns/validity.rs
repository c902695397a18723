//! Which rows have a value.

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use std::ops::Range;

/// A validity bitmap that exists only once a batch brought one.
#[derive(Debug, Default)]
pub struct Validity {
    rows: usize,
    bits: Option<BooleanBufferBuilder>,
}

impl Validity {
    /// Appends these rows of a batch's bitmap; an empty bitmap means that all have values.
    pub fn append(&mut self, bitmap: &[u8], rows: Range<usize>) {
        let added = rows.len();
        if bitmap.is_empty() {
            if let Some(bits) = &mut self.bits {
                bits.append_n(added, true);
            }
        } else {
            let before = self.rows;
            let bits = self.bits.get_or_insert_with(|| {
                let mut bits = BooleanBufferBuilder::new(before + added);
                bits.append_n(before, true);
                bits
            });
            bits.append_packed_range(rows, bitmap);
        }
        self.rows += added;
    }

    /// Appends rows without a value.
    pub fn append_nulls(&mut self, added: usize) {
        let before = self.rows;
        let bits = self.bits.get_or_insert_with(|| {
            let mut bits = BooleanBufferBuilder::new(before + added);
            bits.append_n(before, true);
            bits
        });
        bits.append_n(added, false);
        self.rows += added;
    }

    /// Rows so far, with and without a value.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.bits.as_ref().map_or(0, |bits| bits.capacity() / 8)
    }

    /// The bitmap so far; `None` when every row has a value. Starts anew.
    pub fn seal(&mut self) -> Option<NullBuffer> {
        self.rows = 0;
        let bits: BooleanBuffer = self.bits.take()?.build();
        Some(NullBuffer::new(bits)).filter(|nulls| nulls.null_count() > 0)
    }
}
