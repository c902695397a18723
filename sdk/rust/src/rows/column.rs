use super::bytes::{BYTES_MAX, Bytes};
use super::decimal::Unscaled;
use super::refusal::Refusal;
use super::validity::Validity;
use super::values::Values;
use super::written::Written;
use crate::error::Error;
use arrow::datatypes::FieldRef;
use lakehead_protocol::batch::ArchivedColumn;

/// Bytes of a column's own record in an archive, and of what aligns its buffers.
const RECORD_BYTES: usize = size_of::<ArchivedColumn>() + 16;

/// One column under construction, with all columns below it.
///
/// `length` counts finished values. While a value of a nested type is written, or after one that failed, the columns below
/// hold more than it says; [`Column::truncate`] puts that right.
pub(super) struct Column {
    pub field: FieldRef,
    pub length: usize,
    pub validity: Validity,
    pub values: Values,
}

impl Column {
    pub(super) fn new(field: &FieldRef) -> Result<Self, Error> {
        Ok(Self { field: field.clone(), length: 0, validity: Validity::new(), values: Values::of(field)? })
    }

    pub(super) fn name(&self) -> &str {
        self.field.name()
    }

    /// NULL, if the column allows it.
    #[inline]
    pub(super) fn push_null(&mut self) -> Result<Written, Refusal> {
        if !self.field.is_nullable() {
            return Err(Refusal::new(format!("is NULL, which the column does not allow; {}", self.values.hint())));
        }
        self.validity.push_null(self.length);
        Ok(self.push_arbitrary())
    }

    /// NULL for a field that the row does not have.
    #[cold]
    pub(super) fn push_missing(&mut self) -> Result<Written, Refusal> {
        match self.field.is_nullable() {
            true => self.push_null(),
            false => Err(Refusal::new(format!(
                "is missing in the row, and the column does not allow NULL; {}",
                self.values.hint()
            ))
            .under(self.field.name())),
        }
    }

    /// An entry below a NULL, which nobody reads: NULL where that is allowed, otherwise a value that any reader accepts.
    fn push_placeholder(&mut self) {
        if self.field.is_nullable() {
            self.validity.push_null(self.length);
        }
        let _ = self.push_arbitrary();
    }

    fn push_arbitrary(&mut self) -> Written {
        match &mut self.values {
            Values::Boolean(bits) => bits.append(false),
            Values::Byte(values) => values.push(0),
            Values::Short(values) => values.push(0),
            Values::Integer(values) | Values::Date(values) => values.push(0),
            Values::Long(values) | Values::Timestamp(values) | Values::TimestampNtz(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Double(values) => values.push(0.0),
            Values::Decimal(decimals) => decimals.unscaled.push(0),
            Values::String(text) => text.push_empty(),
            Values::Binary(bytes) => bytes.end_value(),
            Values::Struct(fields) => fields.columns.iter_mut().for_each(Self::push_placeholder),
            Values::Array(array) => repeat_last(&mut array.offsets),
            Values::Map(map) => repeat_last(&mut map.offsets),
        }
        self.length += 1;
        Written::one_value()
    }

    /// Forgets everything from entry `length` on, finished or not.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = length;
        self.validity.truncate(length);
        match &mut self.values {
            Values::Boolean(bits) => bits.truncate(length),
            Values::Byte(values) => values.truncate(length),
            Values::Short(values) => values.truncate(length),
            Values::Integer(values) | Values::Date(values) => values.truncate(length),
            Values::Long(values) | Values::Timestamp(values) | Values::TimestampNtz(values) => values.truncate(length),
            Values::Float(values) => values.truncate(length),
            Values::Double(values) => values.truncate(length),
            Values::Decimal(decimals) => decimals.unscaled.truncate(length),
            Values::String(text) => text.truncate(length),
            Values::Binary(bytes) => bytes.truncate(length),
            Values::Struct(fields) => fields.columns.iter_mut().for_each(|column| column.truncate(length)),
            Values::Array(array) => array.elements.truncate(truncate_offsets(&mut array.offsets, length)),
            Values::Map(map) => {
                let entries = truncate_offsets(&mut map.offsets, length);
                map.keys.truncate(entries);
                map.values.truncate(entries);
            }
        }
    }

    /// Bytes of one entry, in eighths, if they are the same for every entry.
    pub(super) fn fixed_bits(&self) -> Option<usize> {
        let bits = match &self.values {
            Values::Boolean(_) => 1,
            Values::Byte(_) => 8,
            Values::Short(_) => 16,
            Values::Integer(_) | Values::Float(_) | Values::Date(_) => 32,
            Values::Long(_) | Values::Double(_) | Values::Timestamp(_) | Values::TimestampNtz(_) => 64,
            Values::Decimal(decimals) => match decimals.unscaled {
                Unscaled::Narrow(_) => 32,
                Unscaled::Middle(_) => 64,
                Unscaled::Wide(_) => 128,
            },
            Values::String(_) | Values::Binary(_) | Values::Struct(_) | Values::Array(_) | Values::Map(_) => {
                return None;
            }
        };
        Some(bits)
    }

    /// About what the column takes encoded.
    pub(super) fn encoded_bytes(&self) -> usize {
        let offsets = |offsets: &Vec<i32>| offsets.len() * size_of::<i32>();
        let values = match &self.values {
            Values::String(text) => text.encoded_bytes(),
            Values::Binary(bytes) => bytes.encoded_bytes(),
            Values::Struct(fields) => fields.columns.iter().map(Self::encoded_bytes).sum(),
            Values::Array(array) => offsets(&array.offsets) + array.elements.encoded_bytes(),
            Values::Map(map) => offsets(&map.offsets) + map.keys.encoded_bytes() + map.values.encoded_bytes(),
            _ => (self.length * self.fixed_bits().unwrap_or(0)).div_ceil(8),
        };
        RECORD_BYTES + self.validity.encoded_bytes(self.length) + values
    }
}

/// Ends a nested value with all entries there are below it.
#[inline]
pub(super) fn end_entries(offsets: &mut Vec<i32>, entries: usize) -> Result<(), Refusal> {
    if entries > BYTES_MAX {
        return Err(Refusal::new(format!("the rows at hand have {entries} entries here, more than a batch can hold")));
    }
    offsets.push(entries as i32);
    Ok(())
}

fn repeat_last(offsets: &mut Vec<i32>) {
    let end = offsets.last().copied().unwrap_or(0);
    offsets.push(end);
}

fn truncate_offsets(offsets: &mut Vec<i32>, length: usize) -> usize {
    offsets.truncate(length + 1);
    offsets.last().map_or(0, |end| *end as usize)
}

/// Appends one value of bytes, unless the column is full.
pub(super) fn push_bytes(bytes: &mut Bytes, value: &[u8]) -> Result<(), Refusal> {
    if bytes.bytes.len() + value.len() > BYTES_MAX {
        return Err(full());
    }
    bytes.push(value);
    Ok(())
}

#[cold]
pub(super) fn full() -> Refusal {
    Refusal::new(format!("the rows at hand have more than {BYTES_MAX} bytes here, more than a batch can hold"))
}
