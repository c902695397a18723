//! Where a batch is cut so that each piece is within the server's limits.

use super::node::{Columns, Node, Values};
use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType as ArrowType;
use lakehead_protocol::batch::ArchivedColumn;
use lakehead_protocol::limits::{BATCH_BYTES_MAX, BATCH_DECODED_BYTES_MAX, BATCH_ELEMENTS_MAX, BATCH_ROWS_MAX};
use std::ops::Range;

/// What one frame may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameLimits {
    pub bytes_max: usize,
    pub rows_max: usize,
}

impl FrameLimits {
    /// What a server announced, or the protocol's own limits where those are lower or nothing was announced.
    pub(crate) fn announced(bytes_max: u32, rows_max: u32) -> Self {
        let within = |announced: u32, limit: usize| match announced as usize {
            0 => limit,
            announced => announced.min(limit),
        };
        Self { bytes_max: within(bytes_max, BATCH_BYTES_MAX), rows_max: within(rows_max, BATCH_ROWS_MAX) }
    }
}

/// Consecutive rows that fit one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub rows: Range<usize>,
    /// No fewer than its archive takes.
    pub bytes: usize,
}

/// One row is larger than a frame may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowOverLimit {
    pub row: usize,
    pub found: usize,
    /// What there are too many of.
    pub unit: &'static str,
    pub limit: usize,
}

/// Cuts these rows into pieces, in order.
///
/// # Errors
/// The first row that is over a limit alone.
pub(crate) fn split(columns: &Columns, rows: Range<usize>, limits: FrameLimits) -> Result<Vec<Piece>, RowOverLimit> {
    let mut pieces = Vec::new();
    let mut open = if rows.is_empty() { Vec::new() } else { vec![rows] };
    while let Some(rows) = open.pop() {
        let size = Size::of(columns, &rows);
        match size.excess(limits) {
            None if rows.len() <= limits.rows_max => pieces.push(Piece { rows, bytes: size.bytes }),
            Some((found, unit, limit)) if rows.len() == 1 => {
                return Err(RowOverLimit { row: rows.start, found, unit, limit });
            }
            _ => {
                let middle = rows.start + rows.len() / 2;
                open.push(middle..rows.end);
                open.push(rows.start..middle);
            }
        }
    }
    Ok(pieces)
}

/// What some rows take.
#[derive(Debug, Default)]
struct Size {
    /// No fewer than their archive: buffers, what aligns them, and each column's own record.
    bytes: usize,
    /// What rows of dictionary columns stand for.
    decoded: usize,
    /// Rows of all columns behind the top level.
    nested: usize,
}

impl Size {
    fn of(columns: &Columns, rows: &Range<usize>) -> Self {
        let mut size = Self { bytes: 64, ..Self::default() };
        columns.nodes.iter().for_each(|node| size.add(node, rows));
        size
    }

    fn excess(&self, limits: FrameLimits) -> Option<(usize, &'static str, usize)> {
        let bounds = [
            (self.bytes, "bytes encoded", limits.bytes_max),
            (self.decoded, "bytes written out of its dictionaries", BATCH_DECODED_BYTES_MAX),
            (self.nested, "rows in nested columns and dictionaries", BATCH_ELEMENTS_MAX),
        ];
        bounds.into_iter().find(|(found, _, limit)| found > limit)
    }

    fn add(&mut self, node: &Node, rows: &Range<usize>) {
        /// What aligns the buffers of a column is within the 32 bytes.
        const RECORD: usize = size_of::<ArchivedColumn>() + 32;
        const WORD: usize = size_of::<u32>();
        let bitmap = rows.len().div_ceil(8);
        self.bytes += RECORD + if node.nulls.is_some() { bitmap } else { 0 };
        let spanned = |offsets: &[i32]| (offsets[rows.end] - offsets[rows.start]).unsigned_abs() as usize;
        match &node.values {
            Values::Plain(array) => {
                self.bytes += match array.data_type() {
                    ArrowType::Utf8 => (rows.len() + 1) * WORD + spanned(array.as_string::<i32>().value_offsets()),
                    ArrowType::Binary => (rows.len() + 1) * WORD + spanned(array.as_binary::<i32>().value_offsets()),
                    ArrowType::Boolean => bitmap,
                    fixed => rows.len() * fixed.primitive_width().unwrap_or(0),
                };
            }
            Values::Dictionary(dictionary) => {
                let needed = dictionary.bytes(rows);
                self.bytes += RECORD + 2 * WORD + rows.len() * WORD + needed.entries;
                self.decoded += needed.decoded;
                // An entry takes at least its offset.
                self.nested += dictionary.entries.len().min(needed.entries / WORD);
            }
            Values::Struct(fields) => {
                self.bytes += fields.len() * WORD;
                self.nested += fields.len() * rows.len();
                fields.iter().for_each(|field| self.add(field, rows));
            }
            Values::List { offsets, children } => {
                let elements = offsets[rows.start].unsigned_abs() as usize..offsets[rows.end].unsigned_abs() as usize;
                self.bytes += (rows.len() + 1) * WORD + children.len() * WORD;
                self.nested += children.len() * elements.len();
                children.iter().for_each(|child| self.add(child, &elements));
            }
        }
    }
}
