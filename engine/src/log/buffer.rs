//! The memory of a block.

use super::limits::PAGE_BYTES;
use std::any::Any;

/// Bytes that a block gathers in and is written from: aligned to 4 KiB, a multiple of that long, contents undefined. The
/// reactor has memory that its disk can write directly, tests have a vector.
pub trait BlockBuffer {
    fn bytes(&self) -> &[u8];
    fn bytes_mut(&mut self) -> &mut [u8];
    /// The buffer itself, for whoever made it.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// A page on the heap.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(4096))]
struct Page([u8; PAGE_BYTES]);

/// A block's memory on the heap, aligned like a disk's.
#[derive(Debug, Clone)]
pub struct HeapBuffer(Vec<Page>);

impl HeapBuffer {
    /// `bytes` rounded up to whole pages, zeroed.
    pub fn new(bytes: usize) -> Self {
        Self(vec![Page([0; PAGE_BYTES]); bytes.div_ceil(PAGE_BYTES)])
    }
}

impl BlockBuffer for HeapBuffer {
    fn bytes(&self) -> &[u8] {
        let bytes = self.0.len() * PAGE_BYTES;
        // SAFETY: pages are bytes without padding, one after another.
        #[expect(unsafe_code, reason = "pages as the bytes that they are")]
        unsafe {
            std::slice::from_raw_parts(self.0.as_ptr().cast(), bytes)
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let bytes = self.0.len() * PAGE_BYTES;
        // SAFETY: as above, and the borrow is exclusive.
        #[expect(unsafe_code, reason = "pages as the bytes that they are")]
        unsafe {
            std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), bytes)
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
