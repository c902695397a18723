//! The kinds of faults a run can meet, and how often it met each.

use std::collections::BTreeMap;

macro_rules! faults {
    ($($name:ident $sentence:literal,)*) => {
        /// What can go wrong, or come at a bad moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $sentence] $name,)*
        }

        /// Every kind there is.
        pub const FAULTS: &[Fault] = &[$(Fault::$name,)*];

        impl Fault {
            /// What it is, for a person.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                }
            }
        }
    };
}

faults! {
    PutFailedBefore "a put failed before it landed, answered as unknown",
    PutFailedAfter "a put landed and its answer was lost",
    PutLandedLate "a put landed long after its answer had been unknown",
    PutNeverLanded "a put under way never landed",
    PutSlow "a put took very long",
    PutExistsOfItsOwn "a put's inner retry answered exists for its own object",
    PutExistsOfNothing "a put was answered exists and nothing was there",
    ReadMissing "an object that exists read as missing",
    ReadUnknown "a read of a version failed",
    LookFailed "the newest version could not be read",
    LateSight "a commit was in doubt for so long that only the table was believed",
    LostRace "another engine took the version",
    ForeignCommit "somebody else committed to the table",
    SchemaChanged "somebody else changed the table's schema",
    ColumnsTakenOver "an engine went on under columns that somebody else had changed",
    ColumnsAdded "columns that a stream sends were added to the table",
    TableClosed "a table was closed under its key and opened again under another",
    FileFailed "a data file could not be written, and what was uncommitted was given up",
    CutDiscarded "a cut conflicted with the table and was given up",
    CutBeforeWelcome "a connection was cut before Welcome",
    CutBeforeAck "a connection was cut with rows sent and not acknowledged",
    FramesToServerLost "frames on their way to the server were lost with their connection",
    FramesToClientLost "frames on their way to the client were lost with their connection",
    DialAbandoned "a client gave up waiting, and its Hello arrived all the same",
    BatchFromDeadConnection "rows arrived from a connection whose client had gone on elsewhere",
    Resumed "a producer resumed",
    ResumedElsewhere "a producer resumed at another engine",
    Rebatched "a producer sent rows again in other batches than before",
    DuplicateTrimmed "a batch overlapped with what was there",
    StaleAttempt "an attempt came after a later one of the same producer",
    RivalOpened "a second producer opened a stream that had one",
    ZombieResumed "a producer resumed after a newer one had opened its stream",
    Fenced "a producer was fenced",
    EngineCrashed "an engine crashed",
    EngineCrashedInDoubt "an engine crashed with a put under way",
    EngineStoodStill "an engine stood still for long, and went on as if nothing had happened",
    EngineDrained "an engine drained",
    MemoryShort "the memory budget refused a frame",
    MemoryShortByChance "word of short memory came without reason",
    PortFull "a table's port was full",
    PortStalled "a table's port was full for long",
    OnlyLogged "rows were only logged while their table's port was full",
    TableUnavailable "a table could not be opened for the moment",
    TableMade "a missing table was made from a stream's schema",
    IdleCut "a cut was asked for though nobody wanted one",
    Busy "a producer was told to try again later",
    Discarded "a producer was sent back to the committed offset",
    DurableFirst "rows were acknowledged as durable before they were committed",
    PowerCut "an engine lost power, and what it had not synced with it",
    TornTail "a log ended in blocks that were being written",
    RowsRecovered "rows came back from a log after a restart",
    BuiltAgain "a table's uncommitted rows were built again from the log",
    ReplayBlockGone "a block was copied elsewhere before a replay read it",
    SegmentRetired "a segment that nobody needed was recycled",
    CopiedForward "entries were copied forward",
    DiskFull "a log's disk was full",
    DiskBroken "a log's disk failed, and the engine ended",
    VersionsCleanedAway "old versions of the table were cleaned away",
    StrayPut "a put created a version that had been cleaned away",
    StoreOutage "the store was down for long",
    OneStoreDown "one table's store was down and the other's was not",
    RotRefused "a bit of a log had turned, and the engine refused to start",
    DirectoryCopied "an engine was started upon a copy of another's data directory",
    RolledBack "an engine was started upon an older state of its data directory",
    TableRestored "somebody restored the table to an older version",
    TableRemade "somebody dropped the table and made it anew",
    BlockForged "rows held bytes that look like blocks of the log",
    TableStopped "a table was not written any more until a person decides",
    RowsHeld "rows of an older epoch were held",
    CoresChanged "the number of cores changed between two runs",
    LogSwitchedOff "the log was switched off between two runs",
    LogDrained "a log of an earlier set of cores was drained, and removed",
    DurableElsewhere "a producer resumed below what another engine has durable",
    Elsewhere "a producer was sent back to the engine that has its rows",
    MergeCommitted "files of a table were merged",
    MergeTouched "somebody deleted, rewrote or merged what an engine was merging",
    MergeLostRace "somebody else took the version of a merge",
    MergeInDoubt "the answer to the put of a merge was lost",
    MergeSighted "a merge was in doubt for so long that only the table was believed",
    MergeSuperseded "a merge found that another process speaks for its engine's log",
    MergeCrashed "an engine crashed with a merged file that no version named yet",
    OrphanRemoved "a file that was staged for nothing was removed",
    OrphanOpen "a staged file was left because its commit could still come",
    OrphanUnproven "a staged file was left because the commits that would tell were gone",
    ForeignRows "somebody else appended rows",
    RowsDeleted "somebody else deleted rows of a file",
    FilesOptimized "somebody else merged files",
    RowsRejected "rows came into the table of rejected rows",
    RejectsKnown "rejected rows were in their table already",
    RejectsInDoubt "the answer to the put of rejected rows was lost",
    RejectsForeseen "rejected rows were not written because their cut could not be committed",
    RowsFitNoMore "rows in a log did not fit the table any more",
    AnonymousInDoubt "an anonymous producer lost its connection with rows in doubt",
}

/// How often each kind was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultCounts {
    counts: BTreeMap<Fault, u64>,
}

impl FaultCounts {
    /// Met one more.
    pub fn met(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    /// How often `fault` was met.
    pub fn of(&self, fault: Fault) -> u64 {
        self.counts.get(&fault).copied().unwrap_or(0)
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.counts {
            *self.counts.entry(*fault).or_default() += count;
        }
    }

    /// Kinds that were never met.
    pub fn missing(&self) -> Vec<Fault> {
        FAULTS.iter().copied().filter(|fault| self.of(*fault) == 0).collect()
    }
}
