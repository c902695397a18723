//! Object stores in our words.
//!
//! A [`Store`] is the folder of one table. What the commit plane needs of it is small: a conditional put whose answer is a
//! type ([`PutOutcome`]: created, exists, or *unknown*), a read, and files that are durable once they are finished. The calls
//! block: they are made from threads that may.
//!
//! # Fault model
//!
//! * An answer can be lost. Whatever does not say for sure that the object was created by this call, or that some object
//!   has the key, is `Unknown`; nobody may conclude from it that nothing happened.
//! * What `Created`, `Exists` and `Found` say survives a power cut: the file and the folders that lead to it are synced
//!   before the answer. A put that crashed between its link and its sync can be read by the next process without being
//!   durable, so a read syncs before it is believed, and [`Store::settle`] does the same for what others have read.
//! * An object is complete or absent, never half.
//!
//! | question | file |
//! |---|---|
//! | a folder on a file system | [`local`]; its data files are written around the page cache ([`direct_file`]) |
//! | a folder in a bucket of Amazon, Azure or Google, or one that speaks like them | [`object`], [`upload`] |
//! | how is a bucket spoken to, with which credentials, by which threads? | [`bucket`], [`options`], [`aws_profile`], [`request_threads`] |
//! | what does a store's error mean for a person? | [`trouble`] |

use bytes::Bytes;
use std::io;
use std::io::Write;

pub mod aws_profile;
pub mod bucket;
pub mod direct_file;
pub mod local;
pub mod object;
pub mod options;
pub mod request_threads;
#[cfg(test)]
pub mod scheduled_faults;
pub mod trouble;
pub mod upload;

/// What a conditional put did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object is there, durable, and this call (or a repeat of it inside the store's client) made it.
    Created,
    /// An object had the key already. It may be ours: from a put whose answer was lost.
    Exists,
    /// Created, or not, or not yet.
    Unknown(String),
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The object, durable.
    Found(Bytes),
    /// No object has the key.
    Missing,
    /// The store did not say.
    Unknown(String),
}

/// Memory that a [`FileWriter`] holds while it is open, unless it says something else.
pub const FILE_BUFFER_BYTES: usize = 1 << 20;

/// A file on its way into the store. Nobody sees it as part of the table before a commit names it; dropped without
/// [`FileWriter::finish`] it is removed as far as possible.
pub trait FileWriter: Write + Send {
    /// Makes the file durable, under its name, before it returns. Gives its size in bytes.
    ///
    /// # Errors
    /// The file may be there or not; write it again under another name.
    fn finish(self: Box<Self>) -> io::Result<u64>;

    /// Memory that it holds now.
    fn memory_bytes(&self) -> usize {
        FILE_BUFFER_BYTES
    }
}

/// The folder of one table. Paths are relative to it, with `/` between their parts.
pub trait Store: Send + Sync {
    /// Makes the folder itself, where folders are things.
    ///
    /// # Errors
    /// When it cannot be made.
    fn prepare(&self) -> io::Result<()>;

    /// Creates the object if the key is free.
    fn put_if_absent(&self, path: &str, bytes: &Bytes) -> PutOutcome;

    /// Reads an object whole.
    fn read(&self, path: &str) -> ReadOutcome;

    /// Begins a file at a path nobody else uses.
    ///
    /// # Errors
    /// When the store cannot take it.
    fn begin_file(&self, path: &str) -> io::Result<Box<dyn FileWriter>>;

    /// Removes an object. That it was not there is no error.
    ///
    /// # Errors
    /// When the store did not say that it is gone.
    fn delete(&self, path: &str) -> io::Result<()>;

    /// Makes durable what anybody may have read below the folder `path` so far.
    ///
    /// # Errors
    /// When that cannot be promised: then what was read must not be built upon.
    fn settle(&self, path: &str) -> io::Result<()>;
}
