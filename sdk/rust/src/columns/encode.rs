//! Columns into the bytes of a Batch frame: one copy of each buffer.
//!
//! Arrow arrays may be slices: their bitmaps start at any bit and their offsets at any byte. On the wire both start at
//! zero, so bitmaps that do not start at a byte and offsets that do not start at zero are made anew; everything else is
//! borrowed until the archive is written. Trees become a flat list, the stream's columns first, then level by level.

use super::dictionary::entry_offsets;
use super::node::{Columns, Node, Values};
use super::split::Piece;
use crate::error::{Error, ErrorKind};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer};
use arrow::datatypes::DataType as ArrowType;
use arrow::error::ArrowError;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{BatchView, ColumnView, ENCODING_DICTIONARY, ENCODING_PLAIN};
use lakehead_protocol::frame;
use lakehead_protocol::limits::{BATCH_BYTES_MAX, FRAME_ALIGNMENT, HEADER_BYTES};
use std::collections::VecDeque;
use std::ops::Range;

/// The one schema that a connection announces.
pub(crate) const SCHEMA_ID: u32 = 1;

/// The Batch frame of the piece's rows, the first of which is the stream's row `first_offset`.
///
/// # Errors
/// When the rows do not fit an archive; pieces within the protocol's limits do.
pub(crate) fn batch_frame(columns: &Columns, piece: &Piece, first_offset: u64) -> Result<FrameBuffer, Error> {
    let too_large = || {
        let (row, found) = (piece.rows.start, piece.bytes);
        Error::plain(ErrorKind::RowTooLarge { row, found, unit: "bytes encoded", limit: BATCH_BYTES_MAX })
    };
    let rows = u32::try_from(piece.rows.len()).map_err(|_| too_large())?;
    let flat = flatten(columns, &piece.rows).map_err(|_| too_large())?;
    let view = BatchView { columns: flat.iter().map(FlatColumn::view).collect() };
    let mut out = FrameBuffer::with_capacity(HEADER_BYTES + piece.bytes + FRAME_ALIGNMENT);
    frame::append_batch(&mut out, SCHEMA_ID, first_offset, rows, &view).map_err(|_| too_large())?;
    Ok(out)
}

/// A column's buffers as the wire has them.
struct FlatColumn {
    encoding: u8,
    length: u32,
    validity: Option<Buffer>,
    offsets: Option<Buffer>,
    values: Buffer,
    children: Vec<u32>,
}

/// What is still to be made flat.
enum Pending<'a> {
    Rows(&'a Node, Range<usize>),
    /// The entries of a dictionary.
    Entries(ArrayRef),
}

fn flatten(columns: &Columns, rows: &Range<usize>) -> Result<Vec<FlatColumn>, ArrowError> {
    let mut flat = Vec::with_capacity(columns.nodes.len());
    let mut pending: VecDeque<_> = columns.nodes.iter().map(|node| Pending::Rows(node, rows.clone())).collect();
    let mut places = pending.len() as u32;
    while let Some(next) = pending.pop_front() {
        let before = pending.len() as u32;
        let mut column = match next {
            Pending::Rows(node, rows) => FlatColumn::of(node, &rows, &mut pending)?,
            Pending::Entries(entries) => FlatColumn::plain(&entries),
        };
        // Whatever it has added goes to the end of the list, in this order.
        let children = pending.len() as u32 - before;
        column.children = (places..places + children).collect();
        places += children;
        flat.push(column);
    }
    Ok(flat)
}

impl FlatColumn {
    fn of<'a>(node: &'a Node, rows: &Range<usize>, pending: &mut VecDeque<Pending<'a>>) -> Result<Self, ArrowError> {
        let nulls = node.nulls.as_ref().map(|nulls| nulls.slice(rows.start, rows.len()));
        let empty = Self::new(rows.len(), None, Buffer::default());
        let column = match &node.values {
            Values::Plain(array) => Self::plain(&array.slice(rows.start, rows.len())),
            Values::Dictionary(dictionary) => {
                let (keys, entries) = dictionary.of_rows(rows)?;
                pending.push_back(Pending::Entries(entries));
                Self { encoding: ENCODING_DICTIONARY, ..Self::new(rows.len(), None, keys.into_inner()) }
            }
            Values::Struct(fields) => {
                pending.extend(fields.iter().map(|field| Pending::Rows(field, rows.clone())));
                empty
            }
            Values::List { offsets, children } => {
                let elements = offsets[rows.start].unsigned_abs() as usize..offsets[rows.end].unsigned_abs() as usize;
                pending.extend(children.iter().map(|child| Pending::Rows(child, elements.clone())));
                Self { offsets: Some(rebased(&offsets.slice(rows.start, rows.len()))), ..empty }
            }
        };
        let validity = nulls.filter(|nulls| nulls.null_count() > 0).map(|nulls| bitmap(nulls.inner()));
        Ok(Self { validity, ..column })
    }

    /// The values alone; whether they are NULL is said elsewhere.
    fn plain(array: &ArrayRef) -> Self {
        let (offsets, values) = match array.data_type() {
            ArrowType::Boolean => (None, bitmap(array.as_boolean().values())),
            ArrowType::Utf8 => variable(entry_offsets(array), array.as_string::<i32>().values()),
            ArrowType::Binary => variable(entry_offsets(array), array.as_binary::<i32>().values()),
            fixed => {
                let width = fixed.primitive_width().unwrap_or(0);
                let data = array.to_data();
                (None, data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width))
            }
        };
        Self::new(array.len(), offsets, values)
    }

    fn new(length: usize, offsets: Option<Buffer>, values: Buffer) -> Self {
        // Limits keep every length within 32 bits.
        let length = length as u32;
        Self { encoding: ENCODING_PLAIN, length, validity: None, offsets, values, children: Vec::new() }
    }

    fn view(&self) -> ColumnView<'_> {
        ColumnView {
            encoding: self.encoding,
            length: self.length,
            validity: self.validity.as_deref().unwrap_or_default(),
            offsets: self.offsets.as_ref().map_or(&[], |offsets| offsets.typed_data::<u32>()),
            values: &self.values,
            children: &self.children,
        }
    }
}

/// The bits from bit zero of the first byte on.
fn bitmap(bits: &BooleanBuffer) -> Buffer {
    bits.sliced()
}

/// Offsets from zero on, and the bytes that they span.
fn variable(offsets: &OffsetBuffer<i32>, values: &Buffer) -> (Option<Buffer>, Buffer) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let spanned = values.slice_with_length(first.unsigned_abs() as usize, (last - first).unsigned_abs() as usize);
    (Some(rebased(offsets)), spanned)
}

fn rebased(offsets: &OffsetBuffer<i32>) -> Buffer {
    match offsets[0] {
        0 => offsets.inner().inner().clone(),
        first => offsets.iter().map(|offset| (offset - first).unsigned_abs()).collect(),
    }
}

#[cfg(test)]
mod tests;
