//! What must hold of a table's data files: they are there, and what is read from them is what was written and not deleted.

use crate::checks::Violation;
use crate::commit::Commit;
use crate::rows::{self, Row};
use crate::store::Store;
use lakehead_engine::commit::staged_name::Origin;
use lakehead_engine::handover::log_part::LogId;
use std::collections::{BTreeMap, BTreeSet};

type Rows<'a> = BTreeSet<(&'a str, u64)>;

/// Judges the table's files in all its versions.
///
/// # Errors
/// When one is missing that a version names or was begun under another claim than the version shows, when a version takes out a file that was not part of the table, when a merge
/// changes rows, or when the newest version does not show each row that was written and not deleted, once.
pub fn check_files(store: &Store) -> Result<(), Violation> {
    let versions: Vec<(u64, &Commit)> = store.table.versions().collect();
    let is_restored = versions.iter().any(|(_, commit)| commit.restores.is_some());
    let mut claims: BTreeMap<LogId, u64> = BTreeMap::new();
    let mut live: BTreeMap<&str, &[Row]> = BTreeMap::new();
    let (mut expected, mut history): (Rows<'_>, Vec<Rows<'_>>) = (BTreeSet::new(), Vec::new());
    for (version, commit) in versions {
        claims.extend(commit.logs.iter().map(|(log, entry)| (*log, entry.claim)));
        let (mut out, mut new): (Vec<&Row>, Vec<&Row>) = (Vec::new(), Vec::new());
        for name in &commit.removes {
            let Some(rows) = live.remove(&**name) else {
                return Violation::because(format!(
                    "version {version} takes out file {name}, which is not part of the table"
                ));
            };
            out.extend(rows);
        }
        for file in &commit.adds {
            let Some(rows) = store.files.get(&file.name) else {
                return Violation::because(format!("file {} of version {version} is missing", file.name));
            };
            // What proves orphans rests upon this. A RESTORE names older files.
            let origin = Origin::of_name(&file.name).filter(|_| commit.restores.is_none());
            if let Some(origin) = origin
                && (claims.get(&origin.log) != Some(&origin.claim) || version <= origin.version)
            {
                return Violation::because(format!(
                    "version {version} adds file {} and shows claim {:?} of its log",
                    file.name,
                    claims.get(&origin.log)
                ));
            }
            new.extend(rows.iter());
            live.insert(&file.name, rows);
        }
        if commit.merges && out != new {
            let (out, new) = (out.len(), new.len());
            return Violation::because(format!("version {version} merges files of {out} rows into {new} others"));
        }
        expected.extend(commit.rows.iter().chain(&commit.others).map(|row| (row.stream.as_str(), row.seq)));
        for (stream, seq) in &commit.deletes {
            expected.remove(&(stream.as_str(), *seq));
        }
        if let Some(restored) = commit.restores.and_then(|to| history.get(to as usize)) {
            expected.clone_from(restored);
        }
        if is_restored {
            history.push(expected.clone());
        }
    }
    check_rows(&live, &expected)
}

fn check_rows(live: &BTreeMap<&str, &[Row]>, expected: &Rows<'_>) -> Result<(), Violation> {
    let mut seen = BTreeSet::new();
    for (name, row) in live.iter().flat_map(|(name, rows)| rows.iter().map(move |row| (name, row))) {
        let is_expected = expected.contains(&(row.stream.as_str(), row.seq));
        let is_new = seen.insert((row.stream.as_str(), row.seq));
        if !is_expected || !is_new || !rows::is_right(row) {
            let why = if is_expected { "is there twice, or wrong" } else { "was deleted, or never came" };
            return Violation::because(format!("file {name} holds {row:?}, which {why}"));
        }
    }
    match expected.difference(&seen).next() {
        Some(row) => Violation::because(format!("row {row:?} is in no file of the table")),
        None => Ok(()),
    }
}
