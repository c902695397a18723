//! A string or binary column: plain, or keys into a dictionary.
//!
//! It starts as whatever its first batch brings. Where plain and encoded batches meet, or a dictionary has become too large to
//! pay, all of it becomes plain and stays so until it is sealed.

use super::dictionary::Dictionary;
use super::extent::Extent;
use super::text::Texts;
use super::wire_dictionary::WireDictionary;
use arrow::array::{ArrayRef, BinaryArray, DictionaryArray, Int32Array, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::error::ArrowError;
use lakehead_protocol::batch::{ArchivedBatch, ArchivedColumn, ENCODING_DICTIONARY};
use std::ops::Range;
use std::sync::Arc;

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    Utf8,
    Binary,
}

/// Rows of one string or binary column.
#[derive(Debug)]
pub struct TextColumn {
    kind: TextKind,
    /// All rows, unless they are encoded.
    texts: Texts,
    /// All rows, if they are encoded.
    dictionary: Option<Box<Dictionary>>,
    /// What encoded batches stand for, written out or not.
    decoded_bytes: usize,
}

impl TextColumn {
    /// An empty column.
    pub fn new(kind: TextKind) -> Self {
        Self { kind, texts: Texts::new(0, 0), dictionary: None, decoded_bytes: 0 }
    }

    /// Appends these rows of a judged column.
    pub fn append(&mut self, batch: &ArchivedBatch, column: &ArchivedColumn, rows: Range<usize>) {
        if rows.is_empty() {
            return;
        }
        if column.encoding == ENCODING_DICTIONARY {
            self.append_encoded(&WireDictionary::of(batch, column), rows);
        } else {
            self.plain().append(column, rows);
        }
    }

    /// Appends rows without a value. At the beginning they leave open whether there will be a dictionary.
    pub fn append_nulls(&mut self, rows: usize) {
        if self.dictionary.is_none() && self.texts.rows() == 0 {
            self.dictionary = Some(Box::new(Dictionary::new(rows)));
        }
        match &mut self.dictionary {
            Some(dictionary) => dictionary.append_nulls(rows),
            None => self.texts.append_empty(rows),
        }
    }

    fn append_encoded(&mut self, wire: &WireDictionary<'_>, rows: Range<usize>) {
        self.decoded_bytes += wire.decoded_bytes(rows.clone());
        if self.dictionary.is_none() && self.texts.rows() == 0 {
            self.texts = Texts::new(0, 0);
            self.dictionary = Some(Box::new(Dictionary::new(0)));
        }
        match &mut self.dictionary {
            Some(dictionary) if Dictionary::takes(wire) => {
                dictionary.append(wire, rows);
                if dictionary.is_spent() {
                    self.plain();
                }
            }
            _ => self.plain().append_decoded(wire, rows),
        }
    }

    /// The column as plain text, which it becomes if it is not.
    fn plain(&mut self) -> &mut Texts {
        if let Some(dictionary) = self.dictionary.take() {
            self.texts = dictionary.decode();
        }
        &mut self.texts
    }

    /// What the column holds.
    pub fn extent(&self) -> Extent {
        Extent { text_bytes: self.bytes(), decoded_bytes: self.decoded_bytes, ..Extent::default() }
    }

    /// Bytes of plain text.
    pub fn bytes(&self) -> usize {
        self.texts.bytes().len()
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.texts.memory_bytes() + self.dictionary.as_ref().map_or(0, |dictionary| dictionary.memory_bytes())
    }

    /// The column so far; starts anew with room for `rows` and `bytes`.
    ///
    /// # Errors
    /// An Arrow error when buffers contradict each other, which would be a bug of this module.
    #[expect(unsafe_code, reason = "checking keys again would read every row a second time")]
    pub fn seal(&mut self, nulls: Option<NullBuffer>, rows: usize, bytes: usize) -> Result<ArrayRef, ArrowError> {
        self.decoded_bytes = 0;
        let Some(dictionary) = &mut self.dictionary else {
            let (offsets, bytes) = self.texts.seal(rows, bytes);
            return self.kind.array(offsets, bytes, nulls);
        };
        let (keys, offsets, bytes) = dictionary.seal(rows);
        let (keys, entries) = (Int32Array::try_new(keys, nulls)?, self.kind.array(offsets, bytes, None)?);
        // SAFETY: every batch's keys were checked to be in range (protocol::batch_check), and mapped to places of entries;
        // where there are no entries, all rows are NULL.
        Ok(Arc::new(unsafe { DictionaryArray::new_unchecked(keys, entries) }))
    }
}

impl TextKind {
    #[expect(unsafe_code, reason = "checking UTF-8 again would read every string a second time")]
    fn array(
        self,
        offsets: OffsetBuffer<i32>,
        bytes: Buffer,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Binary => Ok(Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)),
            // SAFETY: every batch's bytes were checked to be UTF-8, and its offsets to lie between characters
            // (protocol::batch_check), before they were appended.
            Self::Utf8 => Ok(Arc::new(unsafe { StringArray::new_unchecked(offsets, bytes, nulls) })),
        }
    }
}
