//! Column chunks of texts that come as keys into a dictionary: the keys are written as they are, and no text is looked at
//! but those of the dictionary.

use super::WrittenChunk;
use super::chunk_builder::{ChunkBuilder, Dictionary, NewPage};
use super::limits::{DICTIONARY_BYTES_MAX, PAGE_ROWS_MAX};
use super::memory::Memory;
use super::page_facts::PageFacts;
use super::text::{self, Headed};
use super::texts::{ArrayTexts, KeyedTexts, LENGTH_BYTES, Texts};
use super::{key_page, present, text_column};
use crate::commit::encode::column_writer::ColumnWay;
use arrow::buffer::NullBuffer;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;
use std::ops::Range;

/// What a key's entry is in the chunk's dictionary, when it is in it.
const UNUSED: u32 = u32::MAX;

/// What the first pass over the keys finds.
struct Found<'a> {
    pages: Vec<PageFacts<&'a [u8]>>,
    /// Bytes of each page's texts.
    text_bytes: Vec<usize>,
    /// For each entry whether a row has it.
    used: Vec<bool>,
}

/// Writes the chunk of the texts that `keys` lead to; a row without a key, or with the key of an entry without a text, is
/// NULL by `nulls`.
pub(super) fn write(
    column: &ColumnDescPtr,
    way: ColumnWay,
    keys: &[u32],
    nulls: Option<&NullBuffer>,
    values: ArrayTexts<'_>,
    memory: &mut Memory,
) -> Result<WrittenChunk, ParquetError> {
    let nothing = nulls.map_or(0, NullBuffer::null_count) == keys.len();
    if way.encoding.is_some() || nothing {
        let way = ColumnWay::encoded(Encoding::PLAIN, way.compression);
        return text_column::write(column, way, &KeyedTexts { keys, nulls, values }, memory);
    }
    let found = look(keys, nulls, &values, &mut memory.keys);
    let entries = (0..values.len()).filter(|entry| found.used[*entry]);
    let places = entries.map(|entry| values.place(entry));
    let dictionary_bytes: usize = places.clone().map(|(start, end)| end - start + LENGTH_BYTES).sum();
    if dictionary_bytes > DICTIONARY_BYTES_MAX {
        let way = ColumnWay::encoded(Encoding::PLAIN, way.compression);
        return text_column::write(column, way, &KeyedTexts { keys, nulls, values }, memory);
    }
    let (count, new_keys) = renumber(&found.used);
    let mut chunk = ChunkBuilder::new(column, way.compression, &mut memory.chunk, None);
    for (index, (page, text_bytes)) in found.pages.iter().zip(&found.text_bytes).enumerate() {
        let rows = rows_of_page(index, keys.len());
        let validity = present::validity(nulls, rows.clone());
        let mut page_keys = &keys[rows.clone()];
        if validity.is_some() || new_keys.is_some() {
            let new_key =
                |key: u32| new_keys.as_ref().map_or(key, |new| new.get(key as usize).copied().unwrap_or(UNUSED));
            match &validity {
                Some(validity) => present::keep(page_keys, validity, &mut memory.keys, new_key),
                None => {
                    memory.keys.clear();
                    memory.keys.extend(page_keys.iter().map(|key| new_key(*key)));
                }
            }
            page_keys = &memory.keys;
        }
        key_page::encode(page_keys, count, &mut memory.body);
        let page = NewPage {
            encoding: Encoding::RLE_DICTIONARY,
            rows: page.rows,
            validity: validity.as_ref(),
            body_bytes: memory.body.len(),
            text_bytes: Some(*text_bytes as i64),
        };
        chunk.add(page, &memory.body)?;
    }
    memory.body.clear();
    for (start, end) in places {
        memory.body.extend_from_slice(&((end - start) as u32).to_le_bytes());
        memory.body.extend_from_slice(&values.data()[start..end]);
    }
    let dictionary = Dictionary { values: count, page: &memory.body };
    text_column::finish(chunk, column, &found.pages, Some(dictionary))
}

fn rows_of_page(index: usize, rows: usize) -> Range<usize> {
    let start = index * PAGE_ROWS_MAX;
    start..rows.min(start + PAGE_ROWS_MAX)
}

/// Finds which entries each page has, and with them its least and greatest text.
fn look<'a>(keys: &[u32], nulls: Option<&NullBuffer>, values: &'a ArrayTexts<'_>, space: &mut Vec<u32>) -> Found<'a> {
    let lengths: Vec<u32> =
        (0..values.len()).map(|entry| values.place(entry)).map(|(start, end)| (end - start) as u32).collect();
    let mut found = Found { pages: Vec::new(), text_bytes: Vec::new(), used: vec![false; values.len()] };
    let mut used_here = vec![false; values.len()];
    for index in 0..keys.len().div_ceil(PAGE_ROWS_MAX) {
        let rows = rows_of_page(index, keys.len());
        let validity = present::validity(nulls, rows.clone());
        let mut page_keys = &keys[rows.clone()];
        if let Some(validity) = &validity {
            present::keep(page_keys, validity, space, |key| key);
            page_keys = space;
        }
        used_here.fill(false);
        let mut text_bytes = 0;
        for key in page_keys {
            used_here[*key as usize] = true;
            text_bytes += u64::from(lengths[*key as usize]);
        }
        let mut here = Vec::new();
        for (entry, used) in used_here.iter().enumerate().filter(|(_, used)| **used) {
            found.used[entry] = *used;
            here.push(entry);
        }
        let texts = here.iter().map(|entry| values.place(*entry));
        let extremes = text::extremes(texts.map(|(start, end)| Headed::of(values.data(), start, end)));
        let nulls = rows.len() - page_keys.len();
        found.pages.push(PageFacts { rows: rows.len(), nulls, extremes, not_numbers: 0 });
        found.text_bytes.push(text_bytes as usize);
    }
    found
}

/// How many entries are used, and each one's number among them when some are not.
fn renumber(used: &[bool]) -> (usize, Option<Vec<u32>>) {
    let count = used.iter().filter(|used| **used).count();
    let mut next = 0;
    let number = |used: &bool| {
        if !*used {
            return UNUSED;
        }
        next += 1;
        next - 1
    };
    (count, (count < used.len()).then(|| used.iter().map(number).collect()))
}
