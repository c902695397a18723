mod edges;
mod model;
mod properties;
mod shapes;
mod sizes;
mod strings;

use super::RowColumns;
use crate::error::Error;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use std::sync::Arc;

fn columns(fields: Vec<Field>) -> RowColumns {
    RowColumns::new(Arc::new(Schema::new(fields))).unwrap()
}

/// Columns with one of that type, named `c`.
fn one(data_type: DataType, nullable: bool) -> RowColumns {
    columns(vec![Field::new("c", data_type, nullable)])
}

fn structure(fields: Vec<Field>) -> DataType {
    DataType::Struct(fields.into())
}

fn list(element: DataType, nullable: bool) -> DataType {
    DataType::List(Arc::new(Field::new("element", element, nullable)))
}

fn map(key: DataType, value: DataType) -> DataType {
    let entries = structure(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("key_value", entries, false)), false)
}

/// All that Arrow itself knows to check, on top of what sealing already did.
fn sealed(columns: &mut RowColumns) -> RecordBatch {
    let rows = columns.rows();
    let batch = columns.seal().unwrap();
    assert_eq!((batch.num_rows(), columns.rows()), (rows, 0));
    for column in batch.columns() {
        column.to_data().validate_full().unwrap();
    }
    batch
}

fn sealed_one(columns: &mut RowColumns) -> ArrayRef {
    sealed(columns).column(0).clone()
}

/// A refused row's message; no row has been added.
fn refused<T: serde::Serialize>(columns: &mut RowColumns, row: &T) -> String {
    let rows = columns.rows();
    let error: Error = columns.push(row).unwrap_err();
    assert!(error.is_data_error(), "{error}");
    assert_eq!(columns.rows(), rows);
    error.to_string()
}
