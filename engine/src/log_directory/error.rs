//! Why the logs could not be opened.

use crate::handover::log_part::LogId;
use crate::log::RecoveryError;
use std::io;
use std::path::PathBuf;

/// Why the logs could not be opened. Nothing was written to any of them.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the log's folder {path} cannot be used: {cause}. No row was touched; make room on the disk, or mend it, and start again"
    )]
    Folder { path: PathBuf, cause: io::Error },
    #[error(
        "{path} does not say which logs there are: {reason}. If the data directory was copied or put together by hand, begin \
         with an empty one; otherwise restore the file"
    )]
    Manifest { path: PathBuf, reason: String },
    #[error(
        "log {log} in {path} cannot be recovered: {cause}. Nothing was changed. `lakehead log inspect {path}` shows more; \
         `lakehead log repair` says what giving it up would cost and, with --accept-loss, does so"
    )]
    Damaged { log: LogId, path: PathBuf, cause: Box<RecoveryError> },
    #[error(
        "{log_mb} MB are too little for the logs of {cores} cores: at least {least_mb} MB are needed ([log] size_mb)"
    )]
    TooSmall { log_mb: u64, cores: usize, least_mb: u64 },
    #[error("a thread to recover a log could not be started: {0}")]
    Threads(io::Error),
}
