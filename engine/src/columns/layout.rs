//! How a stream's columns lie in the table's.
//!
//! Columns and fields of structs are matched by name, whatever their case and order. Elements of arrays, keys and values of
//! maps are what they are by their place; their names say nothing.

use super::type_name::type_name;
use lakehead_protocol::schema::{DataType, Field, Schema};

/// Why a stream's schema does not fit the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    #[error("the table has no column {column:?}; its columns are: {columns}")]
    UnknownColumn { column: String, columns: String },
    #[error(
        "column {column:?} of the table is missing from the stream's schema; send it, with NULLs where there is no value"
    )]
    MissingColumn { column: String },
    #[error("column {column:?} is {announced} in the stream and {table} in the table; cast it before sending")]
    Type { column: String, announced: String, table: String },
}

/// A stream's announced schema, matched with its table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What batches are judged against: the stream's order, the table's rules about NULL.
    pub schema: Schema,
    /// For each column of the stream, its place in the table.
    pub places: Vec<Place>,
}

/// Where a column belongs among its siblings in the table, and where its children belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub index: usize,
    /// In the stream's order; empty for flat columns.
    pub children: Vec<Place>,
}

impl Layout {
    /// Matches an announced schema, which is a valid one, with the table's.
    ///
    /// # Errors
    /// The first column that does not fit.
    pub fn match_columns(announced: &Schema, table: &Schema) -> Result<Self, LayoutError> {
        let mut matching = Matching { announced, table, schema: announced.clone() };
        let places = matching.by_name(&announced.columns, &table.columns)?;
        Ok(Self { schema: matching.schema, places })
    }
}

struct Matching<'a> {
    announced: &'a Schema,
    table: &'a Schema,
    /// The announced schema, which takes over what the table says of NULL.
    schema: Schema,
}

impl Matching<'_> {
    /// Matches siblings by their names.
    fn by_name(&mut self, announced: &[u32], table: &[u32]) -> Result<Vec<Place>, LayoutError> {
        let mut places: Vec<Place> = Vec::with_capacity(table.len());
        let mut taken = vec![false; table.len()];
        for &field in announced {
            let found = table.iter().position(|&column| {
                let (column, field) = (&self.table.fields[column as usize], &self.announced.fields[field as usize]);
                same_name(column, field)
            });
            let index = found.ok_or_else(|| LayoutError::UnknownColumn {
                column: self.announced.path(field as usize),
                columns: self.names(table),
            })?;
            taken[index] = true;
            places.push(Place { index, children: self.children(field as usize, table[index] as usize)? });
        }
        match taken.iter().position(|taken| !taken) {
            Some(missing) => Err(LayoutError::MissingColumn { column: self.table.path(table[missing] as usize) }),
            None => Ok(places),
        }
    }

    /// Matches one column's type, and what is below it.
    fn children(&mut self, announced: usize, table: usize) -> Result<Vec<Place>, LayoutError> {
        let (field, column) = (&self.announced.fields[announced], &self.table.fields[table]);
        self.schema.fields[announced].nullable = column.nullable;
        let kind = |field: &Field| (field.data_type, field.precision, field.scale, field.data_type());
        match (kind(field) == kind(column)).then_some(column.data_type()).flatten() {
            None => Err(LayoutError::Type {
                column: self.announced.path(announced),
                announced: type_name(self.announced, field),
                table: type_name(self.table, column),
            }),
            Some(DataType::Struct) => self.by_name(&field.children, &column.children),
            Some(_) => {
                let pairs = field.children.iter().zip(&column.children).enumerate();
                let place = |(index, (field, column)): (usize, (&u32, &u32))| {
                    let children = self.children(*field as usize, *column as usize)?;
                    Ok(Place { index, children })
                };
                pairs.map(place).collect()
            }
        }
    }

    fn names(&self, columns: &[u32]) -> String {
        columns.iter().map(|column| self.table.path(*column as usize)).collect::<Vec<_>>().join(", ")
    }
}

fn same_name(column: &Field, field: &Field) -> bool {
    column.name == field.name || column.name.to_lowercase() == field.name.to_lowercase()
}
