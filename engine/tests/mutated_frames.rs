//! The engine under frames that were valid once: bits flipped, lengths changed, frames cut, repeated and swapped, most of them
//! with checksums that fit again, so that the damage reaches archives, columns and dictionaries. A bystander's rows
//! arrive meanwhile, and nothing is left behind.
//!
//! `LAKEHEAD_MUTATION_SECONDS` says how long (5 otherwise), `LAKEHEAD_MUTATION_SEED` with which seed. A round that the
//! engine does not survive is named by its number.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

mod support;

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{Batch, BatchView, Column, ENCODING_DICTIONARY};
use lakehead_protocol::compression::{Compression, compress_frame};
use lakehead_protocol::control::{Close, Ping};
use lakehead_protocol::frame;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::limits::HEADER_BYTES;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Engine, Peer, Said, hello, open, wait_until};

const PEERS: u64 = 16;
/// Hello and Schema: batches may come only after Welcome.
const OPENING_FRAMES: usize = 2;
/// Longer than a commit takes here.
const SILENCE: Duration = Duration::from_millis(500);
/// One mutant in so many keeps its old checksums: the check of checksums is mutated at too.
const UNSIGNED_ONE_IN: u32 = 8;

/// `id long not null, points array<struct<x: double not null, name: string>>, counts map<string, decimal(20,2)>, color string`
fn schema() -> Schema {
    Schema {
        columns: vec![0, 1, 2, 3],
        fields: vec![
            Field::flat("id", DataType::Long, false),
            Field { children: vec![4], ..Field::flat("points", DataType::Array, true) },
            Field { children: vec![7, 8], ..Field::flat("counts", DataType::Map, true) },
            Field::flat("color", DataType::String, true),
            Field { children: vec![5, 6], ..Field::flat("element", DataType::Struct, true) },
            Field::flat("x", DataType::Double, false),
            Field::flat("name", DataType::String, true),
            Field::flat("key", DataType::String, false),
            Field::decimal("value", 20, 2, true),
        ],
    }
}

fn fixed<const N: usize>(values: &[[u8; N]]) -> Column {
    Column { length: values.len() as u32, values: values.concat(), ..Column::default() }
}

fn strings(texts: &[&str]) -> Column {
    let mut column = Column { length: texts.len() as u32, offsets: vec![0], ..Column::default() };
    for text in texts {
        column.values.extend_from_slice(text.as_bytes());
        column.offsets.push(column.values.len() as u32);
    }
    column
}

/// Three rows; `color` as a dictionary or plain.
fn columns(dictionary: bool) -> Vec<Column> {
    let mut columns = vec![
        fixed(&[1i64, 2, 3].map(i64::to_le_bytes)),
        Column { length: 3, validity: vec![0b101], offsets: vec![0, 2, 2, 3], children: vec![4], ..Column::default() },
        Column {
            length: 3,
            validity: vec![0b110],
            offsets: vec![0, 0, 1, 2],
            children: vec![7, 8],
            ..Column::default()
        },
        strings(&["red", "", "grün"]),
        Column { length: 3, validity: vec![0b101], children: vec![5, 6], ..Column::default() },
        Column { validity: vec![0b101], ..fixed(&[0.5f64, 0.0, f64::NAN].map(f64::to_le_bytes)) },
        strings(&["start", "", "a longer name"]),
        strings(&["a", "b"]),
        Column { validity: vec![0b01], ..fixed(&[99i128, 0].map(i128::to_le_bytes)) },
    ];
    if dictionary {
        let keys = [1u32, 0, 1].iter().flat_map(|key| key.to_le_bytes()).collect();
        let children = vec![columns.len() as u32];
        columns[3] = Column { encoding: ENCODING_DICTIONARY, length: 3, values: keys, children, ..Column::default() };
        columns.push(strings(&["red", "grün"]));
    }
    columns
}

fn batch(first_offset: u64, dictionary: bool) -> FrameBuffer {
    let batch = Batch { columns: columns(dictionary) };
    let mut out = FrameBuffer::new();
    let view = BatchView { columns: batch.columns.iter().map(Column::view).collect() };
    frame::append_batch(&mut out, 1, first_offset, 3, &view).unwrap();
    out
}

/// A whole conversation that an engine would take as it is.
fn conversation() -> Vec<Vec<u8>> {
    let mut said = vec![FrameBuffer::new(); 4];
    frame::append_control(&mut said[0], Kind::Hello, &hello("mutants", "", 1)).unwrap();
    frame::append_schema(&mut said[1], 1, &schema()).unwrap();
    frame::append_control(&mut said[2], Kind::Ping, &Ping { nonce: 5 }).unwrap();
    frame::append_control(&mut said[3], Kind::Close, &Close { sent: 9 }).unwrap();
    let close = said.pop().unwrap();
    said.extend([batch(0, false), batch(3, true)]);
    said.extend(compress_frame(&batch(6, true), Compression::Lz4));
    said.push(close);
    said.iter().map(|frame| frame.to_vec()).collect()
}

/// With checksums that fit, if there is a header to put them into.
fn sign(frame: &mut [u8]) {
    let Some((head, payload)) = frame.split_first_chunk_mut::<HEADER_BYTES>() else { return };
    head[16..20].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    head[12..16].fill(0);
    let crc = crc32c::crc32c(head);
    head[12..16].copy_from_slice(&crc.to_le_bytes());
}

fn mutate(frames: &mut Vec<Vec<u8>>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..4) {
        let place = random.random_range(0..frames.len());
        let next = (place + 1) % frames.len();
        let frame = &mut frames[place];
        match random.random_range(0..12) {
            0 => frames.swap(place, next),
            1 => frames.insert(place, frames[place].clone()),
            2 => drop(frames.remove(place)),
            3 => frame.truncate(random.random_range(0..=frame.len())),
            4 => frame.extend([0; 16]),
            // A field of the header.
            5 => {
                let at = random.random_range(0..HEADER_BYTES.min(frame.len()).max(1));
                if let Some(byte) = frame.get_mut(at) {
                    *byte = random.random();
                }
            }
            // A number where one may stand.
            6 | 7 if frame.len() > HEADER_BYTES + 4 => {
                let at = HEADER_BYTES + random.random_range(0..(frame.len() - HEADER_BYTES) / 4) * 4;
                let near = u32::from_le_bytes(frame[at..at + 4].try_into().unwrap());
                let value = [0, 1, u32::MAX, 1 << 31, near.wrapping_add(1), near.wrapping_sub(1), random.random()];
                frame[at..at + 4].copy_from_slice(&value.choose(random).unwrap().to_le_bytes());
            }
            _ => {
                for _ in 0..random.random_range(1..4) {
                    let at = random.random_range(0..frame.len().max(1));
                    if let Some(byte) = frame.get_mut(at) {
                        *byte ^= 1 << random.random_range(0..8);
                    }
                }
            }
        }
        if frames.is_empty() {
            return;
        }
        if let Some(frame) = frames.get_mut(place)
            && random.random_range(0..UNSIGNED_ONE_IN) > 0
        {
            sign(frame);
        }
    }
}

/// Says Hello and Schema, waits a moment for Welcome, says the rest and hears how it ends. A mutant may promise bytes that
/// never come: then there is silence.
fn converse(engine: &str, frames: &[Vec<u8>]) -> String {
    let mut peer = Peer::connect(engine);
    peer.socket.set_read_timeout(Some(SILENCE)).unwrap();
    let (opening, rest) = frames.split_at(OPENING_FRAMES.min(frames.len()));
    peer.send(&opening.concat());
    let _ = peer.socket.peek(&mut [0]);
    peer.send(&rest.concat());
    loop {
        match peer.next_or_silence() {
            Some(Said::Reject(reject)) => return format!("{:?}", RejectCode::from_number(reject.code).unwrap()),
            Some(Said::Closed(_)) => return "Closed".to_owned(),
            Some(Said::End) => return "End".to_owned(),
            Some(Said::Welcome(_) | Said::Ack(_) | Said::Other(_)) => {}
            None => return "Silence".to_owned(),
        }
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the run is bounded by time")]
fn the_engine_outlives_every_mutant() {
    let (seconds, seed) = (setting("LAKEHEAD_MUTATION_SECONDS", 5), setting("LAKEHEAD_MUTATION_SEED", 1));
    let engine = Engine::start();
    assert_eq!(converse(&engine.address, &conversation()), "Closed", "unchanged, the conversation is good");
    let (mut bystander, _) = open(&engine, "numbers", "bystander", 9);
    let files_before = engine.descriptors();
    let (until, over) = (Instant::now() + Duration::from_secs(seconds), AtomicBool::new(false));
    let ends = Mutex::new(BTreeMap::<String, u64>::new());
    let address = engine.address.as_str();
    std::thread::scope(|scope| {
        for peer in 0..PEERS {
            let (ends, over) = (&ends, &over);
            scope.spawn(move || {
                for round in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003) + round * PEERS + peer);
                    let mut frames = conversation();
                    mutate(&mut frames, &mut random);
                    let end = converse(address, &frames);
                    *ends.lock().unwrap().entry(end).or_default() += 1;
                }
            });
        }
        let mut first = 0;
        while Instant::now() < until {
            bystander.rows(first, 100);
            first += 100;
            bystander.committed(first);
        }
        over.store(true, Ordering::Relaxed);
    });
    let ends = ends.into_inner().unwrap();
    let rounds: u64 = ends.values().sum();
    for depth in ["BadChecksum", "MalformedFrame", "SchemaMismatch", "BadBatch", "Closed"] {
        assert!(ends.contains_key(depth), "no mutant got as far as {depth}: {ends:?}");
    }
    wait_until("descriptors are back", || engine.descriptors() <= files_before);
    // The engine still drains in order: nothing of its state was hurt.
    engine.signal(15);
    let mut engine = engine;
    assert_eq!(engine.child.wait().unwrap().code(), Some(0));
    println!(
        "{rounds} mutated conversations in {seconds} s: no crash, a bystander's rows committed, exit code 0; ends: {ends:?}"
    );
}
