//! Why a run failed, and the exit code that says so to scripts.

use crate::cli::exit::Exit;
use std::path::Path;

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
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Data { .. } => Exit::Data,
            Self::Client { error } if error.is_data_error() => Exit::Data,
            Self::Client { error } if error.is_retryable() => Exit::TryLater,
            Self::Client { error } if error.code() == "CONFIGURATION" => Exit::Usage,
            Self::File { .. } | Self::Client { .. } | Self::System(_) => Exit::Failure,
        }
    }
}
