//! What recovery found.

use super::damage::Damage;
use crate::handover::log_part::LogId;
use crate::log::index::Index;
use crate::log::live_state::LiveState;
use crate::log::numbers::{Position, TableNumber};
use crate::log::place::BlockPlace;
use crate::log::segment::{Segment, Spare};

/// How the newest segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    Clean,
    /// Blocks that were being written when the process ended; nobody was told that they are durable.
    Torn {
        segment: u64,
        offset: u64,
        bytes: u64,
    },
}

/// A log as its files show it.
#[derive(Debug)]
pub struct Recovered {
    pub id: LogId,
    /// The run that opened the newest segment, 0 without one.
    pub run: u64,
    pub state: LiveState,
    /// What the next new entry is numbered.
    pub next_position: Position,
    pub next_sequence: u64,
    pub last_checksum: u32,
    pub(in crate::log) index: Index,
    pub spares: Vec<Spare>,
    pub tail: Tail,
    /// What is lost, and accepted now or before.
    pub damages: Vec<Damage>,
    pub bytes_read: u64,
    /// Whether every segment must be fdatasynced and the directory fsynced before this is used. Only a planted fault denies it.
    pub must_sync: bool,
}

impl Recovered {
    /// Segments in order.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.index.segments.iter()
    }

    /// See [`crate::log::Log::blocks`].
    pub fn blocks(&self, table: TableNumber, from: Position) -> Vec<BlockPlace> {
        self.index.blocks(table, from)
    }
}
