//! A dictionary-encoded column of a batch: keys, and the entries that they name.

use lakehead_protocol::batch::{ArchivedBatch, ArchivedColumn};
use rkyv::rend::u32_le;
use std::ops::Range;

/// From here on decoded bytes are counted row by row; below, every row may count as the longest entry.
const BOUND_BYTES_MAX: usize = 4 << 20;

/// Keys and entries of a judged column: keys are in range, unless there are no entries, when all rows are NULL.
#[derive(Debug, Clone, Copy)]
pub struct WireDictionary<'a> {
    keys: &'a [[u8; 4]],
    offsets: &'a [u32_le],
    bytes: &'a [u8],
}

impl<'a> WireDictionary<'a> {
    /// What a dictionary-encoded column of `batch` holds.
    pub fn of(batch: &'a ArchivedBatch, column: &'a ArchivedColumn) -> Self {
        let entries = &batch.columns[column.children[0].to_native() as usize];
        let (keys, _) = column.values.as_chunks();
        Self { keys, offsets: &entries.offsets, bytes: &entries.values }
    }

    /// How many entries there are. Some may be equal.
    pub fn entries(&self) -> usize {
        self.offsets.len() - 1
    }

    /// An entry; nothing for the keys of a dictionary that has none.
    pub fn entry(&self, key: u32) -> &'a [u8] {
        let key = key as usize;
        match self.offsets.get(key..key + 2) {
            Some([start, end]) => &self.bytes[start.to_native() as usize..end.to_native() as usize],
            _ => &[],
        }
    }

    /// Where entries begin and the last one ends.
    pub fn offsets(&self) -> &'a [u32_le] {
        self.offsets
    }

    /// Entries end to end.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The keys of these rows.
    pub fn keys(&self, rows: Range<usize>) -> impl ExactSizeIterator<Item = u32> + Clone + use<'a> {
        self.keys[rows].iter().map(|key| u32::from_le_bytes(*key))
    }

    /// Bytes that these rows stand for, or somewhat more.
    pub fn decoded_bytes(&self, rows: Range<usize>) -> usize {
        let longest = self.offsets.windows(2).map(|pair| pair[1].to_native() - pair[0].to_native()).max();
        let bound = rows.len().saturating_mul(longest.unwrap_or(0) as usize);
        if bound <= BOUND_BYTES_MAX { bound } else { self.keys(rows).map(|key| self.entry(key).len()).sum() }
    }
}
