//! Acked data that cannot be read any more.

use crate::log::numbers::Position;
use crate::log::state_record::LostBlocks;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Blocks are not what was written.
    Blocks,
    /// Neither header of the segment is readable.
    SegmentHeader,
    /// The file is missing.
    SegmentMissing,
    /// Entries speak of definitions that are lost.
    Undefined,
    /// What let the segments before go is lost, and with it what was known of tables.
    State,
}

/// Rows of a stream that are lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamLoss {
    /// As clients call it; `None` when that is lost, too.
    pub table: Option<Arc<str>>,
    /// `None` for an anonymous stream, or when that is lost, too.
    pub stream: Option<Arc<str>>,
    pub epoch: u64,
    pub from: u64,
    /// The first row that is not lost, if one is known.
    pub to: Option<u64>,
}

/// One place of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub cause: Cause,
    pub segment: u64,
    pub offset: u64,
    /// Sequences of the lost blocks.
    pub sequences: Range<u64>,
    /// Positions that the lost entries are among.
    pub positions: Range<Position>,
    pub streams: Vec<StreamLoss>,
    /// Whether `streams` are those that may have lost rows, because nothing tells which have.
    pub is_guess: bool,
}

impl Damage {
    /// A block that cannot be read back.
    pub(in crate::log) fn block(
        segment: u64,
        offset: u64,
        positions: Range<Position>,
        streams: Vec<StreamLoss>,
    ) -> Self {
        Self { cause: Cause::Blocks, segment, offset, sequences: 0..0, positions, streams, is_guess: false }
    }

    pub(super) fn lost_blocks(&self) -> LostBlocks {
        LostBlocks { segment: self.segment, from: self.sequences.start, to: self.sequences.end }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, offset, positions, .. } = self;
        match self.cause {
            Cause::Blocks => write!(formatter, "segment {segment}, offset {offset}: blocks are damaged")?,
            Cause::SegmentHeader => write!(formatter, "segment {segment}: neither of its headers is readable")?,
            Cause::SegmentMissing => write!(formatter, "segment {segment}: the file is missing")?,
            Cause::Undefined => write!(formatter, "segment {segment}, offset {offset}: what entries rest on is lost")?,
            Cause::State => write!(formatter, "segment {segment}: what was known of tables is lost")?,
        }
        write!(formatter, "; entries {} to {}", positions.start, positions.end)?;
        if self.streams.is_empty() {
            return write!(formatter, "; no rows that are not in their table are known to be among them");
        }
        write!(formatter, "; {}", if self.is_guess { "it may have cost" } else { "it costs" })?;
        for (index, loss) in self.streams.iter().enumerate() {
            write!(formatter, "{} {loss}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Display for StreamLoss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Some(stream) => write!(formatter, "stream {stream:?}")?,
            None => write!(formatter, "a stream without a known name")?,
        }
        match &self.table {
            Some(table) => write!(formatter, " of table {table}")?,
            None => write!(formatter, " of a table without a known name")?,
        }
        match self.to {
            Some(to) => write!(formatter, " offsets {} to {}", self.from, to.saturating_sub(1)),
            None => write!(formatter, " offsets from {} on", self.from),
        }
    }
}
