//! Where a batch is cut so that each piece is within the server's limits.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType as ArrowType;
use lakehead_protocol::batch::ArchivedColumn;
use lakehead_protocol::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
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
    pub bytes: usize,
}

/// Cuts all rows of `columns` into pieces, in order.
///
/// # Errors
/// The first row that is over the limit alone.
pub(crate) fn split(columns: &[ArrayRef], rows: usize, limits: FrameLimits) -> Result<Vec<Piece>, RowOverLimit> {
    let mut pieces = Vec::new();
    let mut open: Vec<Range<usize>> = Vec::new();
    if rows > 0 {
        open.push(0..rows);
    }
    while let Some(rows) = open.pop() {
        let bytes = archive_bytes(columns, &rows);
        if bytes <= limits.bytes_max && rows.len() <= limits.rows_max {
            pieces.push(Piece { rows, bytes });
        } else if rows.len() == 1 {
            return Err(RowOverLimit { row: rows.start, bytes });
        } else {
            let middle = rows.start + rows.len() / 2;
            open.push(middle..rows.end);
            open.push(rows.start..middle);
        }
    }
    Ok(pieces)
}

/// No fewer bytes than the archive of these rows has: buffers, what aligns them, and a column's own record.
fn archive_bytes(columns: &[ArrayRef], rows: &Range<usize>) -> usize {
    const RECORD: usize = size_of::<ArchivedColumn>() + 16;
    let bitmap = rows.len().div_ceil(8);
    let each = columns.iter().map(|column| {
        let validity = if column.null_count() > 0 { bitmap } else { 0 };
        let variable = |offsets: &[i32]| {
            (rows.len() + 1) * size_of::<u32>() + (offsets[rows.end] - offsets[rows.start]).unsigned_abs() as usize
        };
        let values = match column.data_type() {
            ArrowType::Utf8 => variable(column.as_string::<i32>().value_offsets()),
            ArrowType::Binary => variable(column.as_binary::<i32>().value_offsets()),
            ArrowType::Boolean => bitmap,
            fixed => rows.len() * fixed.primitive_width().unwrap_or(0),
        };
        RECORD + validity + values
    });
    each.sum::<usize>() + 64
}
