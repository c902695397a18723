//! `txn` actions: the entries that a table keeps by app id.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

/// What Delta writers call a commit that brings an older version's files back.
const RESTORE: &str = "RESTORE";

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

/// What one commit file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CommitFile {
    /// App ids and versions.
    pub transactions: Vec<(String, i64)>,
    /// Whether it brings an older version's files back.
    pub restores: bool,
}

/// The actions of a commit file, each as a `T`.
pub(super) fn lines<'a, T: serde::Deserialize<'a> + 'a>(
    commit: &'a [u8],
) -> impl Iterator<Item = Result<T, serde_json::Error>> + 'a {
    let lines = commit.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(serde_json::from_slice)
}

/// A `txn` action in a commit file.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    pub app_id: String,
    pub version: i64,
}

/// Reads one commit file.
///
/// # Errors
/// When it is not lines of JSON.
pub(super) fn of_commit(commit: &[u8]) -> Result<CommitFile, serde_json::Error> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Line {
        txn: Option<Written>,
        commit_info: Option<Info>,
    }
    #[derive(serde::Deserialize)]
    struct Info {
        // Writers may put anything there.
        operation: Option<serde_json::Value>,
    }
    let mut file = CommitFile::default();
    for line in lines::<Line>(commit) {
        let line = line?;
        file.transactions.extend(line.txn.map(|txn| (txn.app_id, txn.version)));
        let operation = line.commit_info.and_then(|info| info.operation);
        file.restores |= operation.as_ref().and_then(serde_json::Value::as_str) == Some(RESTORE);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_file_is_read_line_by_line() {
        let commit = br#"{"commitInfo":{"txnId":"x"}}
{"txn":{"appId":"lakehead/stream/a","version":5,"lastUpdated":1}}

{"txn":{"appId":"lakehead/stream/a/epoch","version":3}}
{"add":{"path":"x","size":1}}
"#;
        let file = of_commit(commit).unwrap();
        let expected = [("lakehead/stream/a".to_owned(), 5), ("lakehead/stream/a/epoch".to_owned(), 3)];
        assert_eq!((file.transactions.as_slice(), file.restores), (&expected[..], false));
        assert!(of_commit(b"{").is_err());
        assert!(
            of_commit(br#"{"commitInfo":{"operation":"RESTORE","operationParameters":{"version":4}}}"#)
                .unwrap()
                .restores
        );
        assert!(!of_commit(br#"{"commitInfo":{"operation":7}}"#).unwrap().restores);
    }
}
