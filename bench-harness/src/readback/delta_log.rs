//! A replay of `_delta_log`, as small as counting needs: add, remove and txn actions of the JSON commits.
//!
//! Checkpoints are not read: the log is taken from version 0, and one that no longer starts there is refused rather than
//! half understood, as are deletion vectors.

use super::commit::{Commit, unreadable};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The files of a table at its latest version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFiles {
    /// `None` for a table without a commit.
    pub version: Option<u64>,
    /// Data files by the path the log gives them.
    pub files: BTreeMap<String, PathBuf>,
    /// The last version each application recorded.
    pub transactions: BTreeMap<String, i64>,
}

/// Why a table's log could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} line {line} is not an action: {source}")]
    NotAnAction { path: PathBuf, line: usize, source: serde_json::Error },
    #[error("{log} has no version {missing}, but later ones: its rows cannot be counted from the log alone")]
    VersionMissing { log: PathBuf, missing: u64 },
    #[error("{path} names data file {file:?}, which is not on this machine's file system")]
    ElsewhereFile { path: PathBuf, file: String },
    #[error("{path} gives {file:?} a deletion vector, which this count does not understand")]
    DeletionVector { path: PathBuf, file: String },
}

impl TableFiles {
    /// The table in `table`; one without a log is empty.
    pub fn replay(table: &Path) -> Result<Self, ReplayError> {
        let log = table.join("_delta_log");
        let mut replayed = Self::default();
        for (version, path) in commits(&log)? {
            let expected = replayed.version.map_or(0, |version| version + 1);
            if version != expected {
                return Err(ReplayError::VersionMissing { log, missing: expected });
            }
            replayed.apply(Commit::read(table, &path)?);
            replayed.version = Some(version);
        }
        Ok(replayed)
    }

    /// Files that are here and were not in `earlier`.
    pub fn files_since(&self, earlier: &Self) -> Vec<&Path> {
        let new = self.files.iter().filter(|(name, _)| !earlier.files.contains_key(*name));
        new.map(|(_, path)| path.as_path()).collect()
    }

    fn apply(&mut self, commit: Commit) {
        for removed in &commit.removed {
            self.files.remove(removed);
        }
        self.files.extend(commit.added.into_iter().map(|added| (added.name, added.path)));
        self.transactions.extend(commit.transactions);
    }
}

/// Commit files by version. Names of other kinds (checkpoints, checksums, temporary files) are passed over.
fn commits(log: &Path) -> Result<BTreeMap<u64, PathBuf>, ReplayError> {
    let entries = match fs::read_dir(log) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(unreadable(log, error)),
    };
    let mut commits = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|source| unreadable(log, source))?.path();
        let version = path.file_name().and_then(|name| name.to_str()).and_then(commit_version);
        if let Some(version) = version {
            commits.insert(version, path);
        }
    }
    Ok(commits)
}

fn commit_version(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let numeric = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    numeric.then(|| digits.parse().ok()).flatten()
}
