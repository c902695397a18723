//! How large pages become.

/// Rows of a page: enough that a page's own costs do not count, few enough that readers which skip by the page index skip
/// something.
pub(super) const PAGE_ROWS_MAX: usize = 1 << 16;

/// Bytes of a page of plain texts, unless one text alone is larger.
pub(super) const PAGE_BYTES_MAX: usize = 1 << 20;

/// Bytes of a dictionary: readers keep it whole. Beyond it values are written as they are.
pub(super) const DICTIONARY_BYTES_MAX: usize = 1 << 20;

/// Bytes of a text in a chunk's statistics: enough for 32 characters of Delta statistics whatever their width.
pub(in crate::commit::encode) const STATISTICS_BYTES_MAX: usize = 128;

/// Bytes of a text in the page index.
pub(super) const INDEX_BYTES_MAX: usize = 64;

/// Memory that a thread keeps of a buffer between columns.
pub(super) const KEPT_BYTES_MAX: usize = 8 << 20;
