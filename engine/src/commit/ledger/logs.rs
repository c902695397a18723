//! May a log bring this to this version of a table?
//!
//! | the log builds upon | the table must show |
//! |---|---|
//! | its own claim ([`Base::Claimed`]) | that claim and that position: nobody else has written for the log since |
//! | no claim yet ([`Base::Unclaimed`]) | a claim that the log has made, no more than came under it, and no less than before |
//!
//! In both cases no RESTORE may have come behind the log's last commit. What does not fit stops the table: rows would be
//! lost or repeated, and only a person can know which. Such a person can have the log adopt a table that shows less than
//! before. What somebody else wrote in the log's name is never adopted: its positions are not this log's.

use super::{LogProposal, TableView};
use crate::commit::canary::Canary;
use crate::commit::stop::{Setback, Stop};
use crate::handover::log_part::{Base, LogEntry, LogPart, Remembered, Spoken};

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
        Base::Unclaimed { remembered, spoken, adopt } => {
            let why = foreign(&proposal.part, *remembered, spoken, view, canary);
            let set_back =
                || set_back(&proposal.part, *remembered, view).filter(|_| !adopt && !canary.ignores_positions());
            if let Some(why) = why.or_else(set_back) {
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

/// Whether somebody else has written in the log's name.
fn foreign(
    part: &LogPart,
    remembered: Remembered,
    spoken: &[Spoken],
    view: &TableView,
    canary: Canary,
) -> Option<Stop> {
    let (log, claim, shown) = (part.log, part.claim, view.log(part.log));
    let end = match spoken.iter().find(|spoken| spoken.claim == shown.claim) {
        Some(spoken) if shown.claim < claim => spoken.end,
        // Older than what it has shown before, or nothing at all: no more can be known of it.
        None if shown.claim < remembered.claim.min(claim) || shown.claim == 0 => remembered.position,
        _ if canary.ignores_claims() => return None,
        _ => return Some(Stop::Copied { log, claim, shown: shown.claim }),
    };
    (shown.position > end && !canary.ignores_positions()).then_some(Stop::RolledBack { log, shown, end })
}

/// How the table shows less than before, or may have lost rows, if so.
fn set_back(part: &LogPart, remembered: Remembered, view: &TableView) -> Option<Stop> {
    let (log, shown) = (part.log, view.log(part.log));
    let is_behind = shown.claim < remembered.claim || shown.position < remembered.position;
    if is_behind || view.version < remembered.version {
        return Some(Stop::Restored { log, how: Setback::Behind { remembered, shown, version: view.version } });
    }
    let restored = view.restored.get(&log).copied();
    let version = restored.filter(|version| *version > remembered.version)?;
    Some(Stop::Restored { log, how: Setback::RestoreCommit { version } })
}

#[cfg(test)]
mod tests;
