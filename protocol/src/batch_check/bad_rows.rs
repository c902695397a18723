//! Rows that are bad in a batch that is good otherwise.

use super::error::BatchError;
use super::{check, check_with};
use crate::batch::ArchivedBatch;
use crate::schema::Schema;
use std::collections::BTreeMap;

/// Bad rows of a batch, each with what was first found wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadRows {
    rows: BTreeMap<usize, BatchError>,
}

impl BadRows {
    /// Takes in an error that names its row.
    pub(super) fn add(&mut self, error: BatchError) {
        if let Some(row) = error.row() {
            self.rows.entry(row).or_insert(error);
        }
    }

    pub(super) fn has(&self, row: usize) -> bool {
        self.rows.contains_key(&row)
    }

    /// In the order of the batch.
    pub fn into_rows(self) -> impl Iterator<Item = (usize, BatchError)> {
        self.rows.into_iter()
    }
}

/// All rows of a batch that keep it from passing [`check`]; none when it passes. A second pass is made only over a bad batch.
///
/// # Errors
/// What is wrong with the batch as a whole: then no row of it can be told from the others.
pub fn bad_rows(batch: &ArchivedBatch, schema: &Schema, rows: u32) -> Result<BadRows, BatchError> {
    match check(batch, schema, rows) {
        Ok(()) => Ok(BadRows::default()),
        Err(_) => Ok(check_with(batch, schema, rows, Some(BadRows::default()))?.unwrap_or_default()),
    }
}
