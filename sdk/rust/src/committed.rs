//! How much of a stream is in the table.

/// Rows 0 to `offset` - 1 of the stream are in the table, the last of them since table version `version`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// One past the last committed row.
    pub offset: u64,
    /// The table version in which that row became visible; zero as long as the server has named none.
    pub version: u64,
}
