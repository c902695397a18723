//! Compressed batches, one at a time.
//!
//! A core has one buffer for this, as it has one to read into: a batch is taken in before the next is looked at. The bytes
//! are in the budget while they are used; they may pass it, by one frame a core, because the memory that would be waited
//! for is freed by taking frames in.

use crate::budget::Budget;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::compression::{MalformedPayload, decompress};
use lakehead_protocol::header::Header;
use std::cell::RefCell;

/// What the buffer may keep between batches.
const KEPT_BYTES: usize = 1 << 20;

/// See the module's head.
pub struct Decompressor {
    budget: Budget,
    buffer: RefCell<FrameBuffer>,
}

impl Decompressor {
    /// A decompressor without a buffer yet.
    pub fn new(budget: Budget) -> Self {
        Self { budget, buffer: RefCell::default() }
    }

    /// Gives the archive that `payload` holds to `take`.
    ///
    /// # Errors
    /// A payload that does not hold what the header says.
    pub fn with<T>(
        &self,
        header: &Header,
        payload: &[u8],
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, MalformedPayload> {
        let _memory = self.budget.reserve(header.archive_bytes() as usize);
        let mut buffer = self.buffer.take();
        let taken = decompress(header, payload, &mut buffer).map(|()| take(&buffer));
        if buffer.capacity() <= KEPT_BYTES {
            self.buffer.replace(buffer);
        }
        taken
    }
}
