//! Headers, and whole frames in every state of a receiver. The input is also tried with checksums that fit.
#![no_main]

use lakehead_fuzz::aligned::aligned;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::limits::{HEADER_BYTES, padded};

const STATES: [PeerState; 4] = [PeerState::Greeting, PeerState::Opening, PeerState::Streaming, PeerState::Server];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    judge(bytes);
    if let Some(signed) = signed(bytes) {
        judge(&signed);
    }
});

fn judge(bytes: &[u8]) {
    let bytes = aligned(bytes);
    for state in STATES {
        if let Ok(Progress::Frame { frame, consumed }) = frame::next(&bytes, state) {
            assert_eq!(consumed, HEADER_BYTES + padded(frame.payload.len()));
            let head = bytes.first_chunk::<HEADER_BYTES>().expect("a frame has a header");
            assert_eq!(&frame.header.encode(), head, "a header that is accepted has one form");
        }
    }
}

/// The same with magic, version, layout and both checksums as they have to be.
fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut signed = bytes.to_vec();
    let (head, payload) = signed.split_first_chunk_mut::<HEADER_BYTES>()?;
    let good = Header::control(lakehead_protocol::kind::Kind::Ping).encode();
    head[..6].copy_from_slice(&good[..6]);
    head[36..40].copy_from_slice(&good[36..40]);
    head[16..20].copy_from_slice(&lakehead_protocol::crc32c(payload).to_le_bytes());
    head[12..16].fill(0);
    let crc = lakehead_protocol::crc32c(head);
    head[12..16].copy_from_slice(&crc.to_le_bytes());
    Some(signed)
}
