//! Where in a batch something is wrong, for people.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// The names from a column down to a nested one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
}

impl<'a> Path<'a> {
    /// A column of the batch.
    pub(super) fn column(name: &'a str) -> Self {
        Self { parent: None, name }
    }

    /// A field, element, key or value of this one.
    pub(super) fn child(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), name }
    }

    /// The value at fault, whose row counts within this column.
    pub(super) fn value_error(&self, row: Option<usize>, reason: impl Into<String>) -> Error {
        Error::plain(ErrorKind::BatchValue { column: self.to_string(), row, reason: reason.into() })
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(out, "{parent}.")?;
        }
        out.write_str(self.name)
    }
}

/// The same error about the row in which its element lies.
pub(super) fn about_row_of(error: Error, row_of: impl Fn(usize) -> usize) -> Error {
    match error.kind() {
        ErrorKind::BatchValue { column, row: Some(row), reason } => {
            let (column, row, reason) = (column.clone(), Some(row_of(*row)), reason.clone());
            Error::plain(ErrorKind::BatchValue { column, row, reason })
        }
        _ => error,
    }
}

/// The batch does not have the stream's columns.
pub(super) fn schema_error(message: String) -> Error {
    Error::plain(ErrorKind::BatchSchema(message))
}
