//! What of a cut's rejected rows is still to go into their table. Pure.

use crate::commit::ledger::{LogProposal, Proposal, Setting, TableView};
use crate::handover::log_part::{Base, LogId, LogPart, Remembered, Spoken};
use crate::handover::rejected::RejectedRow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A cut's rejected rows, each with the log that it is in.
pub type OfLogs<'a> = Vec<(LogId, &'a RejectedRow)>;

/// Rows that are in the table of rejected rows, as far as somebody has looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct There {
    of_logs: BTreeSet<(LogId, u64, u64)>,
    of_streams: BTreeSet<(Arc<str>, u64)>,
}

impl There {
    /// A row that the table has.
    pub fn add(&mut self, log: LogId, position: u64, stream: Option<&str>, offset: u64) {
        self.of_logs.insert((log, position, offset));
        self.of_streams.extend(stream.map(|stream| (stream.into(), offset)));
    }
}

/// The judgement about a cut's rejected rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// Some of them may be there: which rows are has to be read.
    Read,
    /// Their table has them all.
    Nothing,
    /// These are to be committed, with what the proposal says.
    Commit { rows: OfLogs<'a>, proposal: Proposal },
    /// These streams have a newer producer elsewhere.
    Fenced(Vec<Arc<str>>),
    /// Somebody else speaks for the log by now.
    Superseded { log: LogId, claim: u64, shown: u64 },
}

/// Judges the rejected rows of a cut that can be committed, against what their table shows, and which rows it has if that was
/// read.
///
/// A row above its log's position and its stream's offset is not there. One that is below may be: if it was rejected when the
/// table came so far. It was not if it has been found since that it does not fit, because the rules have changed.
pub fn judge<'a>(cut: &Proposal, rejected: &OfLogs<'a>, view: &TableView, there: Option<&There>) -> Judgement<'a> {
    let parts: BTreeMap<LogId, &LogPart> = cut.logs.iter().map(|log| (log.part.log, &log.part)).collect();
    let logs: BTreeSet<LogId> = rejected.iter().map(|(log, _)| *log).collect();
    let mut parts_of_rows = logs.iter().filter_map(|log| parts.get(log));
    if let Some(LogPart { log, claim, .. }) = parts_of_rows.find(|part| view.log(part.log).claim > part.claim) {
        return Judgement::Superseded { log: *log, claim: *claim, shown: view.log(*log).claim };
    }
    // Ranges of one stream in one cut follow one another, under one epoch.
    let mut sent: BTreeMap<&Arc<str>, (u64, u64)> = BTreeMap::new();
    for range in &cut.ranges {
        let (epoch, to) = sent.entry(&range.stream).or_default();
        (*epoch, *to) = ((*epoch).max(range.epoch), (*to).max(range.to));
    }
    let streams: BTreeSet<&Arc<str>> = rejected.iter().filter_map(|(_, row)| row.stream.as_ref()).collect();
    let newer = |stream: &&Arc<str>| sent.get(*stream).is_some_and(|(epoch, _)| view.stream(stream).epoch > *epoch);
    let fenced: Vec<_> = streams.iter().copied().filter(newer).cloned().collect();
    if !fenced.is_empty() {
        return Judgement::Fenced(fenced);
    }
    let of_log = |log: LogId, row: &RejectedRow| row.position < view.log(log).position;
    let of_stream = |row: &RejectedRow| {
        row.stream
            .as_ref()
            .filter(|stream| row.offset < view.stream(stream).committed)
            .map(|stream| (stream.clone(), row.offset))
    };
    let is_in_doubt = |(log, row): &(LogId, &RejectedRow)| of_log(*log, row) || of_stream(row).is_some();
    if there.is_none() && rejected.iter().any(is_in_doubt) {
        return Judgement::Read;
    }
    let is_there = |log: LogId, row: &RejectedRow, there: &There| {
        let by_log = of_log(log, row) && there.of_logs.contains(&(log, row.position, row.offset));
        // Its stream was sent to another engine, too.
        by_log || of_stream(row).is_some_and(|place| there.of_streams.contains(&place))
    };
    let is_new = |(log, row): &(LogId, &RejectedRow)| there.is_none_or(|there| !is_there(*log, row, there));
    let rows: OfLogs<'_> = rejected.iter().copied().filter(is_new).collect();
    if rows.is_empty() {
        return Judgement::Nothing;
    }
    let mut of_logs: BTreeMap<LogId, u64> = BTreeMap::new();
    rows.iter().for_each(|(log, _)| *of_logs.entry(*log).or_default() += 1);
    let log_proposal = |(log, rows): (&LogId, &u64)| {
        let part = parts.get(log)?;
        let to = part.to.max(view.log(*log).position);
        Some(LogProposal { part: LogPart { base: base(part, view), to, ..(*part).clone() }, rows: *rows })
    };
    let setting = |stream: &Arc<str>| {
        let (shown, (epoch, to)) = (view.stream(stream), *sent.get(stream)?);
        Some(Setting { stream: stream.clone(), shown, committed: shown.committed.max(to), epoch })
    };
    let written: BTreeSet<&Arc<str>> = rows.iter().filter_map(|(_, row)| row.stream.as_ref()).collect();
    let proposal = Proposal {
        rows: rows.len() as u64,
        logs: of_logs.iter().filter_map(log_proposal).collect(),
        settings: written.into_iter().filter_map(setting).collect(),
        ..Proposal::default()
    };
    Judgement::Commit { rows, proposal }
}

/// The log takes what the view shows of it as it is: that the table of its other rows shows what it has to was judged before.
fn base(part: &LogPart, view: &TableView) -> Base {
    let shown = view.log(part.log);
    if shown.claim == part.claim {
        return Base::Claimed { position: shown.position };
    }
    let remembered = Remembered { claim: shown.claim, position: shown.position, version: view.version };
    let spoken = [Spoken { claim: shown.claim, end: shown.position }].into();
    Base::Unclaimed { remembered, spoken, adopt: true }
}

#[cfg(test)]
mod tests;
