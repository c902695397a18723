//! What makes a batch unacceptable, judged in place before any of it is taken.
//!
//! The cost is O(columns) plus one vectorised pass over what cannot be trusted unread: offsets, UTF-8, validity of columns
//! that allow no NULL, keys of dictionaries, and the digits of decimals. Numbers of fixed width are not read at all.
//!
//! # Rules
//!
//! - Columns form the tree that the schema describes: each one behind the top level is the child of exactly one other, which
//!   stands before it.
//! - A column has as many rows as its place says: top-level ones as the header, fields of a struct as the struct, elements,
//!   keys and values as the last offset of their array or map.
//! - A value whose own validity bit is set is judged, whatever its parents say; one whose bit is not is arbitrary.
//! - A field of a struct that allows no NULL has a value wherever its struct has one. Elements, keys and values that allow no
//!   NULL have none at all.
//! - Keys of a dictionary are in its range, those of NULL rows too; with an empty dictionary they are zero and all rows NULL.
//! - Columns behind the top level have at most [`BATCH_ELEMENTS_MAX`] rows together.
//! - What dictionary-encoded columns stand for, written out, is bounded by [`BATCH_DECODED_BYTES_MAX`](crate::limits::BATCH_DECODED_BYTES_MAX).
//!
//! # Bad rows
//!
//! Some of it is a matter of single rows: a NULL where none may be, a decimal of too many digits, a plain string that is not
//! UTF-8. The others of the batch are good, and [`bad_rows`] tells them apart. Whatever else is wrong is wrong with the batch.

mod bad_rows;
mod buffers;
mod dictionary;
mod error;

pub use bad_rows::{BadRows, bad_rows};
pub use buffers::{bit, count_set};
pub use error::BatchError;

use crate::batch::{ArchivedBatch, ArchivedColumn, ENCODING_DICTIONARY, ENCODING_PLAIN};
use crate::limits::BATCH_ELEMENTS_MAX;
use crate::schema::{DataType, Field, Schema};
use dictionary::Decoded;
use rkyv::rend::u32_le;

/// Judges `batch` against the schema it claims and the row count of its header.
///
/// # Errors
/// The first [`BatchError`], by column.
pub fn check(batch: &ArchivedBatch, schema: &Schema, rows: u32) -> Result<(), BatchError> {
    check_with(batch, schema, rows, None).map(drop)
}

/// The same; with `bad`, what is wrong with single rows goes there.
fn check_with(
    batch: &ArchivedBatch,
    schema: &Schema,
    rows: u32,
    bad: Option<BadRows>,
) -> Result<Option<BadRows>, BatchError> {
    let (found, expected) = (batch.columns.len(), schema.columns.len());
    if found < expected || found > 2 * schema.fields.len() {
        return Err(BatchError::ColumnCount { found, expected: schema.fields.len() });
    }
    let nested = batch.columns.iter().skip(expected).map(|column| column.length.to_native() as usize).sum();
    if nested > BATCH_ELEMENTS_MAX {
        return Err(BatchError::Elements { found: nested });
    }
    // A flat batch owns nothing behind its top level: no room is needed to note who owns what.
    let owned = vec![false; if found == expected { 0 } else { found }];
    let (decoded, lists) = (Decoded::default(), Vec::new());
    let mut check = Check { batch, schema, top_level: expected, owned, decoded, lists, bad };
    for (place, field) in schema.columns.iter().enumerate() {
        check.column(place, *field as usize, rows)?;
    }
    if let Some(stray) = (expected..check.owned.len()).find(|place| !check.owned[*place]) {
        return Err(BatchError::Stray { place: stray });
    }
    check.decoded.check()?;
    Ok(check.bad)
}

/// One pass over a batch. Depth is bounded by the schema's.
struct Check<'a> {
    batch: &'a ArchivedBatch,
    schema: &'a Schema,
    top_level: usize,
    /// Columns behind the top level that have a parent.
    owned: Vec<bool>,
    decoded: Decoded<'a>,
    /// Offsets of the arrays and maps around the present column, outermost first.
    lists: Vec<&'a [u32_le]>,
    /// Where bad rows are gathered; without it the first one ends the pass.
    bad: Option<BadRows>,
}

impl<'a> Check<'a> {
    fn column(&mut self, place: usize, index: usize, length: u32) -> Result<(), BatchError> {
        let (column, field) = self.at(place, index)?;
        let found = column.length.to_native();
        if found != length {
            return Err(BatchError::RowCount { column: self.name(index), found, expected: length });
        }
        let rows = length as usize;
        self.check_validity(column, field, index, rows)?;
        if column.encoding == ENCODING_DICTIONARY {
            return self.check_dictionary(column, field, place, index);
        }
        if column.encoding != ENCODING_PLAIN {
            return Err(BatchError::Encoding { column: self.name(index), found: column.encoding });
        }
        self.expect_length(index, "children", column.children.len(), field.children.len())?;
        match field.data_type() {
            Some(DataType::Boolean) => {
                self.expect_length(index, "offsets", column.offsets.len(), 0)?;
                self.expect_length(index, "values", column.values.len(), rows.div_ceil(8))
            }
            Some(DataType::String) => {
                self.check_offsets(column, index, rows, column.values.len())?;
                self.check_utf8(column, index)
            }
            Some(DataType::Binary) => self.check_offsets(column, index, rows, column.values.len()),
            Some(DataType::Decimal) => {
                self.check_fixed(column, field, index, rows)?;
                let precision = field.precision;
                let over = buffers::rows_over_digits(column, field, rows);
                self.faults(over, index, |column, row| BatchError::Digits { column, precision, row })
            }
            Some(DataType::Struct) => self.check_struct(column, field, place, index, length),
            Some(DataType::Array | DataType::Map) => self.check_list(column, field, place, index, rows),
            Some(_) => self.check_fixed(column, field, index, rows),
            None => Err(BatchError::Encoding { column: self.name(index), found: column.encoding }),
        }
    }

    fn at(&self, place: usize, index: usize) -> Result<(&'a ArchivedColumn, &'a Field), BatchError> {
        let missing = || BatchError::Child { column: self.name(index), place };
        let column = self.batch.columns.get(place).ok_or_else(missing)?;
        let field = self.schema.fields.get(index).ok_or_else(missing)?;
        Ok((column, field))
    }

    /// Takes child `position` of `column` for its own; gives its place in the batch.
    fn own(
        &mut self,
        column: &ArchivedColumn,
        parent: usize,
        position: usize,
        index: usize,
    ) -> Result<usize, BatchError> {
        let place = column.children[position].to_native() as usize;
        let free = place > parent && place >= self.top_level && self.owned.get(place) == Some(&false);
        if !free {
            return Err(BatchError::Child { column: self.name(index), place });
        }
        self.owned[place] = true;
        Ok(place)
    }

    fn check_struct(
        &mut self,
        column: &ArchivedColumn,
        field: &'a Field,
        place: usize,
        index: usize,
        length: u32,
    ) -> Result<(), BatchError> {
        self.expect_length(index, "offsets", column.offsets.len(), 0)?;
        self.expect_length(index, "values", column.values.len(), 0)?;
        for (position, child) in field.children.iter().enumerate() {
            let child_place = self.own(column, place, position, index)?;
            self.column(child_place, *child as usize, length)?;
            let (child_column, child_field) = self.at(child_place, *child as usize)?;
            if child_field.nullable == 0 {
                let nulls = buffers::unmasked_nulls(&child_column.validity, &column.validity, length as usize);
                self.faults(nulls, *child as usize, |column, row| BatchError::Null { column, row })?;
            }
        }
        Ok(())
    }

    fn check_list(
        &mut self,
        column: &'a ArchivedColumn,
        field: &'a Field,
        place: usize,
        index: usize,
        rows: usize,
    ) -> Result<(), BatchError> {
        self.expect_length(index, "values", column.values.len(), 0)?;
        let elements = column.offsets.last().map_or(0, |last| last.to_native());
        self.check_offsets(column, index, rows, elements as usize)?;
        self.lists.push(&column.offsets);
        for (position, child) in field.children.iter().enumerate() {
            let child_place = self.own(column, place, position, index)?;
            self.column(child_place, *child as usize, elements)?;
            let (child_column, child_field) = self.at(child_place, *child as usize)?;
            if child_field.nullable == 0 {
                let nulls = buffers::unmasked_nulls(&child_column.validity, &[], elements as usize);
                self.faults(nulls, *child as usize, |column, row| BatchError::Null { column, row })?;
            }
        }
        self.lists.pop();
        Ok(())
    }

    fn check_dictionary(
        &mut self,
        column: &'a ArchivedColumn,
        field: &'a Field,
        place: usize,
        index: usize,
    ) -> Result<(), BatchError> {
        let text = match field.data_type() {
            Some(DataType::String) => true,
            Some(DataType::Binary) => false,
            _ => return Err(BatchError::Encoding { column: self.name(index), found: column.encoding }),
        };
        let rows = column.length.to_native() as usize;
        self.expect_length(index, "offsets", column.offsets.len(), 0)?;
        self.expect_length(index, "values", column.values.len(), rows * size_of::<u32>())?;
        self.expect_length(index, "children", column.children.len(), 1)?;
        let entries_place = self.own(column, place, 0, index)?;
        let (entries, _) = self.at(entries_place, index)?;
        let count = entries.length.to_native() as usize;
        if entries.encoding != ENCODING_PLAIN {
            return Err(BatchError::Dictionary { column: self.name(index) });
        }
        self.expect_length(index, "dictionary validity", entries.validity.len(), 0)?;
        self.expect_length(index, "dictionary children", entries.children.len(), 0)?;
        self.check_offsets(entries, index, count, entries.values.len())?;
        if text && !buffers::is_utf8(entries) {
            return Err(BatchError::Utf8 { column: self.name(index), row: None });
        }
        if let Some(row) = dictionary::first_key_out_of_range(column, count) {
            return Err(BatchError::Key { column: self.name(index), row: self.row_of(row), entries: count });
        }
        self.decoded.add(column, entries);
        Ok(())
    }

    /// The bitmap's length; and for top-level columns, whose parents are never NULL, that none is where none may be.
    fn check_validity(
        &mut self,
        column: &'a ArchivedColumn,
        field: &Field,
        index: usize,
        rows: usize,
    ) -> Result<(), BatchError> {
        if column.validity.is_empty() {
            return Ok(());
        }
        self.expect_length(index, "validity", column.validity.len(), rows.div_ceil(8))?;
        let top_level = self.schema.columns.contains(&(index as u32));
        if field.nullable == 0 && top_level {
            let nulls = buffers::unmasked_nulls(&column.validity, &[], rows);
            return self.faults(nulls, index, |column, row| BatchError::Null { column, row });
        }
        Ok(())
    }

    /// Values of the present column that make their rows bad: the first ends the pass, or all are gathered.
    fn faults(
        &mut self,
        mut values: impl Iterator<Item = usize>,
        index: usize,
        error: impl Fn(String, usize) -> BatchError,
    ) -> Result<(), BatchError> {
        let Some(first) = values.next() else { return Ok(()) };
        let first = error(self.name(index), self.row_of(first));
        let Some(mut bad) = self.bad.take() else { return Err(first) };
        bad.add(first);
        for value in values {
            let row = self.row_of(value);
            if !bad.has(row) {
                bad.add(error(self.name(index), row));
            }
        }
        self.bad = Some(bad);
        Ok(())
    }

    fn check_fixed(&self, column: &ArchivedColumn, field: &Field, index: usize, rows: usize) -> Result<(), BatchError> {
        self.expect_length(index, "offsets", column.offsets.len(), 0)?;
        self.expect_length(index, "values", column.values.len(), rows * field.value_bytes().unwrap_or(0))
    }

    fn check_offsets(&self, column: &ArchivedColumn, index: usize, rows: usize, end: usize) -> Result<(), BatchError> {
        self.expect_length(index, "offsets", column.offsets.len(), rows + 1)?;
        match buffers::first_bad_offset(&column.offsets, end) {
            None => Ok(()),
            Some(row) => Err(BatchError::Offsets { column: self.name(index), row: self.row_of(row) }),
        }
    }

    fn check_utf8(&mut self, column: &'a ArchivedColumn, index: usize) -> Result<(), BatchError> {
        if buffers::is_utf8(column) {
            return Ok(());
        }
        // What stands where rows are NULL is copied with the others: it has to be text as well.
        if buffers::rows_not_utf8(column).any(|row| !buffers::has_value(column, row)) {
            return Err(BatchError::Utf8 { column: self.name(index), row: None });
        }
        let rows = buffers::rows_not_utf8(column);
        self.faults(rows, index, |column, row| BatchError::Utf8 { column, row: Some(row) })
    }

    fn expect_length(
        &self,
        index: usize,
        buffer: &'static str,
        found: usize,
        expected: usize,
    ) -> Result<(), BatchError> {
        if found == expected {
            return Ok(());
        }
        Err(BatchError::BufferLength { column: self.name(index), buffer, found, expected })
    }

    fn name(&self, index: usize) -> String {
        self.schema.path(index)
    }

    /// The row of the batch in which entry `row` of the present column lies.
    fn row_of(&self, row: usize) -> usize {
        self.lists.iter().rev().fold(row, |element, offsets| {
            offsets.partition_point(|offset| offset.to_native() as usize <= element).saturating_sub(1)
        })
    }
}

#[cfg(test)]
mod tests;
