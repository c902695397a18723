//! A data file on its way into an object store.
//!
//! Bytes gather in a part. A part that is full goes up while the next one gathers, two at a time; who writes faster than that
//! waits. So what is left to do when the last byte is written is one part and the request that makes one object of them. A file
//! smaller than a part is one put.
//!
//! Memory: at most [`PARTS_AT_ONCE`] parts on their way and the one that gathers.
//!
//! An answer that gets lost costs nothing: the name is the file's own, so an object of its size under it is the file. A file that
//! was given up is aborted; when the process dies first its parts stay, unseen, until the bucket's rule for unfinished uploads
//! removes them.

use super::FileWriter;
use super::object::io_error;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Amazon takes no smaller parts than this, some want all but the last to be of one size, and 10,000 of them are the most there
/// may be: 80 GB.
pub const PART_BYTES: usize = 8 << 20;
/// Parts that go up at the same time.
pub const PARTS_AT_ONCE: usize = 2;

/// A new object that is written from its beginning to its end. Calls block.
pub struct Upload {
    store: Arc<dyn ObjectStore>,
    key: Path,
    runtime: Handle,
    gathering: Vec<u8>,
    /// Bytes of parts that were sent.
    sent: u64,
    parts: Option<Box<dyn MultipartUpload>>,
    under_way: VecDeque<JoinHandle<Result<(), Error>>>,
}

impl Upload {
    pub(super) fn new(store: Arc<dyn ObjectStore>, key: Path, runtime: Handle) -> Self {
        Self { store, key, runtime, gathering: Vec::new(), sent: 0, parts: None, under_way: VecDeque::new() }
    }

    /// Sends what has gathered as a part, when one of those under way has arrived.
    fn send(&mut self) -> io::Result<()> {
        while self.under_way.len() >= PARTS_AT_ONCE {
            self.arrive()?;
        }
        if self.parts.is_none() {
            self.parts = Some(self.runtime.block_on(self.store.put_multipart(&self.key)).map_err(io_error)?);
        }
        let part = Bytes::from(std::mem::take(&mut self.gathering));
        self.sent += part.len() as u64;
        if let Some(parts) = &mut self.parts {
            self.under_way.push_back(self.runtime.spawn(parts.put_part(PutPayload::from(part))));
        }
        Ok(())
    }

    /// Waits for the oldest part under way.
    fn arrive(&mut self) -> io::Result<()> {
        let Some(part) = self.under_way.pop_front() else { return Ok(()) };
        self.runtime.block_on(part).map_err(io::Error::other)?.map_err(io_error)
    }

    fn put_rest(&mut self) -> io::Result<()> {
        if self.parts.is_none() {
            let payload = PutPayload::from(std::mem::take(&mut self.gathering));
            let put = self.store.put(&self.key, payload);
            return self.runtime.block_on(put).map(drop).map_err(io_error);
        }
        if !self.gathering.is_empty() {
            self.send()?;
        }
        while !self.under_way.is_empty() {
            self.arrive()?;
        }
        let Some(parts) = &mut self.parts else { return Ok(()) };
        self.runtime.block_on(parts.complete()).map(drop).map_err(io_error)
    }

    /// Whether the object is there after all.
    fn is_there(&self, bytes: u64) -> bool {
        self.runtime.block_on(self.store.head(&self.key)).is_ok_and(|found| found.size == bytes)
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.gathering.len());
        let wanted = self.gathering.len() + taken;
        if wanted > self.gathering.capacity() {
            // Twice as much, as vectors grow, but never more than a part: small files hold little.
            self.gathering.reserve_exact((2 * wanted).min(PART_BYTES) - self.gathering.len());
        }
        self.gathering.extend_from_slice(&bytes[..taken]);
        if self.gathering.len() == PART_BYTES {
            self.send()?;
        }
        Ok(taken)
    }

    /// Does nothing: what is gathered waits for the rest of its part, and [`FileWriter::finish`] sends all of it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for Upload {
    fn finish(mut self: Box<Self>) -> io::Result<u64> {
        let bytes = self.sent + self.gathering.len() as u64;
        match self.put_rest() {
            Err(error) if !self.is_there(bytes) => Err(error),
            _ => {
                self.parts = None;
                Ok(bytes)
            }
        }
    }

    fn memory_bytes(&self) -> usize {
        self.gathering.capacity() + self.under_way.len() * PART_BYTES
    }
}

impl Drop for Upload {
    /// Must not block: a table's task may drop it.
    fn drop(&mut self) {
        self.under_way.iter().for_each(JoinHandle::abort);
        if let Some(mut parts) = self.parts.take() {
            let key = self.key.clone();
            drop(self.runtime.spawn(async move {
                if let Err(error) = parts.abort().await {
                    tracing::warn!(%key, %error, "parts of a file that was given up could not be removed");
                }
            }));
        }
    }
}
