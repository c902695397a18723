//! Columns into the bytes of a Batch frame: one copy of each buffer.
//!
//! Arrow arrays may be slices: their bitmaps start at any bit and their offsets at any byte. On the wire both start at
//! zero, so bitmaps that do not start at a byte and offsets that do not start at zero are made anew; everything else is
//! borrowed until the archive is written. Trees become a flat list, the stream's columns first, then level by level.

use super::dictionary::entry_offsets;
use super::node::{Columns, Node, Values};
use super::split::Piece;
use crate::error::{Error, ErrorKind};
use arrow::array::{Array, ArrayRef, AsArray, downcast_primitive_array};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::DataType as ArrowType;
use arrow::error::ArrowError;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{BatchView, ColumnView, ENCODING_DICTIONARY, ENCODING_PLAIN};
use lakehead_protocol::frame;
use lakehead_protocol::limits::{BATCH_BYTES_MAX, FRAME_ALIGNMENT, HEADER_BYTES};
use std::borrow::Cow;
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

/// A column's buffers as the wire has them, borrowed where they lie so already.
struct FlatColumn<'a> {
    encoding: u8,
    length: u32,
    validity: Option<Buffer>,
    offsets: Cow<'a, [u32]>,
    values: Bytes<'a>,
    children: Vec<u32>,
}

enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Made(Buffer),
}

/// What is still to be made flat.
enum Pending<'a> {
    Rows(&'a Node, Range<usize>),
    /// The entries of a dictionary.
    Entries(ArrayRef),
}

fn flatten<'a>(columns: &'a Columns, rows: &Range<usize>) -> Result<Vec<FlatColumn<'a>>, ArrowError> {
    let mut flat = Vec::with_capacity(columns.nodes.len());
    let mut pending: VecDeque<_> = columns.nodes.iter().map(|node| Pending::Rows(node, rows.clone())).collect();
    let mut places = pending.len() as u32;
    while let Some(next) = pending.pop_front() {
        let before = pending.len() as u32;
        let mut column = match next {
            Pending::Rows(node, rows) => FlatColumn::of(node, &rows, &mut pending)?,
            Pending::Entries(entries) => FlatColumn::entries(&entries),
        };
        // Whatever it has added goes to the end of the list, in this order.
        let children = pending.len() as u32 - before;
        column.children = (places..places + children).collect();
        places += children;
        flat.push(column);
    }
    Ok(flat)
}

impl<'a> FlatColumn<'a> {
    fn of(node: &'a Node, rows: &Range<usize>, pending: &mut VecDeque<Pending<'a>>) -> Result<Self, ArrowError> {
        let empty = Self::new(rows.len(), Cow::default(), Bytes::Borrowed(&[]));
        let column = match &node.values {
            Values::Plain(array) => Self::plain(array, rows),
            Values::Dictionary(dictionary) => {
                let (keys, entries) = dictionary.of_rows(rows)?;
                pending.push_back(Pending::Entries(entries));
                Self { encoding: ENCODING_DICTIONARY, values: Bytes::Made(keys.into_inner()), ..empty }
            }
            Values::Struct(fields) => {
                pending.extend(fields.iter().map(|field| Pending::Rows(field, rows.clone())));
                empty
            }
            Values::List { offsets, children } => {
                let elements = offsets[rows.start].unsigned_abs() as usize..offsets[rows.end].unsigned_abs() as usize;
                pending.extend(children.iter().map(|child| Pending::Rows(child, elements.clone())));
                Self { offsets: rebased(&unsigned(offsets)[rows.start..=rows.end]), ..empty }
            }
        };
        let nulls = node.nulls.as_ref().map(|nulls| nulls.slice(rows.start, rows.len()));
        let validity = nulls.filter(|nulls| nulls.null_count() > 0).map(|nulls| nulls.inner().sliced());
        Ok(Self { validity, ..column })
    }

    /// The values of these rows alone; whether they are NULL is said elsewhere.
    fn plain(array: &'a ArrayRef, rows: &Range<usize>) -> Self {
        let (offsets, values) = match array.data_type() {
            // From bit zero of the first byte on.
            ArrowType::Boolean => {
                let bits = array.as_boolean().values().slice(rows.start, rows.len());
                (Cow::default(), Bytes::Made(bits.sliced()))
            }
            ArrowType::Utf8 => variable(entry_offsets(array), array.as_string::<i32>().values(), rows),
            ArrowType::Binary => variable(entry_offsets(array), array.as_binary::<i32>().values(), rows),
            fixed => {
                let width = fixed.primitive_width().unwrap_or(0);
                let bytes = primitive_bytes(array);
                (Cow::default(), Bytes::Borrowed(&bytes[rows.start * width..rows.end * width]))
            }
        };
        Self::new(rows.len(), offsets, values)
    }

    /// A dictionary, strings or binaries.
    fn entries(entries: &ArrayRef) -> Self {
        let offsets = entry_offsets(entries);
        let values = match entries.data_type() {
            ArrowType::Binary => entries.as_binary::<i32>().values(),
            _ => entries.as_string::<i32>().values(),
        };
        let offsets = unsigned(offsets);
        let (first, last) = (offsets[0], offsets[entries.len()]);
        let spanned = values.slice_with_length(first as usize, (last - first) as usize);
        Self::new(entries.len(), Cow::Owned(rebased(offsets).into_owned()), Bytes::Made(spanned))
    }

    fn new(length: usize, offsets: Cow<'a, [u32]>, values: Bytes<'a>) -> Self {
        // Limits keep every length within 32 bits.
        let length = length as u32;
        Self { encoding: ENCODING_PLAIN, length, validity: None, offsets, values, children: Vec::new() }
    }

    fn view(&self) -> ColumnView<'_> {
        ColumnView {
            encoding: self.encoding,
            length: self.length,
            validity: self.validity.as_deref().unwrap_or_default(),
            offsets: &self.offsets,
            values: match &self.values {
                Bytes::Borrowed(bytes) => bytes,
                Bytes::Made(buffer) => buffer,
            },
            children: &self.children,
        }
    }
}

fn primitive_bytes(array: &ArrayRef) -> &[u8] {
    downcast_primitive_array!(
        array => array.values().inner().as_slice(),
        // Whatever else there is has types of its own above.
        _ => &[]
    )
}

/// Offsets from zero on, and the bytes that they span.
fn variable<'a>(offsets: &'a OffsetBuffer<i32>, values: &'a [u8], rows: &Range<usize>) -> (Cow<'a, [u32]>, Bytes<'a>) {
    let offsets = &unsigned(offsets)[rows.start..=rows.end];
    (rebased(offsets), Bytes::Borrowed(&values[offsets[0] as usize..offsets[rows.len()] as usize]))
}

fn rebased(offsets: &[u32]) -> Cow<'_, [u32]> {
    match offsets[0] {
        0 => Cow::Borrowed(offsets),
        first => Cow::Owned(offsets.iter().map(|offset| offset - first).collect()),
    }
}

/// Offsets are never negative.
fn unsigned(offsets: &OffsetBuffer<i32>) -> &[u32] {
    offsets.inner().inner().typed_data()
}

#[cfg(test)]
mod tests;
