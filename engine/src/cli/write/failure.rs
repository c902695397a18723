//! Why a run failed, and the exit code that says so to scripts.

use crate::cli::client_args::exit_of;
use crate::cli::exit::Exit;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line cannot be.
    #[error("{0}")]
    Usage(String),
    /// The file cannot be read.
    #[error("{name}: {reason}")]
    File { name: String, reason: String },
    /// The content is not what the table takes.
    #[error("{name}: {reason}")]
    Data { name: String, reason: String },
    /// The engine refused, or could not be used.
    #[error("{error} [{}]", error.code())]
    Client {
        #[from]
        error: lakehead_client::Error,
    },
    /// A signal came before the end.
    #[error("broken off; {0}")]
    BrokenOff(String),
    /// This process lacks something.
    #[error("{0}")]
    System(String),
}

impl Failure {
    /// A file that cannot be read.
    pub fn file(name: impl ToString, reason: impl ToString) -> Self {
        Self::File { name: name.to_string(), reason: reason.to_string() }
    }

    /// Content that is wrong.
    pub fn data(name: impl ToString, reason: impl ToString) -> Self {
        Self::Data { name: name.to_string(), reason: reason.to_string() }
    }

    /// What the process exits with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Data { .. } => Exit::Data,
            Self::Client { error } => exit_of(error),
            Self::File { .. } | Self::BrokenOff(_) | Self::System(_) => Exit::Failure,
        }
    }
}
