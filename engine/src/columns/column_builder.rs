//! One column of a table under construction.

use super::boolean::Bits;
use super::fixed::FixedValues;
use super::text::Texts;
use super::validity::Validity;
use arrow::array::{ArrayData, ArrayRef, BinaryArray, BooleanArray, StringArray, make_array};
use arrow::datatypes::DataType;
use lakehead_protocol::batch::ArchivedColumn;
use std::sync::Arc;

/// The table has a column type this engine cannot build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a column of type {found} cannot be written by this engine")]
pub struct UnbuildableType {
    pub found: String,
}

/// Buffers of one column.
#[derive(Debug)]
pub struct ColumnBuilder {
    arrow_type: DataType,
    validity: Validity,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Fixed(FixedValues),
    Boolean(Bits),
    Text(Texts),
}

/// How much room a new builder starts with: what the last full row group needed, or nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room {
    pub rows: usize,
    pub bytes: usize,
}

impl ColumnBuilder {
    /// An empty column.
    ///
    /// # Errors
    /// [`UnbuildableType`] for nested and exotic types.
    pub fn new(arrow_type: &DataType) -> Result<Self, UnbuildableType> {
        let values = match arrow_type {
            DataType::Boolean => Values::Boolean(Bits::new(0)),
            DataType::Utf8 | DataType::Binary => Values::Text(Texts::new(0, 0)),
            fixed => match fixed.primitive_width() {
                Some(width) => Values::Fixed(FixedValues::new(width, 0)),
                None => return Err(UnbuildableType { found: arrow_type.to_string() }),
            },
        };
        Ok(Self { arrow_type: arrow_type.clone(), validity: Validity::default(), values })
    }

    /// Appends a judged column from its row `skip` on.
    pub fn append(&mut self, column: &ArchivedColumn, skip: usize, rows: usize) {
        self.validity.append(&column.validity, skip, rows);
        match &mut self.values {
            Values::Fixed(values) => values.append(&column.values, skip),
            Values::Boolean(bits) => bits.append(&column.values, skip, rows),
            Values::Text(texts) => texts.append(&column.offsets, &column.values, skip),
        }
    }

    /// Bytes of text, which Arrow's offsets bound.
    pub fn text_bytes(&self) -> usize {
        match &self.values {
            Values::Text(texts) => texts.bytes(),
            Values::Fixed(_) | Values::Boolean(_) => 0,
        }
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        let values = match &self.values {
            Values::Fixed(values) => values.memory_bytes(),
            Values::Boolean(bits) => bits.memory_bytes(),
            Values::Text(texts) => texts.memory_bytes(),
        };
        values + self.validity.memory_bytes()
    }

    /// What the column holds now, as room for the next.
    pub fn room(&self, rows: usize) -> Room {
        let bytes = match &self.values {
            Values::Fixed(values) => values.bytes(),
            Values::Boolean(_) => 0,
            Values::Text(texts) => texts.bytes(),
        };
        Room { rows, bytes }
    }

    /// The column so far as an array of `rows` rows; starts anew with `room`.
    ///
    /// # Errors
    /// An Arrow error when the buffers do not fit their type, which would be a bug of this module.
    #[expect(unsafe_code, reason = "checking UTF-8 again would read every string a second time")]
    pub fn seal(&mut self, rows: usize, room: Room) -> Result<ArrayRef, arrow::error::ArrowError> {
        let nulls = self.validity.seal();
        match &mut self.values {
            Values::Fixed(values) => {
                let data = ArrayData::builder(self.arrow_type.clone()).len(rows).add_buffer(values.seal(room.bytes));
                Ok(make_array(data.nulls(nulls).build()?))
            }
            Values::Boolean(bits) => Ok(Arc::new(BooleanArray::new(bits.seal(room.rows), nulls))),
            Values::Text(texts) => {
                let (offsets, bytes) = texts.seal(room.rows, room.bytes);
                if self.arrow_type == DataType::Binary {
                    return Ok(Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?));
                }
                // SAFETY: every batch's bytes were checked to be UTF-8, and its offsets to lie between characters
                // (protocol::batch_check), before they were appended.
                Ok(Arc::new(unsafe { StringArray::new_unchecked(offsets, bytes, nulls) }))
            }
        }
    }
}
