//! Looking at a log that may be written meanwhile.

use super::error::LogCommandError;
use super::place::LogPlace;
use crate::log::recovery::{Damage, Mode, Options};
use crate::log::segment_header::SegmentHeader;
use crate::log::{Canary, ReadDisk, Recovered, RecoveryError, limits::SEGMENT_HEADER_BYTES, recover};
use crate::log_directory::contents::Contents;
use crate::log_directory::snapshot::Snapshot;
use std::io;

/// How often a log is read that changes while it is read.
const TRIES: usize = 8;

/// A log as it was at one moment.
pub struct Seen {
    pub recovered: Recovered,
    pub contents: Contents,
    /// Damage that an engine would refuse to start with. What lies behind it is shown all the same.
    pub damages: Vec<Damage>,
    pub disk: Snapshot,
}

/// Reads one log; nothing is changed.
pub fn look(place: &LogPlace) -> Result<Seen, LogCommandError> {
    for _ in 0..TRIES {
        let disk = match Snapshot::take(&place.folder) {
            // A segment may have gone between its name and its opening.
            Err(error) if error.kind() == io::ErrorKind::NotFound && place.folder.is_dir() => continue,
            taken => taken.map_err(|cause| LogCommandError::Io { path: place.folder.clone(), cause })?,
        };
        let seen = read(&disk, place);
        if disk.is_whole() {
            let (recovered, contents, damages) = seen?;
            return Ok(Seen { recovered, contents, damages, disk });
        }
    }
    Err(LogCommandError::Moving { path: place.folder.clone() })
}

fn read(disk: &Snapshot, place: &LogPlace) -> Result<(Recovered, Contents, Vec<Damage>), LogCommandError> {
    let recover = |mode| recover(disk, place.id, Options { mode, canary: Canary::None });
    let unreadable = |cause| LogCommandError::Unreadable { path: place.folder.clone(), cause: Box::new(cause) };
    let (recovered, damages) = match recover(Mode::Strict) {
        Ok(recovered) => (recovered, Vec::new()),
        Err(RecoveryError::Damaged(damages)) => (recover(Mode::AcceptLoss).map_err(unreadable)?, damages),
        Err(other) => return Err(unreadable(other)),
    };
    let contents = Contents::read(disk, &recovered);
    let contents = contents.map_err(|cause| LogCommandError::Io { path: place.folder.clone(), cause })?;
    Ok((recovered, contents, damages))
}

impl Seen {
    /// The run that opened a segment.
    pub fn run_of(&self, segment: u64) -> Option<u64> {
        let mut bytes = vec![0; SEGMENT_HEADER_BYTES];
        self.disk.read(segment, 0, &mut bytes).ok()?;
        SegmentHeader::decode(&bytes).ok().map(|header| header.run)
    }

    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        let segments: u64 = self.recovered.segments().map(|segment| segment.bytes).sum();
        segments + self.recovered.spares.iter().map(|spare| spare.bytes).sum::<u64>()
    }

    /// Bytes of entries that are needed.
    pub fn needed_bytes(&self) -> u64 {
        self.recovered.segments().map(|segment| segment.live_bytes).sum()
    }
}
