//! How a table is partitioned.

use super::partition_key::PartitionKey;
use crate::table::delta::partition_value::{PartitionValueError, can_partition, partition_value};
use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use std::sync::Arc;

/// Why rows cannot be split by these columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartitioningError {
    #[error("the table is partitioned by {column:?}, which is not among its columns")]
    Missing { column: String },
    #[error("the table is partitioned by {column:?} of type {found}, which cannot be written here")]
    Type { column: String, found: String },
    #[error("all columns of the table name its partitions: nothing would be left for its files")]
    NothingLeft,
}

/// The columns that name a table's partitions, and those that its files hold.
#[derive(Debug, Clone)]
pub struct Partitioning {
    names: Vec<Arc<str>>,
    /// Where they are among the table's columns, in the order in which the table names them.
    columns: Vec<usize>,
    /// The others.
    kept: Vec<usize>,
    kept_schema: SchemaRef,
}

impl Partitioning {
    /// Of a table with these columns, partitioned by those of these names; `None` when there are none.
    ///
    /// # Errors
    /// [`PartitioningError`] when such a table cannot be written.
    pub fn new(schema: &SchemaRef, names: &[String]) -> Result<Option<Self>, PartitioningError> {
        if names.is_empty() {
            return Ok(None);
        }
        let mut columns = Vec::with_capacity(names.len());
        for column in names {
            let missing = || PartitioningError::Missing { column: column.clone() };
            let (index, field) = schema.column_with_name(column).ok_or_else(missing)?;
            if !can_partition(field.data_type()) {
                return Err(PartitioningError::Type { column: column.clone(), found: field.data_type().to_string() });
            }
            columns.push(index);
        }
        let kept: Vec<usize> = (0..schema.fields().len()).filter(|index| !columns.contains(index)).collect();
        if kept.is_empty() {
            return Err(PartitioningError::NothingLeft);
        }
        let fields: Vec<_> = kept.iter().map(|index| schema.fields()[*index].clone()).collect();
        let kept_schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        Ok(Some(Self { names: names.iter().map(|name| name.as_str().into()).collect(), columns, kept, kept_schema }))
    }

    /// The columns of the table's files.
    pub fn kept_schema(&self) -> &SchemaRef {
        &self.kept_schema
    }

    /// The columns that files hold, of those of `schema`, which are the table's under whatever names.
    pub fn kept_of(&self, schema: &SchemaRef) -> SchemaRef {
        let fields: Vec<_> = self.kept.iter().map(|index| schema.fields()[*index].clone()).collect();
        Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
    }

    /// Names of the partition columns.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Places of the partition columns among the table's.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    pub(super) fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// The partition of this row; `values` are the partition columns.
    pub(super) fn key(&self, values: &[ArrayRef], row: usize) -> Result<PartitionKey, PartitionValueError> {
        let values: Result<Vec<_>, _> = values.iter().map(|values| partition_value(values, row)).collect();
        values.map(PartitionKey::new)
    }
}
