//! Segment files from a script of [`crate::pieces`], with the checksums that it asks for.

use crate::handover::log_part::LogId;
use crate::log::block_header::{BlockHeader, Life};
use crate::log::limits::{BLOCK_HEADER_BYTES, PAGE_BYTES, RECORD_ALIGNMENT, SEGMENT_HEADER_BYTES};
use crate::log::{Canary, Position, RecordKind};
use crate::memory_disk::MemoryDisk;
use crate::pieces::{Piece, SEGMENT_FIELDS_BYTES, block_repair, pieces, segment_repair};

/// Whose segments they are.
pub const LOG: LogId = LogId([7; 16]);
const SEGMENTS_MAX: u64 = 16;
const PAGES_MAX: u8 = 24;
/// Of a page's checksum in a segment's header.
const CRC_AT: std::ops::Range<usize> = 12..16;

/// A log's files, under way.
#[derive(Default)]
struct Assembly {
    disk: MemoryDisk,
    number: u64,
    salt: [u8; 16],
    /// Where the next block begins.
    offset: usize,
    /// The block that records are put into: repair, header, content, records.
    block: Option<(u8, [u8; BLOCK_HEADER_BYTES], Vec<u8>, u32)>,
    /// No entry of the block may have a position below this.
    next_position: u64,
    sequence: u64,
    checksum: u32,
    end: u64,
}

/// The files that a script describes.
pub fn assembled(script: &[u8]) -> MemoryDisk {
    let mut assembly = Assembly::default();
    for piece in pieces(script) {
        match piece {
            Piece::Segment { repair, pages, fields } => {
                assembly.end_block();
                if assembly.number == SEGMENTS_MAX {
                    break;
                }
                assembly.segment(repair, usize::from(pages % PAGES_MAX), fields);
            }
            Piece::Block { repair, header } => {
                assembly.end_block();
                assembly.block = Some((repair, *header, Vec::new(), 0));
                assembly.next_position = 0;
            }
            Piece::Record { is_raw, header, payload } => assembly.record(is_raw, header, payload),
            Piece::Gap { pages } => {
                assembly.end_block();
                assembly.offset += usize::from(pages % PAGES_MAX) * PAGE_BYTES;
            }
        }
    }
    assembly.end_block();
    assembly.disk
}

impl Assembly {
    fn segment(&mut self, repair: u8, pages: usize, fields: &[u8; SEGMENT_FIELDS_BYTES]) {
        self.number += 1;
        let mut file = vec![0; SEGMENT_HEADER_BYTES + pages * PAGE_BYTES];
        let bytes = file.len() as u64;
        let (page, copy) = file[..SEGMENT_HEADER_BYTES].split_at_mut(PAGE_BYTES);
        page[..SEGMENT_FIELDS_BYTES].copy_from_slice(fields);
        if repair & segment_repair::IDENTITY != 0 {
            page[16..32].copy_from_slice(&LOG.0);
            page[40..48].copy_from_slice(&self.number.to_le_bytes());
            page[64..72].copy_from_slice(&bytes.to_le_bytes());
        }
        if repair & segment_repair::PREDECESSOR != 0 {
            page[72..80].copy_from_slice(&self.sequence.to_le_bytes());
            page[80..84].copy_from_slice(&self.checksum.to_le_bytes());
            page[88..96].copy_from_slice(&self.end.to_le_bytes());
        }
        copy.copy_from_slice(page);
        for (page, flag) in [(page, segment_repair::FIRST_COPY), (copy, segment_repair::SECOND_COPY)] {
            if repair & flag != 0 {
                page[CRC_AT].fill(0);
                let crc = crc32c::crc32c(page);
                page[CRC_AT].copy_from_slice(&crc.to_le_bytes());
            }
        }
        self.salt = std::array::from_fn(|at| fields[48 + at]);
        self.offset = SEGMENT_HEADER_BYTES;
        self.disk.0.insert(self.number, file);
    }

    fn record(&mut self, is_raw: bool, header: &[u8; 32], payload: &[u8]) {
        let Some((_, _, content, records)) = &mut self.block else { return };
        let at = content.len();
        content.extend_from_slice(header);
        if !is_raw {
            content[at + 4..at + 8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        }
        // A checksum that fits is the log's own word that entries of a block stand in the order of their positions.
        if header[0] == RecordKind::Rows as u8 {
            let position = u64::from_le_bytes(std::array::from_fn(|index| header[24 + index])).max(self.next_position);
            content[at + 24..at + 32].copy_from_slice(&position.to_le_bytes());
            self.next_position = position.saturating_add(1);
        }
        content.extend_from_slice(payload);
        content.resize(content.len().next_multiple_of(RECORD_ALIGNMENT), 0);
        *records += 1;
    }

    fn end_block(&mut self) {
        let Some((repair, mut head, content, records)) = self.block.take() else { return };
        let Some(file) = self.disk.0.get_mut(&self.number) else { return };
        let length = BLOCK_HEADER_BYTES + content.len();
        let whole = length.next_multiple_of(PAGE_BYTES);
        let Some(place) = file.get_mut(self.offset..self.offset + whole) else { return };
        place[BLOCK_HEADER_BYTES..length].copy_from_slice(&content);
        let life = Life { segment: self.number, salt: self.salt, canary: Canary::None };
        if repair & block_repair::CHAIN != 0 {
            head[8..16].copy_from_slice(&(self.sequence.wrapping_add(1)).to_le_bytes());
            head[16..20].copy_from_slice(&self.checksum.to_le_bytes());
        }
        if repair & block_repair::LENGTH != 0 {
            head[24..28].copy_from_slice(&(length as u32).to_le_bytes());
            head[28..32].copy_from_slice(&records.to_le_bytes());
        }
        if repair & block_repair::CONTENT_CHECKSUM != 0 {
            let crc = crc32c::crc32c(&place[BLOCK_HEADER_BYTES..]);
            head[20..24].copy_from_slice(&crc.to_le_bytes());
        }
        if repair & block_repair::CHECKSUM != 0 {
            let header = fields(&head);
            // What follows the last field stays as the script has it.
            let (encoded, _) = header.encode(&life, self.offset as u64);
            head[..60].copy_from_slice(&encoded[..60]);
        }
        place[..BLOCK_HEADER_BYTES].copy_from_slice(&head);
        let header = fields(&head);
        (self.sequence, self.end) = (header.sequence, header.end.0);
        self.checksum = u32_at(&head, 4);
        self.offset += whole;
    }
}

fn fields(head: &[u8; BLOCK_HEADER_BYTES]) -> BlockHeader {
    BlockHeader {
        sequence: u64_at(head, 8),
        previous_checksum: u32_at(head, 16),
        content_checksum: u32_at(head, 20),
        length: u32_at(head, 24),
        records: u32_at(head, 28),
        first: Position(u64_at(head, 32)),
        end: Position(u64_at(head, 40)),
        durable_up_to: u64_at(head, 48),
        flags: u32_at(head, 56),
    }
}

fn u32_at(head: &[u8; BLOCK_HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|index| head[at + index]))
}

fn u64_at(head: &[u8; BLOCK_HEADER_BYTES], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| head[at + index]))
}
