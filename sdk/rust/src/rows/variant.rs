use super::elements::Elements;
use super::entries::Entries;
use super::refusal::Refusal;
use super::written::Written;
use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTupleVariant};

/// What an enum variant holds while it comes: the field that is named after the variant, of a struct whose other fields are
/// NULL already.
pub(crate) struct Variant<E> {
    pub inner: E,
    pub name: &'static str,
}

impl SerializeTupleVariant for Variant<Elements<'_>> {
    type Ok = Written;
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.inner.serialize_element(value).map_err(|refusal| refusal.under(self.name))
    }

    fn end(self) -> Result<Written, Refusal> {
        SerializeSeq::end(self.inner).map_err(|refusal| refusal.under(self.name))
    }
}

impl SerializeStructVariant for Variant<Entries<'_>> {
    type Ok = Written;
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refusal> {
        SerializeStruct::serialize_field(&mut self.inner, name, value).map_err(|refusal| refusal.under(self.name))
    }

    fn end(self) -> Result<Written, Refusal> {
        SerializeStruct::end(self.inner).map_err(|refusal| refusal.under(self.name))
    }
}
