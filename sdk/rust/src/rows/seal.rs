//! Buffers become Arrow arrays as they are: no row is read again.

use super::column::Column;
use super::decimal::Unscaled;
use super::dictionary::Dictionary;
use super::text::{SealedText, Text, take, take_bytes};
use super::validity::Validity;
use super::values::Values;
use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, BooleanBufferBuilder, DictionaryArray, Int32Array, ListArray, MapArray,
    PrimitiveArray, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Field,
    FieldRef, Fields as ArrowFields, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use std::sync::Arc;

impl Column {
    /// All finished values; the column starts anew, with room for as many.
    ///
    /// # Errors
    /// When the columns below do not have the lengths they should.
    pub(super) fn seal(&mut self) -> Result<ArrayRef, ArrowError> {
        let length = std::mem::take(&mut self.length);
        let nulls = Validity::seal(&mut self.validity, length);
        let data_type = self.field.data_type();
        Ok(match &mut self.values {
            Values::Boolean(bits) => {
                let sealed = std::mem::replace(bits, BooleanBufferBuilder::new(length)).build();
                Arc::new(BooleanArray::new(sealed, nulls))
            }
            Values::Byte(values) => primitive::<Int8Type>(values, nulls, data_type),
            Values::Short(values) => primitive::<Int16Type>(values, nulls, data_type),
            Values::Integer(values) => primitive::<Int32Type>(values, nulls, data_type),
            Values::Long(values) => primitive::<Int64Type>(values, nulls, data_type),
            Values::Float(values) => primitive::<Float32Type>(values, nulls, data_type),
            Values::Double(values) => primitive::<Float64Type>(values, nulls, data_type),
            Values::Decimal(decimals) => match &mut decimals.unscaled {
                Unscaled::Narrow(values) => primitive::<Decimal32Type>(values, nulls, data_type),
                Unscaled::Middle(values) => primitive::<Decimal64Type>(values, nulls, data_type),
                Unscaled::Wide(values) => primitive::<Decimal128Type>(values, nulls, data_type),
            },
            Values::Date(values) => primitive::<Date32Type>(values, nulls, data_type),
            Values::Timestamp(values) | Values::TimestampNtz(values) => {
                primitive::<TimestampMicrosecondType>(values, nulls, data_type)
            }
            Values::String(text) => text_array(text, nulls)?,
            Values::Binary(bytes) => {
                let sealed = take_bytes(bytes);
                Arc::new(BinaryArray::try_new(offset_buffer(sealed.offsets), sealed.bytes.into(), nulls)?)
            }
            Values::Struct(fields) => {
                let (fields, arrays) = seal_all(fields.columns.iter_mut())?;
                Arc::new(StructArray::try_new(fields, arrays, nulls)?)
            }
            Values::Array(array) => {
                let elements = array.elements.seal()?;
                let field = sealed_field(&array.elements.field, &elements);
                Arc::new(ListArray::try_new(field, offset_buffer(take_offsets(&mut array.offsets)), elements, nulls)?)
            }
            Values::Map(map) => {
                let ArrowType::Map(entries_field, ordered) = data_type else {
                    return Err(ArrowError::SchemaError(format!("{data_type} is no map")));
                };
                let (fields, arrays) = seal_all([map.keys.as_mut(), map.values.as_mut()].into_iter())?;
                let entries = StructArray::try_new(fields, arrays, None)?;
                let field = Field::new(entries_field.name(), entries.data_type().clone(), false);
                let offsets = offset_buffer(take_offsets(&mut map.offsets));
                Arc::new(MapArray::try_new(Arc::new(field), offsets, entries, nulls, *ordered)?)
            }
        })
    }
}

/// Columns next to each other, with the types they turned out to have.
pub(super) fn seal_all<'a>(
    columns: impl Iterator<Item = &'a mut Column>,
) -> Result<(ArrowFields, Vec<ArrayRef>), ArrowError> {
    let mut fields = Vec::with_capacity(columns.size_hint().0);
    let mut arrays = Vec::with_capacity(columns.size_hint().0);
    for column in columns {
        let array = column.seal()?;
        fields.push(sealed_field(&column.field, &array));
        arrays.push(array);
    }
    Ok((fields.into(), arrays))
}

fn sealed_field(field: &FieldRef, array: &ArrayRef) -> FieldRef {
    match field.data_type() == array.data_type() {
        true => field.clone(),
        false => Arc::new(field.as_ref().clone().with_data_type(array.data_type().clone())),
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
    data_type: &ArrowType,
) -> ArrayRef {
    let values = ScalarBuffer::from(take(values));
    Arc::new(PrimitiveArray::<T>::new(values, nulls).with_data_type(data_type.clone()))
}

fn text_array(text: &mut Text, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
    Ok(match text.seal() {
        SealedText::Plain(plain) => Arc::new(string_array(plain.offsets, plain.bytes, nulls)),
        SealedText::Interned { keys, dictionary } => {
            let keys = Int32Array::try_new(keys.into(), nulls)?;
            Arc::new(dictionary_array(keys, dictionary))
        }
    })
}

#[expect(unsafe_code, reason = "checking the keys again would read every row a second time")]
fn dictionary_array(keys: Int32Array, dictionary: &mut Dictionary) -> DictionaryArray<Int32Type> {
    let entries = &dictionary.entries;
    let array = dictionary
        .sealed
        .get_or_insert_with(|| Arc::new(string_array(entries.offsets.clone(), entries.bytes.clone(), None)))
        .clone();
    // SAFETY: keys are those that the dictionary gave out; it keeps all its entries until it is cleared, which turns the
    // keys into texts first, and forgets the array whenever it gets another one.
    unsafe { DictionaryArray::new_unchecked(keys, array) }
}

#[expect(unsafe_code, reason = "checking UTF-8 again would read every text a second time")]
fn string_array(offsets: Vec<i32>, bytes: Vec<u8>, nulls: Option<NullBuffer>) -> StringArray {
    // SAFETY: the bytes are whole `&str`s end to end, and offsets lie between them: `Text` is pushed nothing else.
    unsafe { StringArray::new_unchecked(offset_buffer(offsets), bytes.into(), nulls) }
}

#[expect(unsafe_code, reason = "checking the offsets again would read every row a second time")]
fn offset_buffer(offsets: Vec<i32>) -> OffsetBuffer<i32> {
    // SAFETY: offsets begin with 0, each one pushed is the length of a buffer that only grows between two truncations to
    // one of them, and none is beyond what 31 bits hold.
    unsafe { OffsetBuffer::new_unchecked(ScalarBuffer::from(offsets)) }
}

fn take_offsets(offsets: &mut Vec<i32>) -> Vec<i32> {
    let sealed = take(offsets);
    offsets.push(0);
    sealed
}
