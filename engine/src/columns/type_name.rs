//! Types in words.

use lakehead_protocol::schema::{DataType, Field, Schema};

/// The type of a field of `schema` in words: `struct<x: long, tag: string>`, `map<string, double>`.
pub fn type_name(schema: &Schema, field: &Field) -> String {
    let child = |index: &u32| schema.fields.get(*index as usize);
    let names = || field.children.iter().filter_map(child).map(|child| type_name(schema, child)).collect::<Vec<_>>();
    match field.data_type() {
        Some(DataType::Decimal) => format!("decimal({},{})", field.precision, field.scale),
        Some(DataType::TimestampNtz) => "timestamp_ntz".to_owned(),
        Some(DataType::Struct) => {
            let fields = field.children.iter().filter_map(child).zip(names());
            let fields: Vec<_> = fields.map(|(child, name)| format!("{}: {name}", child.name)).collect();
            format!("struct<{}>", fields.join(", "))
        }
        Some(nested @ (DataType::Array | DataType::Map)) => {
            format!("{}<{}>", format!("{nested:?}").to_lowercase(), names().join(", "))
        }
        Some(data_type) => format!("{data_type:?}").to_lowercase(),
        None => format!("type {}", field.data_type),
    }
}
