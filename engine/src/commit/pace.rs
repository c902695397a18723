//! How often a table is committed: by time, and ahead of it by size.
//!
//! The engine's configuration says it for all tables; table properties say it for one ([`Pace::of`]).

use crate::handover::cut_size::CutSize;
use std::collections::HashMap;
use std::time::Duration;

/// Milliseconds between commits of a table that gets rows.
pub const INTERVAL_PROPERTY: &str = "lakehead.commit_interval_ms";
/// Rows at which a commit comes ahead of its time.
pub const ROWS_PROPERTY: &str = "lakehead.commit_rows";
/// Megabytes of rows, in memory, at which a commit comes ahead of its time.
pub const MEGABYTES_PROPERTY: &str = "lakehead.commit_mb";

/// A longer interval than a week is none.
const INTERVAL_MS_MAX: u64 = 7 * 24 * 3600 * 1000;

/// When a table is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub interval: Duration,
    pub size: CutSize,
}

/// A table property that says nothing that can be gone by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the table property {property} is ignored: {value:?} is not a whole number from 1 to {most}")]
pub struct IgnoredProperty {
    pub property: &'static str,
    pub value: String,
    pub most: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), size: CutSize::default() }
    }
}

impl Pace {
    /// The pace of a table with these properties; `self` holds where they say nothing, or nothing that can be gone by.
    pub fn of(self, properties: &HashMap<String, String>) -> (Self, Vec<IgnoredProperty>) {
        let mut ignored = Vec::new();
        let mut number = |property: &'static str, most: u64| {
            let value = properties.get(property)?;
            let number = value.trim().parse::<u64>().ok().filter(|number| (1..=most).contains(number));
            if number.is_none() {
                ignored.push(IgnoredProperty { property, value: value.clone(), most });
            }
            number
        };
        let interval = number(INTERVAL_PROPERTY, INTERVAL_MS_MAX).map_or(self.interval, Duration::from_millis);
        let rows = number(ROWS_PROPERTY, u64::MAX).unwrap_or(self.size.rows);
        let bytes = number(MEGABYTES_PROPERTY, u64::MAX >> 20).map_or(self.size.bytes, |megabytes| megabytes << 20);
        (Self { interval, size: CutSize { rows, bytes } }, ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_table_says_what_it_wants_and_the_engine_says_the_rest() {
        let engine = Pace { interval: Duration::from_millis(500), size: CutSize { rows: 10, bytes: 20 } };
        assert_eq!(engine.of(&properties(&[("delta.appendOnly", "true")])), (engine, vec![]));
        let said = properties(&[(INTERVAL_PROPERTY, " 60000 "), (MEGABYTES_PROPERTY, "3")]);
        let size = CutSize { rows: 10, bytes: 3 << 20 };
        assert_eq!(engine.of(&said), (Pace { interval: Duration::from_secs(60), size }, vec![]));
    }

    #[test]
    fn what_is_no_number_is_named_and_ignored() {
        let said =
            properties(&[(INTERVAL_PROPERTY, "0"), (ROWS_PROPERTY, "many"), (MEGABYTES_PROPERTY, "99999999999999")]);
        let (pace, ignored) = Pace::default().of(&said);
        assert_eq!(pace, Pace::default());
        let named: Vec<_> = ignored.iter().map(|ignored| ignored.property).collect();
        assert_eq!(named, [INTERVAL_PROPERTY, ROWS_PROPERTY, MEGABYTES_PROPERTY]);
        assert!(ignored[1].to_string().contains("\"many\""), "{}", ignored[1]);
    }
}
