//! A table's folder in an object store.
//!
//! A put is one request with the condition that the key is free (`If-None-Match: *`, on Google's `x-goog-if-generation-match: 0`)
//! and is made once. What its answer means:
//!
//! | answer | meaning |
//! |---|---|
//! | done | `Created` |
//! | the key is taken (412; some say 409) | `Exists` when a read finds the object, else `Unknown` |
//! | anything else: a refusal, an error, no answer in time | `Unknown`: it may have landed, or land yet |
//!
//! The read is for Amazon's 409, which says that others were putting at the same time: nothing may have landed.
//!
//! Data files go up in parts while they are written ([`super::upload`]). Nothing has to be settled: an object store answers, and
//! shows to readers, what is durable.

use super::bucket::Bucket;
use super::trouble::{explain, names_no_bucket};
use super::upload::Upload;
use super::{FileWriter, PutOutcome, ReadOutcome, Store};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};
use std::io::{self, ErrorKind};
use tokio::runtime::Handle;

/// The folder of one table.
#[derive(Debug, Clone)]
pub struct ObjectFolder {
    bucket: Bucket,
    folder: Path,
    runtime: Handle,
}

impl ObjectFolder {
    /// The folder whose path in the bucket is `folder`. Requests run on `runtime`; calls block and must not be made from its
    /// tasks.
    pub fn new(bucket: Bucket, folder: Path, runtime: Handle) -> Self {
        Self { bucket, folder, runtime }
    }

    /// The key of `path`; paths that would leave the table's folder are refused.
    fn resolve(&self, path: &str) -> io::Result<Path> {
        let wrong = || io::Error::new(ErrorKind::InvalidInput, format!("{path:?} is not a path inside the table"));
        if path.is_empty() || path.starts_with('/') || path.ends_with('/') {
            return Err(wrong());
        }
        Path::parse(format!("{}/{path}", self.folder)).map_err(|_| wrong())
    }

    async fn put(&self, key: &Path, bytes: &Bytes) -> PutOutcome {
        let payload = PutPayload::from(bytes.clone());
        match self.bucket.once.put_opts(key, payload, PutMode::Create.into()).await {
            Ok(_) => PutOutcome::Created,
            Err(Error::AlreadyExists { source, .. }) => match self.bucket.patient.head(key).await {
                Ok(_) => PutOutcome::Exists,
                Err(Error::NotFound { .. }) => PutOutcome::Unknown(format!(
                    "the store says that the key is taken, and that nothing is there: {source}"
                )),
                Err(error) => PutOutcome::Unknown(explain(&error)),
            },
            Err(error) => PutOutcome::Unknown(explain(&error)),
        }
    }

    async fn get(&self, key: &Path) -> ReadOutcome {
        let read = async { self.bucket.patient.get(key).await?.bytes().await };
        match read.await {
            Ok(bytes) => ReadOutcome::Found(bytes),
            Err(error @ Error::NotFound { .. }) if !names_no_bucket(&error) => ReadOutcome::Missing,
            Err(error) => ReadOutcome::Unknown(explain(&error)),
        }
    }
}

pub(super) fn io_error(error: Error) -> io::Error {
    io::Error::other(explain(&error))
}

impl Store for ObjectFolder {
    /// Folders are no things here.
    fn prepare(&self) -> io::Result<()> {
        Ok(())
    }

    fn put_if_absent(&self, path: &str, bytes: &Bytes) -> PutOutcome {
        match self.resolve(path) {
            Ok(key) => self.runtime.block_on(self.put(&key, bytes)),
            Err(error) => PutOutcome::Unknown(error.to_string()),
        }
    }

    fn read(&self, path: &str) -> ReadOutcome {
        match self.resolve(path) {
            Ok(key) => self.runtime.block_on(self.get(&key)),
            Err(error) => ReadOutcome::Unknown(error.to_string()),
        }
    }

    fn begin_file(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let key = self.resolve(path)?;
        Ok(Box::new(Upload::new(self.bucket.patient.clone(), key, self.runtime.clone())))
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        let key = self.resolve(path)?;
        match self.runtime.block_on(self.bucket.patient.delete(&key)) {
            Err(error) if !matches!(error, Error::NotFound { .. }) || names_no_bucket(&error) => Err(io_error(error)),
            _ => Ok(()),
        }
    }

    /// Nothing to do: what anybody has read is durable.
    fn settle(&self, _path: &str) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
