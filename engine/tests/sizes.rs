//! The largest batches that the protocol allows, at a real engine.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

mod support;

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{BatchView, Column, ENCODING_DICTIONARY};
use lakehead_protocol::compression::{Compression, compress_frame};
use lakehead_protocol::frame;
use lakehead_protocol::limits::{BATCH_BYTES_MAX, BATCH_DECODED_BYTES_MAX, BATCH_ROWS_MAX};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use support::{Engine, Peer, hello};

fn open(engine: &Engine, table: &str, data_type: DataType) -> Peer {
    let mut peer = engine.peer();
    peer.hello(&hello(table, "", 1));
    peer.schema(1, &Schema::flat(vec![Field::flat("c", data_type, true)]));
    peer.welcome();
    peer
}

fn send(peer: &mut Peer, first: u64, rows: u32, columns: &[Column]) -> usize {
    let mut out = FrameBuffer::new();
    let view = BatchView { columns: columns.iter().map(Column::view).collect() };
    frame::append_batch(&mut out, 1, first, rows, &view).unwrap();
    peer.send(&out);
    out.len()
}

fn text(bytes: usize) -> Column {
    Column { length: 1, values: vec![b'x'; bytes], offsets: vec![0, bytes as u32], ..Column::default() }
}

#[test]
fn the_most_rows() {
    let engine = Engine::start();
    let mut peer = open(&engine, "flags", DataType::Boolean);
    let rows = BATCH_ROWS_MAX as u32;
    let flags = Column { length: rows, values: vec![0b0101_0101; BATCH_ROWS_MAX / 8], ..Column::default() };
    send(&mut peer, 0, rows, &[flags]);
    send(&mut peer, u64::from(rows), 1, &[Column { length: 1, values: vec![1], ..Column::default() }]);
    assert_eq!(peer.committed(u64::from(rows) + 1).committed, u64::from(rows) + 1);
}

#[test]
fn little_that_becomes_much_is_taken_in_by_turns() {
    let engine = Engine::start_with("[tables]\ncommit_interval_ms = 50\n[memory]\nbudget_mb = 128\n");
    let mut peer = open(&engine, "zeros", DataType::Long);
    let (rows, batches) = (2_000_000u32, 80u64);
    let zeros = Column { length: rows, values: vec![0; rows as usize * 8], ..Column::default() };
    let mut said = Vec::new();
    for batch in 0..batches {
        let mut out = FrameBuffer::new();
        let view = BatchView { columns: vec![zeros.view()] };
        frame::append_batch(&mut out, 1, batch * u64::from(rows), rows, &view).unwrap();
        said.extend_from_slice(&compress_frame(&out, Compression::Zstd).unwrap());
    }
    assert!(said.len() < 1 << 20, "one read brings all of it: {} bytes", said.len());
    peer.send(&said);
    let all = batches * u64::from(rows);
    assert_eq!(peer.committed(all).committed, all);
    // 1.3 GB of rows, of which the budget and a batch on its way are held at a time.
    let peak = engine.memory_peak_bytes() >> 20;
    assert!(peak < 500, "{peak} MiB were resident at once");
}

#[test]
fn many_that_become_much_do_not_wait_for_each_other_for_ever() {
    let engine = Engine::start_with("[tables]\ncommit_interval_ms = 50\n[memory]\nbudget_mb = 64\n");
    let (zero_rows, noise_rows, peers) = (2_000_000u32, 110_000u32, 80);
    let zeros = Column { length: zero_rows, values: vec![0; zero_rows as usize * 8], ..Column::default() };
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()
    };
    let noise =
        Column { length: noise_rows, values: (0..noise_rows).flat_map(|_| noise()).collect(), ..Column::default() };
    // Enough for a turn in a few bytes, and nearly all of what one read brings behind it.
    let (mut said, mut rows) = (Vec::new(), 0u64);
    for column in [&zeros, &zeros, &noise] {
        let mut out = FrameBuffer::new();
        let view = BatchView { columns: vec![column.view()] };
        frame::append_batch(&mut out, 1, rows, column.length, &view).unwrap();
        rows += u64::from(column.length);
        said.extend_from_slice(compress_frame(&out, Compression::Zstd).as_ref().unwrap_or(&out));
    }
    let mut open: Vec<Peer> = (0..peers).map(|_| open(&engine, "zeros", DataType::Long)).collect();
    std::thread::scope(|scope| {
        for peer in &mut open {
            scope.spawn(|| {
                peer.send(&said);
                assert_eq!(peer.committed(rows).committed, rows);
            });
        }
    });
}

#[test]
fn the_most_bytes() {
    let engine = Engine::start();
    let mut peer = open(&engine, "texts", DataType::String);
    // One column, its record and the root around the text.
    let largest = BATCH_BYTES_MAX - 64;
    assert!(send(&mut peer, 0, 1, &[text(largest)]) > largest);
    assert_eq!(peer.committed(1).committed, 1);
    send(&mut peer, 1, 1, &[text(BATCH_BYTES_MAX)]);
    assert_eq!(peer.refusal().0, RejectCode::TooLarge);
}

#[test]
fn the_most_that_a_dictionary_stands_for() {
    let engine = Engine::start();
    let mut peer = open(&engine, "repeated", DataType::String);
    let times = 1_000;
    let entry = BATCH_DECODED_BYTES_MAX / times;
    let keys = |rows: usize| Column {
        encoding: ENCODING_DICTIONARY,
        length: rows as u32,
        values: vec![0; rows * 4],
        children: vec![1],
        ..Column::default()
    };
    send(&mut peer, 0, times as u32, &[keys(times), text(entry)]);
    // A plain row makes the row group write them all out.
    send(&mut peer, times as u64, 1, &[text(1)]);
    assert_eq!(peer.committed(times as u64 + 1).committed, times as u64 + 1);
    send(&mut peer, times as u64 + 1, times as u32 + 1, &[keys(times + 1), text(entry)]);
    assert_eq!(peer.refusal().0, RejectCode::BadBatch);
}
