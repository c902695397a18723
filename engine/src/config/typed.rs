//! The configuration in types, every key with a value.

use crate::commit::encode::EncodingPolicy;
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::evolve::EvolvePolicy;
use crate::store::options::StoreOptions;
use crate::upkeep;
use parquet::basic::{Compression, ZstdLevel};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// All of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    pub server: Server,
    pub memory: Memory,
    pub log: Log,
    pub tables: Tables,
    pub upkeep: Upkeep,
    pub store: Store,
}

impl Config {
    /// Values that do not go together, and what to do about it.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let diverts = self.tables.bad_rows == BadRowPolicy::Divert;
        (diverts && self.log.mode == LogMode::Off).then_some(
            "tables.bad_rows = \"divert\" needs the log, which is off: what was decided about a row is kept there; set \
             mode = \"on\" in [log], or bad_rows = \"refuse\" in [tables]",
        )
    }
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Server {
    pub listen: String,
    pub data_dir: Option<PathBuf>,
    pub cores: Vec<usize>,
}

/// `[memory]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Memory {
    pub budget_mb: usize,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Log {
    pub mode: LogMode,
    pub size_mb: u64,
    pub linger_us: u64,
}

/// `mode` as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogMode {
    On,
    Off,
}

/// `[tables]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Tables {
    pub root: Option<String>,
    pub create: bool,
    pub properties: BTreeMap<String, String>,
    pub commit_interval_ms: u64,
    pub commit_rows: u64,
    pub commit_mb: u64,
    pub checkpoint_interval: u64,
    pub streams_max: usize,
    pub compression: CompressionName,
    pub encoding: EncodingPolicy,
    pub evolve: EvolvePolicy,
    pub bad_rows: BadRowPolicy,
    pub encoders: usize,
    pub uris: BTreeMap<String, String>,
}

/// `[upkeep]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Upkeep {
    pub compact: bool,
    pub target_file_mb: u64,
    pub small_file_mb: Option<u64>,
    pub bandwidth_mb_per_s: u64,
    pub interval_ms: u64,
    pub clean_log: bool,
    pub remove_orphans: bool,
}

impl From<&Upkeep> for upkeep::Settings {
    fn from(upkeep: &Upkeep) -> Self {
        Self {
            compact: upkeep.compact,
            target_bytes: upkeep.target_file_mb << 20,
            small_bytes: upkeep.small_file_mb.map(|mb| mb << 20),
            bandwidth_bytes: upkeep.bandwidth_mb_per_s << 20,
            clean_log: upkeep.clean_log,
            remove_orphans: upkeep.remove_orphans,
            interval: Duration::from_millis(upkeep.interval_ms),
        }
    }
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Store {
    pub options: StoreOptions,
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
