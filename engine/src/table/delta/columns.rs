//! A table's columns: as Delta writes them down, as the wire names them, as row groups hold them.

use arrow::datatypes::{Schema as ArrowSchema, SchemaRef as ArrowSchemaRef};
use delta_kernel::schema::{DataType as DeltaType, PrimitiveType, StructField, StructType};
use lakehead_protocol::arrow_schema::{FIELD_ID_KEY, to_arrow};
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::collections::HashMap;
use std::sync::Arc;

/// A column that has no equivalent on the other side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column:?} has type {found}, which cannot be written here")]
pub struct ColumnError {
    pub column: String,
    pub found: String,
}

/// A table's columns for the data plane.
#[derive(Debug, Clone)]
pub struct Columns {
    pub wire: Arc<Schema>,
    /// The same, every field with its Parquet field id: 1, 2, ... by position.
    pub arrow: ArrowSchemaRef,
}

/// Columns of a table's schema.
///
/// # Errors
/// [`ColumnError`] for the first column of a type that is not flat or not known.
pub fn columns_of(table: &StructType) -> Result<Columns, ColumnError> {
    let fields = table.fields().map(wire_field).collect::<Result<Vec<_>, _>>()?;
    let wire = Schema::flat(fields);
    let broken = |error: &dyn std::fmt::Display| ColumnError { column: String::new(), found: error.to_string() };
    wire.check().map_err(|error| broken(&error))?;
    let arrow = to_arrow(&wire).map_err(|error| broken(&error))?;
    let fields = arrow.fields().iter().enumerate().map(|(index, field)| {
        let metadata = HashMap::from([(FIELD_ID_KEY.to_owned(), (index + 1).to_string())]);
        field.as_ref().clone().with_metadata(metadata)
    });
    Ok(Columns { arrow: Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>())), wire: Arc::new(wire) })
}

fn wire_field(field: &StructField) -> Result<Field, ColumnError> {
    let unsupported = || ColumnError { column: field.name.clone(), found: field.data_type.to_string() };
    let DeltaType::Primitive(primitive) = &field.data_type else { return Err(unsupported()) };
    let data_type = match primitive {
        PrimitiveType::Boolean => DataType::Boolean,
        PrimitiveType::Byte => DataType::Byte,
        PrimitiveType::Short => DataType::Short,
        PrimitiveType::Integer => DataType::Integer,
        PrimitiveType::Long => DataType::Long,
        PrimitiveType::Float => DataType::Float,
        PrimitiveType::Double => DataType::Double,
        PrimitiveType::Date => DataType::Date,
        PrimitiveType::Timestamp => DataType::Timestamp,
        PrimitiveType::TimestampNtz => DataType::TimestampNtz,
        PrimitiveType::String => DataType::String,
        PrimitiveType::Binary => DataType::Binary,
        PrimitiveType::Decimal(decimal) => {
            return Ok(Field::decimal(&field.name, decimal.precision(), decimal.scale(), field.nullable));
        }
        _ => return Err(unsupported()),
    };
    Ok(Field::flat(&field.name, data_type, field.nullable))
}

/// The schema of a new table with these columns.
///
/// # Errors
/// [`ColumnError`] for the first column of a type that is not flat, and for names Delta does not take.
pub fn delta_schema(wire: &Schema) -> Result<StructType, ColumnError> {
    let fields = wire.top_level().map(delta_field).collect::<Result<Vec<_>, _>>()?;
    StructType::try_new(fields).map_err(|error| ColumnError { column: String::new(), found: error.to_string() })
}

fn delta_field(field: &Field) -> Result<StructField, ColumnError> {
    let unsupported = |found: String| ColumnError { column: field.name.clone(), found };
    let data_type = field.data_type().ok_or_else(|| unsupported(format!("number {}", field.data_type)))?;
    let delta_type = match data_type {
        DataType::Boolean => DeltaType::BOOLEAN,
        DataType::Byte => DeltaType::BYTE,
        DataType::Short => DeltaType::SHORT,
        DataType::Integer => DeltaType::INTEGER,
        DataType::Long => DeltaType::LONG,
        DataType::Float => DeltaType::FLOAT,
        DataType::Double => DeltaType::DOUBLE,
        DataType::Date => DeltaType::DATE,
        DataType::Timestamp => DeltaType::TIMESTAMP,
        DataType::TimestampNtz => DeltaType::TIMESTAMP_NTZ,
        DataType::String => DeltaType::STRING,
        DataType::Binary => DeltaType::BINARY,
        DataType::Decimal => {
            DeltaType::decimal(field.precision, field.scale).map_err(|error| unsupported(error.to_string()))?
        }
        DataType::Struct | DataType::Array | DataType::Map => return Err(unsupported(format!("{data_type:?}"))),
    };
    Ok(StructField::new(&field.name, delta_type, field.nullable == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lakehead_protocol::schema::DATA_TYPES;

    #[test]
    fn every_flat_type_survives_the_way_through_the_table() {
        let flat = DATA_TYPES.into_iter().filter(|data_type| data_type.children() == Some(0));
        let fields = flat.enumerate().map(|(index, data_type)| match data_type {
            DataType::Decimal => Field::decimal(format!("c{index}"), 20, 3, true),
            other => Field::flat(format!("c{index}"), other, index % 2 == 0),
        });
        let wire = Schema::flat(fields.collect());
        let columns = columns_of(&delta_schema(&wire).unwrap()).unwrap();
        assert_eq!(*columns.wire, wire);
        let ids: Vec<_> = columns.arrow.fields().iter().map(|field| field.metadata()[FIELD_ID_KEY].clone()).collect();
        assert_eq!(ids, (1..=13).map(|id| id.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn nested_columns_are_named_in_the_refusal() {
        let wire = Schema {
            columns: vec![0],
            fields: vec![
                Field { children: vec![1], ..Field::flat("tags", DataType::Array, true) },
                Field::flat("element", DataType::String, true),
            ],
        };
        assert_eq!(delta_schema(&wire).unwrap_err().column, "tags");
    }
}
