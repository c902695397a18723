//! Columns as the wire has them: trees whose leaves are Arrow arrays in the stream's own types.
//!
//! Invariants, which `conform` establishes:
//! - A value under a NULL struct is NULL itself, so whatever stood there is never judged.
//! - A NULL array or map has no elements, so whatever stood there is not sent.
//! - Children of arrays and maps begin with the first element of the first row.

use super::dictionary::Dictionary;
use arrow::array::ArrayRef;
use arrow::buffer::{NullBuffer, OffsetBuffer};

/// A batch's columns in the order of the stream's.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub nodes: Vec<Node>,
    pub rows: usize,
}

/// One column, nested or not.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// None when every row has a value.
    pub nulls: Option<NullBuffer>,
    pub values: Values,
}

/// What a column holds besides its NULLs.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// Booleans, numbers, strings, binaries.
    Plain(ArrayRef),
    /// Strings or binaries as keys.
    Dictionary(Dictionary),
    /// The fields of a struct.
    Struct(Vec<Node>),
    /// Elements of arrays, or keys and values of maps.
    List { offsets: OffsetBuffer<i32>, children: Vec<Node> },
}

impl Node {
    /// A column of these values; bitmaps without a NULL in them are left out.
    pub(crate) fn new(nulls: Option<NullBuffer>, values: Values) -> Self {
        Self { nulls: nulls.filter(|nulls| nulls.null_count() > 0), values }
    }

    /// How many rows are NULL.
    pub(crate) fn null_count(&self) -> usize {
        self.nulls.as_ref().map_or(0, NullBuffer::null_count)
    }
}
