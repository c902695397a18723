//! The numbers that a log gives out.

use std::fmt;

/// A table, in this log. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableNumber(pub u32);

/// One epoch of one stream, in this log. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamNumber(pub u32);

/// A schema of a table, in this log. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaNumber(pub u32);

/// Number of a Rows entry in its log. A bound is exclusive: *position p* says "every entry below p".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(pub u64);

impl Position {
    /// The position behind this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// How much was appended in this run: grows with every record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The next numbers to give out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NextNumbers {
    pub table: u32,
    pub schema: u32,
    pub stream: u32,
}

impl NextNumbers {
    /// The higher of both, number by number.
    pub fn max(self, other: Self) -> Self {
        Self {
            table: self.table.max(other.table),
            schema: self.schema.max(other.schema),
            stream: self.stream.max(other.stream),
        }
    }
}
