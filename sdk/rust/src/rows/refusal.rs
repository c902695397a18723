//! Why a row cannot be stored, and where in it.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// A refused value. Small, because every value stored returns a `Result` of it.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Inner>);

#[derive(Debug)]
struct Inner {
    /// From the outermost column down; empty when it is about the row itself.
    path: String,
    reason: String,
}

impl Refusal {
    #[cold]
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(Box::new(Inner { path: String::new(), reason: reason.into() }))
    }

    /// The same, seen from the struct or map that has `name`.
    #[cold]
    pub(super) fn under(mut self, name: &str) -> Self {
        let separator = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{name}{separator}{}", self.0.path);
        self
    }

    /// The same, seen from the array whose element `index` it is about.
    #[cold]
    pub(super) fn at(self, index: usize) -> Self {
        self.under(&format!("[{index}]"))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let Inner { path, reason } = *refusal.0;
        Error::plain(match path.is_empty() {
            true => ErrorKind::BatchSchema(reason),
            false => ErrorKind::BatchValue { column: path, row: None, reason },
        })
    }
}

impl serde::ser::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.path.is_empty() {
            true => out.write_str(&self.0.reason),
            false => write!(out, "column {:?}: {}", self.0.path, self.0.reason),
        }
    }
}

impl std::error::Error for Refusal {}
