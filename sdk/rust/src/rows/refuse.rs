//! Serializers that take only a few kinds of values refuse all others in the same words.

/// Implements the named methods of `serde::Serializer` by refusing what they are given, with `self.refused(what)`.
macro_rules! refuse {
    ($($method:ident)*) => { $(crate::rows::refuse::refuse_one!($method);)* };
}

macro_rules! refuse_one {
    (bool) => {
        fn serialize_bool(self, _: bool) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a boolean"))
        }
    };
    (integers) => {
        fn serialize_i8(self, _: i8) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_i16(self, _: i16) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_i32(self, _: i32) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_i64(self, _: i64) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_u8(self, _: u8) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_u16(self, _: u16) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_u32(self, _: u32) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
        fn serialize_u64(self, _: u64) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an integer"))
        }
    };
    (floats) => {
        fn serialize_f32(self, _: f32) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a float"))
        }
        fn serialize_f64(self, _: f64) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a float"))
        }
    };
    (texts) => {
        fn serialize_char(self, _: char) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a string"))
        }
        fn serialize_str(self, _: &str) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a string"))
        }
        fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an enum variant"))
        }
    };
    (rest) => {
        type SerializeSeq = serde::ser::Impossible<Self::Ok, Refusal>;
        type SerializeTuple = serde::ser::Impossible<Self::Ok, Refusal>;
        type SerializeTupleStruct = serde::ser::Impossible<Self::Ok, Refusal>;
        type SerializeTupleVariant = serde::ser::Impossible<Self::Ok, Refusal>;
        type SerializeMap = serde::ser::Impossible<Self::Ok, Refusal>;
        type SerializeStruct = serde::ser::Impossible<Self::Ok, Refusal>;
        type SerializeStructVariant = serde::ser::Impossible<Self::Ok, Refusal>;

        fn serialize_bytes(self, _: &[u8]) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a byte string"))
        }
        fn serialize_none(self) -> Result<Self::Ok, Refusal> {
            Err(self.refused("NULL"))
        }
        fn serialize_unit(self) -> Result<Self::Ok, Refusal> {
            Err(self.refused("NULL"))
        }
        fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, Refusal> {
            Err(self.refused("a struct without fields"))
        }
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Refusal> {
            value.serialize(self)
        }
        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<Self::Ok, Refusal> {
            value.serialize(self)
        }
        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Refusal> {
            Err(self.refused("an enum variant with a value"))
        }
        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Refusal> {
            Err(self.refused("a sequence"))
        }
        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Refusal> {
            Err(self.refused("a tuple"))
        }
        fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Refusal> {
            Err(self.refused("a tuple"))
        }
        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Refusal> {
            Err(self.refused("an enum variant with values"))
        }
        fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Refusal> {
            Err(self.refused("a map"))
        }
        fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Refusal> {
            Err(self.refused("a struct"))
        }
        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Refusal> {
            Err(self.refused("an enum variant with fields"))
        }
    };
}

pub(super) use {refuse, refuse_one};
