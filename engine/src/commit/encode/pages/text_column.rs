//! Column chunks of texts.

use super::WrittenChunk;
use super::chunk_builder::{ChunkBuilder, Dictionary, NewPage};
use super::extremes::Extremes;
use super::fixed_dictionary::Outgrown;
use super::limits::{DICTIONARY_BYTES_MAX, INDEX_BYTES_MAX, PAGE_ROWS_MAX, STATISTICS_BYTES_MAX};
use super::memory::Memory;
use super::page_facts::{ChunkFacts, PageFacts, column_index};
use super::text;
use super::text_dictionary::TextDictionary;
use super::texts::{LENGTH_BYTES, PageRows, Texts, put_plain, with_places};
use super::truncation::{self, TextKind};
use super::{key_page, present};
use crate::commit::encode::column_writer::ColumnWay;
use arrow::buffer::NullBuffer;
use parquet::basic::{Encoding, LogicalType, Type};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

/// Writes the chunk of `texts`.
pub(super) fn write(
    column: &ColumnDescPtr,
    way: ColumnWay,
    texts: &impl Texts,
    memory: &mut Memory,
) -> Result<WrittenChunk, ParquetError> {
    let (rows, data) = (texts.len(), texts.data());
    let nulls = texts.nulls().map_or(0, NullBuffer::null_count);
    let mut dictionary = (way.encoding.is_none() && nulls < rows)
        .then(|| TextDictionary::new(DICTIONARY_BYTES_MAX, std::mem::take(&mut memory.texts)));
    let mut outgrown = None;
    let plain_bytes = texts.plain_bytes().filter(|_| dictionary.is_none());
    let mut chunk = ChunkBuilder::new(column, way.compression, &mut memory.chunk, plain_bytes);
    let mut pages: Vec<PageFacts<&[u8]>> = Vec::new();
    let (mut row, mut plain_before) = (0, 0);
    while row < rows {
        let end = match dictionary {
            Some(_) => rows.min(row + PAGE_ROWS_MAX),
            None => texts.plain_page_end(row),
        };
        let validity = present::validity(texts.nulls(), row..end);
        let present = match &validity {
            Some(validity) => {
                present::rows(validity, row, &mut memory.rows);
                PageRows::Some(&memory.rows)
            }
            None => PageRows::All(row..end),
        };
        let (count, text_bytes) = match &present {
            PageRows::All(rows) => (rows.len(), texts.text_bytes(rows.clone())),
            PageRows::Some(rows) => {
                (rows.len(), rows.iter().map(|row| texts.text_bytes(*row as usize..*row as usize + 1)).sum())
            }
        };
        let page = |encoding, body_bytes| NewPage {
            encoding,
            rows: end - row,
            validity: validity.as_ref(),
            body_bytes,
            text_bytes: Some(text_bytes as i64),
        };
        let extremes = match &mut dictionary {
            None => {
                let bytes = text_bytes + count * LENGTH_BYTES;
                chunk.add_with(page(Encoding::PLAIN, bytes), |out| {
                    with_places!(texts, present, |places| put_plain(data, places, bytes, out));
                })?;
                with_places!(texts, present, |places| text::extremes(data, places))
            }
            Some(found) => {
                let number = pages.len() as u32;
                let keys = &mut memory.keys;
                let fits = with_places!(texts, present, |places| found.keys(data, places, number, keys));
                if let Err(Outgrown) = fits {
                    let so_far = chunk.raw_bytes() + found.page().len();
                    if so_far < plain_before {
                        outgrown = dictionary.take();
                    } else {
                        // It did not pay: all over again.
                        memory.texts = dictionary.take().map(TextDictionary::into_tables).unwrap_or_default();
                        chunk.restart();
                        pages.clear();
                        (row, plain_before) = (0, 0);
                    }
                    continue;
                }
                key_page::encode(keys, found.len(), &mut memory.body);
                chunk.add(page(Encoding::RLE_DICTIONARY, memory.body.len()), &memory.body)?;
                text::extremes(data, found.seen(number))
            }
        };
        plain_before += text_bytes + count * LENGTH_BYTES;
        pages.push(PageFacts { rows: end - row, nulls: end - row - count, extremes, not_numbers: 0 });
        row = end;
    }
    let dictionary = dictionary.or(outgrown);
    let page = dictionary.as_ref().map(|found| Dictionary { values: found.len(), page: found.page() });
    let written = finish(chunk, column, &pages, page);
    if let Some(dictionary) = dictionary {
        memory.texts = dictionary.into_tables();
    }
    written
}

/// Ends a chunk of texts with what is known of its pages.
pub(super) fn finish(
    chunk: ChunkBuilder<'_>,
    column: &ColumnDescPtr,
    pages: &[PageFacts<&[u8]>],
    dictionary: Option<Dictionary<'_>>,
) -> Result<WrittenChunk, ParquetError> {
    let order = |one: &&[u8], two: &&[u8]| one.cmp(two);
    let kind = kind_of(column);
    let statistics = statistics(&ChunkFacts::of(pages, order), column, kind);
    let written = |ends: &Extremes<&[u8]>| {
        let least = truncation::least(ends.least, kind, INDEX_BYTES_MAX);
        [least, truncation::greatest(ends.greatest, kind, INDEX_BYTES_MAX)].map(|bound| bound.bytes)
    };
    let index = column_index(pages, Type::BYTE_ARRAY, column.max_def_level(), order, written)?;
    chunk.finish(dictionary, statistics, Some(index))
}

fn kind_of(column: &ColumnDescriptor) -> TextKind {
    match column.logical_type_ref() {
        Some(LogicalType::String) => TextKind::Characters,
        _ => TextKind::Bytes,
    }
}

fn statistics(facts: &ChunkFacts<&[u8]>, column: &ColumnDescriptor, kind: TextKind) -> Statistics {
    let least = facts.extremes.map(|ends| truncation::least(ends.least, kind, STATISTICS_BYTES_MAX));
    let greatest = facts.extremes.map(|ends| truncation::greatest(ends.greatest, kind, STATISTICS_BYTES_MAX));
    let exact = |bound: &Option<truncation::TextBound>| bound.as_ref().is_some_and(|bound| bound.exact);
    let (least_exact, greatest_exact) = (exact(&least), exact(&greatest));
    let value = |bound: Option<truncation::TextBound>| bound.map(|bound| ByteArray::from(bound.bytes));
    let found = ValueStatistics::new(value(least), value(greatest), None, Some(facts.nulls), false)
        .with_min_is_exact(least_exact)
        .with_max_is_exact(greatest_exact)
        .with_backwards_compatible_min_max(column.sort_order().is_signed());
    Statistics::ByteArray(found)
}
