//! A data file, read in pieces from wherever the table is.
//!
//! A row group is fetched whole before it is decoded: one request, and no page is asked for by itself.

use super::table::{DeltaTable, TableError, url_error};
use bytes::{Buf, Bytes};
use delta_kernel::Engine;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// A Parquet file of a table. Clones share what was fetched.
#[derive(Clone)]
pub struct StoredFile {
    engine: Arc<dyn Engine>,
    url: Url,
    bytes: u64,
    fetched: Arc<Mutex<(u64, Bytes)>>,
}

impl DeltaTable {
    /// The file at `path` as the log writes it, of this size.
    ///
    /// # Errors
    /// When that is no path.
    pub fn stored_file(&self, path: &str, bytes: u64) -> Result<StoredFile, TableError> {
        let url = self.url().join(path).map_err(url_error)?;
        Ok(StoredFile { engine: self.shared_engine(), url, bytes, fetched: Arc::default() })
    }
}

impl StoredFile {
    /// Fetches these bytes, from which what is read next is taken; what was fetched before is let go of.
    ///
    /// # Errors
    /// When the store does not give them.
    pub fn fetch(&self, start: u64, length: u64) -> Result<(), ParquetError> {
        self.let_go();
        let bytes = self.request(start, length)?;
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = (start, bytes);
        Ok(())
    }

    /// Lets go of what was fetched.
    pub fn let_go(&self) {
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = (0, Bytes::new());
    }

    fn request(&self, start: u64, length: u64) -> Result<Bytes, ParquetError> {
        let slice = (self.url.clone(), Some(start..start + length));
        let mut answers = self.engine.storage_handler().read_files(vec![slice]).map_err(external)?;
        let bytes = answers.next().transpose().map_err(external)?;
        bytes
            .filter(|bytes| bytes.len() as u64 == length)
            .ok_or_else(|| ParquetError::EOF(format!("{} is shorter than it was", self.url)))
    }

    fn held(&self, start: u64, length: u64) -> Option<Bytes> {
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, bytes) = &*fetched;
        let offset = usize::try_from(start.checked_sub(*from)?).ok()?;
        let end = offset.checked_add(usize::try_from(length).ok()?)?;
        (end <= bytes.len()).then(|| bytes.slice(offset..end))
    }
}

impl Length for StoredFile {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for StoredFile {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let rest = {
            let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            let end = fetched.0 + fetched.1.len() as u64;
            (fetched.0 <= start && start < end).then(|| end - start)
        };
        let length = rest.unwrap_or_else(|| self.bytes.saturating_sub(start));
        Ok(self.get_bytes(start, usize::try_from(length).unwrap_or(usize::MAX))?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self.held(start, length as u64) {
            Some(bytes) => Ok(bytes),
            None => self.request(start, length as u64),
        }
    }
}

fn external(error: delta_kernel::KernelError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
