//! May a log bring this to this version of a table?
//!
//! | the log builds upon | the table must show |
//! |---|---|
//! | its own claim ([`Base::Claimed`]) | that claim and that position: nobody else has written for the log since |
//! | no claim yet ([`Base::Unclaimed`]) | a lower claim, and no less than it has shown the log before, and no more than the log holds |
//!
//! In both cases no RESTORE may have come behind the log's last commit. What does not fit stops the table: rows would be
//! lost or repeated, and only a person can know which. Such a person can have the log adopt what the table shows.

use super::{LogProposal, TableView};
use crate::commit::canary::Canary;
use crate::commit::stop::{Setback, Stop};
use crate::handover::log_part::{Base, LogEntry, LogPart, Remembered};

/// The judgement about one log's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogJudgement {
    /// The table will show this.
    Proceed(LogEntry),
    /// The table has rows of the cut already: it must be built again.
    Conflict,
    Stop(Stop),
}

/// Judges one log's part against what `view` shows of the log.
pub(super) fn judge_log(proposal: &LogProposal, view: &TableView, canary: Canary) -> LogJudgement {
    let (LogPart { log, claim, to, .. }, shown) = (&proposal.part, view.log(proposal.part.log));
    let mut position = *to;
    match &proposal.part.base {
        Base::Claimed { position: expected } => {
            if let Some(why) = claimed(&proposal.part, *expected, view, canary) {
                return LogJudgement::Stop(why);
            }
            if to < expected {
                let why = format!("a cut takes log {log} from position {expected} back to {to}");
                return LogJudgement::Stop(Stop::Broken(why));
            }
        }
        Base::Unclaimed { remembered, adopt, end } => {
            if shown.claim >= *claim && !canary.ignores_claims() {
                return LogJudgement::Stop(Stop::Copied { log: *log, claim: *claim, shown: shown.claim });
            }
            let why = unclaimed(&proposal.part, *remembered, *end, view).filter(|_| !adopt);
            if let Some(why) = why.filter(|_| !canary.ignores_positions()) {
                return LogJudgement::Stop(why);
            }
            if !canary.ignores_positions() {
                if proposal.rows > 0 && shown.position > *to {
                    return LogJudgement::Conflict;
                }
                position = position.max(shown.position);
            }
        }
    }
    LogJudgement::Proceed(LogEntry { claim: *claim, position })
}

/// What is wrong with a table that a log has claimed, if anything.
fn claimed(part: &LogPart, expected: u64, view: &TableView, canary: Canary) -> Option<Stop> {
    let (log, claim, shown) = (part.log, part.claim, view.log(part.log));
    if shown.claim > claim && !canary.ignores_claims() {
        return Some(Stop::Superseded { log, claim, shown: shown.claim });
    }
    let claims = shown.claim == claim || canary.ignores_claims();
    let positions = shown.position == expected || canary.ignores_positions();
    if !claims || !positions {
        let expected = LogEntry { claim, position: expected };
        return Some(Stop::Restored { log, how: Setback::ForeignHand { expected, shown, version: view.version } });
    }
    let version = view.restored.get(&log).copied()?;
    Some(Stop::Restored { log, how: Setback::RestoreCommit { version } })
}

/// What is wrong with a table that a log claims anew, if anything.
fn unclaimed(part: &LogPart, remembered: Option<Remembered>, end: u64, view: &TableView) -> Option<Stop> {
    let (log, shown) = (part.log, view.log(part.log));
    let Some(remembered) = remembered else {
        return view.logs.contains_key(&log).then_some(Stop::RolledBack { log, shown, end: None });
    };
    let is_behind = shown.claim < remembered.claim || shown.position < remembered.position;
    if is_behind || view.version < remembered.version {
        return Some(Stop::Restored { log, how: Setback::Behind { remembered, shown, version: view.version } });
    }
    if shown.position > end {
        return Some(Stop::RolledBack { log, shown, end: Some(end) });
    }
    let restored = view.restored.get(&log).copied();
    let version = restored.filter(|version| *version > remembered.version)?;
    Some(Stop::Restored { log, how: Setback::RestoreCommit { version } })
}

#[cfg(test)]
mod tests;
