use super::column::end_entries;
use super::fields::FieldsWriter;
use super::name::NameSerializer;
use super::refusal::Refusal;
use super::serializer::ColumnSerializer;
use super::values::Map;
use super::written::Written;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct};

/// A struct or map while its entries come: the fields of a struct column, or the entries of a map column.
pub(crate) enum Entries<'a> {
    Fields { writer: FieldsWriter<'a>, named: Option<usize> },
    Map(MapWriter<'a>),
}

/// One value of a map column.
pub(crate) struct MapWriter<'a> {
    map: &'a mut Map,
    length: &'a mut usize,
    /// A key or value was refused; see [`FieldsWriter`].
    broken: bool,
}

impl<'a> MapWriter<'a> {
    pub(super) fn new(map: &'a mut Map, length: &'a mut usize) -> Self {
        Self { map, length, broken: false }
    }

    #[inline]
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        let pushed = key.serialize(ColumnSerializer::new(&mut self.map.keys));
        self.broken |= pushed.is_err();
        pushed.map(|Written { .. }| ()).map_err(|refusal| refusal.under("key"))
    }

    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let pushed = value.serialize(ColumnSerializer::new(&mut self.map.values));
        self.broken |= pushed.is_err();
        pushed.map(|Written { .. }| ()).map_err(|refusal| refusal.under("value"))
    }

    fn finish(self) -> Result<Written, Refusal> {
        if self.broken {
            return Err(Refusal::new("one of its entries was refused, and the error was passed over"));
        }
        if self.map.keys.length != self.map.values.length {
            return Err(Refusal::new("one of its keys came without a value"));
        }
        end_entries(&mut self.map.offsets, self.map.keys.length)?;
        *self.length += 1;
        Ok(Written::one_value())
    }
}

impl SerializeStruct for Entries<'_> {
    type Ok = Written;
    type Error = Refusal;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refusal> {
        match self {
            Self::Fields { writer, .. } => writer.write_static(name, value),
            Self::Map(map) => {
                map.key(name)?;
                map.value(value)
            }
        }
    }

    #[inline]
    fn end(self) -> Result<Written, Refusal> {
        match self {
            Self::Fields { writer, .. } => writer.finish(),
            Self::Map(map) => map.finish(),
        }
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = Written;
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        match self {
            Self::Fields { writer, named } => match key.serialize(NameSerializer(writer)) {
                Ok(place) => {
                    *named = Some(place);
                    Ok(())
                }
                Err(refusal) => writer.break_off(refusal),
            },
            Self::Map(map) => map.key(key),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        match self {
            Self::Fields { writer, named } => match named.take() {
                Some(place) => writer.write_at(place, value),
                None => writer.break_off(Refusal::new("a value came without a key")),
            },
            Self::Map(map) => map.value(value),
        }
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Refusal> {
        match self {
            Self::Fields { writer, .. } => match key.serialize(NameSerializer(writer)) {
                Ok(place) => writer.write_at(place, value),
                Err(refusal) => writer.break_off(refusal),
            },
            Self::Map(map) => {
                map.key(key)?;
                map.value(value)
            }
        }
    }

    fn end(self) -> Result<Written, Refusal> {
        match self {
            Self::Fields { named: Some(_), .. } => Err(Refusal::new("the last key came without a value")),
            Self::Fields { writer, .. } => writer.finish(),
            Self::Map(map) => map.finish(),
        }
    }
}
