//! The entries of logs: Delta `txn` actions.
//!
//! `lakehead/<log id>` is the position below which all of the log's entries for this table are in it, `lakehead/<log id>/claim`
//! the claim under which the log speaks. Ids are UUIDs as [`LogId`] writes them; whatever else stands there is no log's.

use crate::commit::ledger::{Entries, Logs};
use crate::handover::log_part::LogId;

const PREFIX: &str = "lakehead/";
const CLAIM: &str = "/claim";

/// Which number of a log an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Position,
    Claim,
}

fn parse(app_id: &str) -> Option<(LogId, Number)> {
    let rest = app_id.strip_prefix(PREFIX)?;
    let (id, number) = rest.strip_suffix(CLAIM).map_or((rest, Number::Position), |id| (id, Number::Claim));
    let log: LogId = id.parse().ok()?;
    // A UUID can be written in several ways, of which one is ours.
    (log.to_string() == id).then_some((log, number))
}

/// The log whose entry this is, if it is one.
pub(super) fn log_of(app_id: &str) -> Option<LogId> {
    parse(app_id).map(|(log, _)| log)
}

/// The log that claims with this entry, if one does.
pub(super) fn claim_of(app_id: &str) -> Option<LogId> {
    parse(app_id).filter(|(_, number)| *number == Number::Claim).map(|(log, _)| log)
}

/// Takes one entry over into `logs`.
pub(super) fn take(logs: &mut Logs, app_id: &str, version: i64) {
    if let Some((log, number)) = parse(app_id) {
        let entry = logs.entry(log).or_default();
        // Nobody writes negative numbers; one that is there fits no log.
        let value = u64::try_from(version).unwrap_or(u64::MAX);
        match number {
            Number::Position => entry.position = value,
            Number::Claim => entry.claim = value,
        }
    }
}

/// App ids and versions of what `entries` changes of `known`.
pub(super) fn transactions(entries: &Entries, known: &Logs) -> Vec<(String, i64)> {
    let mut written = Vec::new();
    let mut write = |app_id: String, number: u64| written.push((app_id, i64::try_from(number).unwrap_or(i64::MAX)));
    for (log, entry) in &entries.logs {
        let before = known.get(log).copied().unwrap_or_default();
        if entry.position != before.position {
            write(format!("{PREFIX}{log}"), entry.position);
        }
        if entry.claim != before.claim {
            write(format!("{PREFIX}{log}{CLAIM}"), entry.claim);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::log_part::LogEntry;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn other_entries_are_no_logs() {
        let id = "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a";
        let others = [
            "lakehead/stream/a".to_owned(),
            format!("lakehead/stream/{id}"),
            format!("lakehead/{}", id.to_uppercase()),
            format!("lakehead/{}", id.replace('-', "")),
            format!("lakehead/{{{id}}}"),
            format!("lakehead/{id}/claim/claim"),
            format!("lakehead/{id}/epoch"),
            id.to_owned(),
        ];
        let mut logs = Logs::new();
        others.iter().for_each(|app_id| take(&mut logs, app_id, 5));
        assert_eq!(logs, Logs::new());
        take(&mut logs, &format!("lakehead/{id}"), 5);
        take(&mut logs, &format!("lakehead/{id}/claim"), 6);
        assert_eq!(logs, Logs::from([(LogId([10; 16]), LogEntry { claim: 6, position: 5 })]));
    }

    fn entries() -> impl Strategy<Value = BTreeMap<LogId, LogEntry>> {
        let number = 0..i64::MAX as u64;
        let entry = (number.clone(), number).prop_map(|(claim, position)| LogEntry { claim, position });
        proptest::collection::btree_map((0..4u8).prop_map(|id| LogId([id; 16])), entry, 0..4)
    }

    proptest! {
        #[test]
        fn what_is_written_upon_what_is_known_reads_as_the_entries(known in entries(), logs in entries()) {
            let entries = Entries { logs: logs.clone(), ..Entries::default() };
            let written = transactions(&entries, &known);
            let mut read = known.clone();
            written.iter().for_each(|(app_id, version)| take(&mut read, app_id, *version));
            let expected: Logs = known.clone().into_iter().chain(logs).filter(|(_, entry)| *entry != LogEntry::default()).collect();
            read.retain(|_, entry| *entry != LogEntry::default());
            prop_assert_eq!(read, expected);
            prop_assert!(transactions(&entries, &entries.logs).is_empty());
        }
    }
}
