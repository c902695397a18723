//! Why a configuration cannot be used.

use super::nearest::nearest;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not TOML: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("{place}: there is no key {key:?}{hint}")]
    UnknownKey { place: String, key: String, hint: String },
    #[error("the environment variable {name} sets nothing{hint}")]
    UnknownVariable { name: String, hint: String },
    #[error("{place}: {key} = {value} cannot be; expected {expected}")]
    Value { place: String, key: String, value: String, expected: String },
    #[error("the configuration does not fit together: {0}")]
    Inconsistent(String),
}

/// Names the known name that was probably meant, or all of them.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    nearest(name, known)
        .map_or_else(|| format!("; known here: {}", known.join(", ")), |near| format!("; did you mean {near:?}?"))
}
