//! A model of a Delta table: numbered versions of opaque bytes, each holding rows and transaction entries.
//!
//! Readers follow versions from 0 without a gap, as readers of a Delta log do: what lies behind a hole is in no table.

use crate::commit::{AddedFile, Commit};
use bytes::Bytes;
use lakehead_engine::commit::ledger::{Logs, Restored, Streams, TableView};
use lakehead_engine::handover::log_part::LogId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The table.
#[derive(Debug, Default)]
pub struct Table {
    versions: BTreeMap<u64, (Bytes, Commit)>,
    /// Keys below are free again, and nobody reads what comes to them.
    cleaned_below: u64,
    /// The time, and when each version landed.
    pub step: u64,
    landed: BTreeMap<u64, u64>,
    stray: BTreeMap<u64, Bytes>,
    /// Data files of the table, by name.
    files: BTreeMap<Arc<str>, AddedFile>,
    /// Newest version that a reader reaches.
    head: Option<u64>,
    id: Arc<str>,
    schema: Arc<str>,
    streams: Arc<Streams>,
    logs: Arc<Logs>,
    /// Logs that have not written since a RESTORE, and its version.
    restored: Arc<Restored>,
    /// Rows that a reader sees, or saw before a RESTORE, by stream.
    rows: BTreeMap<String, u64>,
    /// In which version an epoch of a stream became visible.
    minted: BTreeMap<(Arc<str>, u64), u64>,
}

/// What a conditional put did to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    Landed,
    /// The key was taken.
    Taken,
}

impl Table {
    /// Puts a version if its key is free.
    pub fn put(&mut self, version: u64, bytes: &Bytes) -> Landing {
        if version < self.cleaned_below {
            let landing = if self.stray.contains_key(&version) { Landing::Taken } else { Landing::Landed };
            self.stray.entry(version).or_insert_with(|| bytes.clone());
            return landing;
        }
        if self.versions.contains_key(&version) {
            return Landing::Taken;
        }
        let commit = Commit::decode(bytes).unwrap_or_default();
        self.versions.insert(version, (bytes.clone(), commit));
        self.landed.insert(version, self.step);
        let mut next = self.head.map_or(0, |head| head + 1);
        while let Some((_, commit)) = self.versions.get(&next) {
            let streams = Arc::make_mut(&mut self.streams);
            for (stream, rows) in &commit.committed {
                streams.entry(stream.clone()).or_default().committed = *rows;
            }
            for (stream, epoch) in &commit.epochs {
                streams.entry(stream.clone()).or_default().epoch = *epoch;
                self.minted.entry((stream.clone(), *epoch)).or_insert(next);
            }
            if !commit.logs.is_empty() {
                Arc::make_mut(&mut self.logs).extend(&commit.logs);
                Arc::make_mut(&mut self.restored).retain(|log, _| !commit.logs.contains_key(log));
            }
            follow(&mut self.files, commit);
            if commit.restores.is_some() {
                self.restored = Arc::new(self.logs.keys().map(|log| (*log, next)).collect());
            }
            for row in &commit.rows {
                *self.rows.entry(row.stream.clone()).or_default() += 1;
            }
            if let Some(id) = &commit.id {
                self.id = id.as_str().into();
            }
            if let Some(schema) = &commit.schema {
                self.schema = schema.as_str().into();
            }
            self.head = Some(next);
            next += 1;
        }
        Landing::Landed
    }

    /// Somebody else's commit goes to the next version.
    pub fn foreign(&mut self, commit: &Commit) -> Option<u64> {
        let version = self.head? + 1;
        self.put(version, &commit.encode());
        Some(version)
    }

    /// Whether this is the table with the id.
    pub fn is(&self, id: &str) -> bool {
        *self.id == *id
    }

    /// The bytes at a version's key.
    pub fn read(&self, version: u64) -> Option<&Bytes> {
        if version < self.cleaned_below {
            return self.stray.get(&version);
        }
        self.versions.get(&version).map(|(bytes, _)| bytes)
    }

    /// Versions from before the last so many steps are cleaned away; readers begin with a checkpoint from then on.
    pub fn clean_up(&mut self, retention_steps: u64) -> bool {
        let step = self.step;
        let young = self.landed.iter().find(|(_, landed)| *landed + retention_steps >= step);
        let below = young.map_or(u64::MAX, |(version, _)| *version).min(self.head.unwrap_or(0));
        let cleans = below > self.cleaned_below;
        self.cleaned_below = self.cleaned_below.max(below);
        cleans
    }

    /// Whether a version's object is there, as it was when a reader followed it.
    pub fn has(&self, version: u64) -> bool {
        version >= self.cleaned_below && self.versions.contains_key(&version)
    }

    /// Whether puts came to keys that nobody reads.
    pub fn has_stray(&self) -> bool {
        !self.stray.is_empty()
    }

    /// Data files of the newest version.
    pub fn files(&self) -> &BTreeMap<Arc<str>, AddedFile> {
        &self.files
    }

    /// Data files of an older version.
    pub fn files_at(&self, version: u64) -> BTreeMap<Arc<str>, AddedFile> {
        let mut files = BTreeMap::new();
        self.versions().take_while(|(number, _)| *number <= version).for_each(|(_, commit)| follow(&mut files, commit));
        files
    }

    /// The newest version as commits see it; `None` while there is no table.
    pub fn view(&self) -> Option<TableView> {
        Some(TableView {
            id: self.id.clone(),
            version: self.head?,
            schema: self.schema.clone(),
            streams: self.streams.clone(),
            logs: self.logs.clone(),
            restored: self.restored.clone(),
            unsupported: None,
        })
    }

    /// Versions that a reader follows, in order.
    pub fn versions(&self) -> impl Iterator<Item = (u64, &Commit)> {
        let end = self.head.map_or(0, |head| head + 1);
        self.versions.range(..end).map(|(version, (_, commit))| (*version, commit))
    }

    /// A log, and the version that it wrote although the table had been restored since it wrote first.
    pub fn written_behind_restore(&self) -> Option<(LogId, u64)> {
        let (mut logs, mut restored) = (BTreeSet::new(), BTreeSet::new());
        for (version, commit) in self.versions() {
            if let Some(log) = commit.logs.keys().find(|log| restored.contains(*log)) {
                return Some((*log, version));
            }
            logs.extend(commit.logs.keys().copied());
            if commit.restores.is_some() {
                restored.clone_from(&logs);
            }
        }
        None
    }

    /// Rows of a stream that a reader sees, or saw before a RESTORE.
    pub fn rows_of(&self, stream: &str) -> u64 {
        self.rows.get(stream).copied().unwrap_or(0)
    }

    /// The epoch of a stream.
    pub fn epoch_of(&self, stream: &str) -> u64 {
        self.streams.get(stream).map_or(0, |state| state.epoch)
    }

    /// The version in which a newer epoch than `epoch` of `stream` became visible first.
    pub fn newer_epoch_version(&self, stream: &str, epoch: u64) -> Option<u64> {
        let stream: Arc<str> = stream.into();
        self.minted.range((stream.clone(), epoch + 1)..=(stream, u64::MAX)).map(|(_, version)| *version).min()
    }
}

fn follow(files: &mut BTreeMap<Arc<str>, AddedFile>, commit: &Commit) {
    commit.removes.iter().for_each(|name| _ = files.remove(name));
    files.extend(commit.adds.iter().map(|file| (file.name.clone(), file.clone())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Row;
    use lakehead_engine::handover::cut::StreamRange;
    use lakehead_engine::handover::log_part::LogEntry;

    #[test]
    fn what_lies_behind_a_hole_is_not_in_the_table() {
        let row = |seq| Row { stream: "a".into(), seq, content: 7 };
        let made = Commit { id: Some("t".into()), ..Commit::default() };
        let second = Commit { rows: vec![row(1)], committed: [("a".into(), 2)].into(), ..Commit::default() };
        let file = |name: &str| AddedFile { name: name.into(), bytes: 4, modified: 5 };
        let first = Commit {
            nonce: 3,
            rows: vec![row(0)],
            epochs: [("a".into(), 1)].into(),
            logs: [(LogId([7; 16]), LogEntry { claim: 3, position: 9 })].into(),
            ranges: vec![StreamRange { stream: "a".into(), epoch: 1, from: 0, to: 1 }],
            adds: vec![file("x"), file("y")],
            removes: vec!["z".into()],
            merges: true,
            others: vec![row(7)],
            deletes: vec![("b".to_owned(), 9)],
            ..Commit::default()
        };
        assert_eq!(Commit::decode(&first.encode()), Some(first.clone()));
        let mut table = Table::default();
        assert_eq!(table.view(), None);
        assert_eq!(table.put(0, &made.encode()), Landing::Landed);
        table.put(2, &second.encode());
        assert_eq!((table.rows_of("a"), table.view().unwrap().version), (0, 0));
        table.put(1, &first.encode());
        assert_eq!(table.put(1, &second.encode()), Landing::Taken);
        let view = table.view().unwrap();
        assert_eq!((table.rows_of("a"), view.version, view.stream("a").committed), (2, 2, 2));
        assert_eq!(view.log(LogId([7; 16])), LogEntry { claim: 3, position: 9 });
        assert_eq!((table.newer_epoch_version("a", 0), table.newer_epoch_version("a", 1)), (Some(1), None));
    }
}
