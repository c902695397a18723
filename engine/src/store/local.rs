//! A table's folder on a local file system.
//!
//! A put writes a hidden file into the table's folder, syncs it, links it to the target's name (which fails when the name
//! is taken) and syncs the target's folder. So a name either leads to a complete, synced file or to nothing. A crash may
//! leave the hidden file behind: its name begins with a dot, and it is not in the log's folder, where a reader could take
//! it for part of a table.
//!
//! An error of the link's folder sync is `Unknown`: the next put of the same bytes finds the name taken, and says `Exists`
//! only after it has synced the folder itself.

use super::direct_file::DirectFile;
use super::{FileWriter, PutOutcome, ReadOutcome, Store};
use bytes::Bytes;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells apart the hidden files of one process; the process id tells processes apart.
static STAGED: AtomicU64 = AtomicU64::new(0);

/// The folder of one table.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// A store in `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where `path` is; paths that would leave the table's folder are refused.
    fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        let relative = Path::new(path);
        if path.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("{path:?} is not a path inside the table")));
        }
        Ok(self.root.join(relative))
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<PutOutcome> {
        let target = self.resolve(path)?;
        let folder = parent(&target)?;
        create_folders(folder)?;
        let staged = Staged::write(&self.root, bytes)?;
        let outcome = match fs::hard_link(&staged.path, &target) {
            Ok(()) => PutOutcome::Created,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => PutOutcome::Exists,
            Err(error) => return Err(error),
        };
        sync_folder(folder)?;
        Ok(outcome)
    }

    fn get(&self, path: &str) -> io::Result<Option<Bytes>> {
        let target = self.resolve(path)?;
        let bytes = match fs::read(&target) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        File::open(&target)?.sync_all()?;
        sync_folder(parent(&target)?)?;
        Ok(Some(bytes.into()))
    }
}

impl Store for LocalStore {
    fn prepare(&self) -> io::Result<()> {
        create_folders(&self.root)
    }

    fn put_if_absent(&self, path: &str, bytes: &Bytes) -> PutOutcome {
        self.put(path, bytes).unwrap_or_else(|error| PutOutcome::Unknown(error.to_string()))
    }

    fn read(&self, path: &str) -> ReadOutcome {
        match self.get(path) {
            Ok(Some(bytes)) => ReadOutcome::Found(bytes),
            Ok(None) => ReadOutcome::Missing,
            Err(error) => ReadOutcome::Unknown(error.to_string()),
        }
    }

    fn begin_file(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let path = self.resolve(path)?;
        create_folders(parent(&path)?)?;
        let file = DirectFile::create(&path)?;
        Ok(Box::new(LocalFile { file, unfinished: Unfinished { path, root: self.root.clone(), keep: false } }))
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        match fs::remove_file(self.resolve(path)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn settle(&self, path: &str) -> io::Result<()> {
        let folder = self.resolve(path)?;
        sync_folder(&folder)?;
        // The folders themselves may be as young as what is in them.
        let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(&self.root));
        above.chain(self.root.parent()).filter(|above| !above.as_os_str().is_empty()).try_for_each(sync_folder)
    }
}

/// A synced file under a hidden name, removed when dropped.
struct Staged {
    path: PathBuf,
}

impl Staged {
    fn write(folder: &Path, bytes: &[u8]) -> io::Result<Self> {
        loop {
            let number = STAGED.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".{}-{number}.tmp", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    let staged = Self { path };
                    file.write_all(bytes)?;
                    file.sync_all()?;
                    return Ok(staged);
                }
                // A process with the same id crashed here before us: take the next name.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What stays is hidden and harmless.
        let _ = fs::remove_file(&self.path);
    }
}

struct LocalFile {
    file: DirectFile,
    unfinished: Unfinished,
}

/// Removes the file of a writer that was given up.
struct Unfinished {
    path: PathBuf,
    root: PathBuf,
    keep: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Write for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl FileWriter for LocalFile {
    fn finish(self: Box<Self>) -> io::Result<u64> {
        let Self { file, mut unfinished } = *self;
        let bytes = file.finish()?;
        // The folders that lead to it may be as young as itself, and made by somebody who has not synced them.
        let mut folders = unfinished.path.ancestors().skip(1).take_while(|above| above.starts_with(&unfinished.root));
        folders.try_for_each(sync_folder)?;
        unfinished.keep = true;
        Ok(bytes)
    }
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, format!("{path:?} has no folder")))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates `folder` and the ones above it that are missing, each entry synced in the folder that holds it.
fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder)?;
    create_folders(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_puts_to_one_key_the_first_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().join("a/b"));
        assert_eq!(store.read("_delta_log/0.json"), ReadOutcome::Missing);
        assert_eq!(store.put_if_absent("_delta_log/0.json", &Bytes::from_static(b"one")), PutOutcome::Created);
        assert_eq!(store.put_if_absent("_delta_log/0.json", &Bytes::from_static(b"two")), PutOutcome::Exists);
        assert_eq!(store.read("_delta_log/0.json"), ReadOutcome::Found(Bytes::from_static(b"one")));
        let left: Vec<_> = fs::read_dir(folder.path().join("a/b/_delta_log")).unwrap().collect();
        assert_eq!(left.len(), 1, "hidden files are removed");
        store.settle("_delta_log").unwrap();
    }

    #[test]
    fn of_many_puts_at_once_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path());
        let created: usize = std::thread::scope(|scope| {
            let puts: Vec<_> = (0..4u8)
                .map(|writer| {
                    let store = &store;
                    scope.spawn(move || store.put_if_absent("k", &Bytes::from(vec![writer; 1000])))
                })
                .collect();
            puts.into_iter().map(|put| usize::from(put.join().unwrap() == PutOutcome::Created)).sum()
        });
        assert_eq!(created, 1);
        let ReadOutcome::Found(bytes) = store.read("k") else { panic!("missing") };
        assert!(bytes.len() == 1000 && bytes.iter().all(|byte| *byte == bytes[0]), "whole, from one writer");
    }

    #[test]
    fn a_file_stays_when_finished_and_goes_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path());
        let mut kept = store.begin_file("x/kept.parquet").unwrap();
        kept.write_all(b"12345").unwrap();
        assert_eq!(kept.finish().unwrap(), 5);
        let mut dropped = store.begin_file("x/dropped.parquet").unwrap();
        dropped.write_all(b"12345").unwrap();
        drop(dropped);
        assert_eq!(store.read("x/kept.parquet"), ReadOutcome::Found(Bytes::from_static(b"12345")));
        assert_eq!(store.read("x/dropped.parquet"), ReadOutcome::Missing);
        store.delete("x/kept.parquet").unwrap();
        store.delete("x/kept.parquet").unwrap();
        assert_eq!(store.read("x/kept.parquet"), ReadOutcome::Missing);
    }

    #[test]
    fn what_cannot_be_decided_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), b"").unwrap();
        let store = LocalStore::new(folder.path());
        for path in ["file/below", "../outside", "/absolute", ""] {
            let outcome = store.put_if_absent(path, &Bytes::new());
            assert!(matches!(outcome, PutOutcome::Unknown(_)), "{path}: {outcome:?}");
        }
    }
}
