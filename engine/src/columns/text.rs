//! Columns of variable length: strings and binaries, by offsets.

use arrow::buffer::{Buffer, MutableBuffer, OffsetBuffer, ScalarBuffer};
use lakehead_protocol::limits::BATCH_BYTES_MAX;
use rkyv::rend::u32_le;

/// Most bytes a column may hold: Arrow's offsets are signed 32-bit numbers, and one more batch must always fit.
pub const TEXT_BYTES_MAX: usize = i32::MAX as usize - BATCH_BYTES_MAX;

/// Bytes of all rows end to end, and where each row begins and the last ends.
#[derive(Debug)]
pub struct Texts {
    offsets: Vec<i32>,
    bytes: MutableBuffer,
}

impl Texts {
    /// An empty column with room for `rows` and `bytes`.
    pub fn new(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, bytes: MutableBuffer::new(bytes) }
    }

    /// Appends a batch's rows from `skip` on: one copy of the bytes, one addition per offset.
    pub fn append(&mut self, offsets: &[u32_le], values: &[u8], skip: usize) {
        let first = offsets[skip].to_native();
        // What is held and what is added both stay below i32::MAX, see TEXT_BYTES_MAX.
        let shift = (self.bytes.len() as i32).wrapping_sub(first as i32);
        self.offsets.extend(offsets[skip + 1..].iter().map(|offset| (offset.to_native() as i32).wrapping_add(shift)));
        self.bytes.extend_from_slice(&values[first as usize..]);
    }

    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.offsets.capacity() * size_of::<i32>()
    }

    /// Offsets and bytes so far; starts anew with room for `rows` and `bytes`.
    #[expect(unsafe_code, reason = "checking the offsets again would read every row a second time")]
    pub fn seal(&mut self, rows: usize, bytes: usize) -> (OffsetBuffer<i32>, Buffer) {
        let sealed = std::mem::replace(self, Self::new(rows, bytes));
        // SAFETY: offsets start at 0 and never fall: each batch's were checked to rise, and are shifted to begin where the
        // last one ended; TEXT_BYTES_MAX keeps the sums from wrapping.
        let offsets = unsafe { OffsetBuffer::new_unchecked(ScalarBuffer::from(sealed.offsets)) };
        (offsets, sealed.bytes.into())
    }
}
