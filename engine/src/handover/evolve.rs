//! What becomes of columns that a stream sends and its table does not have.

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

/// A name that is no policy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no way with new columns; it is one of refuse, add")]
pub struct UnknownEvolvePolicy {
    pub name: String,
}

impl EvolvePolicy {
    /// As it is written in configurations and table properties.
    pub fn name(self) -> &'static str {
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
    type Err = UnknownEvolvePolicy;

    fn from_str(name: &str) -> Result<Self, UnknownEvolvePolicy> {
        let known = [Self::Refuse, Self::Add].into_iter().find(|policy| policy.name() == name);
        known.ok_or_else(|| UnknownEvolvePolicy { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_others_are_told_what_there_is() {
        for policy in [EvolvePolicy::Refuse, EvolvePolicy::Add] {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        let error = "merge".parse::<EvolvePolicy>().unwrap_err().to_string();
        assert!(error.contains("\"merge\"") && error.contains("refuse, add"), "{error}");
    }
}
