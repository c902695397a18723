//! Which rows a log would still have.

use crate::checks::Violation;
use crate::rows;
use lakehead_engine::log::fake::Disk;
use lakehead_engine::log::{BlockBuffer, Canary, HeapBuffer, Life, Position, ReadDisk, Recovered, open_block};
use std::collections::BTreeMap;

/// Offsets by stream: first row, and one past the last.
pub type LoggedRows = BTreeMap<String, Vec<(u64, u64)>>;

/// The rows that a recovered log has and need not be in their table.
///
/// # Errors
/// When a block that recovery has named cannot be read.
pub fn logged_rows(disk: &Disk, recovered: &Recovered, canary: Canary) -> Result<LoggedRows, Violation> {
    let mut logged = LoggedRows::new();
    for table in recovered.state.tables.values() {
        for place in recovered.blocks(table.number, Position(0)) {
            let mut bytes = HeapBuffer::new(place.bytes as usize);
            let read = disk.read(place.segment, place.offset, bytes.bytes_mut());
            let salt = recovered.segments().find(|segment| segment.number == place.segment).map(|segment| segment.salt);
            let (Ok(()), Some(salt)) = (read, salt) else {
                return Violation::because(format!("{place:?} cannot be read"));
            };
            let life = Life { segment: place.segment, salt, canary };
            let Ok(view) = open_block(&life, place.offset, bytes.bytes()) else {
                return Violation::because(format!("{place:?} is damaged"));
            };
            for record in view.rows().filter(|record| record.header.table == table.number) {
                let (Some(offsets), Some(stream)) = (record.offsets(), rows::stream_of(record.payload)) else {
                    return Violation::because(format!("entry {} is no frame of rows", record.header.position));
                };
                logged.entry(stream).or_default().push(offsets);
            }
        }
    }
    Ok(logged)
}

/// How far the rows from `from` on reach without a gap.
pub fn reach<'a>(stream: &str, from: u64, logs: impl Iterator<Item = &'a LoggedRows>) -> u64 {
    let mut ranges: Vec<(u64, u64)> = logs.filter_map(|logged| logged.get(stream)).flatten().copied().collect();
    ranges.sort_unstable();
    ranges.into_iter().fold(from, |reach, (first, end)| if first <= reach { reach.max(end) } else { reach })
}
