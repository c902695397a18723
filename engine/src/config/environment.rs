//! Environment variables: `LAKEHEAD_<SECTION>_<KEY>`.

use super::effective::{Origin, Setting};
use super::error::{ConfigError, hint};
use super::keys::{KEYS, VARIABLE_PREFIX, sections};
use super::nearest::nearest;

/// Variables that are not keys: what clients use, and what is logged.
const OTHERS: [&str; 3] = ["LAKEHEAD_SERVER", "LAKEHEAD_TOKEN", "LAKEHEAD_LOG"];

/// The settings among `variables`. Of those that begin as ours do, one that names a section must be a key, and one that is a
/// slip away from a key is taken for a slip.
///
/// # Errors
/// [`ConfigError`] with the variable and what to change.
pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Setting>, ConfigError> {
    let known: Vec<String> = KEYS.iter().map(super::keys::Key::variable).collect();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let prefixes: Vec<String> =
        sections().iter().map(|name| format!("{VARIABLE_PREFIX}{name}_").to_uppercase()).collect();
    let mut settings = Vec::new();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(VARIABLE_PREFIX).filter(|_| !OTHERS.contains(&name.as_str())) else {
            continue;
        };
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            let rests: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(VARIABLE_PREFIX)).collect();
            if prefixes.iter().any(|prefix| name.starts_with(prefix)) || nearest(rest, &rests).is_some() {
                let hint = hint(&name, &names);
                return Err(ConfigError::UnknownVariable { name, hint });
            }
            continue;
        };
        let value = key.kind.read(&text).ok_or_else(|| ConfigError::Value {
            place: format!("environment variable {name}"),
            key: key.path(),
            value: key.kind.shown_text(format!("{text:?}")),
            expected: key.kind.expected(),
        })?;
        settings.push(Setting { key, value, origin: Origin::Environment { variable: name } });
    }
    Ok(settings)
}
