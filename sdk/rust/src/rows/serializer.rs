use super::column::Column;
use super::elements::Elements;
use super::entries::{Entries, MapWriter};
use super::fields::FieldsWriter;
use super::refusal::Refusal;
use super::values::Values;
use super::variant::Variant;
use super::written::Written;
use serde::{Serialize, Serializer};

/// Takes one value for one column.
pub(crate) struct ColumnSerializer<'a>(&'a mut Column);

impl<'a> ColumnSerializer<'a> {
    #[inline]
    pub(super) fn new(column: &'a mut Column) -> Self {
        Self(column)
    }

    fn elements(self, what: &str) -> Result<Elements<'a>, Refusal> {
        match self.0 {
            Column { values: Values::Array(array), length, .. } => Ok(Elements::of_array(array, length)),
            Column { values: Values::Binary(bytes), length, .. } => Ok(Elements::of_bytes(bytes, length)),
            other => Err(other.refused(what)),
        }
    }

    #[inline]
    fn entries(self, what: &str) -> Result<Entries<'a>, Refusal> {
        match self.0 {
            Column { values: Values::Struct(fields), length, .. } => {
                Ok(Entries::Fields { writer: FieldsWriter::new(fields, length), named: None })
            }
            Column { values: Values::Map(map), length, .. } => Ok(Entries::Map(MapWriter::new(map, length))),
            other => Err(other.refused(what)),
        }
    }

    /// The column of a struct that is named after an enum variant; the struct's other fields are NULL.
    fn variant(self, variant: &'static str) -> Result<Self, Refusal> {
        match self.0 {
            Column { values: Values::Struct(fields), length, .. } => {
                FieldsWriter::new(fields, length).finish_but(variant).map(Self)
            }
            other => Err(other.refused("an enum variant with a value")),
        }
    }
}

impl<'a> Serializer for ColumnSerializer<'a> {
    type Ok = Written;
    type Error = Refusal;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Variant<Elements<'a>>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Entries<'a>;
    type SerializeStructVariant = Variant<Entries<'a>>;

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<Written, Refusal> {
        self.0.store_boolean(value)
    }

    #[inline]
    fn serialize_i8(self, value: i8) -> Result<Written, Refusal> {
        self.0.store_integer(value.into())
    }

    #[inline]
    fn serialize_i16(self, value: i16) -> Result<Written, Refusal> {
        self.0.store_integer(value.into())
    }

    #[inline]
    fn serialize_i32(self, value: i32) -> Result<Written, Refusal> {
        self.0.store_integer(value.into())
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<Written, Refusal> {
        self.0.store_integer(value)
    }

    fn serialize_i128(self, value: i128) -> Result<Written, Refusal> {
        self.0.store_wide(value)
    }

    #[inline]
    fn serialize_u8(self, value: u8) -> Result<Written, Refusal> {
        self.0.store_integer(value.into())
    }

    #[inline]
    fn serialize_u16(self, value: u16) -> Result<Written, Refusal> {
        self.0.store_integer(value.into())
    }

    #[inline]
    fn serialize_u32(self, value: u32) -> Result<Written, Refusal> {
        self.0.store_integer(value.into())
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<Written, Refusal> {
        match i64::try_from(value) {
            Ok(value) => self.0.store_integer(value),
            Err(_) => self.0.store_wide(value.into()),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<Written, Refusal> {
        match i128::try_from(value) {
            Ok(value) => self.0.store_wide(value),
            Err(_) => Err(Refusal::new(format!("{value} does not fit any column"))),
        }
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<Written, Refusal> {
        self.0.store_float(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<Written, Refusal> {
        self.0.store_double(value)
    }

    fn serialize_char(self, value: char) -> Result<Written, Refusal> {
        self.0.store_text(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<Written, Refusal> {
        self.0.store_text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Written, Refusal> {
        self.0.store_bytes(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<Written, Refusal> {
        self.0.push_null()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Written, Refusal> {
        value.serialize(self)
    }

    /// `()`, which is what JSON's null is.
    fn serialize_unit(self) -> Result<Written, Refusal> {
        self.0.push_null()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Written, Refusal> {
        Err(self.0.refused("a struct without fields"))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Written, Refusal> {
        match &self.0.values {
            Values::String(_) => self.0.store_text(variant),
            _ => Err(self.0.refused("an enum variant")),
        }
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Written, Refusal> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Written, Refusal> {
        value.serialize(self.variant(variant)?).map_err(|refusal| refusal.under(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, Refusal> {
        self.elements("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, Refusal> {
        self.elements("a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'a>, Refusal> {
        self.elements("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Elements<'a>>, Refusal> {
        let inner = self.variant(variant)?.elements("a tuple").map_err(|refusal| refusal.under(variant))?;
        Ok(Variant { inner, name: variant })
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, Refusal> {
        self.entries("a map")
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'a>, Refusal> {
        self.entries("a struct")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Entries<'a>>, Refusal> {
        let inner = self.variant(variant)?.entries("a struct").map_err(|refusal| refusal.under(variant))?;
        Ok(Variant { inner, name: variant })
    }
}
