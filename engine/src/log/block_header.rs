//! A block's header.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic `LKLB` |
//! | 4 | 4 | checksum, see below |
//! | 8 | 8 | sequence: 1 for a log's first block, one more for each further one, over all segments |
//! | 16 | 4 | checksum of the block before, 0 for the first |
//! | 20 | 4 | CRC-32C of the content: everything behind this header up to the end of the block's last page |
//! | 24 | 4 | length of header and records in bytes, without the zeros that fill the last page |
//! | 28 | 4 | records |
//! | 32 | 8 | lowest position of an entry in the block; the next field's value when there is none |
//! | 40 | 8 | position that the next new entry behind this block gets |
//! | 48 | 8 | durable up to: sequence of the last block known durable when this one was sealed |
//! | 56 | 4 | flags: 1 copies, 2 repeat |
//! | 60 | 4 | 0 |
//!
//! The checksum is the CRC-32C of: the segment's salt, the segment's number (8 bytes), the block's offset in the file
//! (8 bytes), this header with the checksum zero. So it holds for one place in one life of a file; what a segment held
//! before, and what a client sent to look like a block, does not check.

use super::canary::Canary;
use super::fields::{u32_at, u64_at};
use super::limits::{BLOCK_HEADER_BYTES, PAGE_BYTES, pages};
use super::numbers::Position;

/// First bytes of a block.
pub const MAGIC: [u8; 4] = *b"LKLB";
/// The block holds copies of entries that stand in an older segment, too.
pub const FLAG_COPIES: u32 = 1;
/// The block repeats live state at the beginning of a segment.
pub const FLAG_REPEAT: u32 = 2;

/// One life of a segment file: from the moment that it gets its number and salt until it is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    pub segment: u64,
    pub salt: [u8; 16],
    pub canary: Canary,
}

/// A block's header, without its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    pub sequence: u64,
    pub previous_checksum: u32,
    pub content_checksum: u32,
    pub length: u32,
    pub records: u32,
    pub first: Position,
    pub end: Position,
    pub durable_up_to: u64,
    pub flags: u32,
}

impl BlockHeader {
    /// The header's bytes at `offset` of a segment, and its checksum.
    pub fn encode(&self, life: &Life, offset: u64) -> ([u8; BLOCK_HEADER_BYTES], u32) {
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.previous_checksum.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.content_checksum.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.length.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.records.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.end.0.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.durable_up_to.to_le_bytes());
        bytes[56..60].copy_from_slice(&self.flags.to_le_bytes());
        let checksum = checksum(life, offset, &bytes);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        (bytes, checksum)
    }

    /// The header at the front of `page` with its checksum, if one was written there in this life of the segment.
    pub fn decode(life: &Life, offset: u64, page: &[u8]) -> Option<(Self, u32)> {
        let mut bytes: [u8; BLOCK_HEADER_BYTES] = page.get(..BLOCK_HEADER_BYTES)?.try_into().ok()?;
        if bytes[0..4] != MAGIC {
            return None;
        }
        let found = u32_at(&bytes, 4);
        bytes[4..8].fill(0);
        if checksum(life, offset, &bytes) != found {
            return None;
        }
        let header = Self {
            sequence: u64_at(&bytes, 8),
            previous_checksum: u32_at(&bytes, 16),
            content_checksum: u32_at(&bytes, 20),
            length: u32_at(&bytes, 24),
            records: u32_at(&bytes, 28),
            first: Position(u64_at(&bytes, 32)),
            end: Position(u64_at(&bytes, 40)),
            durable_up_to: u64_at(&bytes, 48),
            flags: u32_at(&bytes, 56),
        };
        (header.length as usize >= BLOCK_HEADER_BYTES && u32_at(&bytes, 60) == 0).then_some((header, found))
    }

    /// Bytes that the block takes: whole pages.
    pub fn bytes(&self) -> usize {
        pages(self.length as usize)
    }

    /// Whether the block's entries keep positions that were given out before.
    pub fn holds_copies(&self) -> bool {
        self.flags & FLAG_COPIES != 0
    }
}

fn checksum(life: &Life, offset: u64, header: &[u8; BLOCK_HEADER_BYTES]) -> u32 {
    let mut place = [0u8; 32];
    if !life.canary.believes_forged_blocks() {
        if !life.canary.believes_recycled_blocks() {
            place[0..16].copy_from_slice(&life.salt);
            place[16..24].copy_from_slice(&life.segment.to_le_bytes());
        }
        place[24..32].copy_from_slice(&offset.to_le_bytes());
    }
    crc32c::crc32c_append(crc32c::crc32c(&place), header)
}

const _: () = assert!(BLOCK_HEADER_BYTES < PAGE_BYTES);
