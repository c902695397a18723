//! What becomes of columns that a stream sends and its table does not have.

use super::policy::{Policy, UnknownPolicy, parse};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The table property that says it for a table.
pub const EVOLVE_PROPERTY: &str = "lakehead.evolve";

/// A table's way with new columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvolvePolicy {
    /// The stream is refused.
    #[default]
    Refuse,
    /// They are added to the table, where there is room for NULL in rows that do not have them.
    Add,
}

impl Policy for EvolvePolicy {
    const PROPERTY: &'static str = EVOLVE_PROPERTY;
    const WITH: &'static str = "new columns";
    const ALL: &'static [Self] = &[Self::Refuse, Self::Add];

    fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Add => "add",
        }
    }
}

impl fmt::Display for EvolvePolicy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for EvolvePolicy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        parse(name)
    }
}
