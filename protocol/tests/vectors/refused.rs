//! Frames that a receiver refuses, with the code.

use super::cases::{Case, Encoder, batch, longs, open, strings};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::frame;
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::limits::{BATCH_ROWS_MAX, HEADER_BYTES, HELLO_BYTES_MAX};
use lakehead_protocol::schema::{DataType, Field, Schema};

fn case(name: &'static str, about: &'static str, state: PeerState, bytes: FrameBuffer) -> Case {
    Case { name, about, state, bytes, encoder: Encoder::Exact }
}

fn hello(hello: &Hello) -> FrameBuffer {
    let mut bytes = FrameBuffer::new();
    frame::append_control(&mut bytes, Kind::Hello, hello).unwrap();
    bytes
}

fn patched(mut bytes: FrameBuffer, at: usize, values: &[u8]) -> FrameBuffer {
    bytes[at..at + values.len()].copy_from_slice(values);
    bytes
}

/// With checksums that fit.
fn signed(mut bytes: FrameBuffer) -> FrameBuffer {
    let payload_crc = lakehead_protocol::crc32c(&bytes[HEADER_BYTES..]);
    bytes[16..20].copy_from_slice(&payload_crc.to_le_bytes());
    bytes[12..16].fill(0);
    let crc = lakehead_protocol::crc32c(&bytes[..HEADER_BYTES]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn head(header: Header) -> FrameBuffer {
    let mut bytes = FrameBuffer::new();
    bytes.extend_from_slice(&header.encode());
    bytes
}

pub fn all() -> Vec<Case> {
    use PeerState::{Greeting, Opening, Streaming};
    let rows = || batch(1, 0, 2, vec![longs(&[1, 2]), strings(&["a", "b"])]);
    let last = rows().len() - 1;
    let large = Header { payload_bytes: HELLO_BYTES_MAX as u32 + 1, ..Header::control(Kind::Hello) };
    let many = Header { payload_bytes: 64, rows: BATCH_ROWS_MAX as u32 + 1, ..Header::control(Kind::Batch) };
    let mut schema = FrameBuffer::new();
    let twice = Schema::flat(vec![Field::flat("a", DataType::Long, true), Field::flat("A", DataType::Long, true)]);
    frame::append_schema(&mut schema, 1, &twice).unwrap();
    let header = Header::decode(rows().first_chunk::<HEADER_BYTES>().unwrap()).unwrap();
    // The columns stand right before the root, 40 bytes each.
    let columns = header.payload_bytes as usize - 8 - 2 * 40;
    let (children, offsets) = (columns + 32, columns + 40 + 16);
    let root = HEADER_BYTES + header.payload_bytes as usize - 8;
    vec![
        case("refused_magic", "The magic is wrong.", Greeting, patched(hello(&open()), 0, b"X")),
        case("refused_version", "Version 9: judged before the checksum.", Greeting, patched(hello(&open()), 4, &[9])),
        case("refused_layout", "Another archive layout.", Greeting, patched(hello(&open()), 36, &[0])),
        case("refused_header_checksum", "A flipped bit in the header.", Greeting, patched(hello(&open()), 25, &[1])),
        case("refused_kind", "Kind 200.", Greeting, signed(patched(hello(&open()), 6, &[200]))),
        case("refused_reserved", "A reserved byte is not zero.", Greeting, signed(patched(hello(&open()), 47, &[1]))),
        case(
            "refused_compressed_hello",
            "Only batches are compressed.",
            Greeting,
            signed(patched(hello(&open()), 7, &[1])),
        ),
        case("refused_unexpected", "A Batch before Hello.", Greeting, rows()),
        case("refused_too_large", "A header alone: its length is over the limit of Hello.", Greeting, head(large)),
        case("refused_too_many_rows", "A header alone: more rows than a batch may have.", Streaming, head(many)),
        case("refused_padding", "Padding that is not zero.", Streaming, signed(patched(rows(), last, &[1]))),
        case(
            "refused_payload_checksum",
            "A flipped bit in the payload.",
            Greeting,
            patched(hello(&open()), HEADER_BYTES, &[0]),
        ),
        case("refused_archive", "The root points out of the archive.", Streaming, signed(patched(rows(), root, &[1]))),
        case(
            "refused_empty_pointer",
            "The empty vector `children` of the first column points to itself.",
            Streaming,
            signed(patched(rows(), HEADER_BYTES + children, &0i32.to_le_bytes())),
        ),
        case(
            "refused_shared_bytes",
            "The offsets of the second column point to the values of the first.",
            Streaming,
            signed(patched(rows(), HEADER_BYTES + offsets, &(-(offsets as i32)).to_le_bytes())),
        ),
        case("refused_hello", "Mode 7.", Greeting, hello(&Hello { mode: 7, ..open() })),
        case("refused_schema", "Two columns whose names differ in case alone.", Opening, schema),
    ]
}
