//! What one version of the model table says.

use crate::rows::Row;
use bytes::Bytes;
use lakehead_engine::handover::cut::StreamRange;
use lakehead_engine::handover::log_part::{LogEntry, LogId};
use lakehead_engine::table::delta::commit_actions::CommitActions;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// One version's content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// `metaData.id`, in the version that makes the table.
    pub id: Option<String>,
    /// What the table writes of its schema, where it changes (a comment, say: the columns stay).
    pub schema: Option<String>,
    /// The version whose files are the table's again: a RESTORE.
    pub restores: Option<u64>,
    /// Sets apart commits of the same content: the equal bytes of two writers would be each other's.
    pub nonce: u64,
    pub committed: BTreeMap<Arc<str>, u64>,
    pub epochs: BTreeMap<Arc<str>, u64>,
    /// Claims and positions of logs, where they change.
    pub logs: BTreeMap<LogId, LogEntry>,
    /// What the committer proposed for its streams, so that it can be judged afterwards.
    pub ranges: Vec<StreamRange>,
    /// Data files that it makes part of the table.
    pub adds: Vec<AddedFile>,
    /// Names of files that are not part of it any more.
    pub removes: Vec<Arc<str>>,
    /// Whether it only merges files: no row comes or goes.
    pub merges: bool,
    /// Rows that come to the table, in the order of their file.
    pub rows: Vec<Row>,
    /// Of rejected rows: the log that each of `rows` is from, its position there and its offset.
    pub places: Vec<(LogId, u64, u64)>,
    /// Rows that somebody else appends, who knows nothing of streams.
    pub others: Vec<Row>,
    /// Rows that somebody deletes, by stream and number.
    pub deletes: Vec<(String, u64)>,
}

/// A data file as a commit names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedFile {
    pub name: Arc<str>,
    pub bytes: u64,
    pub modified: u64,
}

impl AddedFile {
    /// A file of so many rows.
    pub fn of(name: Arc<str>, rows: usize, modified: u64) -> Self {
        Self { name, bytes: 10 * rows as u64 + 5, modified }
    }
}

impl Commit {
    /// The bytes of a version.
    pub fn encode(&self) -> Bytes {
        let mut text = format!("nonce {}\n", self.nonce);
        // Writing to a string cannot fail.
        if let Some(id) = &self.id {
            let _ = writeln!(text, "meta {id}");
        }
        if let Some(version) = self.restores {
            let _ = writeln!(text, "restore {version}");
        }
        if let Some(schema) = &self.schema {
            let _ = writeln!(text, "schema {schema}");
        }
        for (stream, rows) in &self.committed {
            let _ = writeln!(text, "txn {stream} {rows}");
        }
        for (stream, epoch) in &self.epochs {
            let _ = writeln!(text, "epoch {stream} {epoch}");
        }
        for (log, LogEntry { claim, position }) in &self.logs {
            let _ = writeln!(text, "log {log} {claim} {position}");
        }
        for StreamRange { stream, epoch, from, to } in &self.ranges {
            let _ = writeln!(text, "range {stream} {epoch} {from} {to}");
        }
        for AddedFile { name, bytes, modified } in &self.adds {
            let _ = writeln!(text, "add {name} {bytes} {modified}");
        }
        for name in &self.removes {
            let _ = writeln!(text, "remove {name}");
        }
        if self.merges {
            text.push_str("merges files\n");
        }
        for (stream, seq) in &self.deletes {
            let _ = writeln!(text, "delete {stream} {seq}");
        }
        for (log, position, offset) in &self.places {
            let _ = writeln!(text, "place {log} {position} {offset}");
        }
        for (kind, rows) in [("row", &self.rows), ("other", &self.others)] {
            for Row { stream, seq, content } in rows {
                let _ = writeln!(text, "{kind} {stream} {seq} {content}");
            }
        }
        text.into()
    }

    /// Reads a version; `None` when the bytes are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut commit = Self::default();
        for line in std::str::from_utf8(bytes).ok()?.lines() {
            let mut words = line.split(' ');
            let kind = words.next()?;
            let first = words.next()?;
            let mut number = || words.next()?.parse::<u64>().ok();
            match kind {
                "nonce" => commit.nonce = first.parse().ok()?,
                "restore" => commit.restores = Some(first.parse().ok()?),
                "add" => commit.adds.push(AddedFile { name: first.into(), bytes: number()?, modified: number()? }),
                "remove" => commit.removes.push(first.into()),
                "merges" => commit.merges = true,
                "delete" => commit.deletes.push((first.to_owned(), number()?)),
                "meta" => commit.id = Some(first.to_owned()),
                "schema" => commit.schema = Some(first.to_owned()),
                "txn" => _ = commit.committed.insert(first.into(), number()?),
                "epoch" => _ = commit.epochs.insert(first.into(), number()?),
                "log" => {
                    let (claim, position) = (number()?, number()?);
                    commit.logs.insert(first.parse().ok()?, LogEntry { claim, position });
                }
                "range" => {
                    let (epoch, from, to) = (number()?, number()?, number()?);
                    commit.ranges.push(StreamRange { stream: first.into(), epoch, from, to });
                }
                "place" => commit.places.push((first.parse().ok()?, number()?, number()?)),
                "row" | "other" => {
                    let rows = if kind == "row" { &mut commit.rows } else { &mut commit.others };
                    rows.push(Row { stream: first.to_owned(), seq: number()?, content: number()? });
                }
                _ => return None,
            }
        }
        Some(commit)
    }

    /// What upkeep has to know of it.
    pub fn actions(&self) -> CommitActions {
        CommitActions {
            added: self.adds.iter().map(|file| file.name.to_string()).collect(),
            removed: self.removes.iter().map(|name| name.to_string()).collect(),
            redefines: self.id.is_some() || self.schema.is_some(),
            claims: self.logs.iter().map(|(log, entry)| (*log, entry.claim)).collect(),
            merger: None,
        }
    }
}
