//! Structs: a column for each field, all as long as the struct.

use super::absent::Zeros;
use super::column_builder::{ColumnBuilder, UnbuildableType};
use super::layout::Place;
use arrow::array::{Array, ArrayRef, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Fields;
use arrow::error::ArrowError;
use lakehead_protocol::batch::{ArchivedBatch, ArchivedColumn};
use std::ops::Range;
use std::sync::Arc;

/// The fields of one struct, in the table's order.
#[derive(Debug)]
pub struct StructFields {
    fields: Fields,
    columns: Vec<ColumnBuilder>,
}

impl StructFields {
    /// Empty columns.
    ///
    /// # Errors
    /// [`UnbuildableType`] for the first field that cannot be built.
    pub fn new(fields: &Fields) -> Result<Self, UnbuildableType> {
        let columns = fields.iter().map(|field| ColumnBuilder::new(field.data_type())).collect::<Result<_, _>>()?;
        Ok(Self { fields: fields.clone(), columns })
    }

    /// Appends these rows of the children of a judged column.
    pub fn append(&mut self, batch: &ArchivedBatch, column: &ArchivedColumn, place: &Place, rows: Range<usize>) {
        for (child, place) in column.children.iter().zip(&place.children) {
            let child = &batch.columns[child.to_native() as usize];
            self.columns[place.index].append(batch, child, place, rows.clone());
        }
        for absent in &place.absent {
            self.columns[*absent].append_nulls(rows.len());
        }
    }

    /// Appends rows without a value.
    pub fn append_nulls(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|column| column.append_nulls(rows));
    }

    /// The builders of the fields.
    pub fn columns(&self) -> &[ColumnBuilder] {
        &self.columns
    }

    /// The struct so far, of `rows` rows; starts anew.
    ///
    /// # Errors
    /// An Arrow error when columns and types contradict each other, which would be a bug of this module.
    pub fn seal(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
        full: bool,
        zeros: &mut Zeros,
    ) -> Result<StructArray, ArrowError> {
        let arrays = self.columns.iter_mut().map(|column| column.seal(full, zeros)).collect::<Result<Vec<_>, _>>()?;
        StructArray::try_new_with_length(with_types_of(&self.fields, &arrays), arrays, nulls, rows)
    }
}

/// The fields with the types that the arrays have: they differ where an array is dictionary-encoded.
pub fn with_types_of(fields: &Fields, arrays: &[ArrayRef]) -> Fields {
    if fields.iter().zip(arrays).all(|(field, array)| field.data_type() == array.data_type()) {
        return fields.clone();
    }
    let pairs = fields.iter().zip(arrays);
    pairs.map(|(field, array)| Arc::new(field.as_ref().clone().with_data_type(array.data_type().clone()))).collect()
}
