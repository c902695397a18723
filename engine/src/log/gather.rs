//! The block that records gather in.

use super::block_header::{BlockHeader, FLAG_COPIES, FLAG_REPEAT, Life};
use super::buffer::BlockBuffer;
use super::limits::RECORD_HEADER_BYTES;
use super::limits::{BLOCK_HEADER_BYTES, pages};
use super::numbers::{Point, Position, TableNumber};
use super::record::{RecordHeader, RecordKind, record_bytes};

/// What a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// New records.
    New,
    /// Copies of entries in the oldest segment.
    Copies,
    /// Live state at the beginning of a segment.
    Repeat,
    /// What lets older segments go, in the last pages of a segment when there is no next one.
    Urgent,
    /// Nothing but the final watermark.
    Watermark,
}

/// One table's entries in a block that is not durable yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct GatheredSpan {
    pub table: TableNumber,
    pub first: Position,
    pub last: Position,
    pub bytes: u32,
}

/// Records on their way into a block. Nobody else can see them.
pub(super) struct Gather {
    pub purpose: Purpose,
    /// Unlike any other's of this run.
    pub number: u64,
    buffer: Box<dyn BlockBuffer>,
    /// Header and records.
    length: usize,
    records: u32,
    checksum: u32,
    pub spans: Vec<GatheredSpan>,
    /// The lowest position.
    first: Option<Position>,
    /// Everything appended up to here stands in this block or an earlier one.
    pub point: Point,
    /// Behind the last new entry.
    pub end: Position,
    /// Whether it holds more than the log's own notes.
    is_foreign: bool,
}

/// What stays here of a block while its buffer is with the disk.
#[derive(Debug)]
pub(super) struct Sealed {
    pub purpose: Purpose,
    pub offset: u64,
    pub bytes: usize,
    pub spans: Vec<GatheredSpan>,
    pub point: Point,
    pub end: Position,
    /// Whether it holds more than the log's own notes.
    pub is_foreign: bool,
}

impl Gather {
    pub fn new(purpose: Purpose, number: u64, buffer: Box<dyn BlockBuffer>, spans: Vec<GatheredSpan>) -> Self {
        Self {
            purpose,
            number,
            buffer,
            length: BLOCK_HEADER_BYTES,
            records: 0,
            checksum: 0,
            spans,
            first: None,
            point: Point::default(),
            end: Position::default(),
            is_foreign: false,
        }
    }

    /// Header and records.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Bytes that the block will take.
    pub fn bytes(&self) -> usize {
        pages(self.length)
    }

    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Whether that many more bytes of records fit in.
    pub fn fits(&self, bytes: usize) -> bool {
        self.length + bytes <= self.buffer.bytes().len()
    }

    /// Puts a record, which must fit. Gives its bytes in the block.
    pub fn put(&mut self, header: &RecordHeader, payload: &[u8]) -> usize {
        self.put_both(header, payload, &[])
    }

    /// The same with a payload in two pieces.
    pub fn put_both(&mut self, header: &RecordHeader, payload: &[u8], behind: &[u8]) -> usize {
        let length = payload.len() + behind.len();
        let bytes = record_bytes(length);
        let record = &mut self.buffer.bytes_mut()[self.length..self.length + bytes];
        record[..RECORD_HEADER_BYTES].copy_from_slice(&header.encode(length));
        let (body, rest) = record[RECORD_HEADER_BYTES..].split_at_mut(payload.len());
        body.copy_from_slice(payload);
        let (body, padding) = rest.split_at_mut(behind.len());
        body.copy_from_slice(behind);
        padding.fill(0);
        // While the bytes are still in the processor's cache.
        self.checksum = crc32c::crc32c_append(self.checksum, record);
        self.length += bytes;
        self.records += 1;
        self.is_foreign |= header.kind != RecordKind::Freed;
        bytes
    }

    /// An entry of `bytes` was put; gives which of the spans is its table's.
    pub fn entry(&mut self, table: TableNumber, position: Position, bytes: usize, slot: Option<usize>) -> usize {
        self.first = Some(self.first.map_or(position, |first| first.min(position)));
        if let Some(span) = slot.and_then(|slot| self.spans.get_mut(slot)) {
            span.last = position;
            span.bytes += bytes as u32;
            return slot.unwrap_or(0);
        }
        self.spans.push(GatheredSpan { table, first: position, last: position, bytes: bytes as u32 });
        self.spans.len() - 1
    }

    /// Gives the block its place: writes its header, fills the last page. Gives the buffer to be written, what to remember,
    /// and the block's checksum.
    pub fn seal(
        mut self,
        life: &Life,
        offset: u64,
        sequence: u64,
        previous_checksum: u32,
        durable_up_to: u64,
        end: Position,
    ) -> (Box<dyn BlockBuffer>, Sealed, u32) {
        let bytes = self.bytes();
        let (length, buffer) = (self.length, self.buffer.bytes_mut());
        let padding = &mut buffer[length..bytes];
        padding.fill(0);
        let header = BlockHeader {
            sequence,
            previous_checksum,
            content_checksum: crc32c::crc32c_append(self.checksum, padding),
            length: length as u32,
            records: self.records,
            first: self.first.unwrap_or(end),
            end,
            durable_up_to,
            flags: match self.purpose {
                Purpose::New | Purpose::Watermark => 0,
                Purpose::Copies => FLAG_COPIES,
                Purpose::Repeat | Purpose::Urgent => FLAG_REPEAT,
            },
        };
        let (head, checksum) = header.encode(life, offset);
        buffer[..BLOCK_HEADER_BYTES].copy_from_slice(&head);
        let sealed = Sealed {
            purpose: self.purpose,
            offset,
            bytes,
            spans: self.spans,
            point: self.point,
            end,
            is_foreign: self.is_foreign,
        };
        (self.buffer, sealed, checksum)
    }
}
