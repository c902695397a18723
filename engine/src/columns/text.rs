//! Strings and binaries as they are: by offsets.

use super::offsets::Offsets;
use super::wire_dictionary::WireDictionary;
use arrow::buffer::{Buffer, MutableBuffer, OffsetBuffer};
use lakehead_protocol::batch::ArchivedColumn;
use std::ops::Range;

/// Bytes of all rows end to end, and where each row begins and the last ends.
#[derive(Debug)]
pub struct Texts {
    offsets: Offsets,
    bytes: MutableBuffer,
}

impl Texts {
    /// An empty column with room for `rows` and `bytes`.
    pub fn new(rows: usize, bytes: usize) -> Self {
        Self { offsets: Offsets::new(rows), bytes: MutableBuffer::new(bytes) }
    }

    /// Appends these rows of a plain column: one copy of the bytes, one addition per offset.
    pub fn append(&mut self, column: &ArchivedColumn, rows: Range<usize>) {
        let bytes = self.offsets.append(&column.offsets, rows);
        self.bytes.extend_from_slice(&column.values[bytes]);
    }

    /// Appends these rows of a dictionary-encoded column, written out.
    pub fn append_decoded(&mut self, dictionary: &WireDictionary<'_>, rows: Range<usize>) {
        self.append_entries(dictionary.keys(rows).map(|key| dictionary.entry(key)));
    }

    /// Appends rows of these bytes.
    pub fn append_entries<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]> + Clone) {
        self.offsets.append_lengths(rows.clone().map(<[u8]>::len));
        self.bytes.reserve(self.offsets.end() - self.bytes.len());
        rows.for_each(|row| self.bytes.extend_from_slice(row));
    }

    /// Appends rows of no bytes.
    pub fn append_empty(&mut self, rows: usize) {
        self.offsets.append_empty(rows);
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.offsets.rows()
    }

    /// The bytes of a row.
    pub fn row(&self, row: usize) -> &[u8] {
        &self.bytes[self.offsets.row(row)]
    }

    /// Bytes of all rows.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.offsets.memory_bytes()
    }

    /// Offsets and bytes so far; starts anew with room for `rows` and `bytes`.
    pub fn seal(&mut self, rows: usize, bytes: usize) -> (OffsetBuffer<i32>, Buffer) {
        let sealed = std::mem::replace(&mut self.bytes, MutableBuffer::new(bytes));
        (self.offsets.seal(rows), sealed.into())
    }
}
