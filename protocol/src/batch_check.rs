//! What makes a batch unacceptable, judged in place before any of it is taken.
//!
//! The cost is O(columns) plus one vectorised pass over what cannot be trusted unread: offsets, UTF-8, validity of columns
//! that allow no NULL, and the digits of decimals. Numbers of fixed width are not read at all.

use crate::batch::{ArchivedBatch, ArchivedColumn, ENCODING_PLAIN};
use crate::reject::RejectCode;
use crate::schema::{DataType, Field, Schema};
use rkyv::rend::u32_le;

/// Why a batch is refused. `column` is the column's name, `row` counts within the batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("the batch has {found} columns, its schema has {expected}")]
    ColumnCount { found: usize, expected: usize },
    #[error("column {column:?} has {found} rows, the header says {expected}")]
    RowCount { column: String, found: u32, expected: u32 },
    #[error("column {column:?} has encoding {found}; this engine reads plain columns (0)")]
    Encoding { column: String, found: u8 },
    #[error("column {column:?} has a {buffer} buffer of {found} bytes or entries where {expected} are needed")]
    BufferLength { column: String, buffer: &'static str, found: usize, expected: usize },
    #[error(
        "column {column:?} has offsets that do not start at 0, go back, or do not end where the values do (row {row})"
    )]
    Offsets { column: String, row: usize },
    #[error("column {column:?} has nested type, which this engine does not read yet")]
    Nested { column: String },
    #[error("column {column:?} is not valid UTF-8")]
    Utf8 { column: String },
    #[error("column {column:?} allows no NULL but row {row} of the batch is one")]
    Null { column: String, row: usize },
    #[error("column {column:?} has more than {precision} digits in row {row} of the batch")]
    Digits { column: String, precision: u8, row: usize },
}

impl BatchError {
    /// The code under which it is refused.
    pub fn code(&self) -> RejectCode {
        match self {
            Self::ColumnCount { .. }
            | Self::RowCount { .. }
            | Self::Encoding { .. }
            | Self::BufferLength { .. }
            | Self::Offsets { .. }
            | Self::Nested { .. } => RejectCode::BadBatch,
            Self::Utf8 { .. } => RejectCode::InvalidUtf8,
            Self::Null { .. } => RejectCode::NullNotAllowed,
            Self::Digits { .. } => RejectCode::ValueOutOfRange,
        }
    }

    /// Row of the batch that is at fault, where one is.
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::Null { row, .. } | Self::Digits { row, .. } | Self::Offsets { row, .. } => Some(*row),
            _ => None,
        }
    }
}

/// Judges `batch` against the schema it claims and the row count of its header.
///
/// # Errors
/// The first [`BatchError`], by column.
pub fn check(batch: &ArchivedBatch, schema: &Schema, rows: u32) -> Result<(), BatchError> {
    let expected = schema.columns.len();
    if batch.columns.len() != expected {
        return Err(BatchError::ColumnCount { found: batch.columns.len(), expected });
    }
    schema.top_level().zip(batch.columns.iter()).try_for_each(|(field, column)| check_column(column, field, rows))
}

fn check_column(column: &ArchivedColumn, field: &Field, rows: u32) -> Result<(), BatchError> {
    if column.encoding != ENCODING_PLAIN {
        return Err(BatchError::Encoding { column: field.name.clone(), found: column.encoding });
    }
    if column.length != rows {
        return Err(BatchError::RowCount {
            column: field.name.clone(),
            found: column.length.to_native(),
            expected: rows,
        });
    }
    let rows = rows as usize;
    let bitmap = rows.div_ceil(8);
    if !column.validity.is_empty() {
        expect_length(field, "validity", column.validity.len(), bitmap)?;
        if field.nullable == 0 && count_set(&column.validity, rows) != rows {
            let row = (0..rows).find(|row| !bit(&column.validity, *row)).unwrap_or(0);
            return Err(BatchError::Null { column: field.name.clone(), row });
        }
    }
    expect_length(field, "children", column.children.len(), 0)?;
    match field.data_type() {
        Some(DataType::Boolean) => {
            expect_length(field, "offsets", column.offsets.len(), 0)?;
            expect_length(field, "values", column.values.len(), bitmap)
        }
        Some(DataType::String) => {
            check_offsets(column, field, rows)?;
            check_utf8(column, field)
        }
        Some(DataType::Binary) => check_offsets(column, field, rows),
        Some(DataType::Decimal) => {
            check_fixed(column, field, rows)?;
            check_digits(column, field, rows)
        }
        Some(DataType::Struct | DataType::Array | DataType::Map) | None => {
            Err(BatchError::Nested { column: field.name.clone() })
        }
        Some(_) => check_fixed(column, field, rows),
    }
}

fn expect_length(field: &Field, buffer: &'static str, found: usize, expected: usize) -> Result<(), BatchError> {
    if found == expected {
        return Ok(());
    }
    Err(BatchError::BufferLength { column: field.name.clone(), buffer, found, expected })
}

fn check_fixed(column: &ArchivedColumn, field: &Field, rows: usize) -> Result<(), BatchError> {
    expect_length(field, "offsets", column.offsets.len(), 0)?;
    expect_length(field, "values", column.values.len(), rows * field.value_bytes().unwrap_or(0))
}

fn check_offsets(column: &ArchivedColumn, field: &Field, rows: usize) -> Result<(), BatchError> {
    expect_length(field, "offsets", column.offsets.len(), rows + 1)?;
    let offsets: &[u32_le] = &column.offsets;
    let starts_at_zero = offsets[0] == 0;
    let ends_with_values = offsets[rows].to_native() as usize == column.values.len();
    // No early exit: the loop is vectorised, and a bad batch is rare.
    let backward = offsets.windows(2).fold(false, |bad, pair| bad | (pair[0].to_native() > pair[1].to_native()));
    if starts_at_zero && ends_with_values && !backward {
        return Ok(());
    }
    let row = offsets.windows(2).position(|pair| pair[0].to_native() > pair[1].to_native()).unwrap_or(0);
    Err(BatchError::Offsets { column: field.name.clone(), row })
}

/// One check of the whole buffer; then each string is UTF-8 exactly when none starts inside a character.
fn check_utf8(column: &ArchivedColumn, field: &Field) -> Result<(), BatchError> {
    let values: &[u8] = &column.values;
    if values.is_ascii() {
        return Ok(());
    }
    let whole = simdutf8::basic::from_utf8(values).is_ok();
    let split = column
        .offsets
        .iter()
        .any(|offset| values.get(offset.to_native() as usize).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000));
    if whole && !split {
        return Ok(());
    }
    Err(BatchError::Utf8 { column: field.name.clone() })
}

fn check_digits(column: &ArchivedColumn, field: &Field, rows: usize) -> Result<(), BatchError> {
    let bound = 10i128.pow(u32::from(field.precision));
    let over = |value: i128| value >= bound || value <= -bound;
    let values: &[u8] = &column.values;
    let (narrow, wide) = (bound as i32, bound as i64);
    let suspicious = match field.value_bytes() {
        Some(4) => chunks::<4>(values).fold(false, |bad, value| {
            let value = i32::from_le_bytes(value);
            bad | (value >= narrow) | (value <= -narrow)
        }),
        Some(8) => chunks::<8>(values).fold(false, |bad, value| {
            let value = i64::from_le_bytes(value);
            bad | (value >= wide) | (value <= -wide)
        }),
        _ => chunks::<16>(values).fold(false, |bad, value| bad | over(i128::from_le_bytes(value))),
    };
    if !suspicious {
        return Ok(());
    }
    // A null row's value is arbitrary: only a row that has one counts.
    let value_at = |row: usize| match field.value_bytes() {
        Some(4) => chunks::<4>(values).nth(row).map(|value| i32::from_le_bytes(value).into()),
        Some(8) => chunks::<8>(values).nth(row).map(|value| i64::from_le_bytes(value).into()),
        _ => chunks::<16>(values).nth(row).map(i128::from_le_bytes),
    };
    let present = |row: usize| column.validity.is_empty() || bit(&column.validity, row);
    match (0..rows).find(|row| present(*row) && value_at(*row).is_some_and(over)) {
        Some(row) => Err(BatchError::Digits { column: field.name.clone(), precision: field.precision, row }),
        None => Ok(()),
    }
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().copied()
}

/// Whether row `row` of a bitmap is set.
pub fn bit(bitmap: &[u8], row: usize) -> bool {
    bitmap[row / 8] >> (row % 8) & 1 == 1
}

/// How many of the first `rows` bits are set.
pub fn count_set(bitmap: &[u8], rows: usize) -> usize {
    let (words, _) = bitmap[..rows / 8].as_chunks::<8>();
    let whole: usize = words.iter().map(|word| u64::from_le_bytes(*word).count_ones() as usize).sum();
    whole + (words.len() * 64..rows).filter(|row| bit(bitmap, *row)).count()
}

#[cfg(test)]
mod tests;
