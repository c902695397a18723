//! A file that is written around the page cache.
//!
//! A data file is written once, synced at once, and mostly read elsewhere. Through the page cache its bytes would be copied
//! once more, and its sync would have the disk write all of them in one go, while the log's syncs wait behind: written
//! directly, megabyte by megabyte, there is little left to do when the sync comes. Where a file system does not take direct
//! writes the file goes through the page cache.

use super::FILE_BUFFER_BYTES;
use lakehead_protocol::AlignedVec;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Direct writes begin and end at multiples of this, in memory as in the file.
const PAGE_BYTES: usize = 4096;

/// A new file that is written from its beginning to its end.
pub struct DirectFile {
    path: PathBuf,
    file: File,
    way: Way,
    /// Not written yet.
    buffer: AlignedVec<PAGE_BYTES>,
    /// Written; a multiple of the buffer's size.
    written: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Cached,
}

impl DirectFile {
    /// Creates the file.
    ///
    /// # Errors
    /// When it is there already, or cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let (file, way) = match options.clone().custom_flags(libc::O_DIRECT).open(path) {
            Err(error) if error.kind() == ErrorKind::InvalidInput => (create_cached(path)?, Way::Cached),
            opened => (opened?, Way::Direct),
        };
        let buffer = AlignedVec::with_capacity(FILE_BUFFER_BYTES);
        Ok(Self { path: path.to_owned(), file, way, buffer, written: 0 })
    }

    /// Writes what is left and makes all of it durable; the name is not. Gives the size in bytes.
    ///
    /// # Errors
    /// When that cannot be promised.
    pub fn finish(mut self) -> io::Result<u64> {
        let whole_pages = self.buffer.len() / PAGE_BYTES * PAGE_BYTES;
        self.put(whole_pages)?;
        let size = self.written + self.buffer.len() as u64;
        if self.way == Way::Direct && !self.buffer.is_empty() {
            // The last piece of a page cannot be written directly.
            self.cache()?;
        }
        self.put(self.buffer.len())?;
        self.file.sync_all()?;
        Ok(size)
    }

    /// Writes the first `bytes` of the buffer.
    fn put(&mut self, bytes: usize) -> io::Result<()> {
        match self.file.write_all_at(&self.buffer[..bytes], self.written) {
            // There are file systems that open such a file, and then do not take its writes.
            Err(error) if self.way == Way::Direct && error.kind() == ErrorKind::InvalidInput => {
                self.cache()?;
                self.file.write_all_at(&self.buffer[..bytes], self.written)?;
            }
            result => result?,
        }
        self.written += bytes as u64;
        let left = self.buffer.len() - bytes;
        self.buffer.copy_within(bytes.., 0);
        self.buffer.resize(left, 0);
        Ok(())
    }

    /// Goes on through the page cache.
    fn cache(&mut self) -> io::Result<()> {
        self.file = OpenOptions::new().write(true).open(&self.path)?;
        self.way = Way::Cached;
        Ok(())
    }
}

/// A refused open may have made the file all the same.
fn create_cached(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

impl Write for DirectFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = FILE_BUFFER_BYTES - self.buffer.len();
        let taken = bytes.len().min(room);
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == FILE_BUFFER_BYTES {
            self.put(FILE_BUFFER_BYTES)?;
        }
        Ok(taken)
    }

    /// Does nothing: what is gathered waits for the rest of its page, and [`DirectFile::finish`] writes all of it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_there_whatever_the_pieces() {
        let folder = tempfile::tempdir().unwrap();
        for (number, size) in
            [0, 1, 4095, 4096, 4097, FILE_BUFFER_BYTES, FILE_BUFFER_BYTES + 1, 3 * FILE_BUFFER_BYTES + 5000]
                .into_iter()
                .enumerate()
        {
            for piece in [1000, 4096, usize::MAX] {
                let path = folder.path().join(format!("{number}-{piece}"));
                let content: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
                let mut file = DirectFile::create(&path).unwrap();
                for bytes in content.chunks(piece.min(size.max(1))) {
                    file.write_all(bytes).unwrap();
                }
                assert_eq!(file.finish().unwrap(), size as u64);
                assert!(std::fs::read(&path).unwrap() == content, "{size} bytes in pieces of {piece}");
                assert!(DirectFile::create(&path).is_err(), "it is there already");
            }
        }
    }

    #[test]
    fn a_file_system_that_takes_no_direct_writes_gets_cached_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = DirectFile::create(&path).unwrap();
        file.cache().unwrap();
        // What a direct write would be refused for.
        file.write_all(&[7; 5000]).unwrap();
        assert_eq!(file.finish().unwrap(), 5000);
        assert_eq!(std::fs::read(&path).unwrap(), [7; 5000]);
    }
}
