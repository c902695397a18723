//! What a run did, as one line of JSON on stdout.

/// The line's fields.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Summary {
    pub table: String,
    /// Null for an anonymous stream.
    pub stream: Option<String>,
    /// Rows this run added.
    pub rows: u64,
    /// Rows the stream had already.
    pub skipped: u64,
    /// Table version that shows all of them.
    pub committed_version: u64,
    pub seconds: f64,
}
