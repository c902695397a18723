//! Exit codes, so that scripts can tell what to do.

use crate::log::RecoveryError;
use crate::log_directory::OpenError;
use std::io::ErrorKind;
use std::process::ExitCode;

/// How a command ended, as sysexits numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Success = 0,
    /// Something failed that no other code names.
    Failure = 1,
    /// The command line is wrong (clap uses the same number).
    Usage = 2,
    /// The data is wrong: look at it before trying again.
    Data = 65,
    /// The engine itself failed.
    Software = 70,
    /// A disk did not do what it must.
    InputOutput = 74,
    /// Nothing is wrong with the request: later it may work.
    TryLater = 75,
    /// The configuration is wrong.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A disk that is full or does not work says nothing about what is in the log: nobody should think of repairing it.
impl From<&OpenError> for Exit {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::TooSmall { .. } => Self::Configuration,
            OpenError::Folder { cause, .. } => match cause.kind() {
                ErrorKind::PermissionDenied | ErrorKind::NotADirectory => Self::Configuration,
                _ => Self::InputOutput,
            },
            OpenError::Damaged { cause, .. } if matches!(**cause, RecoveryError::Io { .. }) => Self::InputOutput,
            OpenError::Manifest { .. } | OpenError::Damaged { .. } => Self::Data,
            OpenError::Threads(_) => Self::Failure,
        }
    }
}
