//! What bad input gets: a refusal with its own code and a sentence, and no effect on anyone else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

mod support;

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{BatchView, Column};
use lakehead_protocol::compression::{Compression, compress_frame};
use lakehead_protocol::frame;
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::limits::{BATCH_ROWS_MAX, HEADER_BYTES, HELLO_BYTES_MAX};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use support::{Engine, Peer, hello, open, rows_frame};

type Act = Box<dyn Fn(&Engine) -> Peer>;

/// A peer that says these bytes first.
fn says(bytes: Vec<u8>) -> Act {
    Box::new(move |engine| {
        let mut peer = engine.peer();
        peer.send(&bytes);
        peer
    })
}

/// A peer that opens a stream of its own in `numbers` and then says these bytes.
fn streams(bytes: Vec<u8>) -> Act {
    Box::new(move |engine| {
        let (mut peer, _) = open(engine, "numbers", "", 9);
        peer.send(&bytes);
        peer
    })
}

fn says_hello(hello: Hello) -> Act {
    Box::new(move |engine| {
        let mut peer = engine.peer();
        peer.hello(&hello);
        peer
    })
}

fn hello_frame() -> FrameBuffer {
    let mut out = FrameBuffer::new();
    frame::append_control(&mut out, Kind::Hello, &hello("numbers", "", 1)).unwrap();
    out
}

/// A header patched and signed again.
fn header(kind: Kind, payload_bytes: u32) -> Vec<u8> {
    Header { payload_bytes, ..Header::control(kind) }.encode().to_vec()
}

fn flipped(mut bytes: FrameBuffer, at: usize) -> Vec<u8> {
    bytes[at] ^= 0x20;
    bytes.to_vec()
}

/// A batch frame of one row with these two columns.
fn batch(rows: u32, columns: Vec<Column>) -> Vec<u8> {
    let mut out = FrameBuffer::new();
    let view = BatchView { columns: columns.iter().map(Column::view).collect() };
    frame::append_batch(&mut out, 1, 0, rows, &view).unwrap();
    out.to_vec()
}

fn number(value: u64) -> Column {
    Column { length: 1, values: value.to_le_bytes().to_vec(), ..Column::default() }
}

fn text(bytes: &[u8]) -> Column {
    Column { length: 1, values: bytes.to_vec(), offsets: vec![0, bytes.len() as u32], ..Column::default() }
}

/// A valid frame around an archive whose bytes are damaged, with checksums that fit.
fn lying_archive() -> Vec<u8> {
    let mut bytes = batch(1, vec![number(1), text(b"x")]);
    // The root is the last thing in the archive: a vector's relative pointer and length. The length claims too much.
    let header = Header::decode(bytes.first_chunk::<HEADER_BYTES>().unwrap()).unwrap();
    let end = HEADER_BYTES + header.payload_bytes as usize;
    bytes[end - 4..end].copy_from_slice(&u32::MAX.to_le_bytes());
    let payload_crc = crc32c::crc32c(&bytes[HEADER_BYTES..]);
    bytes[..HEADER_BYTES].copy_from_slice(&Header { payload_crc, ..header }.encode());
    bytes
}

/// A compressed frame of zeros whose header claims this length.
fn compressed(decompressed_bytes: u32) -> Vec<u8> {
    let names = vec![0; 4_096];
    let column = Column { offsets: vec![0, 4_096], ..text(&names) };
    let frame = batch(1, vec![number(0), column]);
    let mut bytes = compress_frame(&frame, Compression::Lz4).unwrap();
    let header = Header::decode(bytes.first_chunk::<HEADER_BYTES>().unwrap()).unwrap();
    bytes[..HEADER_BYTES].copy_from_slice(&Header { decompressed_bytes, ..header }.encode());
    bytes.to_vec()
}

fn unknown_kind() -> Vec<u8> {
    let mut bytes = Header::control(Kind::Hello).encode();
    bytes[6] = 200;
    bytes[12..16].fill(0);
    let crc = crc32c::crc32c(&bytes);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes.to_vec()
}

fn newer_version() -> Vec<u8> {
    let mut bytes = hello_frame();
    bytes[4] = 77;
    bytes.to_vec()
}

fn cases() -> Vec<(&'static str, RejectCode, Act)> {
    let other_type =
        Schema::flat(vec![Field::flat("n", DataType::String, false), Field::flat("name", DataType::String, true)]);
    let fewer = Schema::flat(vec![Field::flat("name", DataType::String, true)]);
    let announces = |schema: Schema| -> Act {
        Box::new(move |engine| {
            let (mut peer, _) = open(engine, "numbers", "", 9);
            peer.schema(2, &schema);
            peer
        })
    };
    let null = Column { validity: vec![0], ..number(1) };
    let backwards = Column { offsets: vec![1, 0], ..text(b"x") };
    let mut other_id = FrameBuffer::new();
    frame::append_batch(&mut other_id, 7, 0, 0, &BatchView::default()).unwrap();
    vec![
        ("garbage", RejectCode::BadMagic, says(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec())),
        ("one wrong byte", RejectCode::BadMagic, says(b"X".to_vec())),
        ("a newer version", RejectCode::UnsupportedVersion, says(newer_version())),
        ("a flipped bit in the header", RejectCode::BadChecksum, says(flipped(hello_frame(), 25))),
        ("a flipped bit in the payload", RejectCode::BadChecksum, says(flipped(hello_frame(), HEADER_BYTES + 3))),
        ("an unknown kind", RejectCode::UnknownKind, says(unknown_kind())),
        ("a hello that is too large", RejectCode::TooLarge, says(header(Kind::Hello, HELLO_BYTES_MAX as u32 + 1))),
        ("a batch before hello", RejectCode::UnexpectedFrame, says(header(Kind::Batch, 64))),
        ("a server's frame", RejectCode::UnexpectedFrame, says(header(Kind::Welcome, 64))),
        ("a compressed batch that holds less", RejectCode::MalformedFrame, streams(compressed(8_192))),
        ("a compressed batch that holds more", RejectCode::MalformedFrame, streams(compressed(1_024))),
        ("a compressed batch that holds too much", RejectCode::TooLarge, streams(compressed(u32::MAX))),
        ("more rows than a batch may have", RejectCode::TooLarge, streams(batch(BATCH_ROWS_MAX as u32 + 1, vec![]))),
        ("a second hello", RejectCode::UnexpectedFrame, streams(hello_frame().to_vec())),
        ("no table name", RejectCode::BadHello, says_hello(hello("", "", 1))),
        ("a name that climbs", RejectCode::BadTableName, says_hello(hello("../etc", "", 1))),
        ("a stream named like an epoch", RejectCode::BadHello, says_hello(hello("numbers", "a/epoch", 1))),
        ("a mode that is none", RejectCode::BadHello, says_hello(Hello { mode: 9, ..hello("numbers", "", 1) })),
        (
            "an unknown table",
            RejectCode::UnknownTable,
            says_hello(Hello { schema_follows: 0, ..hello("nowhere", "", 1) }),
        ),
        ("a column of another type", RejectCode::SchemaMismatch, announces(other_type)),
        ("a missing column that allows no NULL", RejectCode::SchemaMismatch, announces(fewer)),
        ("a schema of nothing", RejectCode::SchemaMismatch, announces(Schema::default())),
        ("an id that was not announced", RejectCode::UnknownSchema, streams(other_id.to_vec())),
        ("an oversized batch", RejectCode::TooLarge, streams(header(Kind::Batch, u32::MAX))),
        ("an archive that lies", RejectCode::MalformedFrame, streams(lying_archive())),
        ("too few columns", RejectCode::BadBatch, streams(batch(1, vec![number(1)]))),
        ("a row count that lies", RejectCode::BadBatch, streams(batch(2, vec![number(1), text(b"x")]))),
        ("offsets that go back", RejectCode::BadBatch, streams(batch(1, vec![number(1), backwards]))),
        (
            "a string that is not UTF-8",
            RejectCode::InvalidUtf8,
            streams(batch(1, vec![number(1), text(&[0xc3, 0x28])])),
        ),
        ("a NULL where none may be", RejectCode::NullNotAllowed, streams(batch(1, vec![null, text(b"x")]))),
        ("a gap", RejectCode::OffsetGap, streams(rows_frame(5, 1).to_vec())),
    ]
}

#[test]
fn each_case_gets_its_code_and_disturbs_nobody() {
    let engine = Engine::start();
    let (mut bystander, _) = open(&engine, "numbers", "bystander", 1);
    let descriptors = engine.descriptors();
    let mut next = 0;
    for (name, expected, act) in cases() {
        bystander.rows(next, 10);
        let (code, reject) = act(&engine).refusal();
        assert_eq!(code, expected, "{name}: {}", reject.message);
        assert!(reject.message.len() > 10, "{name} says too little: {:?}", reject.message);
        next += 10;
    }
    assert_eq!(bystander.committed(next).committed, next);
    support::wait_until("descriptors are back", || engine.descriptors() <= descriptors);
}

#[test]
fn a_truncated_frame_leaves_no_trace() {
    let engine = Engine::start();
    let (mut peer, _) = open(&engine, "numbers", "a", 1);
    let whole = rows_frame(0, 50);
    peer.send(&whole[..whole.len() - 5]);
    drop(peer);
    let (mut peer, welcome) = open(&engine, "numbers", "a", 2);
    assert_eq!(welcome.resume_offset, 0);
    peer.rows(0, 10);
    assert_eq!(peer.committed(10).committed, 10);
}

#[test]
fn a_frame_may_come_byte_by_byte_and_many_may_come_at_once() {
    let engine = Engine::start();
    let (mut peer, _) = open(&engine, "numbers", "a", 1);
    for byte in rows_frame(0, 3).iter() {
        peer.send(&[*byte]);
    }
    let mut many = Vec::new();
    for index in 0..200 {
        many.extend_from_slice(&rows_frame(3 + index * 1000, 1000));
    }
    peer.send(&many);
    assert_eq!(peer.committed(200_003).committed, 200_003);
}
