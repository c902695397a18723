//! Table properties that this engine goes by.

use super::table::Version;
use crate::commit::encode::EncodingPolicy;
use crate::commit::encode::policy::{ENCODING_PROPERTY, UnknownPolicy};
use crate::commit::pace::{IgnoredProperty, Pace};

/// What a table says of how it wants to be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedPolicy {
    /// Nothing: the engine's configuration decides.
    None,
    Known(EncodingPolicy),
    /// Something that no engine of this version knows; as if it said nothing.
    Unknown(UnknownPolicy),
}

impl NamedPolicy {
    /// What the value of the property says.
    pub fn of(value: Option<&str>) -> Self {
        match value.map(str::parse) {
            None => Self::None,
            Some(Ok(policy)) => Self::Known(policy),
            Some(Err(unknown)) => Self::Unknown(unknown),
        }
    }
}

impl Version {
    /// When the table is to be committed; `fallback` holds where it does not say so.
    pub fn pace(&self, fallback: Pace) -> (Pace, Vec<IgnoredProperty>) {
        fallback.of(self.snapshot.metadata_configuration())
    }

    /// How the table wants to be encoded.
    pub fn encoding_policy(&self) -> NamedPolicy {
        NamedPolicy::of(self.snapshot.metadata_configuration().get(ENCODING_PROPERTY).map(String::as_str))
    }
}
