//! Why a table cannot be written any more under its key, and what a person is told of it.

use crate::handover::Refusal;
use crate::handover::answer::Held;
use crate::handover::log_part::{LogEntry, LogId, Remembered};
use lakehead_protocol::reject::RejectCode;
use std::fmt;
use std::sync::Arc;

/// Where a person finds out what the log keeps.
const NEXT_STEP: &str = "rows stay in the log: `lakehead log held --data-dir DIR` shows what is kept";

/// Why a table cannot be written any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The table was dropped and made anew.
    #[error("the table was dropped; what stands in its place is another table")]
    Remade,
    /// The table does not show what it has shown to the log before.
    #[error("the table no longer shows what log {log} has written: {how}. {NEXT_STEP}")]
    Restored { log: LogId, how: Setback },
    /// Somebody else speaks for the log, under a claim that the log has never made.
    #[error(
        "the table shows claim {shown} of log {log}, which this log has never made (its next one is {claim}): another copy of \
         this data directory writes to the table, or this directory is an older copy that was put back. Stop the other one. \
         {NEXT_STEP}"
    )]
    Copied { log: LogId, claim: u64, shown: u64 },
    /// The table shows more of the log than the log itself knows.
    #[error(
        "the table shows position {} of log {log} under claim {}, and under that claim the log had come to {end}: the data \
         directory was rolled back or copied. {NEXT_STEP}",
        shown.position, shown.claim
    )]
    RolledBack {
        log: LogId,
        shown: LogEntry,
        /// Where the log ended when the run of that claim did.
        end: u64,
    },
    /// A newer run of the log has claimed the table, or this one has opened it again: what speaks here is the past.
    #[error(
        "log {log} speaks under claim {claim} and the table shows claim {shown}: a newer run of the log has taken over, or the \
         table was opened again. {NEXT_STEP}"
    )]
    Superseded { log: LogId, claim: u64, shown: u64 },
    /// Somebody changed the schema.
    #[error("the table's schema was changed by somebody else")]
    SchemaChanged,
    /// A feature or property came that this engine cannot honour.
    #[error("{0}")]
    Unsupported(Arc<str>),
    /// A shard has rows in its log that the table cannot hold any more, or that it cannot build.
    #[error("{}. {NEXT_STEP}", .0.message)]
    Unbuildable(Refusal),
    /// The commit itself cannot be made.
    #[error("the table cannot be committed to: {0}")]
    Broken(String),
}

/// How a table lost what a log had written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setback {
    /// A RESTORE came behind the log's last commit: entries stay, rows may have gone.
    RestoreCommit { version: u64 },
    /// The table shows less than it has shown to the log before: it was restored from a copy, or made again under its id.
    Behind { remembered: Remembered, shown: LogEntry, version: u64 },
    /// The log's entry is not what the log's own last commit made of it.
    ForeignHand { expected: LogEntry, shown: LogEntry, version: u64 },
}

impl fmt::Display for Setback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestoreCommit { version } => {
                write!(
                    formatter,
                    "version {version} is a RESTORE, which may have taken rows away that the log had written"
                )
            }
            Self::Behind { remembered, shown, version } => write!(
                formatter,
                "version {} has shown claim {} and position {}, and version {version} shows claim {} and position {}; it was \
                 restored, rolled back or copied into place",
                remembered.version, remembered.claim, remembered.position, shown.claim, shown.position
            ),
            Self::ForeignHand { expected, shown, version } if *shown == LogEntry::default() => write!(
                formatter,
                "claim {} and position {} were taken out by a foreign hand; version {version} has no entry of it",
                expected.claim, expected.position
            ),
            Self::ForeignHand { expected, shown, version } => write!(
                formatter,
                "moved by a foreign hand from claim {} and position {} to claim {} and position {} in version {version}",
                expected.claim, expected.position, shown.claim, shown.position
            ),
        }
    }
}

impl Stop {
    /// What becomes of rows that logs hold for the table.
    pub fn held(&self) -> Held {
        match self {
            Self::SchemaChanged | Self::Unsupported(_) | Self::Broken(_) => Held::UntilReopened,
            Self::Remade
            | Self::Unbuildable(_)
            | Self::Restored { .. }
            | Self::Copied { .. }
            | Self::RolledBack { .. }
            | Self::Superseded { .. } => Held::UntilDecided,
        }
    }

    /// What clients are told.
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Remade => RejectCode::TableChanged,
            Self::Restored { .. } | Self::Copied { .. } | Self::RolledBack { .. } | Self::Superseded { .. } => {
                RejectCode::TableUnavailable
            }
            // The same stream goes on under the new schema: resume and be told of it.
            Self::SchemaChanged => RejectCode::Discarded,
            Self::Unsupported(_) => RejectCode::TableUnsupported,
            Self::Unbuildable(why) => why.code,
            Self::Broken(_) => RejectCode::Internal,
        };
        Refusal::new(code, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_to_decide_is_told_the_log_the_numbers_and_the_next_step() {
        let (log, shown) = (LogId([7; 16]), LogEntry { claim: 41, position: 42 });
        let remembered = Remembered { claim: 43, position: 44, version: 45 };
        let restored = |how| Stop::Restored { log, how };
        let cases = [
            (restored(Setback::RestoreCommit { version: 46 }), vec!["46", "RESTORE"]),
            (restored(Setback::Behind { remembered, shown, version: 47 }), vec!["41", "42", "43", "44", "45", "47"]),
            (
                restored(Setback::ForeignHand { expected: shown, shown: LogEntry::default(), version: 48 }),
                vec!["41", "42", "48", "taken out"],
            ),
            (
                restored(Setback::ForeignHand { expected: LogEntry { claim: 41, position: 1 }, shown, version: 48 }),
                vec!["41", "42", "48", "foreign hand"],
            ),
            (Stop::Copied { log, claim: 40, shown: 41 }, vec!["40", "41", "copy"]),
            (Stop::RolledBack { log, shown, end: 30 }, vec!["41", "42", "30"]),
            (Stop::Superseded { log, claim: 40, shown: 41 }, vec!["40", "41", "newer run"]),
        ];
        for (stop, parts) in cases {
            let Refusal { code, message } = stop.refusal();
            assert_eq!((code, stop.held()), (RejectCode::TableUnavailable, Held::UntilDecided), "{message}");
            for part in parts.into_iter().chain(["07070707-0707", "lakehead log held --data-dir DIR"]) {
                assert!(message.contains(part), "{part:?} in {message:?}");
            }
        }
        let others = [
            (Stop::Remade, RejectCode::TableChanged, Held::UntilDecided),
            (Stop::SchemaChanged, RejectCode::Discarded, Held::UntilReopened),
            (Stop::Unsupported("x".into()), RejectCode::TableUnsupported, Held::UntilReopened),
            (Stop::Broken("x".into()), RejectCode::Internal, Held::UntilReopened),
            (
                Stop::Unbuildable(Refusal::new(RejectCode::SchemaMismatch, "x")),
                RejectCode::SchemaMismatch,
                Held::UntilDecided,
            ),
        ];
        for (stop, code, held) in others {
            assert_eq!((stop.refusal().code, stop.held()), (code, held));
        }
    }
}
