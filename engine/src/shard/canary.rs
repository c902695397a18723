//! Planted faults.
//!
//! A test that cannot fail proves nothing. With the feature `canary` (and in this crate's own tests) a shard can be told to
//! misbehave, so that a simulator can show that it notices. Without the feature there is only [`Canary::None`].

use crate::planted::planted;

/// A planted fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Canary {
    /// No fault.
    #[default]
    None,
    /// A cut is handed over before what it covers is durable.
    #[cfg(any(test, feature = "canary"))]
    CommitBeforeDurable,
    /// Welcome leaves before what it rests on is durable.
    #[cfg(any(test, feature = "canary"))]
    WelcomeBeforeDurable,
    /// An attempt from before is taken for the newest of its opener.
    #[cfg(any(test, feature = "canary"))]
    AcceptStaleResume,
    /// A stream is welcomed at the offset of another one.
    #[cfg(any(test, feature = "canary"))]
    ResumeAtOtherStream,
    /// What is left of a batch whose front is trimmed counts as taken in, and is not.
    #[cfg(any(test, feature = "canary"))]
    DropTrimmedRest,
    /// Rows of a log of an earlier set of cores are not read.
    #[cfg(any(test, feature = "canary"))]
    SkipReplay,
    /// A table is built again from the log's beginning.
    #[cfg(any(test, feature = "canary"))]
    RecutOverlaps,
    /// A cut's position covers entries that a replay has not come to.
    #[cfg(any(test, feature = "canary"))]
    PositionAheadOfBuilders,
    /// Rows of an older epoch are dropped, whatever the table has.
    #[cfg(any(test, feature = "canary"))]
    DropOlderEpochs,
    /// Rows that came before the table got its newest columns are not built again.
    #[cfg(any(test, feature = "canary"))]
    LoseOlderColumns,
    /// What is found not to fit a changed table is rejected, and not noted.
    #[cfg(any(test, feature = "canary"))]
    ForgetDecisions,
}

planted! {
    commits_before_durable: CommitBeforeDurable;
    welcomes_before_durable: WelcomeBeforeDurable;
    accepts_stale_resumes: AcceptStaleResume;
    resumes_at_other_streams: ResumeAtOtherStream;
    drops_trimmed_rest: DropTrimmedRest;
    skips_replays: SkipReplay;
    recuts_overlap: RecutOverlaps;
    positions_run_ahead: PositionAheadOfBuilders;
    drops_older_epochs: DropOlderEpochs;
    loses_older_columns: LoseOlderColumns;
    forgets_decisions: ForgetDecisions;
}
