use super::machine::Machine;
use super::revision::git_revision;
use serde::Serialize;
use std::path::Path;

/// Of the documents' shapes, all kinds together. 1 had no kinds.
const VERSION: u32 = 2;

/// What every result file begins with.
#[derive(Debug, Clone, Serialize)]
pub struct Header {
    /// Which command made it; says what else is in the document.
    pub kind: &'static str,
    /// Of the document's shape.
    pub version: u32,
    pub started_unix_ms: u64,
    pub command: Vec<String>,
    /// Of the working copy that holds the binary; ends in `-dirty` when it had changes.
    pub git_revision: Option<String>,
    pub machine: Machine,
}

impl Header {
    /// Of this process on this machine; `data` is a folder on the disk that the result depends on.
    pub fn here(kind: &'static str, started_unix_ms: u64, data: Option<&Path>) -> Self {
        Self {
            kind,
            version: VERSION,
            started_unix_ms,
            command: std::env::args().collect(),
            git_revision: git_revision(),
            machine: Machine::here().with_disk(data),
        }
    }
}
