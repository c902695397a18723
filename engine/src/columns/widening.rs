//! Values that come narrower than the table has them.
//!
//! Each value becomes the same one in the table's type: integers a longer integer or a double that holds them exactly, floats a
//! double, decimals one with at least as many digits on both sides of the point. A batch's values are widened in one pass without
//! a look at each; what stands where there is NULL is arbitrary before and after.

use arrow::buffer::MutableBuffer;
use lakehead_protocol::schema::{DataType, Field};
use std::ops::Range;

/// How numbers of fixed width become wider ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widening {
    from: Number,
    to: Number,
    /// What unscaled decimals are multiplied with.
    factor: i128,
}

/// How a value stands in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Integer1,
    Integer2,
    Integer4,
    Integer8,
    Integer16,
    Float4,
    Float8,
}

impl Number {
    fn bytes(self) -> usize {
        match self {
            Self::Integer1 => 1,
            Self::Integer2 => 2,
            Self::Integer4 | Self::Float4 => 4,
            Self::Integer8 | Self::Float8 => 8,
            Self::Integer16 => 16,
        }
    }

    fn of_decimal(field: &Field) -> Option<Self> {
        match field.value_bytes()? {
            4 => Some(Self::Integer4),
            8 => Some(Self::Integer8),
            _ => Some(Self::Integer16),
        }
    }
}

impl Widening {
    /// How values of `field` become values of `column`; `None` when some have no equal there, or nothing is to be done.
    pub fn between(field: &Field, column: &Field) -> Option<Self> {
        use DataType::{Byte, Decimal, Double, Float, Integer, Long, Short};
        let (from, to) = match (field.data_type()?, column.data_type()?) {
            (Byte, Short) => (Number::Integer1, Number::Integer2),
            (Byte, Integer) => (Number::Integer1, Number::Integer4),
            (Byte, Long) => (Number::Integer1, Number::Integer8),
            (Short, Integer) => (Number::Integer2, Number::Integer4),
            (Short, Long) => (Number::Integer2, Number::Integer8),
            (Integer, Long) => (Number::Integer4, Number::Integer8),
            (Byte, Double) => (Number::Integer1, Number::Float8),
            (Short, Double) => (Number::Integer2, Number::Float8),
            (Integer, Double) => (Number::Integer4, Number::Float8),
            (Float, Double) => (Number::Float4, Number::Float8),
            (Decimal, Decimal) => return Self::of_decimals(field, column),
            _ => return None,
        };
        Some(Self { from, to, factor: 1 })
    }

    fn of_decimals(field: &Field, column: &Field) -> Option<Self> {
        let behind = column.scale.checked_sub(field.scale)?;
        let before = (column.precision - column.scale).checked_sub(field.precision - field.scale)?;
        if behind == 0 && before == 0 {
            return None;
        }
        let factor = 10i128.checked_pow(behind.into())?;
        Some(Self { from: Number::of_decimal(field)?, to: Number::of_decimal(column)?, factor })
    }

    /// Bytes that a value takes more than it came with.
    pub fn growth_bytes(self) -> usize {
        self.to.bytes() - self.from.bytes()
    }

    /// Appends these rows of a batch's values, widened.
    pub fn append(self, values: &[u8], rows: Range<usize>, out: &mut MutableBuffer) {
        use Number::{Float4, Float8, Integer1, Integer2, Integer4, Integer8, Integer16};
        let values = &values[rows.start * self.from.bytes()..rows.end * self.from.bytes()];
        let factor = self.factor;
        match (self.from, self.to) {
            (Integer1, Integer2) => each(values, out, |value| i16::from(i8::from_le_bytes(value)).to_le_bytes()),
            (Integer1, Integer4) => each(values, out, |value| i32::from(i8::from_le_bytes(value)).to_le_bytes()),
            (Integer1, Integer8) => each(values, out, |value| i64::from(i8::from_le_bytes(value)).to_le_bytes()),
            (Integer2, Integer4) => each(values, out, |value| i32::from(i16::from_le_bytes(value)).to_le_bytes()),
            (Integer2, Integer8) => each(values, out, |value| i64::from(i16::from_le_bytes(value)).to_le_bytes()),
            (Integer1, Float8) => each(values, out, |value| f64::from(i8::from_le_bytes(value)).to_le_bytes()),
            (Integer2, Float8) => each(values, out, |value| f64::from(i16::from_le_bytes(value)).to_le_bytes()),
            (Integer4, Float8) => each(values, out, |value| f64::from(i32::from_le_bytes(value)).to_le_bytes()),
            (Float4, Float8) => each(values, out, |value| f64::from(f32::from_le_bytes(value)).to_le_bytes()),
            (Integer4, Integer4) => {
                // A factor that is needed fits: the product of it and any value has the column's digits.
                let factor = factor as i32;
                each(values, out, |value| i32::from_le_bytes(value).wrapping_mul(factor).to_le_bytes());
            }
            (Integer4, Integer8) => {
                let factor = factor as i64;
                each(values, out, |value| i64::from(i32::from_le_bytes(value)).wrapping_mul(factor).to_le_bytes());
            }
            (Integer8, Integer8) => {
                let factor = factor as i64;
                each(values, out, |value| i64::from_le_bytes(value).wrapping_mul(factor).to_le_bytes());
            }
            (Integer4, Integer16) => {
                each(values, out, |value| i128::from(i32::from_le_bytes(value)).wrapping_mul(factor).to_le_bytes());
            }
            (Integer8, Integer16) => {
                each(values, out, |value| i128::from(i64::from_le_bytes(value)).wrapping_mul(factor).to_le_bytes());
            }
            (Integer16, Integer16) => {
                each(values, out, |value| i128::from_le_bytes(value).wrapping_mul(factor).to_le_bytes());
            }
            // No other pair is made above.
            _ => out.extend_zeros(values.len() / self.from.bytes() * self.to.bytes()),
        }
    }
}

fn each<const FROM: usize, const TO: usize>(
    values: &[u8],
    out: &mut MutableBuffer,
    wide: impl Fn([u8; FROM]) -> [u8; TO],
) {
    let (values, _) = values.as_chunks::<FROM>();
    let start = out.len();
    out.resize(start + values.len() * TO, 0);
    let (wider, _) = out.as_slice_mut()[start..].as_chunks_mut::<TO>();
    wider.iter_mut().zip(values).for_each(|(wider, value)| *wider = wide(*value));
}
