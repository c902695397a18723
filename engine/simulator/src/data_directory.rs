//! What one engine has on its disks: the manifest, and a fake disk per log. It outlives the process.

use crate::canary::Canary;
use crate::checks::Violation;
use crate::durable_rows::{LoggedRows, logged_rows};
use crate::faults::{Fault, FaultCounts};
use crate::shape::{LogShape, chance};
use lakehead_engine::handover::log_part::LogId;
use lakehead_engine::log::fake::{Disk, Files, Name, Random};
use lakehead_engine::log::recovery::{Mode, Options, Tail};
use lakehead_engine::log::{BlockBuffer, Canary as LogCanary};
use lakehead_engine::log::{BlockPlace, HeapBuffer, Log, LogEvent, ReadDisk, Recovered, Settings, recover};
use lakehead_engine::log_directory::manifest::Manifest;
use lakehead_engine::log_directory::undrained::{is_drained, tables_with_rows};
use lakehead_engine::shard::logging::{Awaited, LogDuty};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One engine's disks.
#[derive(Debug, Clone)]
pub struct DataDirectory {
    manifest: Manifest,
    disks: BTreeMap<LogId, Disk>,
    shape: LogShape,
    random: Random,
    canary: LogCanary,
    /// Nothing can be read or written before this step.
    pub broken_until: u64,
}

/// A log that is ready to be served.
pub struct LogStart {
    pub id: LogId,
    pub log: Log,
    pub duty: LogDuty,
}

/// All logs of a run.
#[derive(Default)]
pub struct Logs {
    /// One for each core; none when logs are switched off.
    pub serving: Vec<LogStart>,
    pub draining: Vec<LogStart>,
    pub awaited: Awaited,
}

impl DataDirectory {
    /// An empty directory.
    pub fn new(shape: &LogShape, canary: Option<Canary>, rng: &mut ChaCha8Rng) -> Self {
        Self {
            manifest: Manifest::default(),
            disks: BTreeMap::new(),
            shape: shape.clone(),
            random: Random(rng.random()),
            canary: Canary::of_log(canary),
            broken_until: 0,
        }
    }

    /// Cores of the last run that had logs, if there was one.
    pub fn cores(&self) -> usize {
        self.manifest.logs.len()
    }

    /// A run begins for so many cores, none without logs: recovers what earlier runs left.
    ///
    /// # Errors
    /// When a log cannot be recovered.
    pub fn begin_run(
        &mut self,
        cores: usize,
        rng: &mut ChaCha8Rng,
        faults: &mut FaultCounts,
    ) -> Result<Logs, Violation> {
        let mut recovered = BTreeMap::new();
        for (id, disk) in &mut self.disks {
            let mut found = recover_log(disk, *id, self.canary)?;
            if found.must_sync {
                if chance(rng, 100) {
                    // Once more, before anything was made of it.
                    disk.cut_power();
                    found = recover_log(disk, *id, self.canary)?;
                }
                disk.sync_all();
            }
            if found.tail != Tail::Clean {
                faults.met(Fault::TornTail);
            }
            recovered.insert(*id, found);
        }
        let before = self.manifest.logs.len();
        let new_log = || LogId(rng.random());
        let drained = self.manifest.begin_run(cores, |log| recovered.get(log).is_some_and(is_drained), new_log);
        if before > 0 && before != cores {
            faults.met(if cores == 0 { Fault::LogSwitchedOff } else { Fault::CoresChanged });
        }
        for log in drained {
            faults.met(Fault::LogDrained);
            self.disks.remove(&log);
        }
        for log in &self.manifest.logs {
            let (random, capacity) = (&mut self.random, self.shape.disk_bytes);
            self.disks.entry(*log).or_insert_with(|| Disk::new(random.draw(), capacity));
        }
        let awaited = self.manifest.awaited(|log| recovered.get(log).map(tables_with_rows).unwrap_or_default());
        let (run, settings) = (self.manifest.run, self.settings(rng));
        let mut start = |id: &LogId, duty: LogDuty| {
            let log = match recovered.remove(id) {
                Some(recovered) => Log::resume(settings.clone(), run, recovered),
                None => Log::new(settings.clone(), *id, run),
            };
            LogStart { id: *id, log, duty }
        };
        let serving = self.manifest.logs.iter();
        let serving = serving.map(|log| start(log, LogDuty::Serves)).collect();
        let draining = self.manifest.draining.iter();
        let draining = draining.map(|log| start(log, LogDuty::Drains)).collect();
        Ok(Logs { serving, draining, awaited })
    }

    fn settings(&self, rng: &mut ChaCha8Rng) -> Settings {
        let mut salts = Random(rng.random());
        Settings {
            bytes_max: self.shape.bytes_max,
            segment_bytes: self.shape.segment_bytes,
            block_bytes: self.shape.block_bytes,
            linger_us: self.shape.linger_us,
            buffers: Rc::new(|bytes| {
                let mut buffer = HeapBuffer::new(bytes);
                // Contents are undefined.
                buffer.bytes_mut().fill(0xAA);
                Box::new(buffer)
            }),
            salts: Rc::new(RefCell::new(move || std::array::from_fn(|_| salts.draw() as u8))),
            canary: self.canary,
        }
    }

    /// The log's disk.
    pub fn disk(&mut self, log: LogId) -> Option<&mut Disk> {
        self.disks.get_mut(&log)
    }

    /// The log's disk takes one small step.
    pub fn step(&mut self, log: LogId, files: &mut Files) -> Option<LogEvent> {
        let disk = self.disks.get_mut(&log)?;
        files.step(disk, &mut self.random)
    }

    /// A block's bytes; `None` when its segment is gone.
    pub fn read(&self, log: LogId, place: &BlockPlace) -> Option<HeapBuffer> {
        let mut bytes = HeapBuffer::new(place.bytes as usize);
        let disk = self.disks.get(&log)?;
        disk.read(place.segment, place.offset, bytes.bytes_mut()).ok().map(|()| bytes)
    }

    /// The power goes.
    pub fn cut_power(&mut self) {
        self.disks.values_mut().for_each(Disk::cut_power);
    }

    /// A bit of a log turns; whoever restores it from elsewhere turns it back.
    ///
    /// # Errors
    /// When it costs acknowledged rows and nobody notices.
    pub fn rot(&mut self, rng: &mut ChaCha8Rng, faults: &mut FaultCounts) -> Result<(), Violation> {
        for (id, disk) in &mut self.disks {
            let Some(number) = disk.segments().ok().and_then(|segments| segments.last().copied()) else { continue };
            let bytes = disk.bytes(number).unwrap_or(0);
            if bytes == 0 {
                continue;
            }
            let (at, bit) = (rng.random_range(0..bytes) as usize, rng.random_range(0..8));
            let mut rotten = disk.clone();
            rotten.flip(Name::Segment(number), at, bit);
            if recover_log(&rotten, *id, format_of(self.canary)).is_err() {
                faults.met(Fault::RotRefused);
                if recover_log(&rotten, *id, self.canary).is_ok() {
                    return Violation::because(format!("log {id} has lost rows and starts as if nothing had happened"));
                }
            }
        }
        Ok(())
    }

    /// Disks have room, and work.
    pub fn heal(&mut self) {
        self.set_broken(false);
        self.shape.disk_bytes = u64::MAX / 2;
        self.disks.values_mut().for_each(|disk| disk.capacity = u64::MAX / 2);
    }

    /// Whether disks fail.
    pub fn is_broken(&self) -> bool {
        self.disks.values().any(|disk| disk.is_broken)
    }

    /// Disks fail from now on, or do so no more.
    pub fn set_broken(&mut self, is_broken: bool) {
        self.disks.values_mut().for_each(|disk| disk.is_broken = is_broken);
    }

    /// What the logs would have, were the power to go now with everything that was not synced.
    ///
    /// # Errors
    /// When a log would not even be recovered.
    pub fn survivors(&self) -> Result<Vec<(Recovered, LoggedRows)>, Violation> {
        let survivor = |(id, disk): (&LogId, &Disk)| {
            let mut disk = disk.clone();
            disk.lose_unsynced();
            let format = format_of(self.canary);
            let recovered = recover_log(&disk, *id, format)?;
            let rows = logged_rows(&disk, &recovered, format)?;
            Ok((recovered, rows))
        };
        self.disks.iter().map(survivor).collect()
    }
}

fn recover_log(disk: &Disk, id: LogId, canary: LogCanary) -> Result<Recovered, Violation> {
    recover(disk, id, Options { mode: Mode::Strict, canary })
        .or_else(|error| Violation::because(format!("log {id}: {error}")))
}

/// Of the planted bugs the one that logs are written with, so that they can be read.
fn format_of(canary: LogCanary) -> LogCanary {
    match canary {
        written @ (LogCanary::BelieveForgedBlock | LogCanary::BelieveRecycledBlock) => written,
        _ => LogCanary::None,
    }
}
