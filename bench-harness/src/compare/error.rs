use std::path::PathBuf;

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("{path} is no engine: {hint}")]
    NoBinary { path: PathBuf, hint: &'static str },
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    #[error("the engine did not start within {seconds} s; it said:\n{said}")]
    Start { seconds: u64, said: String },
    #[error("{command} ended with {status}:\n{said}")]
    Load { command: String, status: String, said: String },
    #[error("{path} does not say {field}")]
    Report { path: PathBuf, field: &'static str },
    #[error("{path} is no document: {source}")]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("a turn has no {metric}: nothing can be decided by it")]
    NoFigure { metric: &'static str },
    #[error("{0}")]
    Peers(String),
}

impl CompareError {
    /// For `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
