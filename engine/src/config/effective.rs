//! What holds in the end: the file, the environment over it, the flags over both.

use super::error::ConfigError;
use super::fallback::{Fallback, Values};
use super::flags::Flags;
use super::keys::{KEYS, Key};
use super::typed::Config;
use super::{environment, file};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Value;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment { variable: String },
    Flag { flag: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File { path, line } => write!(out, "{}:{line}", path.display()),
            Self::Environment { variable } => write!(out, "environment {variable}"),
            Self::Flag { flag } => write!(out, "flag {flag}"),
        }
    }
}

/// A key's value that somebody wrote.
#[derive(Debug, Clone)]
pub struct Setting {
    pub key: &'static Key,
    pub value: Value,
    pub origin: Origin,
}

/// A key as it holds. `value` is `None` when nobody set it and it has no default.
#[derive(Debug, Clone)]
pub struct Held {
    pub key: &'static Key,
    pub value: Option<Value>,
    pub origin: Origin,
}

/// Every key as it holds, in the order of [`KEYS`].
#[derive(Debug, Clone)]
pub struct Effective {
    pub held: Vec<Held>,
}

impl Effective {
    /// Reads everything that can say something.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(config: Option<&Path>, flags: &Flags) -> Result<Self, ConfigError> {
        // Names and values that are not Unicode are none of ours.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let file = config.map(file::read).transpose()?.unwrap_or_default();
        Ok(Self::of([file, environment::read(variables)?, flags.read()?]))
    }

    /// Later layers overrule earlier ones.
    pub fn of(layers: impl IntoIterator<Item = Vec<Setting>>) -> Self {
        let mut settings: Vec<Setting> = layers.into_iter().flatten().collect();
        let mut values = Values::new();
        let held = KEYS.iter().map(|key| {
            let path = key.path();
            // The last one said counts; taking it out keeps those before it in order.
            let said = settings.iter().rposition(|setting| setting.key.path() == path);
            let (value, origin) = match said.map(|at| settings.remove(at)) {
                Some(Setting { value, origin, .. }) => (Some(value), origin),
                None => (key.fallback.value(&values), Origin::Default),
            };
            value.iter().for_each(|value| _ = values.insert(path.clone(), value.clone()));
            Held { key, value, origin }
        });
        Self { held: held.collect() }
    }

    /// The same for the engine.
    ///
    /// # Errors
    /// [`ConfigError::Inconsistent`] when a key lacks a value that the engine needs, or has one that another forbids.
    pub fn typed(&self) -> Result<Config, ConfigError> {
        let mut table = toml::Table::new();
        for held in &self.held {
            let section = table.entry(held.key.section).or_insert_with(|| Value::Table(toml::Table::new()));
            if let (Value::Table(section), Some(value)) = (section, &held.value) {
                section.insert(held.key.name.to_owned(), value.clone());
            }
        }
        let config = Value::Table(table).try_into::<Config>();
        let config = config.map_err(|error| ConfigError::Inconsistent(error.message().to_owned()))?;
        config.contradiction().map_or(Ok(config), |why| Err(ConfigError::Inconsistent(why.to_owned())))
    }

    /// Where the value of `section.name` comes from.
    pub fn origin(&self, path: &str) -> Origin {
        let held = self.held.iter().find(|held| held.key.path() == path);
        held.map_or(Origin::Default, |held| held.origin.clone())
    }
}

impl Held {
    /// The default in words, where it is not a fixed value.
    pub fn derived(&self) -> Option<&'static str> {
        match (&self.origin, self.key.fallback) {
            (Origin::Default, Fallback::Derived { words, .. }) => Some(words),
            _ => None,
        }
    }
}
