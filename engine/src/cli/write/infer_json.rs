//! What NDJSON columns hold, judged by all lines that were looked at.
//!
//! Objects are structs and arrays are arrays. Among flat values the rules of [`super::infer`] hold: strings that are all
//! dates or timestamps are such, any mixture is text. Whole numbers that no long holds are text.

use super::chunks::Chunk;
use super::infer::Kind;
use super::text_format::Inference;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// Looks at objects.
#[derive(Debug, Default)]
pub struct JsonInference {
    row: Node,
}

/// What was seen at one place.
#[derive(Debug, Default)]
enum Node {
    /// Nothing but NULL.
    #[default]
    Unknown,
    Flat(Kind),
    Array(Box<Node>),
    Object(Vec<(String, Node)>),
}

impl Inference for JsonInference {
    fn take(&mut self, chunk: &Chunk) -> Result<(), String> {
        for (line, bytes) in chunk.each() {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            let looked = Look { node: &mut self.row, path: "" }.deserialize(&mut json).and_then(|()| json.end());
            looked.map_err(|error| format!("line {line}: {error}"))?;
            if !matches!(self.row, Node::Object(_)) {
                return Err(format!(
                    "line {line}: this is not a JSON object; put one on each line (`jq -c` does that)"
                ));
            }
        }
        Ok(())
    }

    fn schema(&self) -> Result<Schema, String> {
        match &self.row {
            Node::Object(members) if !members.is_empty() => Ok(Schema::new(fields(members, "")?)),
            _ => {
                Err("there is no row from which columns could be inferred; make the table with `lakehead table create`"
                    .into())
            }
        }
    }
}

fn fields(members: &[(String, Node)], path: &str) -> Result<Fields, String> {
    members.iter().map(|(name, node)| Ok(Field::new(name, node.data_type(&join(path, name))?, true))).collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Node {
    fn data_type(&self, path: &str) -> Result<DataType, String> {
        Ok(match self {
            Self::Unknown => DataType::Utf8,
            Self::Flat(kind) => kind.data_type(),
            Self::Array(element) => DataType::List(Arc::new(Field::new("element", element.data_type(path)?, true))),
            Self::Object(members) if members.is_empty() => {
                return Err(format!(
                    "column {path:?} holds only empty objects, so its type is unknown; make the table with `lakehead \
                     table create`"
                ));
            }
            Self::Object(members) => DataType::Struct(fields(members, path)?),
        })
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "nothing",
            Self::Flat(_) => "a plain value",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Looks at the value that comes, for a node.
struct Look<'a> {
    node: &'a mut Node,
    path: &'a str,
}

impl Look<'_> {
    fn flat<E: Error>(self, kind: Kind) -> Result<(), E> {
        let joined = match &*self.node {
            Node::Unknown => kind,
            Node::Flat(before) => before.join(kind),
            other => return Err(self.conflict(other.word(), "a plain value")),
        };
        *self.node = Node::Flat(joined);
        Ok(())
    }

    fn conflict<E: Error>(&self, before: &str, now: &str) -> E {
        E::custom(format!(
            "column {:?} holds {now} here and {before} in another line; make the table with the type that you want \
             (`lakehead table create`)",
            self.path
        ))
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Doubles from here to where writers begin to use exponents are whole numbers that no long holds.
const WHOLE_MIN: f64 = 9_223_372_036_854_775_808.0;
const WHOLE_MAX: f64 = 1e21;

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _value: bool) -> Result<(), E> {
        self.flat(Kind::Boolean)
    }

    fn visit_i64<E: Error>(self, _value: i64) -> Result<(), E> {
        self.flat(Kind::Long)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.flat(if i64::try_from(value).is_ok() { Kind::Long } else { Kind::String })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let is_whole = (WHOLE_MIN..WHOLE_MAX).contains(&value.abs());
        self.flat(if is_whole { Kind::String } else { Kind::Double })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.flat(Kind::of_text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        if matches!(self.node, Node::Unknown) {
            *self.node = Node::Array(Box::default());
        }
        let path = format!("{}[]", self.path);
        match &mut *self.node {
            Node::Array(element) => {
                while values.next_element_seed(Look { node: element, path: &path })?.is_some() {}
                Ok(())
            }
            other => {
                let before = other.word();
                Err(self.conflict(before, "an array"))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        if matches!(self.node, Node::Unknown) {
            *self.node = Node::Object(Vec::new());
        }
        match &mut *self.node {
            Node::Object(known) => {
                // Members mostly come in the same order.
                let mut expected = 0;
                while let Some(name) = members.next_key::<std::borrow::Cow<'de, str>>()? {
                    let in_place = known.get(expected).is_some_and(|(known, _)| *known == name);
                    let found =
                        if in_place { Some(expected) } else { known.iter().position(|(known, _)| *known == name) };
                    let index = found.unwrap_or_else(|| {
                        known.push((name.clone().into_owned(), Node::Unknown));
                        known.len() - 1
                    });
                    let path = join(self.path, &name);
                    members.next_value_seed(Look { node: &mut known[index].1, path: &path })?;
                    expected = index + 1;
                }
                Ok(())
            }
            other => {
                let before = other.word();
                Err(self.conflict(before, "an object"))
            }
        }
    }
}
