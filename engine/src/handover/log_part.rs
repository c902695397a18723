//! What one shard's log wants of a cut.
//!
//! A log numbers its entries; a *position* says that every entry of a table below it is in the table. The table keeps the
//! position of each log, and who speaks for it: a *claim*, a number that grows with every run of the log and with every
//! time that a run opens the table, and that no copy of the log has. A commit is made only upon a version that shows the
//! claim and the position that it builds upon, so neither a zombie nor a copy of the log can repeat or skip a row.

use std::fmt;
use std::sync::Arc;

/// A log's identity, minted with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub [u8; 16]);

/// One log's part of a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPart {
    pub log: LogId,
    /// Under which the log speaks.
    pub claim: u64,
    /// The cut holds what the table does not have of the entries below this position. A part that only claims brings no rows
    /// and says the position that the log remembers; a higher one that the table shows then stays.
    pub to: u64,
    /// What the table must show before.
    pub base: Base,
}

/// What a log's part of a cut builds upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The part's own claim, and this position.
    Claimed { position: u64 },
    /// A lower claim or none: the part makes its own. What the table shows of the log must fit what the log remembers of
    /// the table.
    Unclaimed {
        remembered: Remembered,
        /// Every claim of the log that the table may show: what is remembered, and what was handed over since.
        spoken: Arc<[Spoken]>,
        /// Whether a table that shows less than it has shown before is taken as it is, because somebody who knows what
        /// happened to it said so.
        adopt: bool,
    },
}

/// A claim that a log has made of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    pub claim: u64,
    /// Nothing at or past this position can have come into the table under the claim.
    pub end: u64,
}

/// The newest that a log knows a table to have shown; all zero when it has heard of nothing. The table can only have gone on
/// since.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remembered {
    pub claim: u64,
    pub position: u64,
    /// Table version.
    pub version: u64,
}

/// What a table shows of a log; all zero for one that it does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogEntry {
    pub claim: u64,
    pub position: u64,
}

impl fmt::Display for LogId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", uuid::Uuid::from_bytes(self.0))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LogId({self})")
    }
}

impl std::str::FromStr for LogId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Ok(Self(*uuid::Uuid::parse_str(text)?.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_written_as_a_uuid() {
        let log = LogId([0xAB; 16]);
        assert_eq!(log.to_string(), "abababab-abab-abab-abab-abababababab");
        assert_eq!(log.to_string().parse::<LogId>().unwrap(), log);
    }
}
