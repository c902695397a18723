//! What upkeep is told at its start. Table properties overrule it where Delta has them.

use std::time::Duration;

/// Settings of upkeep, for all tables of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether small files are merged in tables that do not say it themselves.
    pub compact: bool,
    /// Size of a merged file, where the table names none.
    pub target_bytes: u64,
    /// Files below this are small; half of the target when nobody says it.
    pub small_bytes: Option<u64>,
    /// Bytes read and written in a second, over all tables.
    pub bandwidth_bytes: u64,
    /// Whether expired files of the log are removed.
    pub clean_log: bool,
    /// Whether data files that this engine staged for nothing are removed.
    pub remove_orphans: bool,
    /// Least time between two looks at a table.
    pub interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            compact: true,
            target_bytes: 128 << 20,
            small_bytes: None,
            bandwidth_bytes: 64 << 20,
            clean_log: true,
            remove_orphans: true,
            interval: Duration::from_secs(10),
        }
    }
}
