//! What must hold, at each step and at the end.

use crate::commit::Commit;
use crate::network::Link;
use crate::rows;
use crate::table::Table;
use lakehead_engine::handover::log_part::{LogEntry, LogId};
use lakehead_protocol::ack::Ack;
use lakehead_protocol::welcome::Welcome;
use std::collections::{BTreeMap, BTreeSet};

/// A promise was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl Violation {
    /// A broken promise, as the outcome of a check.
    ///
    /// # Errors
    /// Always.
    pub fn because<T>(sentence: String) -> Result<T, Self> {
        Err(Self(sentence))
    }
}

/// What engines promised and clients did, as somebody sees it who sees everything.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Rows acknowledged as committed, by stream; told or lost on the way.
    acked: BTreeMap<String, u64>,
    /// Rows acknowledged as durable, by engine and stream.
    durable: BTreeMap<(usize, String), u64>,
    /// Rows sent, by stream.
    sent: BTreeMap<String, u64>,
    /// Who was welcomed under which epoch of a stream.
    holders: BTreeMap<(String, u64), [u8; 16]>,
}

impl Ledger {
    /// A producer sent rows up to `sent`.
    pub fn sent(&mut self, stream: &str, sent: u64) {
        let known = self.sent.entry(stream.to_owned()).or_default();
        *known = (*known).max(sent);
    }

    /// An engine sends an ack: what it says must be true of the table at this moment, and nobody who was fenced may hear of
    /// rows that came into the table after that.
    ///
    /// # Errors
    /// When it is not.
    pub fn acked(&mut self, link: &Link, ack: &Ack, table: &Table) -> Result<(), Violation> {
        let stream = &link.stream;
        let shown = table.rows_of(stream);
        if shown < ack.committed {
            return Violation::because(format!("stream {stream}: {ack:?}, and the table shows {shown} rows"));
        }
        if let Some(epoch) = link.epoch
            && let Some(fenced) = table.newer_epoch_version(stream, epoch)
            && ack.version > fenced
        {
            return Violation::because(format!(
                "stream {stream}: {ack:?} goes to a producer of epoch {epoch}, which version {fenced} has ended"
            ));
        }
        let known = self.acked.entry(stream.clone()).or_default();
        *known = (*known).max(ack.committed);
        self.durable(link, ack.durable);
        Ok(())
    }

    /// Rows were acknowledged as durable.
    pub fn durable(&mut self, link: &Link, durable: u64) {
        let known = self.durable.entry((link.engine, link.stream.clone())).or_default();
        *known = (*known).max(durable);
    }

    /// An engine's directory was taken back: what it acknowledged as durable need not be there any more.
    pub fn rolled_back(&mut self, engine: usize) {
        self.durable.retain(|(number, _), _| *number != engine);
    }

    /// Rows that this engine has acknowledged as durable, by stream.
    pub fn durable_at(&self, engine: usize) -> impl Iterator<Item = (&str, u64)> {
        let range = self.durable.range((engine, String::new())..(engine + 1, String::new()));
        range.map(|((_, stream), durable)| (stream.as_str(), *durable))
    }

    /// An engine welcomes a producer.
    ///
    /// # Errors
    /// When two producers hold one epoch, when rows that were acknowledged to an earlier one are not in the table any
    /// more, or when there are more rows than anybody sent.
    pub fn welcomed(&mut self, link: &Link, welcome: &Welcome, table: &Table) -> Result<(), Violation> {
        let stream = &link.stream;
        let sent = self.sent.get(stream).copied().unwrap_or(0);
        if welcome.resume_offset > sent {
            let resume = welcome.resume_offset;
            return Violation::because(format!("stream {stream} resumes at {resume} and only {sent} rows were sent"));
        }
        self.durable(link, welcome.durable);
        let acked = self.acked.get(stream).copied().unwrap_or(0);
        // A Welcome can come late, when a newer opener has long gone on: it holds nothing then.
        let is_newest = table.newer_epoch_version(stream, welcome.epoch_major).is_none();
        if link.opens && is_newest && welcome.committed < acked {
            let committed = welcome.committed;
            return Violation::because(format!(
                "stream {stream} opens with {committed} rows and {acked} were acknowledged"
            ));
        }
        if stream.starts_with('~') {
            return Ok(());
        }
        let holder = self.holders.entry((stream.clone(), welcome.epoch_major)).or_insert(link.opener);
        if *holder != link.opener {
            return Violation::because(format!("stream {stream}: two producers hold epoch {}", welcome.epoch_major));
        }
        Ok(())
    }

    /// The table at the end of a run in which somebody meddled with logs: rows may be missing, and none is there twice or with
    /// another content.
    ///
    /// # Errors
    /// The first row that is.
    pub fn nothing_twice(&self, table: &Table) -> Result<(), Violation> {
        let mut seen: BTreeSet<(&str, u64)> = BTreeSet::new();
        let mut logs: BTreeMap<LogId, LogEntry> = BTreeMap::new();
        for (version, commit) in table.versions() {
            follow_logs(&mut logs, version, commit)?;
            for row in &commit.rows {
                if !seen.insert((&row.stream, row.seq)) || row.content != rows::content(&row.stream, row.seq) {
                    return Violation::because(format!(
                        "version {version} holds {row:?}, which is there twice or wrong"
                    ));
                }
            }
        }
        Ok(())
    }

    /// A table at the end: every row of the streams that it has once, with its content, in order, and counted right.
    ///
    /// # Errors
    /// The first row that is not.
    pub fn table(&self, table: &Table, has: impl Fn(&str) -> bool) -> Result<(), Violation> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut entries: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        let mut logs: BTreeMap<LogId, LogEntry> = BTreeMap::new();
        for (version, commit) in table.versions() {
            follow_logs(&mut logs, version, commit)?;
            for range in &commit.ranges {
                let (committed, epoch) = entries.get(&*range.stream).copied().unwrap_or_default();
                if range.epoch != epoch || range.from != committed {
                    return Violation::because(format!(
                        "version {version} holds {range:?} upon {committed} rows and epoch {epoch}"
                    ));
                }
            }
            for row in &commit.rows {
                let count = counts.entry(&row.stream).or_default();
                if row.seq != *count || row.content != rows::content(&row.stream, row.seq) {
                    return Violation::because(format!("version {version} holds {row:?} where row {count} must come"));
                }
                *count += 1;
            }
            for (stream, committed) in &commit.committed {
                entries.entry(stream).or_default().0 = *committed;
                let count = counts.get(&**stream).copied().unwrap_or(0);
                if count != *committed {
                    return Violation::because(format!(
                        "version {version} says {committed} rows of {stream} and there are {count}"
                    ));
                }
            }
            for (stream, epoch) in &commit.epochs {
                let known = &mut entries.entry(stream).or_default().1;
                if *epoch != *known + 1 {
                    return Violation::because(format!(
                        "version {version} mints epoch {epoch} of {stream} after {known}"
                    ));
                }
                *known = *epoch;
            }
        }
        for (stream, acked) in self.acked.iter().filter(|(stream, _)| has(stream)) {
            let count = counts.get(stream.as_str()).copied().unwrap_or(0);
            if count < *acked {
                return Violation::because(format!("{acked} rows of {stream} were acknowledged and {count} are there"));
            }
        }
        for (stream, count) in counts {
            if !has(stream) {
                return Violation::because(format!("{count} rows of {stream} are in another stream's table"));
            }
            if !stream.starts_with('~') && entries.get(stream).map(|entry| entry.0) != Some(count) {
                return Violation::because(format!("{count} rows of {stream} and {:?}", entries.get(stream)));
            }
            if self.sent.get(stream).is_none_or(|sent| *sent < count) {
                return Violation::because(format!("{count} rows of {stream} are there and nobody sent so many"));
            }
        }
        Ok(())
    }
}

/// Who speaks for a log, and how far it has come, only grows.
fn follow_logs(logs: &mut BTreeMap<LogId, LogEntry>, version: u64, commit: &Commit) -> Result<(), Violation> {
    for (log, entry) in &commit.logs {
        let known = logs.entry(*log).or_default();
        if entry.claim < known.claim || entry.position < known.position {
            return Violation::because(format!("version {version} takes log {log} from {known:?} to {entry:?}"));
        }
        *known = *entry;
    }
    Ok(())
}
