use super::refusal::Refusal;
use super::refuse::refuse;
use serde::{Serialize, Serializer};

/// One byte of a binary value that comes as a sequence of integers.
pub(super) struct ByteSerializer;

impl ByteSerializer {
    fn refused(self, what: &str) -> Refusal {
        Refusal::new(format!("{what} is no byte; send bytes (as serde_bytes does) or integers from 0 to 255"))
    }

    fn byte(self, value: impl TryInto<u8> + Copy + ToString) -> Result<u8, Refusal> {
        value.try_into().map_err(|_| self.refused(&value.to_string()))
    }
}

impl Serializer for ByteSerializer {
    type Ok = u8;
    type Error = Refusal;

    #[inline]
    fn serialize_u8(self, value: u8) -> Result<u8, Refusal> {
        Ok(value)
    }

    fn serialize_i8(self, value: i8) -> Result<u8, Refusal> {
        self.byte(value)
    }

    fn serialize_i16(self, value: i16) -> Result<u8, Refusal> {
        self.byte(value)
    }

    fn serialize_i32(self, value: i32) -> Result<u8, Refusal> {
        self.byte(value)
    }

    fn serialize_i64(self, value: i64) -> Result<u8, Refusal> {
        self.byte(value)
    }

    fn serialize_u16(self, value: u16) -> Result<u8, Refusal> {
        self.byte(value)
    }

    fn serialize_u32(self, value: u32) -> Result<u8, Refusal> {
        self.byte(value)
    }

    fn serialize_u64(self, value: u64) -> Result<u8, Refusal> {
        self.byte(value)
    }

    refuse!(bool floats texts rest);
}
