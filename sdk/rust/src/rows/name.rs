use super::fields::FieldsWriter;
use super::refusal::Refusal;
use super::refuse::refuse;
use serde::{Serialize, Serializer};

/// Finds the column that a map's key names.
pub(super) struct NameSerializer<'w, 'a>(pub &'w mut FieldsWriter<'a>);

impl NameSerializer<'_, '_> {
    fn refused(self, what: &str) -> Refusal {
        Refusal::new(format!("columns are named by strings, and {what} was given for a name"))
    }
}

impl Serializer for NameSerializer<'_, '_> {
    type Ok = usize;
    type Error = Refusal;

    #[inline]
    fn serialize_str(self, name: &str) -> Result<usize, Refusal> {
        self.0.find(name)
    }

    fn serialize_char(self, name: char) -> Result<usize, Refusal> {
        self.0.find(name.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<usize, Refusal> {
        self.0.find(variant)
    }

    refuse!(bool integers floats rest);
}
