//! What the fuzz targets share.
//!
//! A target gets bytes from nowhere and must end without a panic, whatever they are. Archives are fuzzed apart from frames:
//! a fuzzer would hardly ever guess a checksum, so behind it nothing would be tested.

use lakehead_protocol::FrameBuffer;

/// The bytes at an address that archives can be read from.
pub fn aligned(bytes: &[u8]) -> FrameBuffer {
    let mut out = FrameBuffer::with_capacity(bytes.len());
    out.extend_from_slice(bytes);
    out
}
