//! Wire schemas as Arrow schemas and back (feature `arrow`).
//!
//! One table, read both ways, so that clients and the engine cannot disagree about a type:
//!
//! | wire | Arrow |
//! |---|---|
//! | boolean; byte, short, integer, long; float, double | Boolean; Int8 to Int64; Float32, Float64 |
//! | decimal(p,s), p to 9 / 18 / 38 | Decimal32 / Decimal64 / Decimal128 |
//! | date; timestamp; timestamp_ntz | Date32; Timestamp(µs, "UTC"); Timestamp(µs) |
//! | string; binary | Utf8; Binary |
//! | struct; array; map | Struct; List; Map |
//!
//! Other Arrow types of the same meaning (large and view strings, other time units, wider decimals of few digits) are
//! named by [`from_arrow`] as the wire type they are cast to.

use crate::schema::{DataType, Field, Schema};
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Fields, Schema as ArrowSchema, TimeUnit};
use std::sync::Arc;

/// The Arrow metadata key under which the parquet crate takes a column's field id.
pub const FIELD_ID_KEY: &str = "PARQUET:field_id";
const UTC: &str = "UTC";

/// The table has a column whose type no wire type means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column:?} has Arrow type {found}, which Delta tables do not have; cast it before sending")]
pub struct UnsupportedType {
    pub column: String,
    pub found: String,
}

/// The wire schema is not one; [`Schema::check`] says more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field} of the schema has a type or children that do not exist")]
pub struct BrokenSchema {
    pub field: usize,
}

/// Arrow's name for each column.
///
/// # Errors
/// [`BrokenSchema`] for a schema that [`Schema::check`] would refuse.
pub fn to_arrow(schema: &Schema) -> Result<ArrowSchema, BrokenSchema> {
    let fields: Result<Vec<_>, _> = schema.columns.iter().map(|index| arrow_field(schema, *index)).collect();
    Ok(ArrowSchema::new(fields?))
}

fn arrow_field(schema: &Schema, index: u32) -> Result<ArrowField, BrokenSchema> {
    let broken = BrokenSchema { field: index as usize };
    let field = schema.fields.get(index as usize).ok_or_else(|| broken.clone())?;
    // Parents stand before children: anything else could recurse without end.
    if field.children.iter().any(|child| *child <= index) {
        return Err(broken);
    }
    let data_type = field.data_type().ok_or_else(|| broken.clone())?;
    let child = |position: usize| {
        let index = field.children.get(position).ok_or_else(|| broken.clone())?;
        arrow_field(schema, *index)
    };
    let (precision, scale) = (field.precision, i8::try_from(field.scale).map_err(|_| broken.clone())?);
    let arrow_type = match data_type {
        DataType::Boolean => ArrowType::Boolean,
        DataType::Byte => ArrowType::Int8,
        DataType::Short => ArrowType::Int16,
        DataType::Integer => ArrowType::Int32,
        DataType::Long => ArrowType::Int64,
        DataType::Float => ArrowType::Float32,
        DataType::Double => ArrowType::Float64,
        DataType::Decimal if precision <= 9 => ArrowType::Decimal32(precision, scale),
        DataType::Decimal if precision <= 18 => ArrowType::Decimal64(precision, scale),
        DataType::Decimal => ArrowType::Decimal128(precision, scale),
        DataType::Date => ArrowType::Date32,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        DataType::TimestampNtz => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        DataType::String => ArrowType::Utf8,
        DataType::Binary => ArrowType::Binary,
        DataType::Struct => {
            let children: Result<Vec<_>, _> = field.children.iter().map(|child| arrow_field(schema, *child)).collect();
            ArrowType::Struct(children?.into())
        }
        DataType::Array => ArrowType::List(Arc::new(child(0)?)),
        DataType::Map => {
            let entries = Fields::from(vec![child(0)?, child(1)?]);
            ArrowType::Map(Arc::new(ArrowField::new("key_value", ArrowType::Struct(entries), false)), false)
        }
    };
    Ok(ArrowField::new(&field.name, arrow_type, field.nullable == 1))
}

/// The wire schema that means the same as an Arrow schema. Field order, names and nullability stay.
///
/// # Errors
/// [`UnsupportedType`] for the first column that has no wire type.
pub fn from_arrow(arrow: &ArrowSchema) -> Result<Schema, UnsupportedType> {
    let mut schema = Schema::default();
    // All siblings get their places first: columns keep their order and children come after parents.
    schema.columns = place(&mut schema.fields, arrow.fields());
    fill(&mut schema.fields, 0, arrow.fields())?;
    Ok(schema)
}

fn place(fields: &mut Vec<Field>, siblings: &Fields) -> Vec<u32> {
    let first = fields.len() as u32;
    fields.extend(siblings.iter().map(|field| Field::flat(field.name(), DataType::Boolean, field.is_nullable())));
    (first..fields.len() as u32).collect()
}

fn fill(fields: &mut Vec<Field>, first: usize, siblings: &Fields) -> Result<(), UnsupportedType> {
    for (index, sibling) in siblings.iter().enumerate() {
        let unsupported = || UnsupportedType { column: sibling.name().clone(), found: sibling.data_type().to_string() };
        let (data_type, children) = match sibling.data_type() {
            ArrowType::Boolean => (DataType::Boolean, None),
            ArrowType::Int8 => (DataType::Byte, None),
            ArrowType::Int16 | ArrowType::UInt8 => (DataType::Short, None),
            ArrowType::Int32 | ArrowType::UInt16 => (DataType::Integer, None),
            ArrowType::Int64 | ArrowType::UInt32 => (DataType::Long, None),
            ArrowType::Float16 | ArrowType::Float32 => (DataType::Float, None),
            ArrowType::Float64 => (DataType::Double, None),
            ArrowType::Decimal32(precision, scale)
            | ArrowType::Decimal64(precision, scale)
            | ArrowType::Decimal128(precision, scale) => {
                let scale = u8::try_from(*scale).map_err(|_| unsupported())?;
                let field = &mut fields[first + index];
                (field.precision, field.scale) = (*precision, scale);
                (DataType::Decimal, None)
            }
            ArrowType::Date32 | ArrowType::Date64 => (DataType::Date, None),
            ArrowType::Timestamp(_, Some(_)) => (DataType::Timestamp, None),
            ArrowType::Timestamp(_, None) => (DataType::TimestampNtz, None),
            ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => (DataType::String, None),
            ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView | ArrowType::FixedSizeBinary(_) => {
                (DataType::Binary, None)
            }
            ArrowType::Dictionary(_, values) if **values == ArrowType::Utf8 => (DataType::String, None),
            ArrowType::Struct(children) => (DataType::Struct, Some(children.clone())),
            ArrowType::List(element) | ArrowType::LargeList(element) => {
                (DataType::Array, Some(Fields::from(vec![element.clone()])))
            }
            ArrowType::Map(entries, _) => match entries.data_type() {
                ArrowType::Struct(children) => (DataType::Map, Some(children.clone())),
                _ => return Err(unsupported()),
            },
            _ => return Err(unsupported()),
        };
        fields[first + index].data_type = data_type as u8;
        if let Some(children) = children {
            let placed = place(fields, &children);
            let first_child = placed.first().map_or(fields.len(), |first| *first as usize);
            fields[first + index].children = placed;
            fill(fields, first_child, &children)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flat_type_survives_the_round_trip() {
        let fields = crate::schema::DATA_TYPES[..13]
            .iter()
            .enumerate()
            .flat_map(|(index, data_type)| {
                let name = format!("c{index}");
                match data_type {
                    DataType::Decimal => [9, 18, 38]
                        .map(|precision| Field::decimal(format!("d{precision}"), precision, 3, true))
                        .to_vec(),
                    other => vec![Field::flat(name, *other, index % 2 == 0)],
                }
            })
            .collect();
        let schema = Schema::flat(fields);
        assert_eq!(from_arrow(&to_arrow(&schema).unwrap()).unwrap(), schema);
    }

    #[test]
    fn nested_types_survive_the_round_trip() {
        let schema = Schema {
            columns: vec![0, 1, 2],
            fields: vec![
                Field { children: vec![3, 4], ..Field::flat("point", DataType::Struct, true) },
                Field { children: vec![5], ..Field::flat("tags", DataType::Array, false) },
                Field { children: vec![6, 7], ..Field::flat("counts", DataType::Map, true) },
                Field::flat("x", DataType::Double, false),
                Field::flat("y", DataType::Double, false),
                Field::flat("element", DataType::String, true),
                Field::flat("key", DataType::String, false),
                Field::flat("value", DataType::Long, true),
            ],
        };
        assert_eq!(schema.check(), Ok(()));
        assert_eq!(from_arrow(&to_arrow(&schema).unwrap()).unwrap(), schema);
    }

    #[test]
    fn what_delta_has_no_type_for_is_named() {
        let arrow = ArrowSchema::new(vec![ArrowField::new("t", ArrowType::Time64(TimeUnit::Microsecond), true)]);
        assert_eq!(from_arrow(&arrow).unwrap_err().column, "t");
        let loops = Schema {
            columns: vec![0],
            fields: vec![Field { children: vec![0], ..Field::flat("a", DataType::Array, true) }],
        };
        assert_eq!(to_arrow(&loops), Err(BrokenSchema { field: 0 }));
    }
}
