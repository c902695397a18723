//! Planted faults.
//!
//! A test that cannot fail proves nothing. With the feature `canary` (and in this crate's own tests) a log can be told to
//! misbehave, so that a simulator can show that it notices. Without the feature there is only [`Canary::None`].

use crate::planted::planted;

/// A planted fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Canary {
    /// No fault.
    #[default]
    None,
    /// What is written is called durable before it is synced.
    #[cfg(any(test, feature = "canary"))]
    AckBeforeSync,
    /// Recovery takes the first bad block for the end, whatever later blocks claim.
    #[cfg(any(test, feature = "canary"))]
    TruncateAtFirstBadBlock,
    /// Block checksums leave out salt, segment and offset.
    #[cfg(any(test, feature = "canary"))]
    BelieveForgedBlock,
    /// Block checksums leave out salt and segment, and nobody compares a block with the one before.
    #[cfg(any(test, feature = "canary"))]
    BelieveRecycledBlock,
    /// A segment counts as open although its name may not survive.
    #[cfg(any(test, feature = "canary"))]
    SkipDirectorySync,
    /// A new segment does not repeat the schemas.
    #[cfg(any(test, feature = "canary"))]
    ForgetSchemasWhenFreed,
    /// Copied entries are numbered anew.
    #[cfg(any(test, feature = "canary"))]
    CopiesGetNewPositions,
    /// What recovery read is used before it is synced.
    #[cfg(any(test, feature = "canary"))]
    AnswerFromUnsynced,
    /// Claims of a copy look like the log's own.
    #[cfg(any(test, feature = "canary"))]
    ClaimsAlike,
}

planted! {
    acks_before_sync: AckBeforeSync;
    truncates_at_first_bad_block: TruncateAtFirstBadBlock;
    believes_forged_blocks: BelieveForgedBlock;
    believes_recycled_blocks: BelieveRecycledBlock;
    skips_directory_sync: SkipDirectorySync;
    forgets_schemas: ForgetSchemasWhenFreed;
    numbers_copies_anew: CopiesGetNewPositions;
    answers_from_unsynced: AnswerFromUnsynced;
    claims_alike: ClaimsAlike;
}
