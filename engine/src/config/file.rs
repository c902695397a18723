//! The configuration file.

use super::effective::{Origin, Setting};
use super::error::{ConfigError, hint};
use super::keys::{KEYS, find, sections};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The settings of the file at `path`.
///
/// # Errors
/// [`ConfigError`] with the file, the line and what to change.
pub fn read(path: &Path) -> Result<Vec<Setting>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(&text, path)
}

/// The settings of a file's text; `path` is for messages.
///
/// # Errors
/// [`ConfigError`].
pub fn parse(text: &str, path: &Path) -> Result<Vec<Setting>, ConfigError> {
    let wrong = |error: toml::de::Error| ConfigError::Parse { path: path.to_owned(), message: error.to_string() };
    let mut values: toml::Table = toml::from_str(text).map_err(wrong)?;
    let places = DeTable::parse(text).map_err(wrong)?;
    let line = |at: usize| text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    let place = |line: usize| format!("{}:{line}", path.display());
    let mut settings = Vec::new();
    for (section, content) in places.get_ref() {
        let (name, section_line) = (section.get_ref().as_ref(), line(section.span().start));
        let known = sections();
        let DeValue::Table(keys) = content.get_ref() else {
            // A key that stands above all sections.
            let homes: Vec<_> = KEYS.iter().filter(|key| key.name == name).map(|key| key.section).collect();
            let hint = homes.first().map_or_else(|| hint(name, &known), |home| format!("; it belongs into [{home}]"));
            return Err(ConfigError::UnknownKey { place: place(section_line), key: name.to_owned(), hint });
        };
        if !known.contains(&name) {
            let hint = hint(name, &known);
            return Err(ConfigError::UnknownKey { place: place(section_line), key: name.to_owned(), hint });
        }
        for key_name in keys.keys() {
            let (found, key_line) = (key_name.get_ref().as_ref(), line(key_name.span().start));
            let Some(key) = find(name, found) else {
                let known: Vec<_> = KEYS.iter().filter(|key| key.section == name).map(|key| key.name).collect();
                let (key, hint) = (format!("{name}.{found}"), hint(found, &known));
                return Err(ConfigError::UnknownKey { place: place(key_line), key, hint });
            };
            let value = values.get_mut(name).and_then(|section| section.as_table_mut()?.remove(found));
            let Some(value) = value.filter(|value| key.kind.accepts(value)) else {
                let value = toml::from_str::<toml::Table>(text).ok();
                let value = value.and_then(|table| Some(table.get(name)?.get(found)?.to_string())).unwrap_or_default();
                let (place, expected) = (place(key_line), key.kind.expected());
                let value = key.kind.shown_text(value);
                return Err(ConfigError::Value { place, key: key.path(), value, expected });
            };
            settings.push(Setting { key, value, origin: Origin::File { path: path.to_owned(), line: key_line } });
        }
    }
    Ok(settings)
}
