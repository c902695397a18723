//! One column of a table under construction, with the columns below it.

use super::absent::Zeros;
use super::boolean::Bits;
use super::extent::Extent;
use super::fixed::FixedValues;
use super::layout::Place;
use super::lists::Lists;
use super::structs::StructFields;
use super::text_column::{TextColumn, TextKind};
use super::validity::Validity;
use arrow::array::{ArrayData, ArrayRef, BooleanArray, make_array};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use lakehead_protocol::batch::{ArchivedBatch, ArchivedColumn};
use std::ops::Range;
use std::sync::Arc;

/// The table has a column type this engine cannot build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a column of type {found} cannot be written by this engine")]
pub struct UnbuildableType {
    pub found: String,
}

/// Buffers of one column, and the columns of its fields or elements.
#[derive(Debug)]
pub struct ColumnBuilder {
    arrow_type: DataType,
    /// Rows without a value that came before anything else: nothing is written down of them as long as there is nothing else.
    absent: usize,
    validity: Validity,
    values: Values,
    room: Room,
}

#[derive(Debug)]
enum Values {
    Fixed(FixedValues),
    Boolean(Bits),
    Text(TextColumn),
    Struct(StructFields),
    Lists(Box<Lists>),
}

/// How much room a builder starts anew with: what the last full row group needed, or nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Room {
    rows: usize,
    bytes: usize,
}

impl ColumnBuilder {
    /// An empty column.
    ///
    /// # Errors
    /// [`UnbuildableType`] for types that no table here has.
    pub fn new(arrow_type: &DataType) -> Result<Self, UnbuildableType> {
        let values = match arrow_type {
            DataType::Boolean => Values::Boolean(Bits::new(0)),
            DataType::Utf8 => Values::Text(TextColumn::new(TextKind::Utf8)),
            DataType::Binary => Values::Text(TextColumn::new(TextKind::Binary)),
            DataType::Struct(fields) => Values::Struct(StructFields::new(fields)?),
            DataType::List(element) => Values::Lists(Box::new(Lists::array(element)?)),
            DataType::Map(pairs, sorted) => Values::Lists(Box::new(Lists::map(pairs, *sorted)?)),
            fixed => match fixed.primitive_width() {
                Some(width) => Values::Fixed(FixedValues::new(width, 0)),
                None => return Err(UnbuildableType { found: arrow_type.to_string() }),
            },
        };
        let (validity, room) = (Validity::default(), Room::default());
        Ok(Self { arrow_type: arrow_type.clone(), absent: 0, validity, values, room })
    }

    /// Appends these rows of a judged column, whose children belong where `place` says.
    pub fn append(&mut self, batch: &ArchivedBatch, column: &ArchivedColumn, place: &Place, rows: Range<usize>) {
        if self.absent > 0 {
            let rows = std::mem::take(&mut self.absent);
            self.write_nulls(rows);
        }
        self.validity.append(&column.validity, rows.clone());
        match &mut self.values {
            Values::Fixed(values) => match place.widening {
                None => values.append(&column.values, rows),
                Some(widening) => values.append_widened(widening, &column.values, rows),
            },
            Values::Boolean(bits) => bits.append(&column.values, rows),
            Values::Text(texts) => texts.append(batch, column, rows),
            Values::Struct(fields) => fields.append(batch, column, place, rows),
            Values::Lists(lists) => lists.append(batch, column, place, rows),
        }
    }

    /// Appends rows of a stream that does not send this column.
    pub fn append_nulls(&mut self, rows: usize) {
        if self.validity.rows() == 0 { self.absent += rows } else { self.write_nulls(rows) }
    }

    fn write_nulls(&mut self, rows: usize) {
        self.validity.append_nulls(rows);
        match &mut self.values {
            Values::Fixed(values) => values.append_nulls(rows),
            Values::Boolean(bits) => bits.append_nulls(rows),
            Values::Text(texts) => texts.append_nulls(rows),
            Values::Struct(fields) => fields.append_nulls(rows),
            Values::Lists(lists) => lists.append_nulls(rows),
        }
    }

    /// What this column and those below hold.
    pub fn extent(&self) -> Extent {
        let own = match &self.values {
            Values::Text(texts) => texts.extent(),
            Values::Lists(lists) => Extent { elements: lists.elements(), ..Extent::default() },
            Values::Fixed(_) | Values::Boolean(_) | Values::Struct(_) => Extent::default(),
        };
        self.below().iter().fold(own, |extent, column| extent.and(column.extent()))
    }

    /// Bytes in memory, those of the columns below included.
    pub fn memory_bytes(&self) -> usize {
        let own = match &self.values {
            Values::Fixed(values) => values.memory_bytes(),
            Values::Boolean(bits) => bits.memory_bytes(),
            Values::Text(texts) => texts.memory_bytes(),
            Values::Lists(lists) => lists.offset_memory_bytes(),
            Values::Struct(_) => 0,
        };
        let below: usize = self.below().iter().map(Self::memory_bytes).sum();
        own + self.validity.memory_bytes() + below
    }

    fn below(&self) -> &[Self] {
        match &self.values {
            Values::Struct(fields) => fields.columns(),
            Values::Lists(lists) => lists.columns(),
            Values::Fixed(_) | Values::Boolean(_) | Values::Text(_) => &[],
        }
    }

    /// The room for what comes after this: as much as there is now, when the row group was sealed because it was full.
    /// Otherwise the tick came first, and the room shrinks to what a tick brings.
    fn next_room(&self, full: bool) -> Room {
        let bytes = match &self.values {
            Values::Fixed(values) => values.bytes(),
            Values::Text(texts) => texts.bytes(),
            Values::Boolean(_) | Values::Struct(_) | Values::Lists(_) => 0,
        };
        let held = Room { rows: self.validity.rows(), bytes };
        if full {
            return held;
        }
        Room { rows: self.room.rows.min(held.rows), bytes: self.room.bytes.min(held.bytes) }
    }

    /// The column so far as an array; starts anew. `full` says that the row group was.
    ///
    /// # Errors
    /// An Arrow error when the buffers do not fit their type, which would be a bug of this module.
    pub fn seal(&mut self, full: bool, zeros: &mut Zeros) -> Result<ArrayRef, ArrowError> {
        self.room = self.next_room(full);
        if self.absent > 0 {
            return self.seal_absent(full, zeros);
        }
        let (room, rows) = (self.room, self.validity.rows());
        let nulls = self.validity.seal();
        match &mut self.values {
            Values::Fixed(values) => {
                let data = ArrayData::builder(self.arrow_type.clone()).len(rows).add_buffer(values.seal(room.bytes));
                Ok(make_array(data.nulls(nulls).build()?))
            }
            Values::Boolean(bits) => Ok(Arc::new(BooleanArray::new(bits.seal(room.rows), nulls))),
            Values::Text(texts) => texts.seal(nulls, room.rows, room.bytes),
            Values::Struct(fields) => Ok(Arc::new(fields.seal(rows, nulls, full, zeros)?)),
            Values::Lists(lists) => lists.seal(room.rows, nulls, full, zeros),
        }
    }

    /// The column, which nobody sent.
    fn seal_absent(&mut self, full: bool, zeros: &mut Zeros) -> Result<ArrayRef, ArrowError> {
        let rows = std::mem::take(&mut self.absent);
        match &mut self.values {
            Values::Struct(fields) => {
                fields.append_nulls(rows);
                Ok(Arc::new(fields.seal(rows, Some(zeros.nulls(rows)), full, zeros)?))
            }
            Values::Lists(lists) => {
                let empty = lists.seal(0, None, full, zeros)?;
                let (data_type, elements) = (empty.data_type(), empty.to_data().child_data().first().cloned());
                zeros.array(data_type, rows, elements)
            }
            Values::Fixed(_) | Values::Boolean(_) | Values::Text(_) => zeros.array(&self.arrow_type, rows, None),
        }
    }
}
