//! Keys of dictionaries, and what they stand for.

use super::buffers::{bit, chunks};
use super::error::BatchError;
use crate::batch::ArchivedColumn;
use crate::limits::BATCH_DECODED_BYTES_MAX;

/// The first row whose key is not the index of one of `entries`.
pub(super) fn first_key_out_of_range(column: &ArchivedColumn, entries: usize) -> Option<usize> {
    let rows = column.length.to_native() as usize;
    let greatest = keys(column).fold(0, u32::max) as usize;
    if greatest < entries || rows == 0 {
        return None;
    }
    if entries > 0 {
        return keys(column).position(|key| key as usize >= entries);
    }
    // Without entries there is nothing but NULL, whose key is zero.
    let is_null = |row: usize| !column.validity.is_empty() && !bit(&column.validity, row);
    keys(column).enumerate().position(|(row, key)| key != 0 || !is_null(row))
}

fn keys(column: &ArchivedColumn) -> impl Iterator<Item = u32> {
    chunks::<4>(&column.values).map(u32::from_le_bytes)
}

/// Bytes that a batch's dictionary-encoded columns stand for.
#[derive(Default)]
pub(super) struct Decoded<'a> {
    /// No fewer than they are.
    bound: usize,
    columns: Vec<(&'a ArchivedColumn, &'a ArchivedColumn)>,
}

impl<'a> Decoded<'a> {
    /// Takes in a column and its dictionary, both judged.
    pub(super) fn add(&mut self, column: &'a ArchivedColumn, entries: &'a ArchivedColumn) {
        let longest = entries.offsets.windows(2).map(|pair| pair[1].to_native() - pair[0].to_native()).max();
        let rows = column.length.to_native() as usize;
        self.bound = self.bound.saturating_add(rows.saturating_mul(longest.unwrap_or(0) as usize));
        self.columns.push((column, entries));
    }

    /// The bound is nearly always enough; only where it is not, rows are counted one by one.
    pub(super) fn check(&self) -> Result<(), BatchError> {
        if self.bound <= BATCH_DECODED_BYTES_MAX {
            return Ok(());
        }
        let found = self.columns.iter().map(|(column, entries)| decoded_bytes(column, entries)).sum();
        if found <= BATCH_DECODED_BYTES_MAX { Ok(()) } else { Err(BatchError::Decoded { found }) }
    }
}

fn decoded_bytes(column: &ArchivedColumn, entries: &ArchivedColumn) -> usize {
    let lengths: Vec<u32> = entries.offsets.windows(2).map(|pair| pair[1].to_native() - pair[0].to_native()).collect();
    keys(column).map(|key| lengths.get(key as usize).copied().unwrap_or(0) as usize).sum()
}
