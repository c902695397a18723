use super::delta_log::ReplayError;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::{fs, io};
use url::Url;

/// A data file that a commit adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedFile {
    /// As the log writes it.
    pub name: String,
    pub path: PathBuf,
    /// Its length, as the log says.
    pub bytes: Option<u64>,
}

/// What one JSON commit does to a table's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    pub removed: Vec<String>,
    pub added: Vec<AddedFile>,
    /// Application and version.
    pub transactions: Vec<(String, i64)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    add: Option<FileAction>,
    remove: Option<FileAction>,
    txn: Option<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileAction {
    path: String,
    size: Option<u64>,
    deletion_vector: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    app_id: String,
    version: i64,
}

impl Commit {
    /// The file name of a version's commit.
    pub fn file_name(version: u64) -> String {
        format!("{version:020}.json")
    }

    /// Reads the commit in `path`, of the table in `table`.
    ///
    /// # Errors
    /// A file that is not there or not understood, and data files that this count cannot follow.
    pub fn read(table: &Path, path: &Path) -> Result<Self, ReplayError> {
        let text = fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
        let mut commit = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let action: Action = serde_json::from_str(line).map_err(|source| ReplayError::NotAnAction {
                path: path.to_owned(),
                line: index + 1,
                source,
            })?;
            commit.removed.extend(action.remove.map(|removed| removed.path));
            commit.transactions.extend(action.txn.map(|transaction| (transaction.app_id, transaction.version)));
            if let Some(FileAction { path: name, size, deletion_vector }) = action.add {
                if deletion_vector.is_some() {
                    return Err(ReplayError::DeletionVector { path: path.to_owned(), file: name });
                }
                let Some(file) = data_file(table, &name) else {
                    return Err(ReplayError::ElsewhereFile { path: path.to_owned(), file: name });
                };
                commit.added.push(AddedFile { name, path: file, bytes: size });
            }
        }
        Ok(commit)
    }
}

/// The log's paths are URIs: relative to the table or absolute, percent-encoded.
fn data_file(table: &Path, path: &str) -> Option<PathBuf> {
    let table = fs::canonicalize(table).ok()?;
    Url::from_directory_path(table).ok()?.join(path).ok()?.to_file_path().ok()
}

pub fn unreadable(path: &Path, source: io::Error) -> ReplayError {
    ReplayError::Unreadable { path: path.to_owned(), source }
}
