//! JSON values into columns, exactly or not at all.
//!
//! Arrow's own readers of numbers cut what a column cannot hold (1.5 becomes 1, 1.239 becomes 1.24). These refuse it, and say
//! what was expected. Numbers may stand in strings, as many writers have them; NaN and the infinities have to.

use super::exact_number::unscaled;
use super::value::type_name;
use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, ArrowPrimitiveType, BinaryBuilder, PrimitiveBuilder};
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::datatypes::{
    DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, FieldRef, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::reader::{ArrayDecoder, DecoderContext, DecoderFactory, Tape, TapeElement};
use std::sync::Arc;

/// Makes the decoders of this file where there is one for the type.
#[derive(Debug)]
pub struct ExactDecoders;

impl DecoderFactory for ExactDecoders {
    fn make_default_decoder(
        &self,
        _context: &DecoderContext,
        field: &FieldRef,
        _is_nullable: bool,
    ) -> Result<Option<Box<dyn ArrayDecoder>>, ArrowError> {
        let data_type = field.data_type();
        Ok(Some(match data_type {
            DataType::Int8 => whole::<Int8Type>(data_type),
            DataType::Int16 => whole::<Int16Type>(data_type),
            DataType::Int32 => whole::<Int32Type>(data_type),
            DataType::Int64 => whole::<Int64Type>(data_type),
            DataType::Float32 => exact::<Float32Type>(data_type, Form::Number, |text, is_number| {
                text.trim().parse::<f32>().ok().filter(|value| value.is_finite() || !is_number)
            }),
            DataType::Float64 => exact::<Float64Type>(data_type, Form::Number, |text, is_number| {
                text.trim().parse::<f64>().ok().filter(|value| value.is_finite() || !is_number)
            }),
            DataType::Decimal32(precision, scale) => decimal::<Decimal32Type>(data_type, *precision, *scale),
            DataType::Decimal64(precision, scale) => decimal::<Decimal64Type>(data_type, *precision, *scale),
            DataType::Decimal128(precision, scale) => decimal::<Decimal128Type>(data_type, *precision, *scale),
            DataType::Date32 => exact::<Date32Type>(data_type, Form::Text, |text, _| Date32Type::parse(text)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let utc: Tz = "+00:00".parse()?;
                exact::<TimestampMicrosecondType>(data_type, Form::Text, move |text, _| {
                    string_to_datetime(&utc, text).ok().map(|moment| moment.timestamp_micros())
                })
            }
            DataType::Binary => Box::new(Hexadecimal),
            _ => return Ok(None),
        }))
    }
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A number, or a string that holds one.
    Number,
    /// A string.
    Text,
}

/// Reads a value's text; the second argument tells whether it stood without quotes.
type Read<T> = Box<dyn Fn(&str, bool) -> Option<<T as ArrowPrimitiveType>::Native> + Send>;

struct Exact<T: ArrowPrimitiveType> {
    data_type: DataType,
    form: Form,
    read: Read<T>,
}

fn exact<T: ArrowPrimitiveType>(
    data_type: &DataType,
    form: Form,
    read: impl Fn(&str, bool) -> Option<T::Native> + Send + 'static,
) -> Box<dyn ArrayDecoder> {
    Box::new(Exact::<T> { data_type: data_type.clone(), form, read: Box::new(read) })
}

fn whole<T: ArrowPrimitiveType>(data_type: &DataType) -> Box<dyn ArrayDecoder>
where
    T::Native: TryFrom<i128> + std::str::FromStr,
{
    const DIGITS_MAX: u8 = 19;
    exact::<T>(data_type, Form::Number, |text, _| {
        let plain = text.parse().ok();
        // 3.0 and 1e3 are whole numbers too.
        plain.or_else(|| unscaled(text, DIGITS_MAX, 0).and_then(|value| T::Native::try_from(value).ok()))
    })
}

fn decimal<T: ArrowPrimitiveType>(data_type: &DataType, precision: u8, scale: i8) -> Box<dyn ArrayDecoder>
where
    T::Native: TryFrom<i128>,
{
    exact::<T>(data_type, Form::Number, move |text, _| T::Native::try_from(unscaled(text, precision, scale)?).ok())
}

impl<T: ArrowPrimitiveType> ArrayDecoder for Exact<T> {
    fn decode(&mut self, tape: &Tape<'_>, places: &[u32]) -> Result<ArrayRef, ArrowError> {
        let mut values = PrimitiveBuilder::<T>::with_capacity(places.len()).with_data_type(self.data_type.clone());
        for place in places {
            let (text, is_number) = match tape.get(*place) {
                TapeElement::Null => {
                    values.append_null();
                    continue;
                }
                TapeElement::String(index) => (tape.get_string(index), false),
                TapeElement::Number(index) if self.form == Form::Number => (tape.get_string(index), true),
                _ => return Err(tape.error(*place, &type_name(&self.data_type))),
            };
            match (self.read)(text, is_number) {
                Some(value) => values.append_value(value),
                None => return Err(not_a(text, &self.data_type)),
            }
        }
        Ok(Arc::new(values.finish()))
    }
}

/// Bytes as hexadecimal digits.
struct Hexadecimal;

impl ArrayDecoder for Hexadecimal {
    fn decode(&mut self, tape: &Tape<'_>, places: &[u32]) -> Result<ArrayRef, ArrowError> {
        let mut values = BinaryBuilder::new();
        for place in places {
            match tape.get(*place) {
                TapeElement::Null => values.append_null(),
                TapeElement::String(index) => {
                    let text = tape.get_string(index);
                    values.append_value(bytes_of(text).ok_or_else(|| not_a(text, &DataType::Binary))?);
                }
                _ => return Err(tape.error(*place, "binary (a string of hexadecimal digits)")),
            }
        }
        Ok(Arc::new(values.finish()))
    }
}

fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = hexadecimal.as_bytes().as_chunks::<2>();
    rest.is_empty().then_some(())?;
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

fn not_a(text: &str, data_type: &DataType) -> ArrowError {
    let expected = match data_type {
        DataType::Binary => "binary: an even number of hexadecimal digits".to_owned(),
        other => type_name(other),
    };
    ArrowError::JsonError(format!("{text:?} is not a {expected}"))
}
