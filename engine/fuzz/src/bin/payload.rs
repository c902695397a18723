//! Compressed payloads. The first two bytes choose the compression and the length the header claims.
#![no_main]

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::compression::{Compression, decompress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::Kind;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [choice, length, payload @ ..] = bytes else { return };
    let compression = if choice & 1 == 0 { Compression::Lz4 } else { Compression::Zstd };
    let decompressed_bytes = (u32::from(choice >> 1) + 1) * (u32::from(*length) + 1);
    let header = Header { compression, decompressed_bytes, ..Header::control(Kind::Batch) };
    let mut out = FrameBuffer::new();
    if decompress(&header, payload, &mut out).is_ok() {
        assert_eq!(out.len(), decompressed_bytes as usize);
    }
});
