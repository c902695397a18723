//! The columns that a stream is opened with, whatever Arrow types they were given in.
//!
//! Encodings are taken off (runs, dictionaries), lists of every layout are lists, elements are called "element", keys "key"
//! and values "value", and keys are never NULL: that is how the wire names them.

use super::path::schema_error;
use crate::error::Error;
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Fields, Schema as ArrowSchema};
use lakehead_protocol::arrow_schema::from_arrow;
use lakehead_protocol::limits::DECIMAL_PRECISION_MAX;
use lakehead_protocol::schema::Schema as WireSchema;
use std::sync::Arc;

/// The wire's form of a user's columns.
///
/// # Errors
/// `BATCH_SCHEMA` with the first column that no table can have.
pub(crate) fn stream_schema(schema: &ArrowSchema) -> Result<WireSchema, Error> {
    let fields: Vec<_> = schema.fields().iter().map(|field| plain_field(field, field.name())).collect();
    let wire = from_arrow(&ArrowSchema::new(fields)).map_err(|error| schema_error(error.to_string()))?;
    wire.check().map_err(|error| schema_error(error.to_string()))?;
    Ok(wire)
}

/// The type that is left when only the meaning counts.
pub(super) fn plain_type(data_type: &ArrowType) -> ArrowType {
    match data_type {
        ArrowType::Dictionary(_, values) => plain_type(values),
        ArrowType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        ArrowType::Decimal256(precision, scale) if *precision <= DECIMAL_PRECISION_MAX => {
            ArrowType::Decimal128(*precision, *scale)
        }
        ArrowType::List(element)
        | ArrowType::LargeList(element)
        | ArrowType::ListView(element)
        | ArrowType::LargeListView(element)
        | ArrowType::FixedSizeList(element, _) => ArrowType::List(Arc::new(plain_field(element, "element"))),
        ArrowType::Struct(fields) => {
            ArrowType::Struct(fields.iter().map(|field| plain_field(field, field.name())).collect())
        }
        ArrowType::Map(entries, _) => match entries.data_type() {
            ArrowType::Struct(fields) if fields.len() == 2 => {
                let key = plain_field(&fields[0], "key").with_nullable(false);
                let fields = Fields::from(vec![key, plain_field(&fields[1], "value")]);
                ArrowType::Map(Arc::new(ArrowField::new("key_value", ArrowType::Struct(fields), false)), false)
            }
            _ => data_type.clone(),
        },
        other => other.clone(),
    }
}

fn plain_field(field: &ArrowField, name: &str) -> ArrowField {
    ArrowField::new(name, plain_type(field.data_type()), field.is_nullable())
}
