//! What the commit plane is told at its start.

use super::encode::EncodingPolicy;
use super::pace::Pace;
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::evolve::EvolvePolicy;
use crate::store::options::StoreOptions;
use crate::upkeep;
use parquet::basic::{Compression, ZstdLevel};
use std::collections::BTreeMap;
use url::Url;

/// Settings of the commit plane.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Below it live the tables that [`Settings::table_uris`] does not place elsewhere; ends in a slash.
    pub tables_root: Url,
    /// Whether a missing table is made from the first stream's schema.
    pub create_tables: bool,
    /// When tables that get rows are committed, where they do not say it themselves.
    pub pace: Pace,
    /// Properties that tables made here get.
    pub table_properties: BTreeMap<String, String>,
    /// Encoder threads.
    pub encoders: usize,
    /// Pieces that wait in a table's port before its sockets are stopped.
    pub port_capacity: usize,
    /// Commits between checkpoints.
    pub checkpoint_interval: u64,
    /// Named streams per table.
    pub streams_max: usize,
    /// For columns where it pays.
    pub compression: Compression,
    /// How the encodings of tables are chosen that do not say it themselves.
    pub encoding: EncodingPolicy,
    /// What becomes of new columns in tables that do not say it themselves.
    pub evolve: EvolvePolicy,
    /// What becomes of bad rows of tables that do not say it themselves.
    pub bad_rows: BadRowPolicy,
    /// Whether rows come through a log, without which none can go elsewhere.
    pub has_log: bool,
    /// Tables that live elsewhere, by name.
    pub table_uris: BTreeMap<String, Url>,
    /// How tables are kept up, if they are.
    pub upkeep: Option<upkeep::Settings>,
    /// How object stores are spoken to.
    pub store: StoreOptions,
}

impl Settings {
    /// Defaults for tables below `tables_root`.
    pub fn new(tables_root: Url) -> Self {
        Self {
            tables_root,
            create_tables: true,
            pace: Pace::default(),
            table_properties: BTreeMap::new(),
            encoders: 2,
            port_capacity: 16,
            checkpoint_interval: 100,
            streams_max: 1_000,
            compression: Compression::ZSTD(ZstdLevel::default()),
            encoding: EncodingPolicy::default(),
            evolve: EvolvePolicy::default(),
            bad_rows: BadRowPolicy::default(),
            has_log: true,
            table_uris: BTreeMap::new(),
            upkeep: None,
            store: StoreOptions::none(),
        }
    }
}
