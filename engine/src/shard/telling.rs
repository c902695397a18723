//! What a shard waits for, in words: for a person who has to find out why nothing goes on.

use super::log_book::LogBook;
use super::state::Shard;
use super::stream::{Mint, Stream};
use super::table::ShardTable;
use super::table_log::{Claim, LogPhase, TableLog};
use crate::handover::TableKey;

/// Streams that are named.
const STREAMS_TOLD: usize = 4;
/// Tables that are described.
const TABLES_TOLD: usize = 8;

impl Shard {
    /// A line for each table with something on its way, as it stands now; nothing when the shard is settled. The same twice
    /// means that nothing went on in between.
    pub fn waits_for(&self) -> Vec<String> {
        let mut tables: Vec<(&TableKey, &ShardTable)> =
            self.tables.iter().filter(|(_, table)| !table.is_settled() || !table.pending.is_empty()).collect();
        tables.sort_unstable_by_key(|(key, _)| **key);
        let told = tables.iter().take(TABLES_TOLD).map(|(key, table)| self.told(**key, table));
        let mut lines: Vec<String> = told.collect();
        lines.extend(tables.len().checked_sub(TABLES_TOLD + 1).map(|more| format!("and {} more tables", more + 1)));
        lines.extend(self.log.as_ref().and_then(LogBook::waits_for));
        lines
    }

    fn told(&self, key: TableKey, table: &ShardTable) -> String {
        let name = table.log.as_ref().and_then(|table_log| {
            let record = self.log.as_ref()?.log.state().tables.get(&table_log.number)?;
            Some(format!("{}, ", record.name))
        });
        let cuts: Vec<String> = table.pending.iter().map(|pending| pending.cut.to_string()).collect();
        let log = table.log.as_ref().map_or_else(String::new, |table_log| format!("; {}", told_of_log(table_log)));
        format!(
            "table {}{}generation {}: {} rows since the last cut, next cut {}, wanted {:?}, handed over and not committed: [{}]{log}{}",
            key.0,
            name.map_or_else(|| ", ".to_owned(), |name| format!(" {name}")),
            table.open.generation,
            table.rows_since_cut,
            table.open.next_cut,
            table.wanted,
            cuts.join(", "),
            told_of_streams(table)
        )
    }
}

fn told_of_log(table_log: &TableLog) -> String {
    let phase = match &table_log.phase {
        LogPhase::Claiming => "waits for its claim".to_owned(),
        LogPhase::Replaying(replay) => format!("reads its rows from position {} of the log", replay.next),
        LogPhase::Live => "live".to_owned(),
    };
    let claim = match table_log.claim {
        Claim::Wanted => "wanted",
        Claim::InFlight(_) => "in flight",
        Claim::Granted(_) => "granted",
    };
    let stalled = if table_log.stalled { ", its port stalled" } else { "" };
    format!("{phase}{stalled}, claim {claim}, handed over to position {}", table_log.handed_to)
}

fn told_of_streams(table: &ShardTable) -> String {
    let mut open: Vec<&Stream> = table.streams.values().filter(|stream| !stream.is_settled()).collect();
    open.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let told = open.iter().take(STREAMS_TOLD).map(|stream| {
        let mint = match stream.mint {
            Mint::Idle => "",
            Mint::Wanted(_) => ", an epoch wanted",
            Mint::InFlight { .. } => ", an epoch in flight",
        };
        format!(
            "; stream {:?}: {} rows, {} durable, {} built, {} in cuts, {} committed{mint}",
            stream.name.as_deref().unwrap_or(""),
            stream.next,
            stream.durable,
            stream.built,
            stream.cut_from,
            stream.committed
        )
    });
    let mut told: String = told.collect();
    if open.len() > STREAMS_TOLD {
        told += &format!("; and {} more streams", open.len() - STREAMS_TOLD);
    }
    told
}
