//! What one shard's log wants of a cut.
//!
//! A log numbers its entries; a *position* says that every entry of a table below it is in the table. The table keeps the
//! position of each log, and who speaks for it: a *claim*, a number that grows with every run of the log and with every
//! time that a run opens the table. A commit is made only upon a version that shows the claim and the position that it
//! builds upon, so neither a zombie nor a copy of the log can repeat or skip a row.

use std::fmt;

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
        /// `None` when no claim of this log can have reached the table: the table was noted in the log after everything else
        /// that is in it, and this is the first claim that is handed over. A log that had noted the table before and has
        /// heard nothing yet remembers all zero: its first commit may have landed without its hearing of it.
        remembered: Option<Remembered>,
        /// Whether what the table shows is taken as it is, because somebody who knows what happened to it said so.
        adopt: bool,
        /// The log's next position: no table can show more of it.
        end: u64,
    },
}

/// The newest that a log knows a table to have shown. The table can only have gone on since.
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
