//! How a stream's columns lie in the table's.
//!
//! Columns and fields of structs are matched by name, whatever their case and order. Elements of arrays, keys and values of
//! maps are what they are by their place; their names say nothing. A column or field that may be NULL need not be there, and
//! numbers may be narrower than the table has them, as far as each value has its equal there.

use super::type_name::type_name;
use super::widening::Widening;
use lakehead_protocol::schema::{DataType, Field, Schema};

/// Why a stream's schema does not fit the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    #[error("the table has no column {column:?}; its columns are: {columns}")]
    UnknownColumn { column: String, columns: String },
    #[error(
        "column {column:?} of the table is missing from the stream's schema, and the table allows no NULL there; send it"
    )]
    MissingColumn { column: String },
    #[error("column {column:?} is {announced} in the stream and {table} in the table; cast it before sending")]
    Type { column: String, announced: String, table: String },
}

/// A stream's announced schema, matched with its table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What batches are judged against: the stream's order and types, the table's rules about NULL.
    pub schema: Schema,
    /// For each column of the stream, its place in the table.
    pub places: Vec<Place>,
    /// Columns of the table that the stream does not send.
    pub absent: Vec<usize>,
    /// Fields of the table's schema that the stream does not send, at any depth, without what is below them.
    pub gaps: Vec<u32>,
    /// What a row takes more than it came with.
    row: RowBytes,
    /// What an element, or any row below the top level, takes more than it came with; at most, for they differ.
    nested: RowBytes,
}

/// Bytes by row that did not come over the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct RowBytes {
    /// NULLs of columns that were not sent, written out.
    gaps: usize,
    /// What wider numbers take more.
    growth: usize,
}

/// Where a column belongs among its siblings in the table, and where its children belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub index: usize,
    /// In the stream's order; empty for flat columns.
    pub children: Vec<Place>,
    /// Fields of a struct that the stream does not send.
    pub absent: Vec<usize>,
    /// How its numbers become the table's, if they are narrower.
    pub widening: Option<Widening>,
}

impl Layout {
    /// Matches an announced schema, which is a valid one, with the table's.
    ///
    /// # Errors
    /// The first column that does not fit.
    pub fn match_columns(announced: &Schema, table: &Schema) -> Result<Self, LayoutError> {
        let (row, nested) = (RowBytes::default(), RowBytes::default());
        let layout = Self { schema: announced.clone(), places: vec![], absent: vec![], gaps: vec![], row, nested };
        let mut matching = Matching { announced, table, layout };
        let (places, absent) = matching.by_name(&announced.columns, &table.columns, Level::Top)?;
        Ok(Self { places, absent, ..matching.layout })
    }

    /// Whether the stream sends the table's columns as the table has them.
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty() && self.row.growth == 0 && self.nested.growth == 0
    }

    /// What NULLs of columns that are not sent take at most if they are written out, with so many rows at the top level and
    /// below it.
    pub fn gap_bytes(&self, rows: usize, nested_rows: usize) -> usize {
        rows.saturating_mul(self.row.gaps).saturating_add(nested_rows.saturating_mul(self.nested.gaps))
    }

    /// What so many rows take more than they came with, because their numbers are widened.
    pub fn growth_bytes(&self, rows: usize, nested_rows: usize) -> usize {
        rows.saturating_mul(self.row.growth).saturating_add(nested_rows.saturating_mul(self.nested.growth))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Nested,
}

struct Matching<'a> {
    announced: &'a Schema,
    table: &'a Schema,
    /// What is known so far. Its schema, the announced one, takes over what the table says of NULL.
    layout: Layout,
}

impl Matching<'_> {
    /// Matches siblings by their names; gives the places of those that are sent, and which are not.
    fn by_name(
        &mut self,
        announced: &[u32],
        table: &[u32],
        level: Level,
    ) -> Result<(Vec<Place>, Vec<usize>), LayoutError> {
        let mut places: Vec<Place> = Vec::with_capacity(announced.len());
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
            places.push(self.place(index, field as usize, table[index] as usize, level)?);
        }
        let absent: Vec<usize> = (0..table.len()).filter(|index| !taken[*index]).collect();
        for index in &absent {
            let column = table[*index] as usize;
            if self.table.fields[column].nullable == 0 {
                return Err(LayoutError::MissingColumn { column: self.table.path(column) });
            }
            self.layout.gaps.push(column as u32);
            self.bytes_of(level).gaps += self.null_bytes(column);
        }
        Ok((places, absent))
    }

    /// Matches one column's type, and what is below it.
    fn place(&mut self, index: usize, announced: usize, table: usize, level: Level) -> Result<Place, LayoutError> {
        let (field, column) = (&self.announced.fields[announced], &self.table.fields[table]);
        self.layout.schema.fields[announced].nullable = column.nullable;
        let flat = Place { index, children: Vec::new(), absent: Vec::new(), widening: None };
        let kind = |field: &Field| (field.data_type, field.precision, field.scale, field.data_type());
        match (kind(field) == kind(column)).then_some(column.data_type()).flatten() {
            None => match Widening::between(field, column) {
                Some(widening) => {
                    self.bytes_of(level).growth += widening.growth_bytes();
                    Ok(Place { widening: Some(widening), ..flat })
                }
                None => Err(LayoutError::Type {
                    column: self.announced.path(announced),
                    announced: type_name(self.announced, field),
                    table: type_name(self.table, column),
                }),
            },
            Some(DataType::Struct) => {
                // A struct's fields have as many rows as the struct.
                let (children, absent) = self.by_name(&field.children, &column.children, level)?;
                Ok(Place { children, absent, ..flat })
            }
            Some(_) => {
                let pairs = field.children.iter().zip(&column.children).enumerate();
                let place = |(index, (field, column)): (usize, (&u32, &u32))| {
                    self.place(index, *field as usize, *column as usize, Level::Nested)
                };
                Ok(Place { children: pairs.map(place).collect::<Result<_, _>>()?, ..flat })
            }
        }
    }

    fn bytes_of(&mut self, level: Level) -> &mut RowBytes {
        match level {
            Level::Top => &mut self.layout.row,
            Level::Nested => &mut self.layout.nested,
        }
    }

    /// What a NULL of this column takes written out, with all below it; somewhat more for bits.
    fn null_bytes(&self, column: usize) -> usize {
        let field = &self.table.fields[column];
        let below = || field.children.iter().map(|child| self.null_bytes(*child as usize)).sum::<usize>();
        1 + match field.data_type() {
            Some(DataType::Struct) => below(),
            Some(DataType::Array | DataType::Map | DataType::String | DataType::Binary) => size_of::<i32>(),
            _ => field.value_bytes().unwrap_or(1),
        }
    }

    fn names(&self, columns: &[u32]) -> String {
        columns.iter().map(|column| self.table.path(*column as usize)).collect::<Vec<_>>().join(", ")
    }
}

fn same_name(column: &Field, field: &Field) -> bool {
    column.name == field.name || column.name.to_lowercase() == field.name.to_lowercase()
}
