//! A log's files at one moment, for somebody who only looks, beside a running engine or not.
//!
//! The newest segment is read first and backwards, the others by files that were opened together: a block claims only what
//! was durable before it was written, so whatever a block claims is found when the parts before it are read later. Whether a
//! segment went meanwhile is told by [`Snapshot::is_whole`].

use super::names::{LogFile, log_file, segment_name, spare_name};
use crate::log::{ReadDisk, Spare};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes read at a time.
const READ_BYTES: u64 = 1 << 20;

/// See the module head.
pub struct Snapshot {
    folder: PathBuf,
    files: BTreeMap<u64, File>,
    spares: Vec<Spare>,
    newest: Vec<u8>,
}

impl Snapshot {
    /// Takes the files of the log in `folder`.
    ///
    /// # Errors
    /// When they cannot be read; [`io::ErrorKind::NotFound`] may mean that the log changed meanwhile.
    pub fn take(folder: &Path) -> io::Result<Self> {
        let (mut files, mut spares) = (BTreeMap::new(), Vec::new());
        for entry in fs::read_dir(folder)? {
            match log_file(&entry?.path()) {
                LogFile::Segment(number) => {
                    files.insert(number, File::open(folder.join(segment_name(number)))?);
                }
                LogFile::Spare(number) => {
                    // One that became a segment meanwhile is none.
                    if let Ok(metadata) = fs::metadata(folder.join(spare_name(number))) {
                        spares.push(Spare { number, bytes: metadata.len() });
                    }
                }
                LogFile::Unknown => {}
            }
        }
        spares.sort_unstable_by_key(|spare| spare.number);
        let newest = files.values().next_back().map(read_backwards).transpose()?.unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), files, spares, newest })
    }

    /// Whether every segment still is where it was: what was read is then of one moment.
    pub fn is_whole(&self) -> bool {
        self.files.keys().all(|number| self.folder.join(segment_name(*number)).exists())
    }

    fn file(&self, segment: u64) -> io::Result<&File> {
        self.files.get(&segment).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_newest(&self, segment: u64) -> bool {
        self.files.keys().next_back() == Some(&segment)
    }
}

fn read_backwards(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?];
    for (index, part) in bytes.chunks_mut(READ_BYTES as usize).enumerate().rev() {
        file.read_exact_at(part, index as u64 * READ_BYTES)?;
    }
    Ok(bytes)
}

impl ReadDisk for Snapshot {
    fn segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.files.keys().copied().collect())
    }

    fn spares(&self) -> io::Result<Vec<Spare>> {
        Ok(self.spares.clone())
    }

    fn bytes(&self, segment: u64) -> io::Result<u64> {
        if self.is_newest(segment) {
            return Ok(self.newest.len() as u64);
        }
        Ok(self.file(segment)?.metadata()?.len())
    }

    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        if self.is_newest(segment) {
            let from = usize::try_from(offset).map_err(io::Error::other)?;
            let bytes = self.newest.get(from..).and_then(|rest| rest.get(..into.len()));
            into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            return Ok(());
        }
        self.file(segment)?.read_exact_at(into, offset)
    }
}
