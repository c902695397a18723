//! The entries of named streams: Delta `txn` actions.
//!
//! `lakehead/stream/<name>` is the number of rows committed, `lakehead/stream/<name>/epoch` the major epoch. Entries cannot
//! be taken out of a table, so a stream that was forgotten has -1 rows ([`FORGOTTEN`]). A stream whose
//! own name ends in `/epoch` would be mistaken for another's epoch, so there is none ([`is_stream_name`]).

use crate::commit::ledger::{Entries, Standing, Streams};
use std::sync::Arc;

const PREFIX: &str = "lakehead/stream/";
const EPOCH: &str = "/epoch";
/// The rows of a stream that was forgotten.
const FORGOTTEN: i64 = -1;

/// Whether a stream may be named so.
pub fn is_stream_name(name: &str) -> bool {
    !name.is_empty() && !name.ends_with(EPOCH)
}

/// Which number of a stream an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Committed,
    Epoch,
}

/// The stream and number of an app id, if it is one of ours.
pub(super) fn parse(app_id: &str) -> Option<(&str, Number)> {
    let name = app_id.strip_prefix(PREFIX)?;
    Some(name.strip_suffix(EPOCH).map_or((name, Number::Committed), |name| (name, Number::Epoch)))
}

/// Takes one entry over into `streams`.
pub(super) fn take(streams: &mut Streams, app_id: &str, version: i64) {
    if let Some((name, number)) = parse(app_id) {
        let state = streams.entry(Arc::from(name)).or_default();
        // Nobody writes other negative numbers; a stream that shows one compares unequal to every range.
        let value = u64::try_from(version).unwrap_or(u64::MAX);
        match number {
            Number::Committed if version == FORGOTTEN => (state.committed, state.standing) = (0, Standing::Forgotten),
            Number::Committed => (state.committed, state.standing) = (value, Standing::Live),
            Number::Epoch => state.epoch = value,
        }
    }
}

/// App ids and versions of a commit's entries.
pub(super) fn transactions(entries: &Entries) -> impl Iterator<Item = (String, i64)> + '_ {
    let committed = entries.committed.iter().map(|(name, rows)| (format!("{PREFIX}{name}"), *rows));
    let epochs = entries.epochs.iter().map(|(name, epoch)| (format!("{PREFIX}{name}{EPOCH}"), *epoch));
    let forgotten = entries.forgotten.iter().map(|name| (format!("{PREFIX}{name}"), FORGOTTEN));
    let numbers = committed.chain(epochs);
    numbers.map(|(app_id, number)| (app_id, i64::try_from(number).unwrap_or(i64::MAX))).chain(forgotten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::ledger::StreamState;
    use std::collections::BTreeMap;

    #[test]
    fn entries_come_back_from_their_app_ids() {
        let entries = Entries {
            committed: BTreeMap::from([("a/b".into(), 7)]),
            epochs: BTreeMap::from([("a/b".into(), 2), ("c".into(), 1), ("gone".into(), 4)]),
            forgotten: ["gone".into()].into(),
            ..Entries::default()
        };
        let mut streams = Streams::new();
        for (app_id, version) in transactions(&entries) {
            take(&mut streams, &app_id, version);
        }
        take(&mut streams, "somebody/else", 9);
        assert_eq!(streams["a/b"], StreamState::live(7, 2));
        assert_eq!(streams["c"], StreamState::live(0, 1));
        assert_eq!(streams["gone"], StreamState::forgotten(4));
        assert_eq!(streams.len(), 3);
        take(&mut streams, "lakehead/stream/gone", 0);
        assert_eq!(streams["gone"], StreamState::live(0, 4));
        assert!(is_stream_name("a/epochs") && !is_stream_name("a/epoch") && !is_stream_name(""));
    }
}
