//! How much a cut may hold before it is asked for ahead of the tick.

/// Rows and bytes of a table's next cut at which it is asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutSize {
    pub rows: u64,
    pub bytes: u64,
}

impl Default for CutSize {
    fn default() -> Self {
        Self { rows: 64 << 20, bytes: 1 << 30 }
    }
}

impl CutSize {
    /// Whether this much is enough.
    pub fn is_reached(self, rows: u64, bytes: u64) -> bool {
        rows >= self.rows || bytes >= self.bytes
    }
}
