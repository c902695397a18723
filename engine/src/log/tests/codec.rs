//! What is written reads the same, what is not intact does not read, and no bytes make a decoder panic.

use super::frames::frame;
use super::world::schema;
use crate::handover::log_part::LogId;
use crate::log::block_header::{BlockHeader, Life};
use crate::log::fake::Random;
use crate::log::limits::{PAGE_BYTES, pages};
use crate::log::live_state::LiveState;
use crate::log::numbers::NextNumbers;
use crate::log::record::{Record, RecordHeader};
use crate::log::recovery::rows_named_in;
use crate::log::segment_header::{SegmentHeader, SegmentHeaderError};
use crate::log::state_record::{LostBlocks, StateRecord};
use crate::log::{
    BadBlock, Canary, Claims, Decision, Position, Reason, RecordKind, SchemaNumber, SchemaRecord, StreamNumber,
    StreamRecord, TableNumber, TableRecord, open_block,
};
use proptest::prelude::*;
use std::sync::Arc;

const LIFE: Life = Life { segment: 3, salt: [9; 16], canary: Canary::None };
const OFFSET: u64 = 8192;

fn states() -> impl Strategy<Value = StateRecord> {
    let text = ".{0,40}".prop_map(|text: String| Arc::<str>::from(text));
    prop_oneof![
        (any::<[u64; 3]>(), any::<u32>(), [text.clone(), text.clone()], any::<[[u64; 2]; 3]>()).prop_map(
            |([claim, position, version], number, [id, name], spoken)| {
                let (number, position) = (TableNumber(number), Position(position));
                let mut claims = Claims::default();
                spoken.into_iter().for_each(|[claim, end]| claims.note(claim, Position(end)));
                StateRecord::Table(TableRecord { number, id, name, claim, claims, position, version })
            }
        ),
        any::<u64>().prop_map(|claim| StateRecord::Claim { claim }),
        (any::<[u32; 2]>(), 1..30usize).prop_map(|([number, table], columns)| {
            let (number, table) = (SchemaNumber(number), TableNumber(table));
            StateRecord::Schema(SchemaRecord { number, table, schema: schema(columns) })
        }),
        (any::<[u32; 2]>(), any::<u64>(), proptest::option::of(text)).prop_map(|([number, table], epoch, name)| {
            let (number, table) = (StreamNumber(number), TableNumber(table));
            StateRecord::Stream(StreamRecord { number, table, name, epoch })
        }),
        any::<[u64; 2]>().prop_map(|[claim, version]| StateRecord::Committed { claim, version }),
        Just(StateRecord::Held),
        Just(StateRecord::Released),
        (1..9u32, any::<u16>()).prop_map(|(rows, code)| {
            let reason = Reason { code, sentence: "a rule".into() };
            StateRecord::Decided(Decision::whole(rows, reason))
        }),
        any::<[u32; 3]>().prop_map(|[table, schema, stream]| StateRecord::Numbers(NextNumbers {
            table,
            schema,
            stream
        })),
        any::<u64>().prop_map(|below| StateRecord::Freed { below }),
        any::<[u64; 3]>().prop_map(|[segment, from, to]| StateRecord::Lost(LostBlocks { segment, from, to })),
    ]
}

/// A block with these records, as it would lie on the disk.
fn block(life: &Life, offset: u64, states: &[StateRecord], frames: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = vec![0; 64];
    let mut put = |header: RecordHeader, payload: &[u8]| {
        bytes.extend_from_slice(&header.encode(payload.len()));
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(16), 0);
    };
    for state in states {
        let mut payload = Vec::new();
        put(state.encode(&mut payload), &payload);
    }
    for index in 0..frames {
        let payload = random.below(6000) as usize;
        let header = RecordHeader { position: Position(index as u64), ..RecordHeader::new(RecordKind::Rows) };
        put(header, &frame(&mut random, 0, 1, payload));
    }
    let length = bytes.len();
    bytes.resize(pages(length), 0);
    let header = BlockHeader {
        sequence: 5,
        previous_checksum: 6,
        content_checksum: crc32c::crc32c(&bytes[64..]),
        length: length as u32,
        records: (states.len() + frames) as u32,
        first: Position(0),
        end: Position(frames as u64),
        durable_up_to: 4,
        flags: 0,
    };
    bytes[..64].copy_from_slice(&header.encode(life, offset).0);
    bytes
}

proptest! {
    #[test]
    fn records_read_as_they_were_written(states in proptest::collection::vec(states(), 0..8), frames in 0..4usize, seed: u64) {
        let bytes = block(&LIFE, OFFSET, &states, frames, seed);
        let view = open_block(&LIFE, OFFSET, &bytes).unwrap();
        let read: Vec<_> = view.records().filter_map(|record| StateRecord::decode(&record)).collect();
        prop_assert_eq!(read, states);
        prop_assert_eq!(view.rows().count(), frames);
        for record in view.rows() {
            prop_assert_eq!(record.payload.as_ptr() as usize % 16, bytes.as_ptr() as usize % 16);
            prop_assert_eq!(record.offsets(), Some((0, 1)));
        }
    }

    #[test]
    fn any_bit_that_turns_is_found(states in proptest::collection::vec(states(), 0..4), frames in 0..3usize, seed: u64, at: usize, bit in 0..8u32) {
        let mut bytes = block(&LIFE, OFFSET, &states, frames, seed);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(open_block(&LIFE, OFFSET, &bytes).is_err());
    }

    #[test]
    fn a_block_counts_for_one_place_in_one_life_only(seed: u64, salt: [u8; 16], segment: u64, page in 0..1000u64) {
        let bytes = block(&LIFE, OFFSET, &[], 1, seed);
        let life = Life { segment, salt, canary: Canary::None };
        let offset = page * PAGE_BYTES as u64;
        let is_same = life == LIFE && offset == OFFSET;
        prop_assert!(is_same || matches!(open_block(&life, offset, &bytes), Err(BadBlock::Absent)));
        let recycled = Life { segment: LIFE.segment + 1, ..LIFE };
        prop_assert!(matches!(open_block(&recycled, OFFSET, &bytes), Err(BadBlock::Absent)));
        let elsewhere = open_block(&LIFE, OFFSET + 4096, &bytes);
        prop_assert!(matches!(elsewhere, Err(BadBlock::Absent)));
    }

    #[test]
    fn a_block_inside_a_clients_bytes_is_absent(seed: u64) {
        // Frames of this size hold forged blocks at every 64 bytes.
        let bytes = frame(&mut Random(seed), 0, 1, 20_000);
        for at in (0..bytes.len()).step_by(16) {
            prop_assert!(matches!(open_block(&LIFE, OFFSET, &bytes[at..]), Err(BadBlock::Absent)));
        }
    }

    #[test]
    fn segment_headers_survive_in_either_copy(id: [u8; 16], numbers: [u64; 6], checksum: u32, at in 0..4096usize, second: bool) {
        let header = SegmentHeader {
            log: LogId(id),
            run: numbers[0],
            segment: numbers[1],
            salt: id,
            segment_bytes: numbers[2],
            predecessor_sequence: numbers[3],
            predecessor_checksum: checksum,
            next_position: Position(numbers[4]),
        };
        let mut bytes = header.encode();
        prop_assert_eq!(SegmentHeader::decode(&*bytes), Ok(header));
        bytes[at + if second { 4096 } else { 0 }] ^= 1;
        prop_assert_eq!(SegmentHeader::decode(&*bytes), Ok(header));
        bytes[at + if second { 0 } else { 4096 }] ^= 1;
        prop_assert_eq!(SegmentHeader::decode(&*bytes), Err(SegmentHeaderError::Unreadable));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..6000), kind in 0..12u8, length in 0..6000u32) {
        let _ = SegmentHeader::decode(&bytes);
        let _ = open_block(&LIFE, OFFSET, &bytes);
        let _ = rows_named_in(&bytes, &LiveState::default());
        if bytes.len() >= 32 {
            bytes[0..4].copy_from_slice(&[kind, 0, 0, 0]);
            bytes[4..8].copy_from_slice(&length.to_le_bytes());
            let mut state = LiveState::default();
            if let Some(record) = Record::decode(&bytes) {
                let _ = (StateRecord::decode(&record), record.offsets(), state.apply(&record));
            }
        }
    }

    /// Whatever a valid checksum covers.
    #[test]
    fn no_content_makes_a_view_panic(content in proptest::collection::vec(any::<u8>(), 0..4032), records in 0..4u32, length in 64..9000u32) {
        let mut bytes = vec![0; 4096];
        bytes[64..64 + content.len()].copy_from_slice(&content);
        let header = BlockHeader {
            sequence: 1,
            previous_checksum: 0,
            content_checksum: crc32c::crc32c(&bytes[64..]),
            length,
            records,
            first: Position(0),
            end: Position(0),
            durable_up_to: 0,
            flags: 0,
        };
        bytes[..64].copy_from_slice(&header.encode(&LIFE, OFFSET).0);
        if let Ok(view) = open_block(&LIFE, OFFSET, &bytes) {
            prop_assert_eq!(view.records().count(), records as usize);
        }
    }
}
