//! A log's folder as recovery reads it.

use super::manifest::sync_folder;
use super::names::{LogFile, log_file, segment_name, spare_name};
use crate::log::{ReadDisk, Spare};
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// One log's folder.
pub struct FileDisk {
    folder: PathBuf,
    open: RefCell<HashMap<u64, File>>,
}

impl FileDisk {
    /// The log in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: RefCell::default() }
    }

    /// Makes everything that can be read durable: a crash may have left blocks that are in the page cache only.
    ///
    /// # Errors
    /// When the disk does not promise that.
    pub fn sync(&self) -> io::Result<()> {
        for number in self.segments()? {
            File::open(self.folder.join(segment_name(number)))?.sync_data()?;
        }
        sync_folder(&self.folder)
    }

    fn numbers(&self, of: fn(LogFile) -> Option<u64>) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            numbers.extend(of(log_file(&entry?.path())));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn with<T>(&self, segment: u64, work: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        let mut open = self.open.borrow_mut();
        match open.entry(segment) {
            Entry::Occupied(file) => work(file.get()),
            Entry::Vacant(place) => work(place.insert(File::open(self.folder.join(segment_name(segment)))?)),
        }
    }
}

impl ReadDisk for FileDisk {
    fn segments(&self) -> io::Result<Vec<u64>> {
        self.numbers(|file| if let LogFile::Segment(number) = file { Some(number) } else { None })
    }

    fn spares(&self) -> io::Result<Vec<Spare>> {
        let numbers = self.numbers(|file| if let LogFile::Spare(number) = file { Some(number) } else { None })?;
        let spare = |number| Ok(Spare { number, bytes: fs::metadata(self.folder.join(spare_name(number)))?.len() });
        numbers.into_iter().map(spare).collect()
    }

    fn bytes(&self, segment: u64) -> io::Result<u64> {
        self.with(segment, |file| Ok(file.metadata()?.len()))
    }

    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.with(segment, |file| file.read_exact_at(into, offset))
    }
}
