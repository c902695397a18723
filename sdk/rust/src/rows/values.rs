use super::bytes::Bytes;
use super::column::Column;
use super::decimal::Decimals;
use super::fields::Fields;
use super::text::Text;
use crate::error::{Error, ErrorKind};
use arrow::array::BooleanBufferBuilder;
use arrow::datatypes::{DataType as ArrowType, FieldRef, TimeUnit};
use std::fmt;

/// The buffers of one column.
pub(super) enum Values {
    Boolean(BooleanBufferBuilder),
    Byte(Vec<i8>),
    Short(Vec<i16>),
    Integer(Vec<i32>),
    Long(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Decimal(Decimals),
    /// Days since 1970-01-01.
    Date(Vec<i32>),
    /// Microseconds since 1970-01-01T00:00Z.
    Timestamp(Vec<i64>),
    /// Microseconds since 1970-01-01T00:00 of a clock without zone.
    TimestampNtz(Vec<i64>),
    String(Box<Text>),
    Binary(Bytes),
    Struct(Box<Fields>),
    Array(Array),
    Map(Map),
}

/// Elements of all arrays, end to end.
pub(super) struct Array {
    pub offsets: Vec<i32>,
    pub elements: Box<Column>,
}

/// Entries of all maps, end to end.
pub(super) struct Map {
    pub offsets: Vec<i32>,
    pub keys: Box<Column>,
    pub values: Box<Column>,
}

impl Values {
    /// Empty buffers for a column of the types that the protocol's Arrow schemas have.
    ///
    /// # Errors
    /// Any other type.
    pub(super) fn of(field: &FieldRef) -> Result<Self, Error> {
        let unsupported = || {
            Error::plain(ErrorKind::BatchSchema(format!(
                "column {:?} has the type {}, which rows cannot be stored as; use the table's own schema",
                field.name(),
                field.data_type()
            )))
        };
        Ok(match field.data_type() {
            ArrowType::Boolean => Self::Boolean(BooleanBufferBuilder::new(0)),
            ArrowType::Int8 => Self::Byte(Vec::new()),
            ArrowType::Int16 => Self::Short(Vec::new()),
            ArrowType::Int32 => Self::Integer(Vec::new()),
            ArrowType::Int64 => Self::Long(Vec::new()),
            ArrowType::Float32 => Self::Float(Vec::new()),
            ArrowType::Float64 => Self::Double(Vec::new()),
            ArrowType::Decimal32(precision, scale)
            | ArrowType::Decimal64(precision, scale)
            | ArrowType::Decimal128(precision, scale) => {
                let scale = u8::try_from(*scale).map_err(|_| unsupported())?;
                Self::Decimal(Decimals::new(field.data_type(), *precision, scale).ok_or_else(unsupported)?)
            }
            ArrowType::Date32 => Self::Date(Vec::new()),
            ArrowType::Timestamp(TimeUnit::Microsecond, Some(_)) => Self::Timestamp(Vec::new()),
            ArrowType::Timestamp(TimeUnit::Microsecond, None) => Self::TimestampNtz(Vec::new()),
            ArrowType::Utf8 => Self::String(Box::new(Text::new())),
            ArrowType::Binary => Self::Binary(Bytes::new()),
            ArrowType::Struct(fields) => Self::Struct(Box::new(Fields::new(fields)?)),
            ArrowType::List(element) => {
                Self::Array(Array { offsets: vec![0], elements: Box::new(Column::new(element)?) })
            }
            ArrowType::Map(entries, _) => match entries.data_type() {
                ArrowType::Struct(entries) if entries.len() == 2 => Self::Map(Map {
                    offsets: vec![0],
                    keys: Box::new(Column::new(&entries[0])?),
                    values: Box::new(Column::new(&entries[1])?),
                }),
                _ => return Err(unsupported()),
            },
            _ => return Err(unsupported()),
        })
    }

    /// What a producer would send here.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "send true or false",
            Self::Byte(_) => "send an integer from -128 to 127",
            Self::Short(_) => "send an integer from -32768 to 32767",
            Self::Integer(_) => "send an integer of 32 bits",
            Self::Long(_) => "send an integer of 64 bits",
            Self::Float(_) => "send a number that 32 bits hold exactly, such as an f32",
            Self::Double(_) => "send a number that 64 bits hold exactly",
            Self::Decimal(_) => "send a string such as \"12.34\", or an integer",
            Self::Date(_) => "send a string such as \"2026-01-31\", or days since 1970-01-01",
            Self::Timestamp(_) => {
                "send a string with its offset such as \"2026-01-31T12:00:00Z\", or microseconds since 1970-01-01T00:00Z"
            }
            Self::TimestampNtz(_) => {
                "send a string without offset such as \"2026-01-31T12:00:00\", or microseconds since 1970-01-01T00:00"
            }
            Self::String(_) => "send a string",
            Self::Binary(_) => "send bytes (as serde_bytes does) or a sequence of integers from 0 to 255",
            Self::Struct(_) => "send a struct, or a map with strings as keys",
            Self::Array(_) => "send a sequence",
            Self::Map(_) => "send a map",
        }
    }
}

/// The wire's name of the type.
impl fmt::Display for Values {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Boolean(_) => "boolean",
            Self::Byte(_) => "byte",
            Self::Short(_) => "short",
            Self::Integer(_) => "integer",
            Self::Long(_) => "long",
            Self::Float(_) => "float",
            Self::Double(_) => "double",
            Self::Decimal(decimals) => return write!(out, "decimal({},{})", decimals.precision, decimals.scale),
            Self::Date(_) => "date",
            Self::Timestamp(_) => "timestamp",
            Self::TimestampNtz(_) => "timestamp_ntz",
            Self::String(_) => "string",
            Self::Binary(_) => "binary",
            Self::Struct(_) => "struct",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
        })
    }
}
