//! Strings and binaries that come as keys into a dictionary, and stay so.
//!
//! Keys are brought to 32 bits; entries become plain ones of the stream's type without NULLs. A NULL row's key names the
//! shortest entry: keys are judged and what they stand for is counted whether the row is NULL or not.

use super::node::{Node, Values};
use arrow::array::{AnyDictionaryArray, Array, ArrayRef, AsArray, BooleanArray, Int32Array, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast_with_options, filter, take};
use arrow::datatypes::{DataType as ArrowType, UInt32Type};
use arrow::error::ArrowError;
use std::ops::Range;

/// See the module's head.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary {
    pub keys: ScalarBuffer<u32>,
    /// Utf8 or Binary, without NULLs.
    pub entries: ArrayRef,
}

/// What a range of rows needs of a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DictionaryBytes {
    /// The entries that are sent; no fewer than they are.
    pub entries: usize,
    /// What the rows stand for.
    pub decoded: usize,
}

impl Dictionary {
    /// The column of `array`, whose entries are `entries` in the stream's type, NULL where `mask` is.
    ///
    /// # Errors
    /// Never for keys that are in range.
    pub(super) fn node(
        array: &dyn AnyDictionaryArray,
        entries: ArrayRef,
        mask: Option<&NullBuffer>,
    ) -> Result<Node, ArrowError> {
        let nulls = NullBuffer::union(array.keys().nulls(), mask);
        let keys = keys_of(array.keys())?;
        if entries.null_count() == 0 && nulls.as_ref().is_none_or(|nulls| nulls.null_count() == 0) {
            return Ok(Node::new(None, Values::Dictionary(Self { keys, entries })));
        }
        let mut places = Vec::with_capacity(entries.len());
        let mut next = 0u32;
        for entry in 0..entries.len() {
            places.push(entries.is_valid(entry).then_some(next));
            next += u32::from(entries.is_valid(entry));
        }
        let entries = match entries.nulls() {
            Some(valid) if valid.null_count() > 0 => filter(&entries, &BooleanArray::new(valid.inner().clone(), None))?,
            _ => entries,
        };
        let shortest = shortest(entry_offsets(&entries));
        let place = |row: usize| {
            let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            valid.then(|| places.get(keys[row] as usize).copied().flatten()).flatten()
        };
        let nulls: NullBuffer = (0..keys.len()).map(|row| place(row).is_some()).collect::<Vec<_>>().into();
        let keys: ScalarBuffer<u32> = (0..keys.len()).map(|row| place(row).unwrap_or(shortest)).collect();
        Ok(Node::new(Some(nulls), Values::Dictionary(Self { keys, entries })))
    }

    /// What these rows need.
    pub(crate) fn bytes(&self, rows: &Range<usize>) -> DictionaryBytes {
        let offsets = entry_offsets(&self.entries);
        let length = |key: &u32| {
            let entry = *key as usize;
            (offsets[entry + 1] - offsets[entry]).unsigned_abs() as usize
        };
        // A dictionary without entries has keys of NULL rows only.
        let decoded = if self.entries.is_empty() { 0 } else { self.keys[rows.clone()].iter().map(length).sum() };
        let whole = self.whole_bytes();
        let entries = if self.goes_whole(rows) { whole } else { whole.min(decoded + 4 * (rows.len() + 1)) };
        DictionaryBytes { entries, decoded }
    }

    /// Keys and entries for these rows: the whole dictionary where it takes no more than the keys, otherwise the entries that
    /// the rows name, each once.
    ///
    /// # Errors
    /// Never for keys that are in range.
    pub(crate) fn of_rows(&self, rows: &Range<usize>) -> Result<(ScalarBuffer<u32>, ArrayRef), ArrowError> {
        let keys = self.keys.slice(rows.start, rows.len());
        if self.goes_whole(rows) || self.entries.is_empty() {
            return Ok((keys, self.entries.clone()));
        }
        const UNUSED: u32 = u32::MAX;
        let mut used = Vec::new();
        let mut places = vec![UNUSED; self.entries.len()];
        let keys: ScalarBuffer<u32> = keys
            .iter()
            .map(|key| {
                let place = &mut places[*key as usize];
                if *place == UNUSED {
                    *place = used.len() as u32;
                    used.push(*key);
                }
                *place
            })
            .collect();
        Ok((keys, take(&self.entries, &UInt32Array::from(used), None)?))
    }

    fn goes_whole(&self, rows: &Range<usize>) -> bool {
        self.whole_bytes() <= rows.len() * size_of::<u32>()
    }

    fn whole_bytes(&self) -> usize {
        let offsets = entry_offsets(&self.entries);
        (offsets[offsets.len() - 1] - offsets[0]).unsigned_abs() as usize + offsets.len() * size_of::<u32>()
    }
}

/// Offsets of a Utf8 or Binary array.
pub(super) fn entry_offsets(entries: &ArrayRef) -> &OffsetBuffer<i32> {
    match entries.data_type() {
        ArrowType::Binary => entries.as_binary::<i32>().offsets(),
        _ => entries.as_string::<i32>().offsets(),
    }
}

fn shortest(offsets: &[i32]) -> u32 {
    let lengths = offsets.windows(2).map(|pair| pair[1] - pair[0]).enumerate();
    lengths.min_by_key(|(_, length)| *length).map_or(0, |(entry, _)| entry as u32)
}

fn keys_of(keys: &dyn Array) -> Result<ScalarBuffer<u32>, ArrowError> {
    if let Some(keys) = keys.as_any().downcast_ref::<Int32Array>() {
        // Keys of rows that have a value are not negative; others are made anew.
        let buffer = keys.values().inner().clone();
        return Ok(ScalarBuffer::new(buffer, 0, keys.len()));
    }
    // Keys of NULL rows may be anything: what does not fit becomes NULL, which it is.
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let narrow = cast_with_options(keys, &ArrowType::UInt32, &options)?;
    Ok(narrow.as_primitive::<UInt32Type>().values().clone())
}

/// Whether a column of this type may be sent as a dictionary.
pub(super) fn is_text_or_bytes(data_type: &ArrowType) -> bool {
    matches!(data_type, ArrowType::Utf8 | ArrowType::Binary)
}
