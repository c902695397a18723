//! The engine's configuration: a TOML file, overruled by flags.

pub mod file;
pub mod nearest;

pub use file::{Config, ConfigError};
