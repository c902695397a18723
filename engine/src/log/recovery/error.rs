//! Why a log cannot be recovered.

use super::damage::Damage;
use crate::handover::log_part::LogId;
use crate::log::segment_header::SegmentHeaderError;

/// Why a log cannot be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("cannot read {what} of the log: {error}")]
    Io { what: String, error: std::io::Error },
    #[error(
        "acknowledged rows in the log are damaged:\n{}\nRestore the log's files from where they are intact, or accept the \
         loss: what is named here will be missing unless its producers send it again",
        .0.iter().map(|damage| format!("  {damage}")).collect::<Vec<_>>().join("\n")
    )]
    Damaged(Vec<Damage>),
    #[error("segment {segment} cannot be used: {error}")]
    Format { segment: u64, error: SegmentHeaderError },
    #[error("segment {segment} belongs to log {found}, not to {expected}: files of two logs are in one directory")]
    Foreign { segment: u64, expected: LogId, found: LogId },
    #[error("segment {segment} says that it is segment {found}: its file was renamed")]
    Renamed { segment: u64, found: u64 },
    #[error("segment {segment} is {found} bytes long; its header says {expected}: its file was cut")]
    Length { segment: u64, expected: u64, found: u64 },
    #[error(
        "the entry or note at position {position} in segment {segment} speaks of a table, schema or stream that the log does \
         not know: it was written by a faulty version"
    )]
    Misfit { segment: u64, position: u64 },
}
