//! Carries a log's actions out on a [`Disk`], one small step at a time, in any order.

use super::disk::{Disk, Name, Random};
use crate::log::{DirectorySync, LogAction, LogEvent, ReadDisk, SpareError};
use std::collections::VecDeque;

enum Step {
    Create(Name),
    Zero(Name, u64),
    Write(Name, u64, Vec<u8>),
    /// What was written before this is durable after [`Step::Synced`].
    Sync(Name),
    Synced(Name),
    SyncDirectory,
    Rename(Name, Name),
    Delete(Name),
}

struct Job {
    steps: VecDeque<Step>,
    event: Option<LogEvent>,
    /// Made by steps; deleted when they fail.
    spare: Option<u64>,
}

/// Actions under way.
#[derive(Default)]
pub struct Files {
    jobs: Vec<Job>,
    /// Why the process has to end: the last [`LogAction::Stop`], or what failed.
    pub stopped: Option<String>,
    pub copies_read: u64,
    pub retired: u64,
    pub disk_full: u64,
}

impl Files {
    /// An action begins.
    pub fn begin(&mut self, action: LogAction, disk: &Disk) {
        let mut spare = None;
        let (steps, event) = match action {
            LogAction::MakeSpare { number, bytes } => {
                let name = Name::Spare(number);
                spare = Some(number);
                let steps = vec![Step::Create(name), Step::Zero(name, bytes), Step::Sync(name), Step::SyncDirectory];
                (steps, LogEvent::SpareMade { number, result: Ok(()) })
            }
            LogAction::OpenSegment { number, spare, header, directory } => {
                let (from, to) = (Name::Spare(spare), Name::Segment(number));
                let mut steps = vec![Step::Write(from, 0, header.to_vec()), Step::Sync(from), Step::Rename(from, to)];
                if directory == DirectorySync::Sync {
                    steps.push(Step::SyncDirectory);
                }
                (steps, LogEvent::SegmentOpened { number })
            }
            LogAction::Write { ticket, segment, offset, block, bytes } => {
                assert!(bytes.is_multiple_of(4096) && offset.is_multiple_of(4096) && bytes > 0);
                let steps = vec![Step::Write(Name::Segment(segment), offset, block.bytes()[..bytes].to_vec())];
                (steps, LogEvent::Written { ticket, block })
            }
            LogAction::Sync { ticket, segment } => {
                (vec![Step::Sync(Name::Segment(segment))], LogEvent::Synced { ticket })
            }
            LogAction::Retire { segment, spare } => {
                self.retired += 1;
                let steps = vec![Step::Rename(Name::Segment(segment), Name::Spare(spare)), Step::SyncDirectory];
                (steps, LogEvent::Retired { segment })
            }
            LogAction::Delete { segment } => {
                (vec![Step::Delete(Name::Segment(segment)), Step::SyncDirectory], LogEvent::Deleted { segment })
            }
            LogAction::DeleteSpare { spare } => {
                (vec![Step::Delete(Name::Spare(spare)), Step::SyncDirectory], LogEvent::SpareDeleted { spare })
            }
            LogAction::Read { ticket, place } => {
                self.copies_read += 1;
                let mut bytes = vec![0; place.bytes as usize];
                if let Err(error) = disk.read(place.segment, place.offset, &mut bytes) {
                    self.stopped = Some(format!("a block to copy cannot be read: {error}"));
                }
                (Vec::new(), LogEvent::Read { ticket, bytes })
            }
            LogAction::Stop { why } => {
                self.stopped = Some(why);
                return;
            }
        };
        self.jobs.push(Job { steps: steps.into(), event: Some(event), spare });
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// One step of some job; what it ended, if it did.
    pub fn step(&mut self, disk: &mut Disk, random: &mut Random) -> Option<LogEvent> {
        if self.jobs.is_empty() {
            return None;
        }
        let at = random.below(self.jobs.len() as u64) as usize;
        let job = &mut self.jobs[at];
        let result = match job.steps.pop_front() {
            Some(Step::Create(name)) => {
                disk.create(name);
                Ok(())
            }
            Some(Step::Zero(name, bytes)) => disk.write(name, 0, &vec![0; bytes as usize]),
            Some(Step::Write(name, offset, bytes)) => disk.write(name, offset as usize, &bytes),
            Some(Step::Sync(name)) => {
                job.steps.push_front(Step::Synced(name));
                disk.begin_sync(name)
            }
            Some(Step::Synced(name)) => disk.end_sync(name),
            Some(Step::SyncDirectory) => {
                disk.sync_directory();
                Ok(())
            }
            Some(Step::Rename(from, to)) => disk.rename(from, to),
            Some(Step::Delete(name)) => disk.delete(name),
            None => Ok(()),
        };
        if let Err(error) = result {
            let Job { spare, .. } = self.jobs.swap_remove(at);
            let Some(number) = spare else {
                self.stopped = Some(format!("the disk failed: {error}"));
                return None;
            };
            let _ = disk.delete(Name::Spare(number));
            let full = error.kind() == std::io::ErrorKind::StorageFull;
            self.disk_full += u64::from(full);
            let result = Err(if full { SpareError::DiskFull } else { SpareError::Other });
            return Some(LogEvent::SpareMade { number, result });
        }
        if job.steps.is_empty() { self.jobs.swap_remove(at).event } else { None }
    }
}
