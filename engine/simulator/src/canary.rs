//! Planted bugs: a suite that cannot fail proves nothing.

use clap::ValueEnum;
use lakehead_engine::commit::attempt::Canary as CommitCanary;
use lakehead_engine::log::Canary as LogCanary;
use lakehead_engine::shard::canary::Canary as ShardCanary;
use lakehead_engine::upkeep::canary::Canary as UpkeepCanary;

/// A planted bug. Most sit inside the commit machines, upkeep, the log and the shard. The last five, the file that a merge
/// drops and rejected rows that are repeated or left out, bend what is delivered between a client and its shard, so that the shard behaves as if it had the bug, or sit in the
/// simulator's own commit plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Canary {
    /// A put whose answer was lost is taken for failed, and goes to the next version.
    RetryAtNextVersion,
    /// Nobody compares the cut's streams with the table.
    NoCompareAndSet,
    /// A cut counts as committed when the answer to its put is lost.
    AckBeforeDecided,
    /// A put that was created is believed, however late it came.
    BelieveLateCreated,
    /// The file of a cut is deleted when the answer to its put is lost.
    DeleteStagedOnError,
    /// A commit leaves out what it should say of logs.
    ForgetLogEntry,
    /// A log's claim is not compared with the table's.
    IgnoreClaim,
    /// A log's position is not compared with the table's.
    IgnorePosition,
    /// What is written is called durable before it is synced.
    AckBeforeSync,
    /// Recovery takes the first bad block for the end, whatever later blocks claim.
    TruncateAtFirstBadBlock,
    /// Block checksums leave out salt, segment and offset.
    BelieveForgedBlock,
    /// Block checksums leave out salt and segment, and nobody compares a block with the one before.
    BelieveRecycledBlock,
    /// A segment counts as open although its name may not survive.
    SkipDirectorySync,
    /// A new segment does not repeat the schemas.
    ForgetSchemasWhenFreed,
    /// Copied entries are numbered anew.
    CopiesGetNewPositions,
    /// What recovery read is used before it is synced.
    AnswerFromUnsynced,
    /// Claims of a copied log look like the log's own.
    ClaimsAlike,
    /// A cut is handed over before what it covers is durable.
    CommitBeforeDurable,
    /// Welcome leaves before what it rests on is durable.
    WelcomeBeforeDurable,
    /// An attempt from before is taken for the newest of its opener.
    AcceptStaleResume,
    /// A stream is welcomed at the offset of another one.
    ResumeAtOtherStream,
    /// What is left of a batch whose front is trimmed counts as taken in, and is not.
    DropTrimmedRest,
    /// Rows of a log of an earlier set of cores are not read.
    SkipReplay,
    /// A table is built again from the log's beginning.
    RecutOverlaps,
    /// A cut's position covers entries that a replay has not come to.
    PositionAheadOfBuilders,
    /// Rows of an older epoch are dropped, whatever the table has.
    DropOlderEpochs,
    /// Rows that came before the table got its newest columns are not built again.
    LoseOlderColumns,
    /// A merge leaves the rows of its last file out.
    MergeDropsFile,
    /// Nobody looks whether the files of a merge are still part of the table.
    MergeIgnoresTouched,
    /// The merged file is deleted when the answer to its put is lost.
    MergeDeletesOutputOnError,
    /// A merge whose answer is lost is taken for failed, and looked at anew.
    MergeRetriesOnUnknown,
    /// The merged file is deleted when the table does not show it, though a version may name it.
    MergeDeletesStray,
    /// A staged file that no commit names yet is removed before a higher claim is shown.
    OrphanRemovedEarly,
    /// A file that was staged under an earlier claim is removed, whatever the commits say.
    OrphanRemovedUnread,
    /// Files are named by claims that were made for what was given up since.
    FilesOfOlderClaims,
    /// What is found not to fit a changed table is rejected, and not noted.
    ForgetDecisions,
    /// Rejected rows are written again though their table shows them.
    RejectsRepeated,
    /// A cut is committed without its rejected rows.
    RejectsLeftOut,
    /// The duplicate prefix of a batch is trimmed by one row too few.
    DedupOffByOne,
    /// A resume under an old epoch is taken for one under the current epoch.
    AcceptOldEpoch,
    /// Rows count as committed when their cut was handed over.
    AckBeforeCommit,
    /// Row groups of a generation that was given up are kept, and go into a later cut.
    GenerationIgnored,
    /// Of two cuts that wait to be committed the later one goes first.
    CutsOutOfOrder,
}

/// Every planted bug.
pub const CANARIES: [Canary; 43] = [
    Canary::RetryAtNextVersion,
    Canary::NoCompareAndSet,
    Canary::AckBeforeDecided,
    Canary::BelieveLateCreated,
    Canary::DeleteStagedOnError,
    Canary::ForgetLogEntry,
    Canary::IgnoreClaim,
    Canary::IgnorePosition,
    Canary::AckBeforeSync,
    Canary::TruncateAtFirstBadBlock,
    Canary::BelieveForgedBlock,
    Canary::BelieveRecycledBlock,
    Canary::SkipDirectorySync,
    Canary::ForgetSchemasWhenFreed,
    Canary::CopiesGetNewPositions,
    Canary::AnswerFromUnsynced,
    Canary::ClaimsAlike,
    Canary::CommitBeforeDurable,
    Canary::WelcomeBeforeDurable,
    Canary::AcceptStaleResume,
    Canary::ResumeAtOtherStream,
    Canary::DropTrimmedRest,
    Canary::SkipReplay,
    Canary::RecutOverlaps,
    Canary::PositionAheadOfBuilders,
    Canary::DropOlderEpochs,
    Canary::LoseOlderColumns,
    Canary::MergeDropsFile,
    Canary::MergeIgnoresTouched,
    Canary::MergeDeletesOutputOnError,
    Canary::MergeRetriesOnUnknown,
    Canary::MergeDeletesStray,
    Canary::OrphanRemovedEarly,
    Canary::OrphanRemovedUnread,
    Canary::FilesOfOlderClaims,
    Canary::ForgetDecisions,
    Canary::RejectsRepeated,
    Canary::RejectsLeftOut,
    Canary::DedupOffByOne,
    Canary::AcceptOldEpoch,
    Canary::AckBeforeCommit,
    Canary::GenerationIgnored,
    Canary::CutsOutOfOrder,
];

impl Canary {
    /// The part of it that the commit machines carry out.
    pub fn of_commit(this: Option<Self>) -> CommitCanary {
        match this {
            Some(Self::RetryAtNextVersion) => CommitCanary::RetryAtNextVersion,
            Some(Self::NoCompareAndSet) => CommitCanary::NoCompareAndSet,
            Some(Self::AckBeforeDecided) => CommitCanary::AckBeforeDecided,
            Some(Self::BelieveLateCreated) => CommitCanary::BelieveLateCreated,
            Some(Self::DeleteStagedOnError) => CommitCanary::DeleteStagedOnError,
            Some(Self::ForgetLogEntry) => CommitCanary::ForgetLogEntry,
            Some(Self::IgnoreClaim) => CommitCanary::IgnoreClaim,
            Some(Self::IgnorePosition) => CommitCanary::IgnorePosition,
            _ => CommitCanary::None,
        }
    }

    /// The part of it that logs carry out.
    pub fn of_log(this: Option<Self>) -> LogCanary {
        match this {
            Some(Self::AckBeforeSync) => LogCanary::AckBeforeSync,
            Some(Self::TruncateAtFirstBadBlock) => LogCanary::TruncateAtFirstBadBlock,
            Some(Self::BelieveForgedBlock) => LogCanary::BelieveForgedBlock,
            Some(Self::BelieveRecycledBlock) => LogCanary::BelieveRecycledBlock,
            Some(Self::SkipDirectorySync) => LogCanary::SkipDirectorySync,
            Some(Self::ForgetSchemasWhenFreed) => LogCanary::ForgetSchemasWhenFreed,
            Some(Self::CopiesGetNewPositions) => LogCanary::CopiesGetNewPositions,
            Some(Self::AnswerFromUnsynced) => LogCanary::AnswerFromUnsynced,
            Some(Self::ClaimsAlike) => LogCanary::ClaimsAlike,
            _ => LogCanary::None,
        }
    }

    /// The part of it that shards carry out.
    pub fn of_shard(this: Option<Self>) -> ShardCanary {
        match this {
            Some(Self::CommitBeforeDurable) => ShardCanary::CommitBeforeDurable,
            Some(Self::WelcomeBeforeDurable) => ShardCanary::WelcomeBeforeDurable,
            Some(Self::AcceptStaleResume) => ShardCanary::AcceptStaleResume,
            Some(Self::ResumeAtOtherStream) => ShardCanary::ResumeAtOtherStream,
            Some(Self::DropTrimmedRest) => ShardCanary::DropTrimmedRest,
            Some(Self::SkipReplay) => ShardCanary::SkipReplay,
            Some(Self::RecutOverlaps) => ShardCanary::RecutOverlaps,
            Some(Self::PositionAheadOfBuilders) => ShardCanary::PositionAheadOfBuilders,
            Some(Self::DropOlderEpochs) => ShardCanary::DropOlderEpochs,
            Some(Self::LoseOlderColumns) => ShardCanary::LoseOlderColumns,
            Some(Self::ForgetDecisions) => ShardCanary::ForgetDecisions,
            _ => ShardCanary::None,
        }
    }

    /// The part of it that upkeep carries out.
    pub fn of_upkeep(this: Option<Self>) -> UpkeepCanary {
        match this {
            Some(Self::MergeDropsFile) => UpkeepCanary::DropFile,
            Some(Self::MergeIgnoresTouched) => UpkeepCanary::IgnoreTouched,
            Some(Self::MergeDeletesOutputOnError) => UpkeepCanary::DeleteOutputOnError,
            Some(Self::MergeRetriesOnUnknown) => UpkeepCanary::RetryOnUnknown,
            Some(Self::MergeDeletesStray) => UpkeepCanary::DeleteStray,
            Some(Self::OrphanRemovedEarly) => UpkeepCanary::OrphansEarly,
            Some(Self::OrphanRemovedUnread) => UpkeepCanary::OrphansUnread,
            _ => UpkeepCanary::None,
        }
    }

    /// The name it has on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
