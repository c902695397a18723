//! A table's columns: as Delta writes them down, as the wire names them, as row groups hold them.

use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, FieldRef, Fields};
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef as ArrowSchemaRef};
use delta_kernel::schema::{ArrayType, DataType as DeltaType, MapType, PrimitiveType, StructField, StructType};
use lakehead_protocol::arrow_schema::{FIELD_ID_KEY, to_arrow};
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::collections::HashMap;
use std::sync::Arc;

/// Names of what is below arrays and maps, where Delta has none.
const ELEMENT: &str = "element";
const KEY: &str = "key";
const VALUE: &str = "value";

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
    /// The same, every field at every depth with its Parquet field id: its index in `wire` plus one.
    pub arrow: ArrowSchemaRef,
    /// The same as the table's files have it: with other names and ids where the table maps columns.
    pub files: ArrowSchemaRef,
}

/// Columns of a table's schema.
///
/// # Errors
/// [`ColumnError`] for the first column of a type that is not known, and for tables that the wire has no schema for.
pub fn columns_of(table: &StructType) -> Result<Columns, ColumnError> {
    let mut wire = Schema::default();
    let columns: Vec<_> =
        table.fields().map(|field| (field.name.as_str(), field.data_type(), field.nullable)).collect();
    wire.columns = wire_fields(&mut wire, &columns, "")?;
    let broken = |error: &dyn std::fmt::Display| ColumnError { column: String::new(), found: error.to_string() };
    wire.check().map_err(|error| broken(&error))?;
    let arrow = to_arrow(&wire).map_err(|error| broken(&error))?;
    let fields = with_ids(&wire, &wire.columns, arrow.fields());
    let arrow = Arc::new(ArrowSchema::new(fields));
    Ok(Columns { files: arrow.clone(), arrow, wire: Arc::new(wire) })
}

/// Arrow fields of these wire fields with their ids.
fn with_ids(wire: &Schema, siblings: &[u32], fields: &Fields) -> Fields {
    siblings.iter().zip(fields).map(|(index, field)| Arc::new(with_id(wire, *index, field))).collect()
}

fn with_id(wire: &Schema, index: u32, field: &FieldRef) -> ArrowField {
    let children = wire.fields.get(index as usize).map(|field| field.children.as_slice()).unwrap_or_default();
    let data_type = match (field.data_type(), children) {
        (ArrowType::Struct(fields), children) => ArrowType::Struct(with_ids(wire, children, fields)),
        (ArrowType::List(element), [child]) => ArrowType::List(Arc::new(with_id(wire, *child, element))),
        (ArrowType::Map(entries, sorted), children) => {
            let pair = match entries.data_type() {
                ArrowType::Struct(pair) => ArrowType::Struct(with_ids(wire, children, pair)),
                other => other.clone(),
            };
            // The group of key and value is Parquet's alone: it is no field of the table and has no id.
            ArrowType::Map(Arc::new(entries.as_ref().clone().with_data_type(pair)), *sorted)
        }
        (flat, _) => flat.clone(),
    };
    let id = HashMap::from([(FIELD_ID_KEY.to_owned(), (index + 1).to_string())]);
    field.as_ref().clone().with_data_type(data_type).with_metadata(id)
}

/// Appends siblings to `wire`, and what is below them behind; gives their indices. `above` is the path of their parent.
fn wire_fields(wire: &mut Schema, siblings: &[(&str, &DeltaType, bool)], above: &str) -> Result<Vec<u32>, ColumnError> {
    let first = wire.fields.len();
    for (name, data_type, nullable) in siblings {
        let field = wire_field(name, data_type, *nullable);
        let unsupported = || ColumnError { column: format!("{above}{name}"), found: data_type.to_string() };
        wire.fields.push(field.ok_or_else(unsupported)?);
    }
    for (index, (name, data_type, _)) in siblings.iter().enumerate() {
        let below: Vec<(&str, &DeltaType, bool)> = match data_type {
            DeltaType::Struct(fields) => {
                fields.fields().map(|field| (field.name.as_str(), field.data_type(), field.nullable)).collect()
            }
            DeltaType::Array(array) => vec![(ELEMENT, array.element_type(), array.contains_null())],
            DeltaType::Map(map) => {
                vec![(KEY, map.key_type(), false), (VALUE, map.value_type(), map.value_contains_null())]
            }
            _ => continue,
        };
        wire.fields[first + index].children = wire_fields(wire, &below, &format!("{above}{name}."))?;
    }
    Ok((first as u32..(first + siblings.len()) as u32).collect())
}

/// A field whose children are still to come; `None` for types that are not known.
fn wire_field(name: &str, data_type: &DeltaType, nullable: bool) -> Option<Field> {
    let data_type = match data_type {
        DeltaType::Struct(_) => DataType::Struct,
        DeltaType::Array(_) => DataType::Array,
        DeltaType::Map(_) => DataType::Map,
        DeltaType::Primitive(primitive) => match primitive {
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
                return Some(Field::decimal(name, decimal.precision(), decimal.scale(), nullable));
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(Field::flat(name, data_type, nullable))
}

/// The schema of a new table with these columns.
///
/// # Errors
/// [`ColumnError`] for the first column that Delta has no type for, and for names it does not take.
pub fn delta_schema(wire: &Schema) -> Result<StructType, ColumnError> {
    delta_struct(wire, &wire.columns, "")
}

fn delta_struct(wire: &Schema, siblings: &[u32], path: &str) -> Result<StructType, ColumnError> {
    let field = |index: &u32| {
        let (field, data_type) = delta_type(wire, *index)?;
        Ok(StructField::new(&field.name, data_type, field.nullable == 1))
    };
    let fields = siblings.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    StructType::try_new(fields).map_err(|error| ColumnError { column: path.to_owned(), found: error.to_string() })
}

/// A field of the wire's schema and its type in Delta's words. Its children stand behind it, so this ends.
fn delta_type(wire: &Schema, index: u32) -> Result<(&Field, DeltaType), ColumnError> {
    let path = || wire.path(index as usize);
    let unsupported = |found: String| ColumnError { column: path(), found };
    let field = wire.fields.get(index as usize).ok_or_else(|| unsupported(format!("of field {index}")))?;
    let data_type = field.data_type().ok_or_else(|| unsupported(format!("number {}", field.data_type)))?;
    let child = |position: usize| match field.children.get(position) {
        Some(child) if *child > index => delta_type(wire, *child),
        _ => Err(unsupported(format!("{data_type:?} without children"))),
    };
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
        DataType::Struct => delta_struct(wire, &field.children, &path())?.into(),
        DataType::Array => {
            let (element, data_type) = child(0)?;
            ArrayType::new(data_type, element.nullable == 1).into()
        }
        DataType::Map => {
            let ((_, key_type), (value, value_type)) = (child(0)?, child(1)?);
            MapType::new(key_type, value_type, value.nullable == 1).into()
        }
    };
    Ok((field, delta_type))
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
    fn nested_types_survive_the_way_through_the_table_with_an_id_for_each_field() {
        let wire = Schema {
            columns: vec![0, 1],
            fields: vec![
                Field { children: vec![2], ..Field::flat("points", DataType::Array, false) },
                Field { children: vec![5, 6], ..Field::flat("counts", DataType::Map, true) },
                Field { children: vec![3, 4], ..Field::flat("element", DataType::Struct, false) },
                Field::flat("x", DataType::Double, false),
                Field::decimal("d", 12, 2, true),
                Field::flat("key", DataType::String, false),
                Field { children: vec![7], ..Field::flat("value", DataType::Array, true) },
                Field::flat("element", DataType::TimestampNtz, true),
            ],
        };
        let columns = columns_of(&delta_schema(&wire).unwrap()).unwrap();
        assert_eq!(*columns.wire, wire);
        let id = |field: &ArrowField| field.metadata().get(FIELD_ID_KEY).cloned();
        let ArrowType::List(point) = columns.arrow.field(0).data_type() else { panic!("no list") };
        let ArrowType::Struct(fields) = point.data_type() else { panic!("no struct") };
        let ids: Vec<_> = [columns.arrow.field(0), point, &fields[0], &fields[1]].map(id).to_vec();
        assert_eq!(ids, ["1", "3", "4", "5"].map(|id| Some(id.to_owned())));
        let ArrowType::Map(pairs, _) = columns.arrow.field(1).data_type() else { panic!("no map") };
        let ArrowType::Struct(pair) = pairs.data_type() else { panic!("no pairs") };
        let ArrowType::List(element) = pair[1].data_type() else { panic!("no list") };
        let ids: Vec<_> = [columns.arrow.field(1), pairs, &pair[0], &pair[1], element].map(id).to_vec();
        assert_eq!(ids, [Some("2"), None, Some("6"), Some("7"), Some("8")].map(|id| id.map(str::to_owned)));
    }

    #[test]
    fn a_type_that_is_not_known_is_named_by_its_path() {
        let variant = StructField::nullable("v", DeltaType::unshredded_variant());
        let inner = StructType::try_new([variant]).unwrap();
        let array = ArrayType::new(inner, true);
        let table = StructType::try_new([StructField::nullable("a", array)]).unwrap();
        assert_eq!(columns_of(&table).unwrap_err().column, "a.element.v");
    }
}
