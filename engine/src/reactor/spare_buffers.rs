//! Buffers of large frames that were taken in, for frames to come.
//!
//! A busy producer of large frames would otherwise have the allocator give pages back and the kernel clear them anew, frame
//! after frame. What is kept is small and constant, beside the budget like the core's shared buffer; a frame gets a buffer
//! of about its own size only, so that what it reserved is what it holds.

use lakehead_protocol::FrameBuffer;
use std::cell::RefCell;
use std::collections::VecDeque;

/// Buffers that a core keeps.
const KEPT_MAX: usize = 4;
/// Larger ones are not kept.
const KEPT_BYTES_MAX: usize = 1 << 20;
/// Frames below this have buffers of their own only when they are broken off, and small ones cost little to make.
pub const LARGE_BYTES_MIN: usize = 64 * 1024;

/// See the module's head.
#[derive(Default)]
pub struct SpareBuffers {
    /// The last one that came is at the end.
    buffers: RefCell<VecDeque<FrameBuffer>>,
}

impl SpareBuffers {
    /// A buffer of at least `bytes` bytes, whatever they are, and not of many more.
    pub fn take(&self, bytes: usize) -> FrameBuffer {
        let rounded = if bytes < LARGE_BYTES_MIN { bytes } else { bytes.next_multiple_of(LARGE_BYTES_MIN) };
        let fits = |buffer: &FrameBuffer| (bytes..=rounded + rounded / 4).contains(&buffer.len());
        let mut buffers = self.buffers.borrow_mut();
        let found = buffers.iter().rposition(fits).and_then(|place| buffers.remove(place));
        found.unwrap_or_else(|| {
            let mut buffer = FrameBuffer::with_capacity(rounded);
            buffer.resize(rounded, 0);
            buffer
        })
    }

    /// Keeps a buffer that nobody needs, in place of the oldest one when there are enough.
    pub fn put(&self, buffer: FrameBuffer) {
        if !(LARGE_BYTES_MIN..=KEPT_BYTES_MAX).contains(&buffer.len()) {
            return;
        }
        let mut buffers = self.buffers.borrow_mut();
        if buffers.len() == KEPT_MAX {
            buffers.pop_front();
        }
        buffers.push_back(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_gets_a_buffer_of_its_size() {
        let spares = SpareBuffers::default();
        let large = spares.take(500_000);
        assert!((500_000..600_000).contains(&large.len()));
        let place = large.as_ptr();
        spares.put(large);
        assert!(spares.take(200_000).len() < 300_000, "a much larger one would hold more than was reserved");
        assert!(spares.take(5).len() == 5);
        let again = spares.take(490_000);
        assert_eq!(again.as_ptr(), place);
        assert!(spares.take(490_000).as_ptr() != place, "it is in use");
    }

    #[test]
    fn few_are_kept_and_the_newest_of_them() {
        let spares = SpareBuffers::default();
        spares.put(spares.take(2 << 20));
        spares.put(spares.take(100));
        assert_eq!(spares.buffers.borrow().len(), 0, "too large, too small");
        let many: Vec<_> = (0..KEPT_MAX + 2).map(|_| spares.take(LARGE_BYTES_MIN)).collect();
        let last = many[KEPT_MAX + 1].as_ptr();
        many.into_iter().for_each(|buffer| spares.put(buffer));
        assert_eq!(spares.buffers.borrow().len(), KEPT_MAX);
        assert_eq!(spares.take(LARGE_BYTES_MIN).as_ptr(), last);
    }
}
