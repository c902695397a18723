//! The configuration file and its defaults.
//!
//! ```toml
//! [server]
//! listen = "127.0.0.1:7531"   # HOST:PORT; port 0 takes any free one
//! cores = [0, 1]              # CPUs to pin reactors to; default: all that this process may use
//!
//! [memory]
//! budget_mb = 4096            # from receive buffers to assembled files; default: a quarter of the machine
//!
//! [tables]
//! root = "file:///srv/tables" # default: <data-dir>/tables
//! create = true               # a missing table is made from the first stream's schema
//! commit_interval_ms = 1000
//! checkpoint_interval = 100   # commits
//! streams_max = 1000          # named streams per table
//! compression = "zstd"        # zstd, lz4, snappy or none
//! encoders = 2                # threads that encode Parquet; default: one per core
//!
//! [tables.uris]               # tables that live elsewhere
//! "sales.orders" = "file:///mnt/other/orders"
//! ```
//!
//! An unknown key is an error that names the nearest known one.

use super::nearest::nearest;
use parquet::basic::{Compression, ZstdLevel};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The whole file. Every value has a default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    pub server: Server,
    pub memory: Memory,
    pub tables: Tables,
}

/// `[server]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Server {
    pub listen: Option<String>,
    pub cores: Option<Vec<usize>>,
}

/// `[memory]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub budget_mb: Option<usize>,
}

/// `[tables]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Tables {
    pub root: Option<String>,
    pub create: bool,
    pub commit_interval_ms: u64,
    pub checkpoint_interval: u64,
    pub streams_max: usize,
    pub compression: CompressionName,
    pub encoders: Option<usize>,
    pub uris: BTreeMap<String, String>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            root: None,
            create: true,
            commit_interval_ms: 1000,
            checkpoint_interval: 100,
            streams_max: 1000,
            compression: CompressionName::Zstd,
            encoders: None,
            uris: BTreeMap::new(),
        }
    }
}

/// `compression` as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompressionName {
    Zstd,
    Lz4,
    Snappy,
    None,
}

impl From<CompressionName> for Compression {
    fn from(name: CompressionName) -> Self {
        match name {
            CompressionName::Zstd => Self::ZSTD(ZstdLevel::default()),
            CompressionName::Lz4 => Self::LZ4_RAW,
            CompressionName::Snappy => Self::SNAPPY,
            CompressionName::None => Self::UNCOMPRESSED,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("{path}: there is no key {key:?}{hint}")]
    UnknownKey { path: PathBuf, key: String, hint: String },
    #[error("{key} = {value}: {reason}")]
    Value { key: &'static str, value: String, reason: &'static str },
}

const KEYS: [(&str, &[&str]); 3] = [
    ("server", &["listen", "cores"]),
    ("memory", &["budget_mb"]),
    (
        "tables",
        &[
            "root",
            "create",
            "commit_interval_ms",
            "checkpoint_interval",
            "streams_max",
            "compression",
            "encoders",
            "uris",
        ],
    ),
];

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`] with the file's name and what to change.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses a file's text; `path` is for messages.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let wrong = |error: toml::de::Error| ConfigError::Parse { path: path.to_owned(), message: error.to_string() };
        let table: toml::Table = toml::from_str(text).map_err(wrong)?;
        refuse_unknown_keys(&table, path)?;
        let config: Self = toml::from_str(text).map_err(wrong)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let positive = |key: &'static str, value: u64| {
            let zero = ConfigError::Value { key, value: value.to_string(), reason: "must be at least 1" };
            if value == 0 { Err(zero) } else { Ok(()) }
        };
        positive("tables.commit_interval_ms", self.tables.commit_interval_ms)?;
        positive("tables.checkpoint_interval", self.tables.checkpoint_interval)?;
        positive("tables.streams_max", self.tables.streams_max as u64)?;
        positive("tables.encoders", self.tables.encoders.unwrap_or(1) as u64)?;
        positive("memory.budget_mb", self.memory.budget_mb.unwrap_or(1) as u64)?;
        if self.memory.budget_mb.is_some_and(|budget| budget < BUDGET_MB_MIN) {
            let value = self.memory.budget_mb.unwrap_or(0).to_string();
            let reason = "must be at least 64: one batch of the maximum size has to fit beside what is being encoded";
            return Err(ConfigError::Value { key: "memory.budget_mb", value, reason });
        }
        Ok(())
    }
}

/// Less memory than this cannot hold one largest batch from socket to file.
pub const BUDGET_MB_MIN: usize = 64;

fn refuse_unknown_keys(table: &toml::Table, path: &Path) -> Result<(), ConfigError> {
    let unknown = |key: String, name: &str, known: &[&str]| {
        let hint = nearest(name, known)
            .map_or_else(|| format!("; known here: {}", known.join(", ")), |near| format!("; did you mean {near:?}?"));
        ConfigError::UnknownKey { path: path.to_owned(), key, hint }
    };
    let sections = KEYS.map(|(section, _)| section);
    for (section, content) in table {
        let Some((_, keys)) = KEYS.iter().find(|(known, _)| known == section) else {
            return Err(unknown(section.clone(), section, &sections));
        };
        for key in content.as_table().into_iter().flat_map(toml::Table::keys) {
            if !keys.contains(&key.as_str()) {
                return Err(unknown(format!("{section}.{key}"), key, keys));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("lakehead.toml"))
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config, Config::default());
        assert!(config.tables.create && config.tables.commit_interval_ms == 1000);
    }

    #[test]
    fn what_is_written_is_read() {
        let config =
            parse("[server]\ncores = [1]\n[tables]\ncompression = \"lz4\"\n[tables.uris]\n\"a.b\" = \"file:///x\"")
                .unwrap();
        assert_eq!(config.server.cores, Some(vec![1]));
        assert_eq!(config.tables.compression, CompressionName::Lz4);
        assert_eq!(config.tables.uris["a.b"], "file:///x");
    }

    #[test]
    fn a_slip_is_answered_with_the_key_that_was_meant() {
        let error = parse("[tables]\ncommit_interval = 5").unwrap_err().to_string();
        assert!(error.contains("tables.commit_interval") && error.contains("commit_interval_ms"), "{error}");
        let error = parse("[sever]\nlisten = \"x\"").unwrap_err().to_string();
        assert!(error.contains("did you mean \"server\""), "{error}");
    }

    #[test]
    fn values_that_cannot_work_are_refused() {
        assert!(parse("[tables]\ncommit_interval_ms = 0").unwrap_err().to_string().contains("at least 1"));
        assert!(parse("[memory]\nbudget_mb = 8").unwrap_err().to_string().contains("at least 64"));
        assert!(parse("[tables]\ncompression = \"gzip\"").is_err());
    }
}
