//! Texts of a column (strings or bytes), wherever they are.

use super::chunk_builder::ChunkBuilder;
use super::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use super::text::HEAD_BYTES;
use arrow::array::{Array, GenericByteArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::ByteArrayType;
use std::ops::Range;

/// Length in front of a plain text.
pub(super) const LENGTH_BYTES: usize = 4;

/// Where each row's text is among bytes.
pub(super) trait Texts {
    fn len(&self) -> usize;
    fn nulls(&self) -> Option<&NullBuffer>;
    fn data(&self) -> &[u8];
    /// First byte and end of a row's text. Of a row that has none, anything.
    fn place(&self, row: usize) -> (usize, usize);

    /// Bytes of the texts of these rows, which all have one.
    fn text_bytes(&self, rows: Range<usize>) -> usize;

    /// About the size of a chunk of all texts as they are, if it is known.
    fn plain_bytes(&self) -> Option<usize>;

    /// Where a page of plain texts ends that begins at `row`; rows without a text may count as if they had one.
    fn plain_page_end(&self, row: usize) -> usize {
        let mut bytes = 0;
        let last = self.len().min(row + PAGE_ROWS_MAX);
        for next in row..last {
            let (start, end) = self.place(next);
            bytes += end - start + LENGTH_BYTES;
            if bytes > PAGE_BYTES_MAX && next > row {
                return next;
            }
        }
        last
    }
}

/// An array of texts.
pub(super) struct ArrayTexts<'a> {
    offsets: &'a [i32],
    data: &'a [u8],
    nulls: Option<&'a NullBuffer>,
}

impl<'a> ArrayTexts<'a> {
    pub(super) fn of<T: ByteArrayType<Offset = i32>>(array: &'a GenericByteArray<T>) -> Self {
        Self { offsets: array.value_offsets(), data: array.value_data(), nulls: array.nulls() }
    }
}

impl Texts for ArrayTexts<'_> {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls
    }

    fn data(&self) -> &[u8] {
        self.data
    }

    fn text_bytes(&self, rows: Range<usize>) -> usize {
        (self.offsets[rows.end] - self.offsets[rows.start]) as usize
    }

    fn plain_bytes(&self) -> Option<usize> {
        let texts = self.offsets.last()? - self.offsets.first()?;
        let (texts, lengths) = (texts as usize, self.len() * LENGTH_BYTES);
        let pages = (texts + lengths) / (PAGE_BYTES_MAX / 2) + self.len() / PAGE_ROWS_MAX + 1;
        Some(texts + lengths + self.len() / 8 + pages * ChunkBuilder::overhead_bytes(0))
    }

    #[inline(always)]
    fn place(&self, row: usize) -> (usize, usize) {
        (self.offsets[row] as usize, self.offsets[row + 1] as usize)
    }
}

/// Texts that keys lead to.
pub(super) struct KeyedTexts<'a> {
    pub(super) keys: &'a [u32],
    pub(super) nulls: Option<&'a NullBuffer>,
    pub(super) values: ArrayTexts<'a>,
}

impl Texts for KeyedTexts<'_> {
    fn len(&self) -> usize {
        self.keys.len()
    }

    fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls
    }

    fn data(&self) -> &[u8] {
        self.values.data
    }

    fn text_bytes(&self, rows: Range<usize>) -> usize {
        rows.map(|row| self.place(row)).map(|(start, end)| end - start).sum()
    }

    fn plain_bytes(&self) -> Option<usize> {
        None
    }

    #[inline(always)]
    fn place(&self, row: usize) -> (usize, usize) {
        let key = self.keys[row] as usize;
        // The key of a row that is NULL may lead nowhere.
        if key < self.values.len() { self.values.place(key) } else { (0, 0) }
    }
}

/// Rows of a page that have a text.
#[derive(Clone)]
pub(super) enum PageRows<'a> {
    All(Range<usize>),
    Some(&'a [u32]),
}

/// Gives `work` the places of the texts of `rows`; both kinds of rows have a loop of their own.
macro_rules! with_places {
    ($texts:expr, $rows:expr, |$places:ident| $work:expr) => {
        match $rows.clone() {
            PageRows::All(rows) => {
                let $places = rows.map(|row| $texts.place(row));
                $work
            }
            PageRows::Some(rows) => {
                let $places = rows.iter().map(|row| $texts.place(*row as usize));
                $work
            }
        }
    };
}
pub(super) use with_places;

/// Appends the texts as PLAIN has them; all together have `bytes` bytes, with their lengths.
pub(super) fn put_plain(data: &[u8], places: impl Iterator<Item = (usize, usize)>, bytes: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    out.resize(begin + bytes, 0);
    let mut rest = &mut out[begin..];
    for (start, end) in places {
        let length = end - start;
        rest[..LENGTH_BYTES].copy_from_slice(&(length as u32).to_le_bytes());
        rest = &mut rest[LENGTH_BYTES..];
        let behind = data.get(start..).and_then(|behind| behind.first_chunk::<HEAD_BYTES>());
        match (behind, rest.first_chunk_mut::<HEAD_BYTES>()) {
            // A short text is copied with what is behind it, which the next one is written over.
            (Some(text), Some(place)) if length <= HEAD_BYTES => *place = *text,
            _ => rest[..length].copy_from_slice(&data[start..end]),
        }
        rest = &mut rest[length..];
    }
}
