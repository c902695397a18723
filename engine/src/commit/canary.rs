//! Planted faults.
//!
//! A test that cannot fail proves nothing. With the feature `canary` (and in this crate's own tests) the commit machines can
//! be told to misbehave in the ways that matter most, so that the suites can show that they notice. Without the feature
//! there is only [`Canary::None`].

use crate::planted::planted;

/// A planted fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Canary {
    /// No fault.
    #[default]
    None,
    /// A put whose answer is lost is taken for failed, and the same commit goes to the next version.
    #[cfg(any(test, feature = "canary"))]
    RetryAtNextVersion,
    /// Nobody compares the cut's streams with the table.
    #[cfg(any(test, feature = "canary"))]
    NoCompareAndSet,
    /// The file of a cut is deleted when the answer to its put is lost.
    #[cfg(any(test, feature = "canary"))]
    DeleteStagedOnError,
    /// A cut counts as committed when the answer to its put is lost.
    #[cfg(any(test, feature = "canary"))]
    AckBeforeDecided,
    /// A put that was created is believed, however late it came.
    #[cfg(any(test, feature = "canary"))]
    BelieveLateCreated,
    /// A commit leaves out what it should say of logs.
    #[cfg(any(test, feature = "canary"))]
    ForgetLogEntry,
    /// A log's claim is not compared with the table's.
    #[cfg(any(test, feature = "canary"))]
    IgnoreClaim,
    /// A log's position is not compared with the table's.
    #[cfg(any(test, feature = "canary"))]
    IgnorePosition,
}

planted! {
    ignores_claims: IgnoreClaim;
    ignores_positions: IgnorePosition;
    ignores_streams: NoCompareAndSet;
}
