//! Who may append, and how much is used.

use super::Log;
use super::limits::GATHERED_BYTES_MAX;
use super::numbers::TableNumber;

/// Whether rows can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Yes,
    /// The table has used up its share: rows that are not in it fill what the others leave free.
    TableShare,
    /// The log has used up its disk space, or the disk is full.
    Full,
    /// The disk is slower than the rows come; ask again after the next flush.
    Behind,
}

/// What a log uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// On disk: segments and spares.
    pub bytes: u64,
    pub bytes_max: u64,
    /// Of entries that are needed.
    pub live_bytes: u64,
    /// Gathered, not on their way to the disk.
    pub gathered_bytes: u64,
    pub segments: usize,
    pub spares: usize,
    /// Live bytes of each table that has any.
    pub tables: Vec<(TableNumber, u64)>,
}

impl Log {
    /// Whether rows of the table can be appended; of any new table, for `None`.
    pub fn room(&self, table: Option<TableNumber>) -> Room {
        let gathered = self.flushing.gathered_bytes();
        if gathered > GATHERED_BYTES_MAX {
            return Room::Behind;
        }
        if self.is_short() {
            return Room::Full;
        }
        let share = table.and_then(|table| self.index.books.get(&table)).map_or(0, |book| book.live_bytes);
        if share > 0 && share >= self.bytes_usable().saturating_sub(self.index.live_bytes) {
            return Room::TableShare;
        }
        Room::Yes
    }

    /// Whether what is left is for copies and state only.
    pub(super) fn is_short(&self) -> bool {
        let pending = (self.flushing.gathered_bytes() + self.flushing.queued_copies()) as u64;
        self.bytes_free() + self.current_left() < self.reserve_bytes() + pending
    }

    /// What is used of what there is.
    pub fn usage(&self) -> Usage {
        let tables = self.index.books.iter().filter(|(_, book)| book.live_bytes > 0);
        Usage {
            bytes: self.bytes_used(),
            bytes_max: self.bytes_max(),
            live_bytes: self.index.live_bytes,
            gathered_bytes: self.flushing.gathered_bytes() as u64,
            segments: self.index.segments.len(),
            spares: self.segments.spares(),
            tables: tables.map(|(number, book)| (*number, book.live_bytes)).collect(),
        }
    }

    /// Bytes that entries of all tables together can have.
    fn bytes_usable(&self) -> u64 {
        let there_is = if self.segments.is_disk_full() { self.bytes_used() } else { self.bytes_max() };
        there_is.saturating_sub(self.reserve_bytes())
    }

    /// Bytes left in the newest segment.
    pub(super) fn current_left(&self) -> u64 {
        let Some(current) = &self.segments.current else { return 0 };
        self.index.segment(current.number).map_or(0, |segment| segment.bytes.saturating_sub(current.offset))
    }
}
