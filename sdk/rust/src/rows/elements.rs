use super::byte::ByteSerializer;
use super::bytes::{BYTES_MAX, Bytes};
use super::column::{end_entries, full};
use super::refusal::Refusal;
use super::serializer::ColumnSerializer;
use super::values::Array;
use super::written::Written;
use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeTuple, SerializeTupleStruct};

/// A sequence while its elements come.
pub(crate) struct Elements<'a> {
    target: Target<'a>,
    length: &'a mut usize,
    /// An element was refused; see [`super::fields::FieldsWriter`].
    broken: bool,
}

enum Target<'a> {
    Array(&'a mut Array),
    Bytes(&'a mut Bytes),
}

impl<'a> Elements<'a> {
    pub(super) fn of_array(array: &'a mut Array, length: &'a mut usize) -> Self {
        Self { target: Target::Array(array), length, broken: false }
    }

    pub(super) fn of_bytes(bytes: &'a mut Bytes, length: &'a mut usize) -> Self {
        Self { target: Target::Bytes(bytes), length, broken: false }
    }

    #[inline]
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let pushed = match &mut self.target {
            Target::Array(array) => match value.serialize(ColumnSerializer::new(&mut array.elements)) {
                Ok(Written { .. }) => Ok(()),
                Err(refusal) => Err(refusal.at(array.elements.length - array.offsets[*self.length] as usize)),
            },
            Target::Bytes(bytes) => match value.serialize(ByteSerializer) {
                Ok(_) if bytes.bytes.len() == BYTES_MAX => Err(full()),
                Ok(byte) => {
                    bytes.bytes.push(byte);
                    Ok(())
                }
                Err(refusal) => Err(refusal.at(bytes.bytes.len() - bytes.offsets[*self.length] as usize)),
            },
        };
        self.broken |= pushed.is_err();
        pushed
    }

    fn finish(self) -> Result<Written, Refusal> {
        if self.broken {
            return Err(Refusal::new("one of its elements was refused, and the error was passed over"));
        }
        match self.target {
            Target::Array(array) => end_entries(&mut array.offsets, array.elements.length)?,
            Target::Bytes(bytes) => bytes.end_value(),
        }
        *self.length += 1;
        Ok(Written::one_value())
    }
}

impl SerializeSeq for Elements<'_> {
    type Ok = Written;
    type Error = Refusal;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.push(value)
    }

    fn end(self) -> Result<Written, Refusal> {
        self.finish()
    }
}

impl SerializeTuple for Elements<'_> {
    type Ok = Written;
    type Error = Refusal;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.push(value)
    }

    fn end(self) -> Result<Written, Refusal> {
        self.finish()
    }
}

impl SerializeTupleStruct for Elements<'_> {
    type Ok = Written;
    type Error = Refusal;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.push(value)
    }

    fn end(self) -> Result<Written, Refusal> {
        self.finish()
    }
}
