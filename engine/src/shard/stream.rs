//! What a shard knows of one stream.

use super::connection::ConnectionId;
use crate::handover::answer::StreamEntry;
use crate::log::StreamNumber;
use lakehead_protocol::hello::Hello;
use std::sync::Arc;

/// A named stream, or an anonymous one for as long as its rows are on their way.
#[derive(Debug)]
pub struct Stream {
    /// `None` for an anonymous stream.
    pub name: Option<Arc<str>>,
    /// Current major epoch; zero for anonymous streams and before the first mint.
    pub epoch: u64,
    /// Rows below this are in the table.
    pub committed: u64,
    /// Table version in which the last of them became visible.
    pub version: u64,
    /// Rows below this are durable in the log; without a log nothing is said of it.
    pub durable: u64,
    /// Rows below this belong to cuts that were handed over.
    pub cut_from: u64,
    /// Rows below this are in builders or were.
    pub built: u64,
    /// Offset of the next row to admit.
    pub next: u64,
    /// The connection whose rows are admitted.
    pub owner: Option<ConnectionId>,
    /// Who opened or resumed it last, and with which attempt; `None` before the first.
    pub opener: Option<([u8; 16], u64)>,
    pub mint: Mint,
    /// What the log calls the stream under its current epoch.
    pub log_number: Option<StreamNumber>,
}

/// Where a new epoch for the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mint {
    /// None is wanted.
    Idle,
    /// The next cut asks for it on behalf of this connection.
    Wanted(ConnectionId),
    /// A handed-over cut asks for it. The connection that wanted it may be gone, and another may want one after it.
    InFlight { cut: u64, by: Option<ConnectionId>, then: Option<ConnectionId> },
}

impl Stream {
    /// A stream of which nothing is known yet.
    pub fn new(name: Option<Arc<str>>) -> Self {
        Self {
            name,
            epoch: 0,
            committed: 0,
            version: 0,
            durable: 0,
            cut_from: 0,
            built: 0,
            next: 0,
            owner: None,
            opener: None,
            mint: Mint::Idle,
            log_number: None,
        }
    }

    /// Continues from what the table shows.
    pub fn continue_from(&mut self, committed: u64, epoch: u64, version: u64) {
        self.epoch = epoch;
        self.committed = committed;
        self.version = version;
        self.durable = committed;
        self.cut_from = committed;
        self.built = committed;
        self.next = committed;
        self.log_number = None;
    }

    /// Goes back to what the table shows, to be built again from there; rows in the log keep their place.
    pub fn build_again_from(&mut self, committed: u64, version: u64) {
        (self.committed, self.version) = (self.committed.max(committed), self.version.max(version));
        (self.cut_from, self.built) = (self.committed, self.committed);
    }

    /// Whether a later attempt of the same opener is known, so that this one comes from a connection that died.
    pub fn is_stale_attempt(&self, opener: &[u8; 16], attempt: u64) -> bool {
        self.opener.is_some_and(|(known, latest)| known == *opener && attempt <= latest)
    }

    /// Whether what a resuming client holds is newer than what is known here: the stream went on at another engine since, and
    /// only the table can judge.
    pub fn is_behind(&self, hello: &Hello) -> bool {
        hello.epoch_major > self.epoch || hello.committed_seen > self.committed || hello.durable_seen > self.next
    }

    /// Whether `entry` replaces what is known here. Rows or a mint on their way are left alone: their commit is judged by the
    /// table, which ends them if it must.
    pub fn is_overtaken_by(&self, entry: &StreamEntry) -> bool {
        let differs = (entry.committed, entry.epoch) != (self.committed, self.epoch);
        differs && self.is_settled() && entry.version > self.version
    }

    /// Whether rows or a mint are still on their way to the table.
    pub fn is_settled(&self) -> bool {
        self.committed == self.next && self.mint == Mint::Idle
    }
}

impl Mint {
    /// The same without this connection's interest. A mint that nobody waits for is still made when it is in flight.
    pub fn without(self, id: ConnectionId) -> Self {
        match self {
            Self::Idle => Self::Idle,
            Self::Wanted(by) if by == id => Self::Idle,
            Self::Wanted(by) => Self::Wanted(by),
            Self::InFlight { cut, by, then } => {
                Self::InFlight { cut, by: by.filter(|by| *by != id), then: then.filter(|then| *then != id) }
            }
        }
    }
}
