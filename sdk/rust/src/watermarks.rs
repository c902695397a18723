//! How far a stream has come.

/// Rows 0 to `offset` - 1 of the stream are in the table, the last of them since table version `version`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// One past the last committed row.
    pub offset: u64,
    /// The table version in which that row became visible, or an earlier one that the server named last when a refusal told
    /// of the row; zero as long as the server has named none.
    pub version: u64,
}

/// Everything below a watermark is promised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watermarks {
    /// One past the last row that survives the loss of power at the server: [`Promise::Durable`]. Never below `committed`.
    pub durable: u64,
    /// The rows that are in the table: [`Promise::Committed`].
    pub committed: Committed,
}

/// What one can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Promise {
    /// The row survives the loss of power at the server, which will commit it. A server without a log promises this
    /// only together with the commit.
    Durable,
    /// The row is in the table for everybody to read.
    Committed,
}

impl Watermarks {
    /// One past the last row of which this is promised.
    pub fn offset(&self, promise: Promise) -> u64 {
        match promise {
            Promise::Durable => self.durable,
            Promise::Committed => self.committed.offset,
        }
    }
}
