//! Column chunks of texts that come as keys into a dictionary: the keys are written as they are, and no text is looked at
//! but those of the dictionary.

use super::WrittenChunk;
use super::chunk_builder::{ChunkBuilder, Dictionary, NewPage};
use super::fixed_dictionary::Outgrown;
use super::limits::{DICTIONARY_BYTES_MAX, PAGE_ROWS_MAX};
use super::memory::Memory;
use super::page_facts::PageFacts;
use super::text;
use super::text_dictionary::TextDictionary;
use super::texts::{ArrayTexts, KeyedTexts, Texts};
use super::{key_page, present, text_column};
use crate::commit::encode::column_writer::ColumnWay;
use arrow::buffer::NullBuffer;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;
use std::ops::Range;

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
    let plain = ColumnWay::encoded(Encoding::PLAIN, way.compression);
    let nothing = nulls.map_or(0, NullBuffer::null_count) == keys.len();
    if way.encoding.is_some() || nothing {
        return text_column::write(column, plain, &KeyedTexts { keys, nulls, values }, memory);
    }
    let found = look(keys, nulls, &values, &mut memory.keys);
    let mut dictionary = TextDictionary::new(DICTIONARY_BYTES_MAX, std::mem::take(&mut memory.texts));
    let Ok(new_keys) = renumber(&found.used, &values, &mut dictionary) else {
        memory.texts = dictionary.into_tables();
        return text_column::write(column, plain, &KeyedTexts { keys, nulls, values }, memory);
    };
    let mut chunk = ChunkBuilder::new(column, way.compression, &mut memory.chunk, None);
    for (index, (page, text_bytes)) in found.pages.iter().zip(&found.text_bytes).enumerate() {
        let rows = rows_of_page(index, keys.len());
        let validity = present::validity(nulls, rows.clone());
        let mut page_keys = &keys[rows];
        if validity.is_some() || new_keys.is_some() {
            let new_key =
                |key: u32| new_keys.as_ref().map_or(key, |new| new.get(key as usize).copied().unwrap_or_default());
            match &validity {
                Some(validity) => present::keep(page_keys, validity, &mut memory.keys, new_key),
                None => {
                    memory.keys.clear();
                    memory.keys.extend(page_keys.iter().map(|key| new_key(*key)));
                }
            }
            page_keys = &memory.keys;
        }
        key_page::encode(page_keys, dictionary.len(), &mut memory.body);
        let page = NewPage {
            encoding: Encoding::RLE_DICTIONARY,
            rows: page.rows,
            validity: validity.as_ref(),
            body_bytes: memory.body.len(),
            text_bytes: Some(*text_bytes as i64),
        };
        chunk.add(page, &memory.body)?;
    }
    let page = Dictionary { values: dictionary.len(), page: dictionary.page() };
    let written = text_column::finish(chunk, column, &found.pages, Some(page));
    memory.texts = dictionary.into_tables();
    written
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
        let extremes = text::extremes(values.data(), here.iter().map(|entry| values.place(*entry)));
        let nulls = rows.len() - page_keys.len();
        found.pages.push(PageFacts { rows: rows.len(), nulls, extremes, not_numbers: 0 });
        found.text_bytes.push(text_bytes as usize);
    }
    found
}

/// Puts the entries that are used into the chunk's dictionary. Gives each one's key there, unless all keys stay what they are:
/// unused entries go, and entries of the same text become one.
fn renumber(
    used: &[bool],
    values: &ArrayTexts<'_>,
    dictionary: &mut TextDictionary,
) -> Result<Option<Vec<u32>>, Outgrown> {
    let entries: Vec<usize> = (0..used.len()).filter(|entry| used[*entry]).collect();
    let mut keys = Vec::new();
    dictionary.keys(values.data(), entries.iter().map(|entry| values.place(*entry)), 0, &mut keys)?;
    if entries.len() == used.len() && dictionary.len() == used.len() {
        return Ok(None);
    }
    let mut new_keys = vec![0; used.len()];
    for (entry, key) in entries.into_iter().zip(keys) {
        new_keys[entry] = key;
    }
    Ok(Some(new_keys))
}
