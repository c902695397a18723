//! The files of a log, to be read.

use crate::log::segment::Spare;
use std::io;

/// A log's directory.
pub trait ReadDisk {
    /// Numbers of the files `<number>.segment`, in any order.
    ///
    /// # Errors
    /// When the directory cannot be read.
    fn segments(&self) -> io::Result<Vec<u64>>;

    /// The files `spare-<number>` and their lengths.
    ///
    /// # Errors
    /// When the directory cannot be read.
    fn spares(&self) -> io::Result<Vec<Spare>>;

    /// A segment's length.
    ///
    /// # Errors
    /// When there is no such file.
    fn bytes(&self, segment: u64) -> io::Result<u64>;

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// When the disk fails, or the file ends before.
    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()>;
}
