//! Why a command about logs did not do its work, and what to do about it.

use crate::cli::directory_lock::LockError;
use crate::cli::exit::Exit;
use crate::cli::local_table::LocalTableError;
use crate::config::ConfigError;
use crate::log::RecoveryError;
use crate::log_directory::OpenError;
use crate::log_directory::amending::AmendError;
use crate::log_directory::blocking::BlockingError;
use std::io;
use std::path::PathBuf;

/// See the module head.
#[derive(Debug, thiserror::Error)]
pub enum LogCommandError {
    #[error(
        "{path} is no data directory, no folder of logs and no log: there is neither log/manifest.json nor manifest.json nor a \
         segment in it. Give the directory that `lakehead serve` has as --data-dir"
    )]
    Place { path: PathBuf },
    #[error("{path} cannot be read: {cause}. Run it as the user that the engine runs as")]
    Io { path: PathBuf, cause: io::Error },
    #[error("the log in {path} changes faster than it can be read; try again, or when less is written")]
    Moving { path: PathBuf },
    #[error("{path}: {cause}")]
    Unreadable { path: PathBuf, cause: Box<RecoveryError> },
    #[error("{0}. Stop the engine first; it ends on SIGTERM")]
    Lock(#[from] LockError),
    #[error(transparent)]
    Amend(#[from] AmendError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Table(#[from] LocalTableError),
    #[error("{0}")]
    Nothing(String),
    #[error("{0}")]
    Undecided(String),
    #[error("{0}")]
    Wrong(String),
    #[error("{path} cannot be written: {cause}")]
    Output { path: PathBuf, cause: io::Error },
}

impl LogCommandError {
    /// The exit code, as docs/operations.md has them.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Place { .. } | Self::Undecided(_) => Exit::Usage,
            Self::Io { .. } | Self::Table(_) | Self::Nothing(_) | Self::Output { .. } => Exit::Failure,
            Self::Moving { .. } => Exit::TryLater,
            Self::Lock(_) | Self::Config(_) => Exit::Configuration,
            Self::Amend(AmendError::Disk(error)) => match error {
                BlockingError::Disk { .. } | BlockingError::Full => Exit::InputOutput,
                BlockingError::Damaged(_) => Exit::Data,
                BlockingError::Restless(_) => Exit::Software,
            },
            Self::Amend(AmendError::Open(error)) | Self::Open(error) => error.into(),
            Self::Unreadable { .. } | Self::Wrong(_) => Exit::Data,
        }
    }
}
