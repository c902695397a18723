//! The files of one log, as the reactor writes and reads them.
//!
//! Writes go around the page cache (O_DIRECT) and are durable when an fdatasync after them came back; names are durable when
//! the directory was synced. A write, a sync or a rename that fails leaves the log in a state that nobody can vouch for, so
//! the process ends ([`LogFileError`] is fatal) and the next run recovers what is durable; it is never tried again. Only a new
//! spare segment may fail, when the disk is full.

use crate::log::action::{DirectorySync, SpareError};
use crate::log::limits::SEGMENT_HEADER_BYTES;
use crate::log::{BlockBuffer, BlockPlace};
use crate::log_directory::names::{segment_name, spare_name};
use glommio::GlommioError;
use glommio::io::{Directory, DmaBuffer, DmaFile, OpenOptions, ReadResult};
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Zeros are written so many at a time.
const ZEROS_BYTES: usize = 1 << 20;

/// The log's disk did not do what it must.
#[derive(Debug, thiserror::Error)]
pub enum LogFileError {
    #[error(
        "{what} of the log's file {path} failed: {reason}. What was acknowledged as durable is safe; mend the disk and start again"
    )]
    Disk { what: &'static str, path: String, reason: String },
    #[error("{0}")]
    Damaged(String),
}

/// One log's directory with its open segments.
pub struct LogFiles {
    path: PathBuf,
    directory: Directory,
    segments: RefCell<HashMap<u64, Rc<DmaFile>>>,
}

/// A buffer that the ring writes from.
pub struct DmaBlock(DmaBuffer);

impl BlockBuffer for DmaBlock {
    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_bytes_mut()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// A new buffer for `bytes` bytes. On an executor only.
pub fn block_buffer(bytes: usize) -> Box<dyn BlockBuffer> {
    Box::new(DmaBlock(glommio::allocate_dma_buffer(bytes)))
}

impl LogFiles {
    /// The directory at `path`, which is there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, LogFileError> {
        let directory = Directory::open(path).await.map_err(|error| failed("opening", path, &error))?;
        Ok(Self { path: path.to_owned(), directory, segments: RefCell::default() })
    }

    /// Makes a spare segment: a file of zeros, durable under its name.
    ///
    /// # Errors
    /// When the disk has no room, or does not work.
    pub async fn make_spare(&self, number: u64, bytes: u64) -> Result<(), SpareError> {
        let path = self.path.join(spare_name(number));
        let made = async {
            let file = OpenOptions::new().create(true).write(true).read(true).dma_open(&path).await?;
            let mut at = 0;
            while at < bytes {
                let mut zeros = glommio::allocate_dma_buffer(ZEROS_BYTES.min((bytes - at) as usize));
                zeros.as_bytes_mut().fill(0);
                let length = zeros.len();
                let written = file.write_at(zeros, at).await?;
                if written != length {
                    return Err(GlommioError::from(std::io::Error::from(std::io::ErrorKind::StorageFull)));
                }
                at += length as u64;
                glommio::yield_if_needed().await;
            }
            file.fdatasync().await?;
            file.close().await?;
            self.directory.sync().await
        };
        let result: Result<(), GlommioError<()>> = made.await;
        if result.is_err() {
            // What was made of it is of no use.
            let _ = glommio::io::remove(&path).await;
        }
        result.map_err(|error| spare_error(&error))
    }

    /// Makes a spare the segment of this number: its header durable first, then its name.
    ///
    /// # Errors
    /// [`LogFileError`].
    pub async fn open_segment(
        &self,
        number: u64,
        spare: u64,
        header: &[u8; SEGMENT_HEADER_BYTES],
        directory: DirectorySync,
    ) -> Result<(), LogFileError> {
        let (old, new) = (self.path.join(spare_name(spare)), self.path.join(segment_name(number)));
        let file = OpenOptions::new().write(true).read(true).dma_open(&old).await;
        let file = file.map_err(|error| failed("opening", &old, &error))?;
        let mut buffer = glommio::allocate_dma_buffer(SEGMENT_HEADER_BYTES);
        buffer.as_bytes_mut().copy_from_slice(header);
        write(&file, buffer, 0, &old).await?;
        file.fdatasync().await.map_err(|error| failed("syncing", &old, &error))?;
        glommio::io::rename(&old, &new).await.map_err(|error| failed("renaming", &old, &error))?;
        if directory == DirectorySync::Sync {
            self.directory.sync().await.map_err(|error| failed("syncing the directory", &new, &error))?;
        }
        self.segments.borrow_mut().insert(number, Rc::new(file));
        Ok(())
    }

    /// Writes the first `bytes` bytes of a block; gives a buffer of its length back.
    ///
    /// # Errors
    /// [`LogFileError`], for a short write too.
    pub async fn write(
        &self,
        segment: u64,
        offset: u64,
        block: Box<dyn BlockBuffer>,
        bytes: usize,
    ) -> Result<Box<dyn BlockBuffer>, LogFileError> {
        let (file, path) = self.segment(segment).await?;
        let mut buffer = match block.into_any().downcast::<DmaBlock>() {
            Ok(block) => block.0,
            Err(_) => return Err(failed_because("writing", &path, "the block is not in a buffer of this log".into())),
        };
        let length = buffer.len();
        if bytes < length {
            // A buffer that was trimmed stays so.
            buffer.trim_to_size(bytes);
            write(&file, buffer, offset, &path).await?;
            return Ok(block_buffer(length));
        }
        let buffer = Rc::new(buffer);
        let written = file.write_rc_at(buffer.clone(), offset).await;
        whole(written.map_err(|error| failed("writing", &path, &error))?, bytes, &path)?;
        Ok(Rc::try_unwrap(buffer).map_or_else(|_| block_buffer(length), |buffer| Box::new(DmaBlock(buffer)) as _))
    }

    /// Makes what was written to a segment durable.
    ///
    /// # Errors
    /// [`LogFileError`].
    pub async fn sync(&self, segment: u64) -> Result<(), LogFileError> {
        let (file, path) = self.segment(segment).await?;
        file.fdatasync().await.map_err(|error| failed("syncing", &path, &error))
    }

    /// Reads a block.
    ///
    /// # Errors
    /// [`LogFileError`].
    pub async fn read(&self, place: &BlockPlace) -> Result<ReadResult, LogFileError> {
        let (file, path) = self.segment(place.segment).await?;
        let bytes = place.bytes as usize;
        let read = file.read_at_aligned(place.offset, bytes).await;
        let read = read.map_err(|error| failed("reading", &path, &error))?;
        if read.len() < bytes {
            return Err(failed_because("reading", &path, format!("{} of {bytes} bytes came", read.len())));
        }
        Ok(read)
    }

    /// Makes a segment that nobody needs a spare again.
    ///
    /// # Errors
    /// [`LogFileError`].
    pub async fn retire(&self, segment: u64, spare: u64) -> Result<(), LogFileError> {
        self.forget(segment).await;
        let (old, new) = (self.path.join(segment_name(segment)), self.path.join(spare_name(spare)));
        glommio::io::rename(&old, &new).await.map_err(|error| failed("renaming", &old, &error))?;
        self.directory.sync().await.map_err(|error| failed("syncing the directory", &new, &error))
    }

    /// Removes a spare that is of no use.
    ///
    /// # Errors
    /// [`LogFileError`].
    pub async fn delete_spare(&self, spare: u64) -> Result<(), LogFileError> {
        self.remove(&self.path.join(spare_name(spare))).await
    }

    /// Removes a segment that nobody needs.
    ///
    /// # Errors
    /// [`LogFileError`].
    pub async fn delete(&self, segment: u64) -> Result<(), LogFileError> {
        self.forget(segment).await;
        self.remove(&self.path.join(segment_name(segment))).await
    }

    async fn remove(&self, path: &Path) -> Result<(), LogFileError> {
        glommio::io::remove(path).await.map_err(|error| failed("removing", path, &error))?;
        self.directory.sync().await.map_err(|error| failed("syncing the directory", path, &error))
    }

    async fn segment(&self, number: u64) -> Result<(Rc<DmaFile>, PathBuf), LogFileError> {
        let path = self.path.join(segment_name(number));
        let known = self.segments.borrow().get(&number).cloned();
        if let Some(file) = known {
            return Ok((file, path));
        }
        let file = OpenOptions::new().write(true).read(true).dma_open(&path).await;
        let file = Rc::new(file.map_err(|error| failed("opening", &path, &error))?);
        self.segments.borrow_mut().insert(number, file.clone());
        Ok((file, path))
    }

    async fn forget(&self, segment: u64) {
        let file = self.segments.borrow_mut().remove(&segment);
        if let Some(file) = file {
            // Reads that go on keep it open; nothing is written to it any more.
            let _ = file.close_rc().await;
        }
    }
}

async fn write(file: &DmaFile, buffer: DmaBuffer, offset: u64, path: &Path) -> Result<(), LogFileError> {
    let bytes = buffer.len();
    let written = file.write_at(buffer, offset).await.map_err(|error| failed("writing", path, &error))?;
    whole(written, bytes, path)
}

/// A short write is a failed one.
fn whole(written: usize, bytes: usize, path: &Path) -> Result<(), LogFileError> {
    if written == bytes {
        return Ok(());
    }
    Err(failed_because("writing", path, format!("{written} of {bytes} bytes were taken; the disk may be full")))
}

fn failed(what: &'static str, path: &Path, error: &GlommioError<()>) -> LogFileError {
    failed_because(what, path, error.to_string())
}

fn failed_because(what: &'static str, path: &Path, reason: String) -> LogFileError {
    LogFileError::Disk { what, path: path.display().to_string(), reason }
}

fn spare_error(error: &GlommioError<()>) -> SpareError {
    let full = [libc::ENOSPC, libc::EDQUOT, libc::EFBIG];
    let kind = match error {
        GlommioError::IoError(error) => Some(error),
        GlommioError::EnhancedIoError { source, .. } => Some(source),
        _ => None,
    };
    let is_full = kind.is_some_and(|error| {
        error.raw_os_error().is_some_and(|code| full.contains(&code)) || error.kind() == std::io::ErrorKind::StorageFull
    });
    if is_full {
        SpareError::DiskFull
    } else {
        tracing::warn!(%error, "a spare segment of the log could not be made; it is tried again");
        SpareError::Other
    }
}
