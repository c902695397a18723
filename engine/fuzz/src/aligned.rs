//! Bytes where archives can be read from.

use lakehead_protocol::FrameBuffer;

/// The bytes at an address that archives can be read from.
pub fn aligned(bytes: &[u8]) -> FrameBuffer {
    let mut out = FrameBuffer::with_capacity(bytes.len());
    out.extend_from_slice(bytes);
    out
}
