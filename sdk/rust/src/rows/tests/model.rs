//! Random schemas, random rows of them, and rows read back from columns: what columns under construction are held against.

use super::{list, map, structure};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Field, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use rand::Rng;
use rand::rngs::StdRng;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    Null,
    /// A field that the row leaves out.
    Absent,
    /// What no column takes.
    Bad,
    Boolean(bool),
    Integer(i64),
    Float(u32),
    Double(u64),
    Decimal(i128, i8),
    Text(String),
    Bytes(Vec<u8>),
    Struct(Vec<(String, Datum)>),
    Array(Vec<Datum>),
    Map(Vec<(Datum, Datum)>),
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::Absent => serializer.serialize_none(),
            Self::Bad => serializer.serialize_unit_struct("Bad"),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => match i16::try_from(*value) {
                Ok(value) => Some(value).serialize(serializer),
                Err(_) => value.serialize(serializer),
            },
            Self::Float(bits) => serializer.serialize_f32(f32::from_bits(*bits)),
            Self::Double(bits) => serializer.serialize_f64(f64::from_bits(*bits)),
            Self::Decimal(unscaled, 0) => serializer.serialize_i128(*unscaled),
            Self::Decimal(unscaled, scale) => serializer.serialize_str(&format!("{unscaled}e-{scale}")),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) if bytes.len() % 2 == 0 => serializer.collect_seq(bytes),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Struct(fields) => {
                let mut fields_out = serializer.serialize_map(None)?;
                for (name, value) in fields.iter().filter(|(_, value)| *value != Self::Absent) {
                    fields_out.serialize_entry(name, value)?;
                }
                fields_out.end()
            }
            Self::Array(elements) => {
                let mut out = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    out.serialize_element(element)?;
                }
                out.end()
            }
            Self::Map(entries) => {
                let mut out = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    out.serialize_key(key)?;
                    out.serialize_value(value)?;
                }
                out.end()
            }
        }
    }
}

impl Datum {
    /// What a reader of the columns finds: fields left out are NULL, and fields stand in the schema's order.
    pub fn normal(&self, data_type: &DataType) -> Self {
        match (self, data_type) {
            (Self::Absent, _) => Self::Null,
            (Self::Struct(values), DataType::Struct(fields)) => {
                let field = |field: &Field| {
                    let value = values.iter().find(|(name, _)| name == field.name());
                    let value = value.map_or(Self::Null, |(_, value)| value.normal(field.data_type()));
                    (field.name().clone(), value)
                };
                Self::Struct(fields.iter().map(|found| field(found)).collect())
            }
            (Self::Array(elements), DataType::List(field)) => {
                Self::Array(elements.iter().map(|element| element.normal(field.data_type())).collect())
            }
            (Self::Map(entries), DataType::Map(field, _)) => {
                let DataType::Struct(fields) = field.data_type() else { panic!("{field}") };
                let entry = |(key, value): &(Self, Self)| {
                    (key.normal(fields[0].data_type()), value.normal(fields[1].data_type()))
                };
                Self::Map(entries.iter().map(entry).collect())
            }
            _ => self.clone(),
        }
    }

    /// Puts something that cannot be stored somewhere into the value.
    pub fn spoil(&mut self, random: &mut StdRng) {
        let inside = random.random_bool(0.8);
        match self {
            Self::Struct(fields) if inside && !fields.is_empty() => {
                let at = random.random_range(0..fields.len());
                fields[at].1.spoil(random);
            }
            Self::Array(elements) if inside && !elements.is_empty() => {
                let at = random.random_range(0..elements.len());
                elements[at].spoil(random);
            }
            Self::Map(entries) if inside && !entries.is_empty() => {
                let at = random.random_range(0..entries.len());
                entries[at].1.spoil(random);
            }
            _ => *self = Self::Bad,
        }
    }
}

pub fn random_type(random: &mut StdRng, depth: usize) -> DataType {
    let precision: u8 = random.random_range(1..=38);
    let scale = random.random_range(0..=precision) as i8;
    match random.random_range(0..if depth == 0 { 15 } else { 20 }) {
        0 => DataType::Boolean,
        1 => DataType::Int8,
        2 => DataType::Int16,
        3 => DataType::Int32,
        4 => DataType::Int64,
        5 => DataType::Float32,
        6 => DataType::Float64,
        7 | 8 if precision <= 9 => DataType::Decimal32(precision, scale),
        7 | 8 if precision <= 18 => DataType::Decimal64(precision, scale),
        7 | 8 => DataType::Decimal128(precision, scale),
        9 => DataType::Date32,
        10 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        11 => DataType::Timestamp(TimeUnit::Microsecond, None),
        12 | 13 => DataType::Utf8,
        14 => DataType::Binary,
        15..=17 => structure(random_fields(random, depth - 1)),
        18 => list(random_type(random, depth - 1), random.random()),
        _ => map(random_type(random, 0), random_type(random, depth - 1)),
    }
}

pub fn random_fields(random: &mut StdRng, depth: usize) -> Vec<Field> {
    let count = random.random_range(1..6);
    (0..count)
        .map(|index| {
            let data_type = random_type(random, depth);
            Field::new(format!("f{index}"), data_type, random.random())
        })
        .collect()
}

pub fn random_row(random: &mut StdRng, fields: &[Field]) -> Datum {
    let mut values: Vec<_> = fields
        .iter()
        .map(|field| {
            let value = random_datum(random, field.data_type(), field.is_nullable());
            let absent = value == Datum::Null && random.random();
            (field.name().clone(), if absent { Datum::Absent } else { value })
        })
        .collect();
    if random.random_bool(0.2) {
        values.rotate_left(1);
    }
    Datum::Struct(values)
}

fn random_datum(random: &mut StdRng, data_type: &DataType, nullable: bool) -> Datum {
    if nullable && random.random_bool(0.25) {
        return Datum::Null;
    }
    let count = random.random_range(0..4);
    match data_type {
        DataType::Boolean => Datum::Boolean(random.random()),
        DataType::Int8 => Datum::Integer(random.random::<i8>().into()),
        DataType::Int16 => Datum::Integer(random.random::<i16>().into()),
        DataType::Int32 | DataType::Date32 => Datum::Integer(random.random::<i32>().into()),
        DataType::Int64 | DataType::Timestamp(..) => Datum::Integer(random.random()),
        DataType::Float32 => Datum::Float(random.random()),
        DataType::Float64 => Datum::Double(random.random()),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            Datum::Decimal(random.random::<i128>() % 10i128.pow((*precision).into()), *scale)
        }
        DataType::Utf8 => {
            let distinct = if random.random() { 3 } else { 1_000_000 };
            let number = random.random_range(0..distinct);
            Datum::Text(if number == 0 { String::new() } else { format!("zürich {number}") })
        }
        DataType::Binary => Datum::Bytes((0..count).map(|_| random.random()).collect()),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| field.as_ref().clone()).collect();
            random_row(random, &fields)
        }
        DataType::List(field) => {
            Datum::Array((0..count).map(|_| random_datum(random, field.data_type(), field.is_nullable())).collect())
        }
        DataType::Map(field, _) => {
            let DataType::Struct(fields) = field.data_type() else { panic!("{field}") };
            let datum =
                |random: &mut StdRng, field: &Field| random_datum(random, field.data_type(), field.is_nullable());
            Datum::Map((0..count).map(|_| (datum(random, &fields[0]), datum(random, &fields[1]))).collect())
        }
        other => panic!("{other}"),
    }
}

/// Entry `row` of any array that sealing makes.
pub fn read(array: &dyn Array, row: usize) -> Datum {
    if array.is_null(row) {
        return Datum::Null;
    }
    let all = |array: &dyn Array| -> Vec<Datum> { (0..array.len()).map(|row| read(array, row)).collect() };
    match array.data_type() {
        DataType::Boolean => Datum::Boolean(array.as_boolean().value(row)),
        DataType::Int8 => Datum::Integer(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Datum::Integer(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Datum::Integer(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Datum::Integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::Date32 => Datum::Integer(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Timestamp(..) => Datum::Integer(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        DataType::Float32 => Datum::Float(array.as_primitive::<Float32Type>().value(row).to_bits()),
        DataType::Float64 => Datum::Double(array.as_primitive::<Float64Type>().value(row).to_bits()),
        DataType::Decimal32(_, scale) => {
            Datum::Decimal(array.as_primitive::<Decimal32Type>().value(row).into(), *scale)
        }
        DataType::Decimal64(_, scale) => {
            Datum::Decimal(array.as_primitive::<Decimal64Type>().value(row).into(), *scale)
        }
        DataType::Decimal128(_, scale) => Datum::Decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
        DataType::Utf8 => Datum::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary::<Int32Type>();
            read(dictionary.values(), dictionary.keys().value(row) as usize)
        }
        DataType::Binary => Datum::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter();
            Datum::Struct(
                fields.iter().zip(columns).map(|(field, column)| (field.name().clone(), read(column, row))).collect(),
            )
        }
        DataType::List(_) => Datum::Array(all(&array.as_list::<i32>().value(row))),
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            Datum::Map(all(entries.column(0)).into_iter().zip(all(entries.column(1))).collect())
        }
        other => panic!("{other}"),
    }
}
