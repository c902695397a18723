//! A log's folder as somebody changes it who may block: the standard library's files.

use super::manifest::sync_folder;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Zeros are written so many at a time.
const ZEROS_BYTES: usize = 1 << 20;

/// The folder of one log, for writing. Files are called by their names; nothing is durable before it is synced.
pub trait LogDisk {
    /// Makes a file of zeros.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    fn make(&mut self, name: &str, bytes: u64) -> io::Result<()>;

    /// # Errors
    /// When the disk does not take all of it.
    fn write(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// # Errors
    /// When the disk fails, or the file ends before.
    fn read(&mut self, name: &str, offset: u64, bytes: usize) -> io::Result<Vec<u8>>;

    /// Makes what was written to the file durable.
    ///
    /// # Errors
    /// When the disk does not promise that.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// # Errors
    /// When the disk fails.
    fn rename(&mut self, old: &str, new: &str) -> io::Result<()>;

    /// # Errors
    /// When the disk fails.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Makes the names durable.
    ///
    /// # Errors
    /// When the disk does not promise that.
    fn sync_folder(&mut self) -> io::Result<()>;
}

/// A folder of real files.
pub struct StdDisk {
    folder: PathBuf,
    open: HashMap<String, File>,
}

impl StdDisk {
    /// The log in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: HashMap::new() }
    }

    fn file(&mut self, name: &str) -> io::Result<&File> {
        if !self.open.contains_key(name) {
            let file = File::options().read(true).write(true).open(self.folder.join(name))?;
            self.open.insert(name.to_owned(), file);
        }
        self.open.get(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl LogDisk for StdDisk {
    fn make(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        let file = File::options().create(true).truncate(true).read(true).write(true).open(self.folder.join(name))?;
        let zeros = vec![0; ZEROS_BYTES];
        let mut at = 0;
        while at < bytes {
            let length = ZEROS_BYTES.min(usize::try_from(bytes - at).unwrap_or(ZEROS_BYTES));
            file.write_all_at(&zeros[..length], at)?;
            at += length as u64;
        }
        self.open.insert(name.to_owned(), file);
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file(name)?.write_all_at(bytes, offset)
    }

    fn read(&mut self, name: &str, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut read = vec![0; bytes];
        self.file(name)?.read_exact_at(&mut read, offset)?;
        Ok(read)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.file(name)?.sync_data()
    }

    fn rename(&mut self, old: &str, new: &str) -> io::Result<()> {
        fs::rename(self.folder.join(old), self.folder.join(new))?;
        if let Some(file) = self.open.remove(old) {
            self.open.insert(new.to_owned(), file);
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.open.remove(name);
        fs::remove_file(self.folder.join(name))
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        sync_folder(&self.folder)
    }
}
