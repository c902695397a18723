//! Rows of columns that were not sent: NULL, at no cost as long as a row group has nothing else.
//!
//! A stream may leave out as many columns as it likes, and a row of it may take a single bit on the wire. So NULLs are only
//! counted until a value comes, and a column that got none by the time it is sealed shares its zeros with all others. Where both
//! meet in one row group NULLs are written out: how much of that may happen is bounded by [`Gaps`], which has the row group
//! sealed first.

use arrow::array::{ArrayData, ArrayRef, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// What NULLs of columns that were left out may take in a row group in which others sent these columns.
const WRITTEN_BYTES_MAX: usize = 16 << 20;
/// What a row of an absent column takes at most while it is sealed, all columns together: the widest value, and an offset.
pub const SEALED_ROW_BYTES: usize = 16;

/// Zeros for all columns of a row group that have nothing but NULLs.
#[derive(Debug, Default)]
pub struct Zeros {
    bytes: Option<Buffer>,
}

impl Zeros {
    fn bytes(&mut self, count: usize) -> Buffer {
        match &self.bytes {
            Some(bytes) if bytes.len() >= count => bytes.slice_with_length(0, count),
            _ => {
                let bytes: Buffer = MutableBuffer::from_len_zeroed(count).into();
                self.bytes.insert(bytes).clone()
            }
        }
    }

    /// The bitmap of so many NULLs.
    pub fn nulls(&mut self, rows: usize) -> NullBuffer {
        NullBuffer::new(BooleanBuffer::new(self.bytes(rows.div_ceil(8)), 0, rows))
    }

    /// Rows without a value of a flat type, or of lists of `elements`, of which there are none.
    ///
    /// # Errors
    /// An Arrow error when the type is another.
    pub fn array(
        &mut self,
        data_type: &DataType,
        rows: usize,
        elements: Option<ArrayData>,
    ) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls(rows);
        let builder = ArrayData::builder(data_type.clone()).len(rows).nulls(Some(nulls));
        let builder = match data_type {
            DataType::Boolean => builder.add_buffer(self.bytes(rows.div_ceil(8))),
            DataType::Utf8 | DataType::Binary => {
                builder.add_buffer(self.bytes((rows + 1) * size_of::<i32>())).add_buffer(Buffer::default())
            }
            DataType::List(_) | DataType::Map(..) => builder.add_buffer(self.bytes((rows + 1) * size_of::<i32>())),
            fixed => builder.add_buffer(self.bytes(rows * fixed.primitive_width().unwrap_or(0))),
        };
        Ok(make_array(builder.child_data(elements.into_iter().collect()).build()?))
    }
}

/// Which columns a row group's streams left out, and what their NULLs would take written out.
#[derive(Debug, Default)]
pub struct Gaps {
    /// Fields of the table that the batches so far left out, all the same ones; of no account without rows.
    fields: Vec<u32>,
    /// Whether batches differ in what they leave out.
    mixed: bool,
    bytes: usize,
}

impl Gaps {
    /// Whether rows that leave `fields` out, whose NULLs take `bytes` written out, must not come to those that are there.
    #[inline]
    pub fn forbid(&self, fields: &[u32], bytes: usize) -> bool {
        (self.mixed || self.fields != fields) && self.bytes + bytes > WRITTEN_BYTES_MAX
    }

    /// Such rows came, to others or as the first.
    #[inline]
    pub fn add(&mut self, fields: &[u32], bytes: usize, first: bool) {
        if first {
            *self = Self { fields: fields.to_vec(), mixed: false, bytes };
        } else {
            self.mixed |= self.fields != fields;
            self.bytes += bytes;
        }
    }

    /// Bytes of NULLs that may have been written out, so far.
    pub fn written_bytes(&self) -> usize {
        if self.mixed { self.bytes } else { 0 }
    }

    /// Whether any column was left out.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}
