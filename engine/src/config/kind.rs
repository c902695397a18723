//! What a key holds: judged the same wherever it was written.

use crate::store::options;
use toml::Value;

/// The type of a key's value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    /// A whole number; `why` explains the least one.
    Number {
        min: i64,
        why: &'static str,
    },
    /// true or false.
    Switch,
    /// A list of whole numbers, at least one.
    Numbers,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Places by names.
    Places,
    /// Texts by names.
    Texts,
    /// Options of object stores by names; some are secrets.
    StoreOptions,
}

impl Kind {
    /// What may be written, in words.
    pub fn expected(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Number { min, why } => format!("a whole number of at least {min}{why}"),
            Self::Switch => "true or false".to_owned(),
            Self::Numbers => "whole numbers, at least one".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::StoreOptions => "values by options' names (in a variable: NAME=VALUE,NAME=VALUE)".to_owned(),
            Self::Places => "URIs by table names (in a variable: NAME=URI,NAME=URI)".to_owned(),
            Self::Texts => "texts by names (in a variable: NAME=TEXT,NAME=TEXT)".to_owned(),
        }
    }

    /// Whether `value` is one of this kind.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text, Value::String(text)) => !text.is_empty(),
            (Self::Number { min, .. }, Value::Integer(number)) => *number >= min,
            (Self::Switch, Value::Boolean(_)) => true,
            (Self::Numbers, Value::Array(numbers)) => {
                let is_number = |number: &Value| number.as_integer().is_some_and(|number| number >= 0);
                !numbers.is_empty() && numbers.iter().all(is_number)
            }
            (Self::Choice(words), Value::String(word)) => words.contains(&word.as_str()),
            (Self::Places | Self::Texts, Value::Table(places)) => places.values().all(Value::is_str),
            (Self::StoreOptions, Value::Table(options)) => {
                options.values().all(|value| value.is_str() || value.is_integer() || value.is_bool())
            }
            _ => false,
        }
    }

    /// The value as anybody may see it.
    pub fn shown(self, value: &Value) -> Value {
        match (self, value) {
            (Self::StoreOptions, Value::Table(options)) => {
                let shown = |(name, value): (&String, &Value)| (name.clone(), options::shown(name, value));
                Value::Table(options.iter().map(shown).collect())
            }
            (Self::StoreOptions, _) => Value::String(options::HIDDEN.to_owned()),
            (_, value) => value.clone(),
        }
    }

    /// What was written and is not one of this kind, as anybody may see it.
    pub fn shown_text(self, text: String) -> String {
        if matches!(self, Self::StoreOptions) { options::HIDDEN.to_owned() } else { text }
    }

    /// The value that a variable or a flag says.
    pub fn read(self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Text | Self::Choice(_) => Value::String(text.to_owned()),
            Self::Number { .. } => Value::Integer(text.trim().parse().ok()?),
            Self::Switch => Value::Boolean(text.trim().parse().ok()?),
            Self::Numbers => {
                let numbers = text.split(',').map(|number| number.trim().parse().ok().map(Value::Integer));
                Value::Array(numbers.collect::<Option<_>>()?)
            }
            Self::Places | Self::Texts | Self::StoreOptions => {
                let places = text.split(',').filter(|place| !place.trim().is_empty()).map(|place| {
                    let (name, uri) = place.split_once('=')?;
                    Some((name.trim().to_owned(), Value::String(uri.trim().to_owned())))
                });
                Value::Table(places.collect::<Option<_>>()?)
            }
        };
        self.accepts(&value).then_some(value)
    }
}
