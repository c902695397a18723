//! Strings and binaries as keys into a dictionary that the batches of a row group share.
//!
//! Each batch brings a dictionary of its own. Its entries are looked up in the merged one, each once; rows are looked at
//! only to write the merged keys down. A producer's next dictionary is nearly always its last one, grown by a few entries or
//! by none: then only the new ones are looked up.

use super::text::Texts;
use super::wire_dictionary::WireDictionary;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rkyv::rend::u32_le;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

/// Parquet's writers give a dictionary page up at this size: keys are of no use from there on.
const PAGE_BYTES_MAX: usize = 1 << 20;
/// What each entry of a dictionary page costs besides its bytes.
const ENTRY_OVERHEAD_BYTES: usize = size_of::<u32>();
/// Once a row group has this many rows, entries must return: twice on average.
const ROWS_TO_JUDGE_MIN: usize = 8192;

/// Keys of all rows, and the entries that they name. No two entries are equal.
#[derive(Debug)]
pub struct Dictionary {
    keys: Vec<i32>,
    entries: Texts,
    /// Places of the entries, by their bytes.
    places: HashTable<u32>,
    hasher: RandomState,
    last: Mapped,
}

/// The dictionary that was mapped last, and the merged key of each of its entries.
#[derive(Debug, Default)]
struct Mapped {
    offsets: Vec<u32_le>,
    bytes: Vec<u8>,
    keys: Vec<i32>,
}

impl Mapped {
    /// Entries in which `wire` begins as this one, which are all of this one's or none.
    fn shared_with(&self, wire: &WireDictionary<'_>) -> usize {
        let grown = wire.offsets().starts_with(&self.offsets) && wire.bytes().starts_with(&self.bytes);
        if grown { self.keys.len() } else { 0 }
    }

    fn is_identity(&self) -> bool {
        self.keys.iter().enumerate().all(|(key, merged)| key as i32 == *merged)
    }

    fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + (self.offsets.capacity() + self.keys.capacity()) * size_of::<u32>()
    }
}

impl Dictionary {
    /// No rows and no entries, with room for `rows`.
    pub fn new(rows: usize) -> Self {
        Self {
            keys: Vec::with_capacity(rows),
            entries: Texts::new(0, 0),
            places: HashTable::new(),
            hasher: RandomState::new(),
            last: Mapped::default(),
        }
    }

    /// Whether a batch's dictionary is small enough to be merged at all.
    pub fn takes(wire: &WireDictionary<'_>) -> bool {
        wire.bytes().len() + wire.entries() * ENTRY_OVERHEAD_BYTES < PAGE_BYTES_MAX
    }

    /// Whether keys have ceased to pay.
    pub fn is_spent(&self) -> bool {
        let entries = self.entries.rows();
        self.entries.bytes().len() + entries * ENTRY_OVERHEAD_BYTES >= PAGE_BYTES_MAX
            || self.keys.len() >= ROWS_TO_JUDGE_MIN && entries > self.keys.len() / 2
    }

    /// Appends these rows.
    pub fn append(&mut self, wire: &WireDictionary<'_>, rows: Range<usize>) {
        self.map(wire);
        let keys = wire.keys(rows);
        if self.last.is_identity() {
            // Keys of a dictionary without entries are zeros as well.
            self.keys.extend(keys.map(|key| key as i32));
        } else {
            let merged = self.last.keys.as_slice();
            self.keys.extend(keys.map(|key| merged[key as usize]));
        }
    }

    /// Appends rows without a value. They have an entry without bytes: written out, such a row costs nothing.
    pub fn append_nulls(&mut self, rows: usize) {
        let empty = self.place(&[]);
        self.keys.resize(self.keys.len() + rows, empty);
    }

    fn map(&mut self, wire: &WireDictionary<'_>) {
        let shared = self.last.shared_with(wire);
        if shared == 0 {
            self.last.offsets.clear();
            self.last.bytes.clear();
            self.last.keys.clear();
        }
        for key in shared..wire.entries() {
            let merged = self.place(wire.entry(key as u32));
            self.last.keys.push(merged);
        }
        self.last.offsets.extend_from_slice(&wire.offsets()[self.last.offsets.len()..]);
        self.last.bytes.extend_from_slice(&wire.bytes()[self.last.bytes.len()..]);
    }

    /// The place of an entry, which is added if it is new.
    fn place(&mut self, bytes: &[u8]) -> i32 {
        let (entries, hasher) = (&mut self.entries, &self.hasher);
        let next = entries.rows() as u32;
        let found = self.places.entry(
            hasher.hash_one(bytes),
            |place| entries.row(*place as usize) == bytes,
            |place| hasher.hash_one(entries.row(*place as usize)),
        );
        let place = match found {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(vacant) => {
                vacant.insert(next);
                entries.append_entries(std::iter::once(bytes));
                next
            }
        };
        place as i32
    }

    /// The rows written out.
    pub fn decode(&self) -> Texts {
        let mut texts = Texts::new(self.keys.len(), 0);
        let known = self.entries.rows();
        let entry = |key: &i32| if (*key as usize) < known { self.entries.row(*key as usize) } else { &[] };
        texts.append_entries(self.keys.iter().map(entry));
        texts
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        let keys = self.keys.capacity() * size_of::<i32>();
        keys + self.entries.memory_bytes() + self.places.allocation_size() + self.last.memory_bytes()
    }

    /// Keys, and offsets and bytes of the entries; starts anew with room for `rows`.
    pub fn seal(&mut self, rows: usize) -> (ScalarBuffer<i32>, OffsetBuffer<i32>, Buffer) {
        let mut sealed = std::mem::replace(self, Self::new(rows));
        let (offsets, bytes) = sealed.entries.seal(0, 0);
        (ScalarBuffer::from(sealed.keys), offsets, bytes)
    }
}
