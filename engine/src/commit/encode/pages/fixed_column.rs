//! Column chunks of values of a fixed width.

use super::WrittenChunk;
use super::chunk_builder::{ChunkBuilder, Dictionary, NewPage};
use super::extremes::Extremes;
use super::fixed::Fixed;
use super::fixed_dictionary::{FixedDictionary, Outgrown};
use super::limits::{DICTIONARY_BYTES_MAX, PAGE_ROWS_MAX};
use super::memory::Memory;
use super::page_facts::{ChunkFacts, PageFacts, column_index};
use super::{key_page, present};
use crate::commit::encode::column_writer::ColumnWay;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;
use std::ops::Range;

/// An array whose values can be had as `T`.
pub(super) trait FixedValues<T> {
    fn len(&self) -> usize;
    fn nulls(&self) -> Option<&NullBuffer>;
    /// The values that are there in these rows, maybe in `space`.
    fn page<'a>(&'a self, rows: Range<usize>, validity: Option<&BooleanBuffer>, space: &'a mut Vec<T>) -> &'a [T];
}

/// Values that are written as they are.
pub(super) struct Same<'a, T> {
    pub(super) values: &'a [T],
    pub(super) nulls: Option<&'a NullBuffer>,
}

/// Values that become others.
pub(super) struct Converted<'a, N, F> {
    pub(super) values: &'a [N],
    pub(super) nulls: Option<&'a NullBuffer>,
    pub(super) convert: F,
}

impl<T: Fixed> FixedValues<T> for Same<'_, T> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls
    }

    fn page<'a>(&'a self, rows: Range<usize>, validity: Option<&BooleanBuffer>, space: &'a mut Vec<T>) -> &'a [T] {
        let values = &self.values[rows];
        let Some(validity) = validity else { return values };
        present::keep(values, validity, space, |value| value);
        space
    }
}

impl<N: Copy, T: Fixed, F: Fn(N) -> T> FixedValues<T> for Converted<'_, N, F> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls
    }

    fn page<'a>(&'a self, rows: Range<usize>, validity: Option<&BooleanBuffer>, space: &'a mut Vec<T>) -> &'a [T] {
        let values = &self.values[rows];
        match validity {
            Some(validity) => present::keep(values, validity, space, &self.convert),
            None => {
                space.clear();
                space.extend(values.iter().map(|value| (self.convert)(*value)));
            }
        }
        space
    }
}

/// How pages are written at the moment.
enum Form<T> {
    Plain,
    Deltas,
    Keys(FixedDictionary<T>),
}

/// Writes the chunk of `values`.
pub(super) fn write<T: Fixed>(
    column: &ColumnDescPtr,
    way: ColumnWay,
    values: &impl FixedValues<T>,
    memory: &mut Memory,
) -> Result<WrittenChunk, ParquetError> {
    let (rows, bytes) = (values.len(), T::bytes(column));
    let nulls = values.nulls().map_or(0, NullBuffer::null_count);
    let mut form = match way.encoding {
        // A dictionary of nothing is nothing that readers should have to know.
        None if nulls < rows => {
            Form::Keys(FixedDictionary::new(DICTIONARY_BYTES_MAX / bytes.max(1), std::mem::take(&mut memory.slots)))
        }
        Some(Encoding::DELTA_BINARY_PACKED) if T::put_deltas(&[], &mut memory.body).is_some() => Form::Deltas,
        _ => Form::Plain,
    };
    let pages_count = rows.div_ceil(PAGE_ROWS_MAX);
    let plain_bytes = (rows - nulls) * bytes + pages_count * ChunkBuilder::overhead_bytes(PAGE_ROWS_MAX.min(rows));
    let plain_bytes = Some(plain_bytes).filter(|_| matches!(form, Form::Plain));
    let mut chunk = ChunkBuilder::new(column, way.compression, &mut memory.chunk, plain_bytes);
    let mut pages: Vec<PageFacts<T>> = Vec::with_capacity(pages_count);
    // What keys were written to before values came as they are.
    let mut outgrown: Option<FixedDictionary<T>> = None;
    let (mut row, mut values_before, mut space) = (0, 0, Vec::new());
    while row < rows {
        let end = rows.min(row + PAGE_ROWS_MAX);
        let validity = present::validity(values.nulls(), row..end);
        let found = values.page(row..end, validity.as_ref(), &mut space);
        let (extremes, not_numbers) = T::extremes(found);
        let page = |encoding, body_bytes| NewPage {
            encoding,
            rows: end - row,
            validity: validity.as_ref(),
            body_bytes,
            text_bytes: None,
        };
        match &mut form {
            Form::Plain => {
                let page = page(Encoding::PLAIN, found.len() * bytes);
                chunk.add_with(page, |out| T::put_plain(found, bytes, out))?;
            }
            Form::Deltas => {
                memory.body.clear();
                T::put_deltas(found, &mut memory.body);
                chunk.add(page(Encoding::DELTA_BINARY_PACKED, memory.body.len()), &memory.body)?;
            }
            Form::Keys(dictionary) => match dictionary.keys(found, extremes.as_ref(), &mut memory.keys) {
                Ok(()) => {
                    key_page::encode(&memory.keys, dictionary.values().len(), &mut memory.body);
                    chunk.add(page(Encoding::RLE_DICTIONARY, memory.body.len()), &memory.body)?;
                }
                Err(Outgrown) => {
                    let so_far = chunk.raw_bytes() + dictionary.values().len() * bytes;
                    if let Form::Keys(dictionary) = std::mem::replace(&mut form, Form::Plain) {
                        if so_far < values_before * bytes {
                            outgrown = Some(dictionary);
                        } else {
                            // It did not pay: all over again.
                            memory.slots = dictionary.into_slots();
                            chunk.restart();
                            pages.clear();
                            (row, values_before) = (0, 0);
                        }
                    }
                    continue;
                }
            },
        }
        values_before += found.len();
        pages.push(PageFacts { rows: end - row, nulls: end - row - found.len(), extremes, not_numbers });
        row = end;
    }
    if let Form::Keys(dictionary) = form {
        outgrown = Some(dictionary);
    }
    let dictionary = match outgrown {
        Some(dictionary) => {
            let values = dictionary.values().len();
            memory.body.clear();
            T::put_plain(dictionary.values(), bytes, &mut memory.body);
            memory.slots = dictionary.into_slots();
            Some(Dictionary { values, page: &memory.body })
        }
        None => None,
    };
    finish(chunk, column, &pages, dictionary)
}

fn finish<T: Fixed>(
    chunk: ChunkBuilder<'_>,
    column: &ColumnDescPtr,
    pages: &[PageFacts<T>],
    dictionary: Option<Dictionary<'_>>,
) -> Result<WrittenChunk, ParquetError> {
    let bytes = T::bytes(column);
    let facts = ChunkFacts::of(pages, T::order);
    // Readers disagree on where NaN stands, and some do not know that it may hide beside bounds: then there are none.
    if facts.not_numbers > 0 {
        return chunk.finish(dictionary, T::statistics(None, bytes, facts.nulls, None), None);
    }
    let not_numbers = (T::FLOATS && facts.values > 0).then_some(0);
    let statistics = T::statistics(facts.extremes, bytes, facts.nulls, not_numbers);
    let written = |ends: &Extremes<T>| {
        [ends.least, ends.greatest].map(|value| {
            let mut out = Vec::with_capacity(bytes);
            T::put_plain(&[value], bytes, &mut out);
            out
        })
    };
    let index = column_index(pages, T::PHYSICAL, column.max_def_level(), T::order, written)?;
    chunk.finish(dictionary, statistics, Some(index))
}
