//! Planted bugs: a suite that cannot fail proves nothing.

use clap::ValueEnum;
use lakehead_engine::commit::attempt::Canary as CommitCanary;
use lakehead_engine::log::Canary as LogCanary;

/// A planted bug. The first two sit inside the commit machines. The next two bend what is delivered between a client and its
/// shard, so that the shard behaves as if it had the bug. The last two sit in the simulator's own commit plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Canary {
    /// A put whose answer was lost is taken for failed, and goes to the next version.
    RetryAtNextVersion,
    /// Nobody compares the cut's streams with the table.
    NoCompareAndSet,
    /// The duplicate prefix of a batch is trimmed by one row too few.
    DedupOffByOne,
    /// A resume under an old epoch is taken for one under the current epoch.
    AcceptOldEpoch,
    /// Rows count as committed when their cut was handed over.
    AckBeforeCommit,
    /// Row groups of a generation that was given up are kept, and go into a later cut.
    GenerationIgnored,
}

/// Every planted bug.
pub const CANARIES: [Canary; 6] = [
    Canary::RetryAtNextVersion,
    Canary::NoCompareAndSet,
    Canary::DedupOffByOne,
    Canary::AcceptOldEpoch,
    Canary::AckBeforeCommit,
    Canary::GenerationIgnored,
];

impl Canary {
    /// The part of it that the commit machines carry out.
    pub fn of_commit(this: Option<Self>) -> CommitCanary {
        match this {
            Some(Self::RetryAtNextVersion) => CommitCanary::RetryAtNextVersion,
            Some(Self::NoCompareAndSet) => CommitCanary::NoCompareAndSet,
            _ => CommitCanary::None,
        }
    }

    /// The part of it that logs carry out.
    pub fn of_log(_this: Option<Self>) -> LogCanary {
        LogCanary::None
    }

    /// The name it has on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
