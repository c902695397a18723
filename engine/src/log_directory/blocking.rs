//! Carries out what a log wants, one action after the other, for commands that change a log without an engine.
//!
//! The order of effects is the log's own (see [`crate::log::LogAction`]): what is written is synced before a name says that it
//! is there, and a name is durable before the log hears of it. A failure ends the work; what was durable before stays.

use super::names::{segment_name, spare_name};
use super::std_disk::LogDisk;
use crate::handover::log_part::LogId;
use crate::log::{
    Canary, HeapBuffer, Log, LogAction, LogEvent, Recovered, Settings, SpareError,
    limits::{IDLE_US, SPARE_RETRY_US},
};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// Blocks of the log are closed when they are about so long.
const BLOCK_BYTES: usize = 1 << 20;
/// Length of segments when there is none to take it from.
const SEGMENT_BYTES: u32 = 32 << 20;
/// Room beyond what is there, in segments: a change takes one, and copying forward must have no reason to begin.
const SEGMENTS_MORE: u64 = 6;

/// Why a log could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum BlockingError {
    #[error(
        "{what} of the log's file {name} failed: {cause}. What was in the log before is still there; mend the disk and try again"
    )]
    Disk { what: &'static str, name: String, cause: io::Error },
    #[error("there is no room for another segment of the log on the disk; make some and try again")]
    Full,
    #[error("{0}")]
    Damaged(String),
    #[error("the log {0} does not come to rest; this is a fault of the program")]
    Restless(LogId),
}

/// A log to be changed by `run`, behind what was recovered and is synced.
pub fn resume(run: u64, recovered: Recovered) -> Log {
    let used: u64 = recovered.segments().map(|segment| segment.bytes).sum::<u64>()
        + recovered.spares.iter().map(|spare| spare.bytes).sum::<u64>();
    // Spares of another length would be of no use, as are those that a process died making: they are shorter.
    let lengths = recovered.spares.iter().map(|spare| spare.bytes).max().filter(|bytes| *bytes > 0);
    let newest = recovered.segments().last().map(|segment| segment.bytes);
    let bytes = lengths.or(newest).and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(SEGMENT_BYTES);
    let settings = Settings {
        bytes_max: used + SEGMENTS_MORE * u64::from(bytes),
        segment_bytes: bytes,
        block_bytes: BLOCK_BYTES,
        linger_us: 0,
        buffers: Rc::new(|bytes| Box::new(HeapBuffer::new(bytes))),
        salts: Rc::new(RefCell::new(new_salt)),
        canary: Canary::None,
    };
    Log::resume(settings, run, recovered)
}

#[expect(clippy::disallowed_methods, reason = "a segment's salt has to be one that nobody can foresee")]
fn new_salt() -> [u8; 16] {
    *uuid::Uuid::new_v4().as_bytes()
}

/// Carries out what the log wants until everything that it was told is durable and it wants nothing more.
///
/// # Errors
/// [`BlockingError`].
pub fn settle(log: &mut Log, disk: &mut dyn LogDisk) -> Result<(), BlockingError> {
    // Time passes when there is nothing to do.
    let (mut now_us, mut is_full, mut idle_turns) = (0, false, 0);
    loop {
        let mut actions = Vec::new();
        log.actions(now_us, &mut actions);
        if actions.is_empty() {
            let wake_at_us = log.wake_at_us();
            // Only a spare is missing, which nobody can make.
            let waits_for_spare = is_full && wake_at_us.is_none_or(|at| at > now_us + IDLE_US);
            match wake_at_us {
                Some(_) if idle_turns > 100 => return Err(BlockingError::Restless(log.id())),
                Some(at) if !waits_for_spare => now_us = at.max(now_us + 1),
                _ if log.has_segment() && log.durable() >= log.point() => return Ok(()),
                _ if is_full => return Err(BlockingError::Full),
                _ => return Err(BlockingError::Restless(log.id())),
            }
            idle_turns += 1;
            continue;
        }
        idle_turns = 0;
        for action in actions {
            let event = perform(disk, action)?;
            is_full |= matches!(event, LogEvent::SpareMade { result: Err(_), .. });
            log.on(event);
        }
    }
}

fn perform(disk: &mut dyn LogDisk, action: LogAction) -> Result<LogEvent, BlockingError> {
    let failed = |what: &'static str, name: &str| {
        let name = name.to_owned();
        move |cause| BlockingError::Disk { what, name, cause }
    };
    Ok(match action {
        LogAction::MakeSpare { number, bytes } => {
            let name = spare_name(number);
            let made = disk.make(&name, bytes).and_then(|()| disk.sync(&name)).and_then(|()| disk.sync_folder());
            if made.is_err() {
                // What was made of it is of no use.
                let _ = disk.remove(&name);
            }
            LogEvent::SpareMade { number, result: made.map_err(|error| spare_error(&error)) }
        }
        LogAction::OpenSegment { number, spare, header, directory: _ } => {
            let (old, new) = (spare_name(spare), segment_name(number));
            disk.write(&old, 0, &header[..]).map_err(failed("writing", &old))?;
            disk.sync(&old).map_err(failed("syncing", &old))?;
            disk.rename(&old, &new).map_err(failed("renaming", &old))?;
            disk.sync_folder().map_err(failed("syncing the folder", &new))?;
            LogEvent::SegmentOpened { number }
        }
        LogAction::Write { ticket, segment, offset, block, bytes } => {
            let name = segment_name(segment);
            let written = block.bytes().get(..bytes).ok_or_else(|| io::ErrorKind::InvalidInput.into());
            written.and_then(|bytes| disk.write(&name, offset, bytes)).map_err(failed("writing", &name))?;
            LogEvent::Written { ticket, block }
        }
        LogAction::Sync { ticket, segment } => {
            let name = segment_name(segment);
            disk.sync(&name).map_err(failed("syncing", &name))?;
            LogEvent::Synced { ticket }
        }
        LogAction::Retire { segment, spare } => {
            let (old, new) = (segment_name(segment), spare_name(spare));
            disk.rename(&old, &new).map_err(failed("renaming", &old))?;
            disk.sync_folder().map_err(failed("syncing the folder", &new))?;
            LogEvent::Retired { segment }
        }
        LogAction::Delete { segment } => {
            remove(disk, &segment_name(segment))?;
            LogEvent::Deleted { segment }
        }
        LogAction::DeleteSpare { spare } => {
            remove(disk, &spare_name(spare))?;
            LogEvent::SpareDeleted { spare }
        }
        LogAction::Read { ticket, place } => {
            let name = segment_name(place.segment);
            let bytes = disk.read(&name, place.offset, place.bytes as usize).map_err(failed("reading", &name))?;
            LogEvent::Read { ticket, bytes }
        }
        LogAction::Stop { why } => return Err(BlockingError::Damaged(why)),
    })
}

fn remove(disk: &mut dyn LogDisk, name: &str) -> Result<(), BlockingError> {
    let failed = |what| move |cause| BlockingError::Disk { what, name: name.to_owned(), cause };
    disk.remove(name).map_err(failed("removing"))?;
    disk.sync_folder().map_err(failed("syncing the folder"))
}

fn spare_error(error: &io::Error) -> SpareError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => SpareError::DiskFull,
        _ => SpareError::Other,
    }
}

const _: () = assert!(IDLE_US < SPARE_RETRY_US, "waiting for the watermark and for a spare can be told apart");

#[cfg(test)]
mod tests;
