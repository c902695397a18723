//! What a recovered log has for its tables.

use crate::log::Recovered;
use std::sync::Arc;

/// Ids of the tables that are not known to have all of their entries.
pub fn tables_with_rows(recovered: &Recovered) -> Vec<Arc<str>> {
    let tables = recovered.state.tables.values();
    let has_rows = tables.filter(|table| !recovered.blocks(table.number, table.position).is_empty());
    has_rows.map(|table| table.id.clone()).collect()
}

/// Whether all tables are known to have all of their entries, and none is held.
pub fn is_drained(recovered: &Recovered) -> bool {
    recovered.state.held.is_empty() && tables_with_rows(recovered).is_empty()
}

/// Bytes of entries that their tables are not known to have.
pub fn live_bytes(recovered: &Recovered) -> u64 {
    recovered.segments().map(|segment| segment.live_bytes).sum()
}
