//! Columns into the bytes of a Batch frame: one copy of each buffer.
//!
//! Arrow arrays may be slices: their bitmaps start at any bit and their offsets at any byte. On the wire both start at
//! zero, so bitmaps that do not start at a byte and offsets that do not start at zero are made anew; everything else is
//! borrowed until the archive is written.

use crate::error::{Error, ErrorKind};
use crate::split::Piece;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer};
use arrow::datatypes::DataType as ArrowType;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{BatchView, ColumnView};
use lakehead_protocol::frame;
use lakehead_protocol::limits::{FRAME_ALIGNMENT, HEADER_BYTES};

/// The one schema that a connection announces.
pub(crate) const SCHEMA_ID: u32 = 1;

/// The Batch frame of the piece's rows, the first of which is the stream's row `first_offset`.
///
/// # Errors
/// When the rows do not fit an archive; pieces within the protocol's limits do.
pub(crate) fn batch_frame(columns: &[ArrayRef], piece: &Piece, first_offset: u64) -> Result<FrameBuffer, Error> {
    let too_large = || {
        let (row, bytes) = (piece.rows.start, piece.bytes);
        Error::plain(ErrorKind::RowTooLarge { row, bytes, limit: lakehead_protocol::limits::BATCH_BYTES_MAX })
    };
    let rows = u32::try_from(piece.rows.len()).map_err(|_| too_large())?;
    let buffers: Vec<Buffers> =
        columns.iter().map(|column| Buffers::of(&column.slice(piece.rows.start, piece.rows.len()))).collect();
    let view = BatchView { columns: buffers.iter().map(|buffers| buffers.view(rows)).collect() };
    let mut out = FrameBuffer::with_capacity(HEADER_BYTES + piece.bytes + FRAME_ALIGNMENT);
    frame::append_batch(&mut out, SCHEMA_ID, first_offset, rows, &view).map_err(|_| too_large())?;
    Ok(out)
}

/// A column's buffers as the wire has them.
struct Buffers {
    validity: Option<Buffer>,
    offsets: Option<Buffer>,
    values: Buffer,
}

impl Buffers {
    fn of(array: &ArrayRef) -> Self {
        let validity = array.nulls().filter(|nulls| nulls.null_count() > 0).map(|nulls| bitmap(nulls.inner()));
        let (offsets, values) = match array.data_type() {
            ArrowType::Boolean => (None, bitmap(array.as_boolean().values())),
            ArrowType::Utf8 => {
                let strings = array.as_string::<i32>();
                variable(strings.offsets(), strings.values())
            }
            ArrowType::Binary => {
                let binaries = array.as_binary::<i32>();
                variable(binaries.offsets(), binaries.values())
            }
            fixed => {
                let width = fixed.primitive_width().unwrap_or(0);
                let data = array.to_data();
                (None, data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width))
            }
        };
        Self { validity, offsets, values }
    }

    fn view(&self, length: u32) -> ColumnView<'_> {
        ColumnView {
            length,
            validity: self.validity.as_deref().unwrap_or_default(),
            offsets: self.offsets.as_ref().map_or(&[], |offsets| offsets.typed_data::<u32>()),
            values: &self.values,
            ..ColumnView::default()
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
    let rebased = match first {
        0 => offsets.inner().inner().clone(),
        first => offsets.iter().map(|offset| (offset - first).unsigned_abs()).collect(),
    };
    (Some(rebased), values.slice_with_length(first.unsigned_abs() as usize, (last - first).unsigned_abs() as usize))
}

#[cfg(test)]
mod tests;
