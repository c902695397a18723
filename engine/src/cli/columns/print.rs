//! Columns as [`super::parse`] reads them.

use super::words::is_bare;
use arrow::datatypes::{DataType, Field, Schema};

/// All columns, as `--columns` takes them.
pub fn columns(schema: &Schema) -> String {
    schema.fields().iter().map(|field| column(field)).collect::<Vec<_>>().join(", ")
}

/// One column.
pub fn column(field: &Field) -> String {
    format!("{} {}", name(field.name()), inner(field))
}

/// A type's name.
pub fn type_name(data_type: &DataType) -> String {
    let flat = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 => "byte",
        DataType::Int16 | DataType::UInt8 => "short",
        DataType::Int32 | DataType::UInt16 => "integer",
        DataType::Int64 | DataType::UInt32 => "long",
        DataType::Float16 | DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => return format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(_, Some(_)) => "timestamp",
        DataType::Timestamp(_, None) => "timestamp_ntz",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "binary",
        DataType::Dictionary(_, values) => return type_name(values),
        DataType::List(element) | DataType::LargeList(element) => return format!("array<{}>", inner(element)),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(both) if both.len() == 2 => {
                return format!("map<{}, {}>", type_name(both[0].data_type()), inner(&both[1]));
            }
            other => return other.to_string(),
        },
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| format!("{}: {}", name(field.name()), inner(field)));
            return format!("struct<{}>", fields.collect::<Vec<_>>().join(", "));
        }
        other => return other.to_string(),
    };
    flat.to_owned()
}

fn inner(field: &Field) -> String {
    format!("{}{}", type_name(field.data_type()), if field.is_nullable() { "" } else { " not null" })
}

fn name(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(is_bare);
    if bare { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}
