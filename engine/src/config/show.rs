//! The configuration as text: TOML that could be a configuration file, or JSON.

use super::effective::{Effective, Setting};
use super::fallback::Fallback;
use super::keys::{KEYS, sections};
use serde_json::json;
use std::fmt::Write;

/// Every key with the value that holds and where it comes from, as TOML.
pub fn effective_toml(effective: &Effective) -> String {
    let mut text = String::new();
    for section in sections() {
        let _ = writeln!(text, "{}[{section}]", if text.is_empty() { "" } else { "\n" });
        for held in effective.held.iter().filter(|held| held.key.section == section) {
            let derived = held.derived().map(|words| format!(": {words}")).unwrap_or_default();
            let (name, origin) = (held.key.name, &held.origin);
            let _ = match &held.value {
                Some(value) => writeln!(text, "{name} = {} # {origin}{derived}", held.key.kind.shown(value)),
                None => writeln!(text, "# {name} is not set # {origin}{derived}"),
            };
        }
    }
    text
}

/// The same as JSON: by section and key, `value` and `origin`.
pub fn effective_json(effective: &Effective) -> serde_json::Value {
    let mut document = json!({});
    for held in &effective.held {
        let value = held.value.as_ref().map(|value| held.key.kind.shown(value));
        document[held.key.section][held.key.name] =
            json!({ "value": value, "origin": held.origin.to_string(), "derived": held.derived() });
    }
    document
}

/// What a file says itself, as TOML with the lines it stands on.
pub fn file_toml(settings: &[Setting]) -> String {
    let mut text = String::new();
    for section in sections() {
        let of_section: Vec<_> = settings.iter().filter(|setting| setting.key.section == section).collect();
        if !of_section.is_empty() {
            let _ = writeln!(text, "{}[{section}]", if text.is_empty() { "" } else { "\n" });
        }
        for Setting { key, value, origin } in of_section {
            let _ = writeln!(text, "{} = {} # {origin}", key.name, key.kind.shown(value));
        }
    }
    text
}

/// The same as JSON.
pub fn file_json(settings: &[Setting]) -> serde_json::Value {
    let mut document = json!({});
    for Setting { key, value, origin } in settings {
        let value = key.kind.shown(value);
        document[key.section][key.name] = json!({ "value": value, "origin": origin.to_string() });
    }
    document
}

/// A configuration file that sets nothing and says what could be set.
pub fn annotated_default() -> String {
    let mut text = String::new();
    for section in sections() {
        let _ = writeln!(text, "{}[{section}]", if text.is_empty() { "" } else { "\n" });
        for key in KEYS.iter().filter(|key| key.section == section) {
            let _ = writeln!(text, "# {}", key.doc);
            let _ = match key.fallback {
                Fallback::Toml(value) => writeln!(text, "# {} = {value}", key.name),
                Fallback::Derived { words, .. } => writeln!(text, "# {} = ...   (default: {words})", key.name),
            };
        }
    }
    text
}

/// Every key with its default and meaning, as JSON.
pub fn keys_json() -> serde_json::Value {
    let mut document = json!({});
    for key in &KEYS {
        let (default, derived) = match key.fallback {
            Fallback::Toml(_) => (key.fallback.value(&Default::default()), None),
            Fallback::Derived { words, .. } => (None, Some(words)),
        };
        document[key.section][key.name] =
            json!({ "default": default, "derived": derived, "doc": key.doc, "variable": key.variable() });
    }
    document
}
