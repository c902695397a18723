//! A string column that decides by what it sees whether it is dictionary-encoded.
//!
//! It begins by interning: a row is a 4-byte key, and each distinct text is kept once. The dictionary is carried over from
//! batch to batch, so that the engine, which writes Parquet dictionaries, sees the same entries or some more. A dictionary
//! is paid for with every batch it goes with, and looking a text up costs more than copying it; so:
//!
//! - while rows come, too many new texts in a batch ([`NEW_SHARE`], [`NEW_FREE`]) or too large a dictionary
//!   ([`ENTRIES_BYTES_MAX`]) turn what there is into plain text, for [`PLAIN_BATCHES`] batches;
//! - when a batch is sealed its dictionary has to be worth it ([`WORTH`]). If it is not and most of it is this batch's own
//!   doing, the column is plain for the next batches too. If most of it came from batches before, the values have drifted or
//!   batches have got small: this batch is plain, the next one starts a new dictionary.

use super::bytes::{BYTES_MAX, Bytes};
use super::dictionary::{Dictionary, Unknown};

/// One new text for so many rows of a batch is too many: a new text costs about four times a known one, so that beyond
/// this more time goes into learning than into looking up, and the engine gains little from so long a dictionary.
pub(super) const NEW_SHARE: usize = 4;
/// New texts a batch may have before their share says anything: a producer that reads its devices in turn has a new one in
/// every row, until it is through with them. A column that never repeats learns so many in vain once in
/// [`PLAIN_BATCHES`] batches, a few nanoseconds a row.
pub(super) const NEW_FREE: usize = 16 * 1024;
/// A dictionary beyond this no longer fits the caches it is looked up in, and Parquet's own give up there as well.
pub(super) const ENTRIES_BYTES_MAX: usize = 1024 * 1024;
/// A dictionary is worth its way when what it says takes this many times its own size written out.
pub(super) const WORTH: usize = 2;
/// Sealed batches until a column that gave up tries again. An attempt in vain costs a part of one batch.
pub(super) const PLAIN_BATCHES: u32 = 16;

/// A column holds as much text as 4-byte offsets reach.
pub(super) struct TextFull;

/// The texts of one column. A row without a text (NULL, or below one) stands as an empty one.
pub(super) struct Text {
    form: Form,
    dictionary: Dictionary,
    /// The rows while interned.
    keys: Vec<i32>,
    /// The rows while plain.
    plain: Bytes,
    /// Bytes of all rows written out.
    written_out: usize,
    /// The dictionary when this batch began.
    entries_before: usize,
    entries_bytes_before: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Interned,
    Plain { batches_left: u32 },
}

/// What the rows of a batch became.
pub(super) enum SealedText<'a> {
    Interned { keys: Vec<i32>, dictionary: &'a mut Dictionary },
    Plain(Bytes),
}

impl Text {
    pub(super) fn new() -> Self {
        Self {
            form: Form::Interned,
            dictionary: Dictionary::new(),
            keys: Vec::new(),
            plain: Bytes::new(),
            written_out: 0,
            entries_before: 0,
            entries_bytes_before: 0,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) -> Result<(), TextFull> {
        let (text, written_out) = (text.as_bytes(), self.written_out + text.len());
        if written_out > BYTES_MAX {
            return Err(TextFull);
        }
        self.written_out = written_out;
        if self.form != Form::Interned {
            self.plain.push(text);
            return Ok(());
        }
        match self.dictionary.find(text) {
            Ok(key) => self.keys.push(key),
            Err(unknown) => self.learn(text, unknown),
        }
        Ok(())
    }

    #[cold]
    fn learn(&mut self, text: &[u8], unknown: Unknown) {
        self.keys.push(self.dictionary.insert(text, unknown));
        self.judge_growth();
    }

    /// A row without a text.
    #[inline]
    pub(super) fn push_empty(&mut self) {
        match self.form {
            Form::Interned => self.keys.push(self.dictionary.empty_key()),
            Form::Plain { .. } => self.plain.end_value(),
        }
    }

    /// Forgets the rows from `length` on; what they taught the dictionary stays in it.
    pub(super) fn truncate(&mut self, length: usize) {
        if self.form == Form::Interned {
            let gone: usize =
                self.keys.iter().skip(length).map(|key| self.dictionary.entries.get(*key as usize).len()).sum();
            self.written_out -= gone;
            self.keys.truncate(length);
        } else {
            self.plain.truncate(length);
            self.written_out = self.plain.bytes.len();
        }
    }

    pub(super) fn encoded_bytes(&self) -> usize {
        match self.form {
            Form::Interned if self.is_worth_it() => {
                self.keys.len() * size_of::<i32>() + self.dictionary.entries.encoded_bytes()
            }
            Form::Interned => (self.keys.len() + 1) * size_of::<i32>() + self.written_out,
            Form::Plain { .. } => self.plain.encoded_bytes(),
        }
    }

    /// Takes the batch's rows, and settles what the next batch does.
    pub(super) fn seal(&mut self) -> SealedText<'_> {
        match self.form {
            Form::Interned if self.is_worth_it() => {
                self.begin_batch();
                SealedText::Interned { keys: take(&mut self.keys), dictionary: &mut self.dictionary }
            }
            Form::Interned => {
                if !self.keys.is_empty() {
                    let learned = self.dictionary.entries.encoded_bytes() - self.entries_bytes_before;
                    self.write_out();
                    self.dictionary.clear();
                    if learned * WORTH > self.written_out {
                        self.form = Form::Plain { batches_left: PLAIN_BATCHES };
                    }
                }
                self.begin_batch();
                SealedText::Plain(take_bytes(&mut self.plain))
            }
            Form::Plain { batches_left } => {
                if self.plain.len() > 0 {
                    self.form = match batches_left {
                        0 | 1 => Form::Interned,
                        more => Form::Plain { batches_left: more - 1 },
                    };
                }
                self.begin_batch();
                SealedText::Plain(take_bytes(&mut self.plain))
            }
        }
    }

    fn begin_batch(&mut self) {
        self.written_out = 0;
        self.entries_before = self.dictionary.len();
        self.entries_bytes_before = self.dictionary.entries.encoded_bytes();
    }

    fn is_worth_it(&self) -> bool {
        self.dictionary.entries.encoded_bytes() * WORTH <= self.written_out
    }

    fn judge_growth(&mut self) {
        let learned = self.dictionary.len() - self.entries_before;
        let too_many = learned > NEW_FREE + self.keys.len() / NEW_SHARE;
        if too_many || self.dictionary.entries.encoded_bytes() > ENTRIES_BYTES_MAX {
            self.write_out();
            self.dictionary.clear();
            self.form = Form::Plain { batches_left: PLAIN_BATCHES };
        }
    }

    /// Turns keys into texts.
    fn write_out(&mut self) {
        self.plain.offsets.reserve(self.keys.len());
        self.plain.bytes.reserve(self.written_out);
        for key in self.keys.drain(..) {
            self.plain.push(self.dictionary.entries.get(key as usize));
        }
    }
}

/// Takes what a buffer holds and leaves room for as much again, or half of what there was if it was hardly used.
pub(super) fn take<T>(buffer: &mut Vec<T>) -> Vec<T> {
    let capacity = if buffer.len() < buffer.capacity() / 4 { buffer.capacity() / 2 } else { buffer.len() };
    std::mem::replace(buffer, Vec::with_capacity(capacity))
}

pub(super) fn take_bytes(bytes: &mut Bytes) -> Bytes {
    let offsets = take(&mut bytes.offsets);
    bytes.offsets.push(0);
    Bytes { offsets, bytes: take(&mut bytes.bytes) }
}
