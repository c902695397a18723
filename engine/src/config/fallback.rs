//! What a key holds that nobody set.

use std::collections::BTreeMap;
use std::path::Path;
use toml::Value;
use url::Url;

/// Values by `section.name`.
pub type Values = BTreeMap<String, Value>;

/// A default.
#[derive(Debug, Clone, Copy)]
pub enum Fallback {
    /// As it would be written in the file.
    Toml(&'static str),
    /// Found out from the machine, or from other keys.
    Derived {
        /// What it is, for people.
        words: &'static str,
        value: fn(&Values) -> Option<Value>,
    },
}

impl Fallback {
    /// The value, given those of the keys before.
    pub fn value(self, others: &Values) -> Option<Value> {
        match self {
            Self::Toml(text) => toml::from_str::<toml::Table>(&format!("value = {text}")).ok()?.remove("value"),
            Self::Derived { value, .. } => value(others),
        }
    }
}

/// The cores that this process may use.
pub(super) fn usable_cores() -> Option<Value> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let cores: Vec<_> = cores.iter().filter_map(|core| i64::try_from(core.id).ok().map(Value::Integer)).collect();
    (!cores.is_empty()).then_some(Value::Array(cores))
}

/// A quarter of the machine's memory.
pub(super) fn budget_mb() -> Value {
    const UNKNOWN_MB: i64 = 1024;
    let total_kb = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<i64>().ok()
    });
    Value::Integer(total_kb.map_or(UNKNOWN_MB, |kb| kb / 1024 / 4).max(super::keys::BUDGET_MB_MIN))
}

/// `tables` in the data directory.
pub(super) fn tables_root(others: &Values) -> Option<Value> {
    let directory = std::path::absolute(Path::new(others.get("server.data_dir")?.as_str()?)).ok()?;
    Url::from_directory_path(directory.join("tables")).ok().map(|url| Value::String(url.into()))
}

/// Four gigabytes for each core: one busy table has half of a core's, and fills it with what comes until it is committed.
pub(super) fn log_size_mb(others: &Values) -> Option<Value> {
    let cores = others.get("server.cores").and_then(Value::as_array).map_or(1, Vec::len);
    i64::try_from(cores * 4096).ok().map(Value::Integer)
}

/// One per core.
pub(super) fn encoders(others: &Values) -> Option<Value> {
    let cores = others.get("server.cores").and_then(Value::as_array).map_or(1, Vec::len);
    i64::try_from(cores).ok().map(Value::Integer)
}
