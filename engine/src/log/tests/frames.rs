//! Frames of rows, some with bytes inside that look like blocks of the log.

use crate::log::block_header::{BlockHeader, Life};
use crate::log::fake::Random;
use crate::log::{Canary, Position};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::Kind;

/// A frame of `rows` rows from `first` on, with a payload of so many bytes.
pub fn frame(random: &mut Random, first: u64, rows: u32, payload: usize) -> Vec<u8> {
    let header = Header { payload_bytes: payload as u32, first_offset: first, rows, ..Header::control(Kind::Batch) };
    let mut frame = header.encode().to_vec();
    if payload > 4096 && random.percent(70) {
        let forged = forged_block();
        let phase = 16 * random.below(4) as usize;
        frame.resize(frame.len() + phase, 0);
        while frame.len() < 48 + payload {
            frame.extend_from_slice(&forged);
        }
    }
    while frame.len() < 48 + payload {
        frame.extend_from_slice(&random.draw().to_le_bytes());
    }
    frame.truncate(48 + payload);
    frame.resize(frame.len().next_multiple_of(16), 0);
    frame
}

/// A block header that claims everything durable, with the checksum that somebody can compute who knows no salt.
fn forged_block() -> [u8; 64] {
    let life = Life { segment: 0, salt: [0; 16], canary: Canary::BelieveForgedBlock };
    let header = BlockHeader {
        sequence: u64::MAX - 1,
        previous_checksum: 0,
        content_checksum: 0,
        length: 64,
        records: 0,
        first: Position(0),
        end: Position(0),
        durable_up_to: u64::MAX - 2,
        flags: 0,
    };
    header.encode(&life, 0).0
}
