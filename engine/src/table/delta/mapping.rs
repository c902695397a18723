//! How a table's files name its columns, when it maps them (`delta.columnMapping.mode`).
//!
//! Such a table gives every field a physical name and an id, which stay when the field is renamed. Files have the physical
//! names and the ids, statistics and the log name columns physically; only the wire and people use the table's own names. A
//! table in `name` mode is read by names, one in `id` mode by ids: files have both in either mode. What is below arrays and
//! maps has no field of its own in a Delta schema: its ids, if the table gives any, stand with the field above, under the
//! path `<physical name>.element`, `.key` or `.value`.

use super::columns::Columns;
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, FieldRef, Fields, Schema as ArrowSchema};
use delta_kernel::schema::{DataType, MetadataValue, StructField, StructType};
use delta_kernel::table_features::ColumnMappingMode;
use lakehead_protocol::arrow_schema::FIELD_ID_KEY;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

const ID: &str = "delta.columnMapping.id";
const NESTED_IDS: &str = "delta.columnMapping.nested.ids";

impl Columns {
    /// The same with the names and ids that files of the table have.
    #[must_use]
    pub fn mapped(mut self, table: &StructType, mode: ColumnMappingMode) -> Self {
        if mode != ColumnMappingMode::None {
            self.files = Arc::new(ArrowSchema::new(fields(table, self.arrow.fields(), mode)));
        }
        self
    }
}

fn fields(table: &StructType, found: &Fields, mode: ColumnMappingMode) -> Fields {
    table.fields().zip(found).map(|(said, field)| Arc::new(of_field(said, field, mode))).collect()
}

fn of_field(said: &StructField, field: &FieldRef, mode: ColumnMappingMode) -> ArrowField {
    let name = said.physical_name(mode).to_owned();
    let id = match said.metadata().get(ID) {
        Some(MetadataValue::Number(id)) => Some(*id),
        _ => None,
    };
    let nested = match said.metadata().get(NESTED_IDS) {
        Some(MetadataValue::Other(Value::Object(ids))) => Some(ids),
        _ => None,
    };
    let below = Below { ids: nested, mode };
    let data_type = below.data_type(said.data_type(), field.data_type(), &name);
    identified(field.as_ref().clone().with_name(name).with_data_type(data_type), id)
}

/// What is below one field, as far as the next struct.
#[derive(Clone, Copy)]
struct Below<'a> {
    ids: Option<&'a Map<String, Value>>,
    mode: ColumnMappingMode,
}

impl Below<'_> {
    fn data_type(self, said: &DataType, found: &ArrowType, path: &str) -> ArrowType {
        match (said, found) {
            (DataType::Struct(said), ArrowType::Struct(found)) => ArrowType::Struct(fields(said, found, self.mode)),
            (DataType::Array(said), ArrowType::List(element)) => {
                ArrowType::List(Arc::new(self.field(said.element_type(), element, &format!("{path}.element"))))
            }
            (DataType::Map(said), ArrowType::Map(entries, sorted)) => {
                let ArrowType::Struct(pair) = entries.data_type() else { return found.clone() };
                let said = [(said.key_type(), "key"), (said.value_type(), "value")];
                let pair = pair.iter().zip(said);
                let pair = pair.map(|(field, (said, end))| self.field(said, field, &format!("{path}.{end}")));
                let pair = ArrowType::Struct(pair.collect());
                ArrowType::Map(Arc::new(entries.as_ref().clone().with_data_type(pair)), *sorted)
            }
            _ => found.clone(),
        }
    }

    fn field(self, said: &DataType, field: &FieldRef, path: &str) -> ArrowField {
        let id = self.ids.and_then(|ids| ids.get(path)).and_then(Value::as_i64);
        identified(field.as_ref().clone().with_data_type(self.data_type(said, field.data_type(), path)), id)
    }
}

/// The field with this id, or without one.
fn identified(field: ArrowField, id: Option<i64>) -> ArrowField {
    field.with_metadata(id.map(|id| (FIELD_ID_KEY.to_owned(), id.to_string())).into_iter().collect::<HashMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::super::columns::columns_of;
    use super::*;
    use delta_kernel::schema::{ArrayType, MapType};

    fn field(name: &str, data_type: impl Into<DataType>, id: i64) -> StructField {
        StructField::nullable(name, data_type).with_metadata([
            (ID, MetadataValue::Number(id)),
            ("delta.columnMapping.physicalName", MetadataValue::String(format!("col-{id}"))),
        ])
    }

    fn schema() -> StructType {
        let point = StructType::try_new([field("x", DataType::DOUBLE, 3), field("y", DataType::DOUBLE, 4)]).unwrap();
        let counts = MapType::new(DataType::STRING, ArrayType::new(DataType::LONG, true), true);
        let nested = serde_json::json!({ "col-5.key": 7, "col-5.value": 8, "col-5.value.element": 9 });
        let counts = field("counts", counts, 5).add_metadata([(NESTED_IDS, MetadataValue::Other(nested))]);
        StructType::try_new([field("points", ArrayType::new(point, false), 1), counts]).unwrap()
    }

    fn told(field: &ArrowField) -> (String, Option<String>) {
        (field.name().clone(), field.metadata().get(FIELD_ID_KEY).cloned())
    }

    fn walk(field: &FieldRef, found: &mut Vec<(String, Option<String>)>) {
        found.push(told(field));
        match field.data_type() {
            ArrowType::Struct(fields) => fields.iter().for_each(|field| walk(field, found)),
            ArrowType::List(below) | ArrowType::Map(below, _) => walk(below, found),
            _ => {}
        }
    }

    #[test]
    fn files_have_physical_names_and_the_tables_ids_at_every_depth() {
        let schema = schema();
        for mode in [ColumnMappingMode::Name, ColumnMappingMode::Id] {
            let columns = columns_of(&schema).unwrap().mapped(&schema, mode);
            let mut found = Vec::new();
            columns.files.fields().iter().for_each(|field| walk(field, &mut found));
            let expected = [
                ("col-1", Some("1")),
                ("element", None),
                ("col-3", Some("3")),
                ("col-4", Some("4")),
                ("col-5", Some("5")),
                ("key_value", None),
                ("key", Some("7")),
                ("value", Some("8")),
                ("element", Some("9")),
            ];
            let names: Vec<_> = found.iter().map(|(name, id)| (name.as_str(), id.as_deref())).collect();
            assert_eq!(names, expected);
            assert_eq!(columns.arrow.field(0).name(), "points");
        }
    }

    #[test]
    fn a_table_that_maps_nothing_has_its_own_names_in_its_files() {
        let schema = schema();
        let columns = columns_of(&schema).unwrap().mapped(&schema, ColumnMappingMode::None);
        assert_eq!(columns.files, columns.arrow);
    }
}
