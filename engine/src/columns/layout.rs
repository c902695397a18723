//! How a stream's columns lie in the table's.

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
    #[error("column {column:?} has a nested type, which this engine does not take yet")]
    Nested { column: String },
}

/// A stream's announced schema, matched with its table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What batches are judged against: the stream's order, the table's rules about NULL.
    pub schema: Schema,
    /// For each column of the stream, its place in the table.
    pub places: Vec<usize>,
}

impl Layout {
    /// Matches columns by name, whatever their case and order.
    ///
    /// # Errors
    /// The first column that does not fit.
    pub fn match_columns(announced: &Schema, table: &Schema) -> Result<Self, LayoutError> {
        let columns: Vec<&Field> = table.top_level().collect();
        let mut schema = Schema::default();
        let mut places = Vec::with_capacity(columns.len());
        for field in announced.top_level() {
            let place = columns
                .iter()
                .position(|column| same_name(column, field))
                .ok_or_else(|| LayoutError::UnknownColumn { column: field.name.clone(), columns: names(&columns) })?;
            let column = columns[place];
            if !column.children.is_empty() || !field.children.is_empty() {
                return Err(LayoutError::Nested { column: field.name.clone() });
            }
            if type_name(field) != type_name(column) {
                return Err(LayoutError::Type {
                    column: field.name.clone(),
                    announced: type_name(field),
                    table: type_name(column),
                });
            }
            schema.columns.push(schema.fields.len() as u32);
            schema.fields.push(Field { nullable: column.nullable, ..field.clone() });
            places.push(place);
        }
        match (0..columns.len()).find(|place| !places.contains(place)) {
            Some(missing) => Err(LayoutError::MissingColumn { column: columns[missing].name.clone() }),
            None => Ok(Self { schema, places }),
        }
    }
}

fn same_name(column: &Field, field: &Field) -> bool {
    column.name == field.name || column.name.to_lowercase() == field.name.to_lowercase()
}

fn names(columns: &[&Field]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A column's type in words.
pub fn type_name(field: &Field) -> String {
    match field.data_type() {
        Some(DataType::Decimal) => format!("decimal({},{})", field.precision, field.scale),
        Some(DataType::TimestampNtz) => "timestamp_ntz".to_owned(),
        Some(data_type) => format!("{data_type:?}").to_lowercase(),
        None => format!("type {}", field.data_type),
    }
}
