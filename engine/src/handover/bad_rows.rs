//! What becomes of rows that their table cannot hold.

use super::policy::{Policy, UnknownPolicy, parse};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The table property that says it for a table.
pub const BAD_ROWS_PROPERTY: &str = "lakehead.bad_rows";

/// A table's way with bad rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BadRowPolicy {
    /// The batch is refused, with the first of them and its column named.
    #[default]
    Refuse,
    /// They go into the rejected-rows table beside it, and the stream goes on.
    Divert,
}

impl Policy for BadRowPolicy {
    const PROPERTY: &'static str = BAD_ROWS_PROPERTY;
    const WITH: &'static str = "bad rows";
    const ALL: &'static [Self] = &[Self::Refuse, Self::Divert];

    fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Divert => "divert",
        }
    }
}

impl fmt::Display for BadRowPolicy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for BadRowPolicy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        parse(name)
    }
}
