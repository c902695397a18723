//! What a log asks of whoever has its files, and what it is told.
//!
//! Every action but [`LogAction::Stop`] is answered by one event. Each may take any time; several may be under way. A failure
//! that has no event of its own is fatal to the process and never tried again.

use super::buffer::BlockBuffer;
use super::limits::SEGMENT_HEADER_BYTES;
use super::place::BlockPlace;

/// Something to do.
pub enum LogAction {
    /// Make the file `spare-<number>`, write zeros over all of it, fdatasync, fsync the directory. In the background.
    MakeSpare { number: u64, bytes: u64 },
    /// Write the header to the front of the spare, fdatasync, rename it to the segment's name, fsync the directory as
    /// `directory` says.
    OpenSegment { number: u64, spare: u64, header: Box<[u8; SEGMENT_HEADER_BYTES]>, directory: DirectorySync },
    /// Write the first `bytes` of the buffer at `offset`. The buffer comes back with the event.
    Write { ticket: u64, segment: u64, offset: u64, block: Box<dyn BlockBuffer>, bytes: usize },
    /// fdatasync the segment.
    Sync { ticket: u64, segment: u64 },
    /// Rename the segment to the spare's name, fsync the directory.
    Retire { segment: u64, spare: u64 },
    /// Delete the segment, fsync the directory.
    Delete { segment: u64 },
    /// Delete a spare that is of no use, fsync the directory.
    DeleteSpare { spare: u64 },
    /// Read the block.
    Read { ticket: u64, place: BlockPlace },
    /// Acked data is damaged on disk: end the process with this reason.
    Stop { why: String },
}

/// Whether a directory is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectorySync {
    Sync,
    /// Only a planted fault asks for this.
    Skip,
}

/// Something that happened.
pub enum LogEvent {
    SpareMade { number: u64, result: Result<(), SpareError> },
    SegmentOpened { number: u64 },
    Written { ticket: u64, block: Box<dyn BlockBuffer> },
    Synced { ticket: u64 },
    Retired { segment: u64 },
    Deleted { segment: u64 },
    SpareDeleted { spare: u64 },
    Read { ticket: u64, bytes: Vec<u8> },
}

/// Why there is no spare. Whatever was made of it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpareError {
    DiskFull,
    Other,
}

impl std::fmt::Debug for LogAction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MakeSpare { number, bytes } => write!(formatter, "MakeSpare({number}, {bytes} bytes)"),
            Self::OpenSegment { number, spare, .. } => write!(formatter, "OpenSegment({number} from spare {spare})"),
            Self::Write { ticket, segment, offset, bytes, .. } => {
                write!(formatter, "Write(ticket {ticket}, segment {segment}, offset {offset}, {bytes} bytes)")
            }
            Self::Sync { ticket, segment } => write!(formatter, "Sync(ticket {ticket}, segment {segment})"),
            Self::Retire { segment, spare } => write!(formatter, "Retire({segment} to spare {spare})"),
            Self::Delete { segment } => write!(formatter, "Delete({segment})"),
            Self::DeleteSpare { spare } => write!(formatter, "DeleteSpare({spare})"),
            Self::Read { ticket, place } => write!(formatter, "Read(ticket {ticket}, {place:?})"),
            Self::Stop { why } => write!(formatter, "Stop({why})"),
        }
    }
}
