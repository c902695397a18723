//! What a table's files are optimised for, and what a byte is worth by that.
//!
//! A way of writing costs the time to encode a row and the bytes that the row takes from then on. [`EncodingPolicy`] says how
//! many nanoseconds of encoding a byte less is worth; `choice` weighs by it.
//!
//! | policy | a byte is worth | because |
//! |---|---|---|
//! | `speed` | 1 ns | it is written once: 0.7 ns by O_DIRECT (1.5 GB/s), and its share of the sync |
//! | `balanced` | 5 ns | it is written once (1 ns) and read about four times at 1 GB/s |
//! | `size` | any time | the fewest bytes; of ways within one per cent the one with the least work |

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The table property that names a table's policy.
pub const ENCODING_PROPERTY: &str = "lakehead.encoding";

/// What the choice of encodings goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodingPolicy {
    /// The cheapest way to write, unless it is grossly larger.
    Speed,
    /// Time to write against bytes to write, keep and read.
    #[default]
    Balanced,
    /// The fewest bytes.
    Size,
}

/// A name that is no policy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no encoding policy; it is one of speed, balanced, size")]
pub struct UnknownPolicy {
    pub name: String,
}

impl EncodingPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Speed, Self::Balanced, Self::Size];

    /// As it is written in configurations and table properties.
    pub fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Balanced => "balanced",
            Self::Size => "size",
        }
    }

    /// Nanoseconds of encoding that a byte less is worth; `None` when no time counts.
    pub fn byte_ns(self) -> Option<f64> {
        match self {
            Self::Speed => Some(1.0),
            Self::Balanced => Some(5.0),
            Self::Size => None,
        }
    }
}

impl fmt::Display for EncodingPolicy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for EncodingPolicy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        let known = Self::ALL.into_iter().find(|policy| policy.name() == name);
        known.ok_or_else(|| UnknownPolicy { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_others_are_told_what_there_is() {
        for policy in EncodingPolicy::ALL {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        let error = "fast".parse::<EncodingPolicy>().unwrap_err().to_string();
        assert!(error.contains("\"fast\"") && error.contains("speed, balanced, size"), "{error}");
    }
}
