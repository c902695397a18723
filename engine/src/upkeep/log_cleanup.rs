//! Which files of a table's log nobody needs any more. Pure.
//!
//! What Delta calls metadata clean-up: with a cutoff in the past, the newest version that is not younger than it and has a
//! complete checkpoint is what time travel can still reach; commits, checksums, compacted commits and checkpoints below that
//! version are removed. Files of the version itself stay, and so does whatever has a name that is not known here. A
//! checkpoint that `_last_checkpoint` names is never removed, nor anything behind it.
//!
//! Times are those of the files. One that is younger than a later one counts as old as that (clocks jump), so a version is
//! old only when everything up to it is.

use std::collections::{BTreeMap, BTreeSet};

/// Nothing younger than this goes, whatever the table says: engines that stand still for a moment must find what they looked at.
pub const AGE_MS_MIN: u64 = 10 * 60 * 1_000;

/// A file in the log's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    pub name: String,
    pub modified_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Commit,
    Checksum,
    /// Commits from the version up to this one.
    Compacted(u64),
    /// One of so many parts.
    Checkpoint {
        parts: u32,
    },
}

/// The names of what may be removed, in the order in which it should be; `pointer` is the version in `_last_checkpoint`.
pub fn expired(files: &[LogFile], cutoff_ms: i64, pointer: Option<u64>) -> Vec<String> {
    let known: Vec<_> = files.iter().filter_map(|file| Some((parse(&file.name)?, file))).collect();
    let Some(newest_old) = newest_old(&known, cutoff_ms) else { return Vec::new() };
    let mut parts = BTreeMap::<(u64, u32), u32>::new();
    for ((version, kind), _) in &known {
        if let Kind::Checkpoint { parts: total } = kind {
            *parts.entry((*version, *total)).or_default() += 1;
        }
    }
    let complete = parts.iter().filter(|((_, total), found)| *found >= total).map(|((version, _), _)| *version);
    let reach = pointer.map_or(newest_old, |pointer| pointer.min(newest_old));
    let Some(kept) = complete.filter(|version| *version <= reach).max() else { return Vec::new() };
    let mut gone: Vec<_> = known
        .iter()
        .filter(|((version, kind), _)| match kind {
            Kind::Compacted(to) => *version < kept && *to <= kept,
            _ => *version < kept,
        })
        .map(|((version, _), file)| (*version, file.name.clone()))
        .collect();
    // Oldest first: what is left when it is broken off has no gap.
    gone.sort();
    gone.into_iter().map(|(_, name)| name).collect()
}

/// The newest version up to which every commit is older than the cutoff.
fn newest_old(known: &[((u64, Kind), &LogFile)], cutoff_ms: i64) -> Option<u64> {
    let commits: BTreeMap<u64, i64> = known
        .iter()
        .filter(|((_, kind), _)| *kind == Kind::Commit)
        .map(|((version, _), file)| (*version, file.modified_ms))
        .collect();
    commits.iter().take_while(|(_, modified_ms)| **modified_ms < cutoff_ms).map(|(version, _)| *version).last()
}

/// The version that a file stands for, or begins with, and what it is.
fn parse(name: &str) -> Option<(u64, Kind)> {
    let (digits, rest) = name.split_at_checked(20)?;
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    let version = number(digits)?;
    let parts: Vec<_> = rest.strip_prefix('.')?.split('.').collect();
    let kind = match parts.as_slice() {
        ["json"] => Kind::Commit,
        ["crc"] => Kind::Checksum,
        [to, "compacted", "json"] if to.len() == 20 => Kind::Compacted(number(to)?),
        ["checkpoint", "parquet"] => Kind::Checkpoint { parts: 1 },
        ["checkpoint", _part, total, "parquet"] => Kind::Checkpoint { parts: u32::try_from(number(total)?).ok()? },
        ["checkpoint", _id, "json" | "parquet"] => Kind::Checkpoint { parts: 1 },
        _ => return None,
    };
    Some((version, kind))
}

/// The version that the text of `_last_checkpoint` names.
pub fn pointer_version(text: &[u8]) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_slice(text).ok()?;
    value.get("version")?.as_u64()
}

/// Versions whose commit is in the listing.
pub fn commit_versions(files: &[LogFile]) -> BTreeSet<u64> {
    let parsed = files.iter().filter_map(|file| parse(&file.name));
    parsed.filter(|(_, kind)| *kind == Kind::Commit).map(|(version, _)| version).collect()
}

#[cfg(test)]
mod tests;
