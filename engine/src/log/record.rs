//! A record: a 32-byte header, a payload, and zeros up to a multiple of 16.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 1 | kind, see [`RecordKind`] |
//! | 1 | 3 | 0 |
//! | 4 | 4 | length of the payload, without padding |
//! | 8 | 4 | table |
//! | 12 | 4 | stream |
//! | 16 | 4 | schema |
//! | 20 | 4 | rows at the front of the frame that do not count (Rows) |
//! | 24 | 8 | position |
//!
//! Fields that a kind has no use for are 0. Rows have the client's frame as payload: its 48-byte header, the archive and the
//! padding, byte by byte; behind it stands what was decided about them, if some are not for the table
//! ([`super::decision`]). The payloads of the other kinds are in [`super::state_record`].

use super::decision::Decision;
use super::fields::{u32_at, u64_at};
use super::limits::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES};
use super::numbers::{Position, SchemaNumber, StreamNumber, TableNumber};
use lakehead_protocol::limits::{HEADER_BYTES, padded};

/// What a record says. The number is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// A frame of rows: an entry.
    Rows = 1,
    /// A table's number, identity and name, and the newest that the log knows of it.
    Table = 2,
    /// A schema's number and columns.
    Schema = 3,
    /// The number of one epoch of a stream.
    Stream = 4,
    /// Entries of a table below the position are in the table.
    Committed = 5,
    /// The entry at the position is kept, whatever its table shows.
    Held = 6,
    /// It no longer is.
    Released = 7,
    /// Numbers not given out yet.
    Numbers = 8,
    /// Segments below a number are not needed.
    Freed = 9,
    /// Blocks whose loss somebody has accepted.
    Lost = 10,
    /// A claim that the log is about to make of a table.
    Claim = 11,
    /// What was decided about the rows of the entry at the position, after it was appended.
    Decided = 12,
}

const KINDS: [RecordKind; 12] = [
    RecordKind::Rows,
    RecordKind::Table,
    RecordKind::Schema,
    RecordKind::Stream,
    RecordKind::Committed,
    RecordKind::Held,
    RecordKind::Released,
    RecordKind::Numbers,
    RecordKind::Freed,
    RecordKind::Lost,
    RecordKind::Claim,
    RecordKind::Decided,
];

/// A record's header without the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    pub kind: RecordKind,
    pub table: TableNumber,
    pub stream: StreamNumber,
    pub schema: SchemaNumber,
    pub skip: u32,
    pub position: Position,
}

/// A record where it lies in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub header: RecordHeader,
    pub payload: &'a [u8],
    /// Header, payload and padding as they lie there.
    pub whole: &'a [u8],
}

impl RecordHeader {
    /// A header with nothing but its kind.
    pub fn new(kind: RecordKind) -> Self {
        Self {
            kind,
            table: TableNumber(0),
            stream: StreamNumber(0),
            schema: SchemaNumber(0),
            skip: 0,
            position: Position(0),
        }
    }

    /// The header's bytes in front of a payload of `length` bytes.
    pub fn encode(&self, length: usize) -> [u8; RECORD_HEADER_BYTES] {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        bytes[0] = self.kind as u8;
        bytes[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        bytes[8..12].copy_from_slice(&self.table.0.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.stream.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.schema.0.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.skip.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.0.to_le_bytes());
        bytes
    }
}

/// Bytes of a record with a payload of `length` bytes, padding included.
pub const fn record_bytes(length: usize) -> usize {
    (RECORD_HEADER_BYTES + length).next_multiple_of(RECORD_ALIGNMENT)
}

impl<'a> Record<'a> {
    /// The record at the front of `bytes`, if there is one.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let head = bytes.get(..RECORD_HEADER_BYTES)?;
        let kind = KINDS.into_iter().find(|kind| *kind as u8 == head[0])?;
        if head[1..4] != [0; 3] {
            return None;
        }
        let length = u32_at(head, 4) as usize;
        let whole =
            bytes.get(..RECORD_HEADER_BYTES.checked_add(length)?.checked_next_multiple_of(RECORD_ALIGNMENT)?)?;
        let header = RecordHeader {
            kind,
            table: TableNumber(u32_at(head, 8)),
            stream: StreamNumber(u32_at(head, 12)),
            schema: SchemaNumber(u32_at(head, 16)),
            skip: u32_at(head, 20),
            position: Position(u64_at(head, 24)),
        };
        Some(Self { header, payload: &whole[RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + length], whole })
    }

    /// The offsets that a Rows record adds to its stream, `from` to `to - 1`; `None` for another kind, or for a payload
    /// that is no frame of rows.
    pub fn offsets(&self) -> Option<(u64, u64)> {
        if self.header.kind != RecordKind::Rows || self.payload.len() < HEADER_BYTES {
            return None;
        }
        let first = u64_at(self.payload, 24);
        let to = first.checked_add(u64::from(u32_at(self.payload, 32)))?;
        Some((first.checked_add(u64::from(self.header.skip))?.min(to), to))
    }

    /// What stands behind the frame of a Rows record: what was decided about its rows before they were taken. `None` when that,
    /// or the record, is something else.
    pub fn decision(&self) -> Option<Decision> {
        if self.header.kind != RecordKind::Rows || self.payload.len() < HEADER_BYTES {
            return None;
        }
        let frame_bytes = HEADER_BYTES.checked_add(padded(u32_at(self.payload, 8) as usize))?;
        self.payload.get(frame_bytes..).and_then(Decision::decode)
    }
}
