//! Why a run failed, and the exit code that says so to scripts.

use std::path::Path;

/// Exit code: anything that has no code of its own.
pub const EXIT_FAILURE: u8 = 1;
/// Exit code: the command line cannot be.
pub const EXIT_USAGE: u8 = 2;
/// Exit code: the file's rows must change first (EX_DATAERR).
pub const EXIT_DATA: u8 = 65;
/// Exit code: the same command may work later (EX_TEMPFAIL).
pub const EXIT_LATER: u8 = 75;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line cannot be.
    #[error("{0}")]
    Usage(String),
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    /// The file's content is not what the table takes.
    #[error("{path}: {reason}")]
    Data { path: String, reason: String },
    /// The engine refused, or could not be used.
    #[error("{error} [{}]", error.code())]
    Client {
        #[from]
        error: lakehead_client::Error,
    },
    /// This process lacks something.
    #[error("{0}")]
    System(String),
}

impl Failure {
    /// A file that cannot be read.
    pub fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File { path: path.display().to_string(), reason: reason.to_string() }
    }

    /// A file whose content is wrong.
    pub fn data(path: &Path, reason: impl ToString) -> Self {
        Self::Data { path: path.display().to_string(), reason: reason.to_string() }
    }

    /// What the process exits with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => EXIT_USAGE,
            Self::Data { .. } => EXIT_DATA,
            Self::Client { error } if error.is_data_error() => EXIT_DATA,
            Self::Client { error } if error.is_retryable() => EXIT_LATER,
            Self::Client { error } if error.code() == "CONFIGURATION" => EXIT_USAGE,
            Self::File { .. } | Self::Client { .. } | Self::System(_) => EXIT_FAILURE,
        }
    }
}
