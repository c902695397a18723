//! What a log holds of each table and of each stream.

use super::offsets::Offsets;
use super::reading::Seen;
use crate::log::{StreamNumber, TableRecord};
use crate::log_directory::contents::{Contents, Standing};
use std::collections::BTreeMap;

/// Entries of one standing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    pub entries: u64,
    pub bytes: u64,
    pub offsets: Offsets,
}

/// Entries of one stream under one epoch, or of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub in_table: Share,
    pub open: Share,
    pub held: Share,
    /// Entries of all shares with rows that their table does not get.
    pub with_rejected: u64,
}

/// A stream under one epoch.
#[derive(Debug, Clone)]
pub struct KeptStream {
    pub number: StreamNumber,
    /// As the client calls it; a number of the log for an anonymous one.
    pub name: String,
    pub is_named: bool,
    pub epoch: u64,
    pub kept: Kept,
}

impl Share {
    fn add(&mut self, from: u64, to: u64, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
        self.offsets.add(from, to);
    }

    fn more(&mut self, other: &Self) {
        self.entries += other.entries;
        self.bytes += other.bytes;
    }
}

impl Kept {
    fn share(&mut self, standing: Standing) -> &mut Share {
        match standing {
            Standing::InTable => &mut self.in_table,
            Standing::Open => &mut self.open,
            Standing::Held => &mut self.held,
        }
    }

    /// Whether it has anything that is not in its table.
    pub fn is_needed(&self) -> bool {
        self.open.entries + self.held.entries > 0
    }
}

/// A table's streams as far as they have entries in the log, and all of them together (without offsets).
pub fn kept(seen: &Seen, table: &TableRecord) -> (Kept, Vec<KeptStream>) {
    let state = &seen.recovered.state;
    let mut streams: BTreeMap<StreamNumber, Kept> = BTreeMap::new();
    for (position, entry, standing) in seen.contents.of_table(state, table.number) {
        let kept = streams.entry(entry.stream).or_default();
        kept.share(standing).add(entry.from, entry.to, entry.bytes);
        kept.with_rejected += u64::from(Contents::has_rejected(state, position, entry));
    }
    let mut all = Kept::default();
    let named = streams.into_iter().map(|(number, kept)| {
        all.in_table.more(&kept.in_table);
        all.open.more(&kept.open);
        all.held.more(&kept.held);
        all.with_rejected += kept.with_rejected;
        let record = state.streams.get(&number).map(|stream| &stream.record);
        let name = record.and_then(|record| record.name.clone());
        KeptStream {
            number,
            is_named: name.is_some(),
            name: name.map_or_else(|| format!("(anonymous {})", number.0), |name| name.to_string()),
            epoch: record.map_or(0, |record| record.epoch),
            kept,
        }
    });
    let streams = named.collect();
    (all, streams)
}
