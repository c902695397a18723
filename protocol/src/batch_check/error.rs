//! Why a batch is refused.

use crate::limits::{BATCH_DECODED_BYTES_MAX, BATCH_ELEMENTS_MAX};
use crate::reject::RejectCode;

/// What is wrong. `column` is the column's name, with the names around it for nested ones; `row` counts within the batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("the batch has {found} columns, its schema has {expected} with nested ones")]
    ColumnCount { found: usize, expected: usize },
    #[error("column {column:?} has {found} rows where its place in the batch asks for {expected}")]
    RowCount { column: String, found: u32, expected: u32 },
    #[error("column {column:?} has encoding {found}; there are plain (0) and, for string and binary, dictionary (1)")]
    Encoding { column: String, found: u8 },
    #[error("column {column:?} has a {buffer} buffer of {found} bytes or entries where {expected} are needed")]
    BufferLength { column: String, buffer: &'static str, found: usize, expected: usize },
    #[error(
        "column {column:?} has offsets that do not start at 0, go back, or do not end where the values do (row {row})"
    )]
    Offsets { column: String, row: usize },
    #[error(
        "column {column:?} names column {place} of the batch as its child, which is none, stands before it, or is another's"
    )]
    Child { column: String, place: usize },
    #[error("column {place} of the batch is neither one of the schema's nor the child of another")]
    Stray { place: usize },
    #[error(
        "nested columns and dictionaries have {found} rows together, more than the {BATCH_ELEMENTS_MAX} of one batch; send fewer rows at once"
    )]
    Elements { found: usize },
    #[error("column {column:?} has a dictionary that is encoded itself")]
    Dictionary { column: String },
    #[error("column {column:?} has a key in row {row} that is not below the {entries} entries of its dictionary")]
    Key { column: String, row: usize, entries: usize },
    #[error(
        "the dictionary-encoded columns stand for {found} bytes, more than the {BATCH_DECODED_BYTES_MAX} of one batch; send fewer rows at once or plain columns"
    )]
    Decoded { found: usize },
    #[error("column {column:?} is not valid UTF-8{}", .row.map_or_else(String::new, |row| format!(" in row {row} of the batch")))]
    Utf8 { column: String, row: Option<usize> },
    #[error("column {column:?} allows no NULL but row {row} of the batch has one")]
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
            | Self::Child { .. }
            | Self::Stray { .. }
            | Self::Elements { .. }
            | Self::Dictionary { .. }
            | Self::Key { .. }
            | Self::Decoded { .. } => RejectCode::BadBatch,
            Self::Utf8 { .. } => RejectCode::InvalidUtf8,
            Self::Null { .. } => RejectCode::NullNotAllowed,
            Self::Digits { .. } => RejectCode::ValueOutOfRange,
        }
    }

    /// What is wrong, for a row that is known: without its number.
    pub fn rule(&self) -> String {
        match self {
            Self::Utf8 { column, .. } => format!("column {column:?} is text, which is UTF-8"),
            Self::Null { column, .. } => format!("column {column:?} allows no NULL"),
            Self::Digits { column, precision, .. } => format!("column {column:?} has no more than {precision} digits"),
            other => other.to_string(),
        }
    }

    /// Row of the batch that is at fault, where one is.
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::Null { row, .. } | Self::Digits { row, .. } | Self::Offsets { row, .. } | Self::Key { row, .. } => {
                Some(*row)
            }
            Self::Utf8 { row, .. } => *row,
            _ => None,
        }
    }
}
