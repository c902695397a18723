//! Arrays and maps: offsets into elements, or into keys and values.

use super::absent::Zeros;
use super::column_builder::{ColumnBuilder, UnbuildableType};
use super::layout::Place;
use super::offsets::Offsets;
use super::structs::StructFields;
use arrow::array::{Array, ArrayRef, ListArray, MapArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use lakehead_protocol::batch::{ArchivedBatch, ArchivedColumn};
use std::ops::Range;
use std::sync::Arc;

/// Rows of one array or map column.
#[derive(Debug)]
pub struct Lists {
    offsets: Offsets,
    /// What Arrow calls the elements, or the pairs of key and value.
    field: FieldRef,
    elements: Elements,
}

#[derive(Debug)]
enum Elements {
    Array(Box<ColumnBuilder>),
    Map { pairs: StructFields, sorted: bool },
}

impl Lists {
    /// An empty array column.
    ///
    /// # Errors
    /// [`UnbuildableType`] for elements that cannot be built.
    pub fn array(field: &FieldRef) -> Result<Self, UnbuildableType> {
        let elements = Elements::Array(Box::new(ColumnBuilder::new(field.data_type())?));
        Ok(Self { offsets: Offsets::new(0), field: field.clone(), elements })
    }

    /// An empty map column.
    ///
    /// # Errors
    /// [`UnbuildableType`] for keys or values that cannot be built.
    pub fn map(field: &FieldRef, sorted: bool) -> Result<Self, UnbuildableType> {
        let DataType::Struct(pairs) = field.data_type() else {
            return Err(UnbuildableType { found: field.data_type().to_string() });
        };
        let elements = Elements::Map { pairs: StructFields::new(pairs)?, sorted };
        Ok(Self { offsets: Offsets::new(0), field: field.clone(), elements })
    }

    /// Appends these rows of a judged column, and the elements that lie in them.
    pub fn append(&mut self, batch: &ArchivedBatch, column: &ArchivedColumn, place: &Place, rows: Range<usize>) {
        let elements = self.offsets.append(&column.offsets, rows);
        match &mut self.elements {
            Elements::Map { pairs, .. } => pairs.append(batch, column, place, elements),
            Elements::Array(builder) => {
                for (child, place) in column.children.iter().zip(&place.children) {
                    builder.append(batch, &batch.columns[child.to_native() as usize], place, elements.clone());
                }
            }
        }
    }

    /// Appends rows without a value, which have no elements.
    pub fn append_nulls(&mut self, rows: usize) {
        self.offsets.append_empty(rows);
    }

    /// Elements, or pairs.
    pub fn elements(&self) -> usize {
        self.offsets.end()
    }

    /// The builders below.
    pub fn columns(&self) -> &[ColumnBuilder] {
        match &self.elements {
            Elements::Array(builder) => std::slice::from_ref(builder),
            Elements::Map { pairs, .. } => pairs.columns(),
        }
    }

    /// Bytes of offsets in memory.
    pub fn offset_memory_bytes(&self) -> usize {
        self.offsets.memory_bytes()
    }

    /// The column so far; starts anew with room for the offsets of `rows`.
    ///
    /// # Errors
    /// An Arrow error when columns and types contradict each other, which would be a bug of this module.
    pub fn seal(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
        full: bool,
        zeros: &mut Zeros,
    ) -> Result<ArrayRef, ArrowError> {
        let elements = self.offsets.end();
        let offsets = self.offsets.seal(rows);
        match &mut self.elements {
            Elements::Array(builder) => {
                let values = builder.seal(full, zeros)?;
                let field = with_type(&self.field, values.data_type());
                Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls)?))
            }
            Elements::Map { pairs, sorted } => {
                let pairs = pairs.seal(elements, None, full, zeros)?;
                let field = with_type(&self.field, pairs.data_type());
                Ok(Arc::new(MapArray::try_new(field, offsets, pairs, nulls, *sorted)?))
            }
        }
    }
}

fn with_type(field: &FieldRef, data_type: &DataType) -> FieldRef {
    if field.data_type() == data_type {
        return field.clone();
    }
    Arc::new(field.as_ref().clone().with_data_type(data_type.clone()))
}
