//! The entries of named streams: Delta `txn` actions.
//!
//! `lakehead/stream/<name>` is the number of rows committed, `lakehead/stream/<name>/epoch` the major epoch. Entries cannot
//! be taken out of a table, so a stream that was forgotten has -1 rows ([`FORGOTTEN`]). A stream whose
//! own name ends in `/epoch` would be mistaken for another's epoch, so there is none ([`is_stream_name`]).

use crate::commit::ledger::{Entries, Standing, Streams};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
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

/// A `txn` action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transaction {
    pub app_id: String,
    pub version: i64,
    /// When it was written, where its writer said so.
    pub updated_ms: Option<i64>,
}

/// The `txn` actions of a batch of the log, in its order.
pub(super) fn of_batch(batch: &RecordBatch) -> Vec<Transaction> {
    let read = || {
        let actions = batch.column_by_name("txn")?.as_struct_opt()?;
        let app_ids = actions.column_by_name("appId")?.as_string_opt::<i32>()?;
        let versions = actions.column_by_name("version")?.as_primitive_opt::<Int64Type>()?;
        let updated = actions.column_by_name("lastUpdated").and_then(|column| column.as_primitive_opt::<Int64Type>());
        let valid = |row: &usize| actions.is_valid(*row) && app_ids.is_valid(*row) && versions.is_valid(*row);
        let rows = (0..batch.num_rows()).filter(valid);
        let transaction = |row| Transaction {
            app_id: app_ids.value(row).to_owned(),
            version: versions.value(row),
            updated_ms: updated.filter(|updated| updated.is_valid(row)).map(|updated| updated.value(row)),
        };
        Some(rows.map(transaction).collect())
    };
    read().unwrap_or_default()
}

/// Takes over what one commit file says of streams.
///
/// # Errors
/// When it is not lines of JSON.
pub(super) fn take_commit(streams: &mut Streams, commit: &[u8]) -> Result<(), serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Line {
        txn: Option<Written>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Written {
        app_id: String,
        version: i64,
    }
    for line in commit.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        if let Some(Written { app_id, version }) = serde_json::from_slice::<Line>(line)?.txn {
            take(streams, &app_id, version);
        }
    }
    Ok(())
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

    #[test]
    fn a_commit_file_is_read_line_by_line() {
        let commit = br#"{"commitInfo":{"txnId":"x"}}
{"txn":{"appId":"lakehead/stream/a","version":5,"lastUpdated":1}}

{"txn":{"appId":"lakehead/stream/a/epoch","version":3}}
{"add":{"path":"x","size":1}}
"#;
        let mut streams = Streams::new();
        take_commit(&mut streams, commit).unwrap();
        assert_eq!(streams["a"], StreamState::live(5, 3));
        assert!(take_commit(&mut streams, b"{").is_err());
    }
}
