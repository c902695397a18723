//! Which flat columns are written here, and by whom.

use super::codec;
use super::fixed::Fixed;
use super::fixed_column::{self, Converted, FixedValues, Same};
use super::memory::Memory;
use super::texts::ArrayTexts;
use super::{WrittenChunk, boolean_column, key_column, text_column};
use crate::commit::encode::column_writer::ColumnWay;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, BinaryType, DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, Utf8Type,
};
use parquet::basic::{Encoding, Type};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;

/// Writes the chunk of a column's values; `None` when they, or the way, are not among those that are known here.
pub(in crate::commit::encode) fn write(
    column: &ColumnDescPtr,
    way: ColumnWay,
    values: &ArrayRef,
) -> Option<Result<WrittenChunk, ParquetError>> {
    let encoding =
        way.encoding.is_none_or(|encoding| matches!(encoding, Encoding::PLAIN | Encoding::DELTA_BINARY_PACKED));
    if !encoding || !codec::is_known(way.compression) || column.max_rep_level() > 0 || column.max_def_level() > 1 {
        return None;
    }
    Memory::of_thread(|memory| Column { column, way, memory }.write(values))
}

struct Column<'a> {
    column: &'a ColumnDescPtr,
    way: ColumnWay,
    memory: &'a mut Memory,
}

type Written = Option<Result<WrittenChunk, ParquetError>>;

impl Column<'_> {
    fn write(self, array: &ArrayRef) -> Written {
        let nulls = array.logical_nulls();
        if self.column.max_def_level() == 0 && nulls.as_ref().is_some_and(|nulls| nulls.null_count() > 0) {
            let message = format!("a NULL in column {:?}, which has none", self.column.path().string());
            return Some(Err(ParquetError::General(message)));
        }
        match (self.column.physical_type(), array.data_type()) {
            (Type::BOOLEAN, DataType::Boolean) => {
                Some(boolean_column::write(self.column, self.way, array.as_boolean(), self.memory))
            }
            (Type::INT32, _) => self.write_int32(array),
            (Type::INT64, _) => self.write_int64(array),
            (Type::FLOAT, DataType::Float32) => self.write_same::<Float32Type>(array),
            (Type::DOUBLE, DataType::Float64) => self.write_same::<Float64Type>(array),
            (Type::FIXED_LEN_BYTE_ARRAY, DataType::Decimal128(..)) => self.write_same::<Decimal128Type>(array),
            (Type::BYTE_ARRAY, DataType::Utf8) => {
                let texts = ArrayTexts::of(array.as_string::<i32>());
                Some(text_column::write(self.column, self.way, &texts, self.memory))
            }
            (Type::BYTE_ARRAY, DataType::Binary) => {
                let texts = ArrayTexts::of(array.as_binary::<i32>());
                Some(text_column::write(self.column, self.way, &texts, self.memory))
            }
            (Type::BYTE_ARRAY, DataType::Dictionary(keys, _)) if **keys == DataType::Int32 => {
                self.write_keys(array, nulls.as_ref())
            }
            _ => None,
        }
    }

    fn write_int32(self, array: &ArrayRef) -> Written {
        match array.data_type() {
            DataType::Int32 => self.write_same::<Int32Type>(array),
            DataType::Date32 => self.write_same::<Date32Type>(array),
            DataType::Decimal32(..) => self.write_same::<Decimal32Type>(array),
            DataType::Int8 => self.write_as::<Int8Type, i32>(array, i32::from),
            DataType::Int16 => self.write_as::<Int16Type, i32>(array, i32::from),
            // Decimals of few digits: the type says that they fit.
            DataType::Decimal64(..) => self.write_as::<Decimal64Type, i32>(array, |value| value as i32),
            DataType::Decimal128(..) => self.write_as::<Decimal128Type, i32>(array, |value| value as i32),
            _ => None,
        }
    }

    fn write_int64(self, array: &ArrayRef) -> Written {
        match array.data_type() {
            DataType::Int64 => self.write_same::<Int64Type>(array),
            DataType::Timestamp(TimeUnit::Microsecond, _) => self.write_same::<TimestampMicrosecondType>(array),
            DataType::Decimal64(..) => self.write_same::<Decimal64Type>(array),
            DataType::Decimal128(..) => self.write_as::<Decimal128Type, i64>(array, |value| value as i64),
            _ => None,
        }
    }

    fn write_same<A: ArrowPrimitiveType<Native: Fixed>>(self, array: &ArrayRef) -> Written {
        let array = array.as_primitive::<A>();
        self.write_fixed(&Same { values: array.values(), nulls: array.nulls() })
    }

    fn write_as<A: ArrowPrimitiveType, T: Fixed>(self, array: &ArrayRef, convert: impl Fn(A::Native) -> T) -> Written {
        let array = array.as_primitive::<A>();
        self.write_fixed(&Converted { values: array.values(), nulls: array.nulls(), convert })
    }

    fn write_fixed<T: Fixed>(self, values: &impl FixedValues<T>) -> Written {
        Some(fixed_column::write(self.column, self.way, values, self.memory))
    }

    fn write_keys(self, array: &ArrayRef, nulls: Option<&NullBuffer>) -> Written {
        let array = array.as_dictionary::<Int32Type>();
        // The same bits: what is not NULL is not negative.
        let keys = array.keys().values().inner().typed_data::<u32>();
        let values = match array.values().data_type() {
            DataType::Utf8 => ArrayTexts::of(array.values().as_bytes::<Utf8Type>()),
            DataType::Binary => ArrayTexts::of(array.values().as_bytes::<BinaryType>()),
            _ => return None,
        };
        Some(key_column::write(self.column, self.way, keys, nulls, values, self.memory))
    }
}
