//! A segment's header: 4 KiB, stored twice at the segment's beginning.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `LKHDLOGS` |
//! | 8 | 4 | format version, 1 |
//! | 12 | 4 | CRC-32C of the 4 KiB with this field zero |
//! | 16 | 16 | log id |
//! | 32 | 8 | run that opened the segment |
//! | 40 | 8 | segment number |
//! | 48 | 16 | salt |
//! | 64 | 8 | bytes of the segment, this header included |
//! | 72 | 8 | sequence of the last block before this segment; 0 when there is none |
//! | 80 | 4 | that block's checksum |
//! | 84 | 4 | 0 |
//! | 88 | 8 | position that the next new entry behind that block gets |
//! | 96 | | 0 |

use super::fields::{u32_at, u64_at};
use super::limits::{PAGE_BYTES, SEGMENT_HEADER_BYTES};
use super::numbers::Position;
use crate::handover::log_part::LogId;

/// First bytes of a segment.
pub const MAGIC: [u8; 8] = *b"LKHDLOGS";
/// The format this crate writes, and the only one it reads.
pub const FORMAT: u32 = 1;

const CRC_AT: std::ops::Range<usize> = 12..16;

/// A segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    pub log: LogId,
    /// The run that opened the segment.
    pub run: u64,
    pub segment: u64,
    /// Random, new each time that a file becomes a segment.
    pub salt: [u8; 16],
    /// Length of the file.
    pub segment_bytes: u64,
    /// The last block before this segment, durable when this header was written. 0 when there is none.
    pub predecessor_sequence: u64,
    pub predecessor_checksum: u32,
    /// What the first new entry in this segment is numbered.
    pub next_position: Position,
}

/// Why a header is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentHeaderError {
    #[error("neither of its two headers is intact")]
    Unreadable,
    #[error("it is of format {found}; this version reads format {FORMAT}")]
    Format { found: u32 },
}

impl SegmentHeader {
    /// Both copies.
    pub fn encode(&self) -> Box<[u8; SEGMENT_HEADER_BYTES]> {
        let mut bytes = Box::new([0u8; SEGMENT_HEADER_BYTES]);
        let (page, copy) = bytes.split_at_mut(PAGE_BYTES);
        page[0..8].copy_from_slice(&MAGIC);
        page[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        page[16..32].copy_from_slice(&self.log.0);
        page[32..40].copy_from_slice(&self.run.to_le_bytes());
        page[40..48].copy_from_slice(&self.segment.to_le_bytes());
        page[48..64].copy_from_slice(&self.salt);
        page[64..72].copy_from_slice(&self.segment_bytes.to_le_bytes());
        page[72..80].copy_from_slice(&self.predecessor_sequence.to_le_bytes());
        page[80..84].copy_from_slice(&self.predecessor_checksum.to_le_bytes());
        page[88..96].copy_from_slice(&self.next_position.0.to_le_bytes());
        let crc = crc32c::crc32c(page);
        page[CRC_AT].copy_from_slice(&crc.to_le_bytes());
        copy.copy_from_slice(page);
        bytes
    }

    /// Reads whichever copy is intact.
    ///
    /// # Errors
    /// When none is, or the format is another.
    pub fn decode(bytes: &[u8]) -> Result<Self, SegmentHeaderError> {
        let mut refused = SegmentHeaderError::Unreadable;
        for page in bytes.chunks_exact(PAGE_BYTES).take(2) {
            match Self::decode_page(page) {
                Err(SegmentHeaderError::Unreadable) => {}
                Err(format) => refused = format,
                Ok(header) => return Ok(header),
            }
        }
        Err(refused)
    }

    fn decode_page(page: &[u8]) -> Result<Self, SegmentHeaderError> {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&page[..CRC_AT.start]), &[0; 4]);
        if page[0..8] != MAGIC || crc32c::crc32c_append(crc, &page[CRC_AT.end..]) != u32_at(page, CRC_AT.start) {
            return Err(SegmentHeaderError::Unreadable);
        }
        let format = u32_at(page, 8);
        if format != FORMAT {
            return Err(SegmentHeaderError::Format { found: format });
        }
        let sixteen = |at: usize| std::array::from_fn(|index| page[at + index]);
        Ok(Self {
            log: LogId(sixteen(16)),
            run: u64_at(page, 32),
            segment: u64_at(page, 40),
            salt: sixteen(48),
            segment_bytes: u64_at(page, 64),
            predecessor_sequence: u64_at(page, 72),
            predecessor_checksum: u32_at(page, 80),
            next_position: Position(u64_at(page, 88)),
        })
    }
}
