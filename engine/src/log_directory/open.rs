//! What happens to the logs before the engine starts.

use super::disk::FileDisk;
use super::error::OpenError;
use super::manifest::{Acceptance, Manifest, sync_folder};
use super::undrained::{is_drained, live_bytes, tables_with_rows};
use crate::handover::log_part::LogId;
use crate::log::first_claim;
use crate::log::recovery::{Mode, Options, Tail};
use crate::log::{Canary, Recovered, recover};
use crate::shard::logging::{Awaited, LogDuty};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A segment takes at least a batch of the maximum size.
const SEGMENT_BYTES_MIN: u64 = 32 << 20;
const SEGMENT_BYTES_MAX: u64 = 64 << 20;
/// Fewer segments than this cannot go round.
const SEGMENTS_MIN: u64 = 5;

/// One log, ready to be served.
pub struct LogStart {
    pub id: LogId,
    pub folder: PathBuf,
    pub run: u64,
    pub origin: LogOrigin,
    pub duty: LogDuty,
    pub bytes_max: u64,
    pub segment_bytes: u32,
    /// Ids of tables that the log takes as they are, because a person said so.
    pub accepted: BTreeSet<Arc<str>>,
}

/// Where a log comes from.
pub enum LogOrigin {
    New,
    Recovered(Box<Recovered>),
}

/// All logs of an engine.
pub struct Opened {
    pub run: u64,
    /// One for each core, in order; none when the log is switched off.
    pub serving: Vec<LogStart>,
    /// Logs of an earlier set of cores.
    pub draining: Vec<LogStart>,
    /// Tables whose streams wait for those.
    pub awaited: Awaited,
    pub summary: Summary,
}

/// What recovery came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    pub logs: usize,
    pub bytes_read: u64,
    /// Bytes of entries that their tables are not known to have.
    pub entry_bytes: u64,
    pub torn_tails: usize,
    pub took: Duration,
}

/// What the configuration says of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Cores to serve; zero when the log is switched off.
    pub cores: usize,
    /// Bytes of all their logs together.
    pub bytes_max: u64,
}

/// Numbers the run and recovers what earlier runs left in the folder `logs`.
///
/// # Errors
/// [`OpenError`]; then no log was written to.
pub fn open(logs: &Path, wanted: Wanted) -> Result<Opened, OpenError> {
    let bytes_max = wanted.bytes_max / wanted.cores.max(1) as u64;
    if wanted.cores > 0 && bytes_max < SEGMENTS_MIN * SEGMENT_BYTES_MIN {
        let least_mb = (wanted.cores as u64 * SEGMENTS_MIN * SEGMENT_BYTES_MIN) >> 20;
        return Err(OpenError::TooSmall { log_mb: wanted.bytes_max >> 20, cores: wanted.cores, least_mb });
    }
    let folder = |cause| OpenError::Folder { path: logs.to_owned(), cause };
    fs::create_dir_all(logs).map_err(folder)?;
    let mut manifest = Manifest::read(logs)?;
    let known: Vec<LogId> = manifest.all().collect();
    let (recovered, summary) = recover_all(logs, &known)?;
    let drained = manifest.begin_run(wanted.cores, |log| recovered.get(log).is_some_and(is_drained), new_log);
    let known_to_logs = || recovered.iter().filter(|(log, _)| !drained.contains(log)).map(|(_, log)| log);
    manifest.accepted.retain(|acceptance| known_to_logs().any(|log| is_wanted(acceptance, log).is_some()));
    for log in manifest.logs.iter().filter(|log| !known.contains(log)) {
        fs::create_dir(logs.join(log.to_string())).map_err(folder)?;
    }
    sync_folder(logs).map_err(folder)?;
    manifest.write(logs).map_err(folder)?;
    for log in drained {
        // Nobody names it any more; what cannot be removed now costs only room.
        let _ = fs::remove_dir_all(logs.join(log.to_string()));
    }
    let segment_bytes = (bytes_max / 32).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX) as u32 & !0xFFF;
    Ok(assemble(logs, &manifest, recovered, summary, (bytes_max, segment_bytes)))
}

fn assemble(
    logs: &Path,
    manifest: &Manifest,
    mut recovered: BTreeMap<LogId, Recovered>,
    summary: Summary,
    (bytes_max, segment_bytes): (u64, u32),
) -> Opened {
    let awaited = manifest.awaited(|log| recovered.get(log).map(tables_with_rows).unwrap_or_default());
    let accepted = |recovered: &Recovered| -> BTreeSet<Arc<str>> {
        manifest.accepted.iter().filter_map(|acceptance| is_wanted(acceptance, recovered)).collect()
    };
    let mut start = |log: &LogId, duty: LogDuty| LogStart {
        accepted: recovered.get(log).map(&accepted).unwrap_or_default(),
        id: *log,
        folder: logs.join(log.to_string()),
        run: manifest.run,
        origin: recovered.remove(log).map_or(LogOrigin::New, |recovered| LogOrigin::Recovered(Box::new(recovered))),
        duty,
        bytes_max,
        segment_bytes,
    };
    let serving = manifest.logs.iter().map(|log| start(log, LogDuty::Serves)).collect();
    let draining = manifest.draining.iter().map(|log| start(log, LogDuty::Drains)).collect();
    Opened { run: manifest.run, serving, draining, awaited, summary }
}

/// The table's id, when the log knows the table and has not claimed it since the decision.
fn is_wanted(acceptance: &Acceptance, recovered: &Recovered) -> Option<Arc<str>> {
    let table = recovered.state.tables.values().find(|table| *table.id == *acceptance.table)?;
    (table.claim < first_claim(acceptance.run + 1)).then(|| table.id.clone())
}

#[expect(clippy::disallowed_methods, reason = "logs are named here, and only here")]
fn new_log() -> LogId {
    LogId(*uuid::Uuid::new_v4().as_bytes())
}

#[expect(clippy::disallowed_methods, reason = "how long recovery took is told, and nothing decided by it")]
fn recover_all(logs: &Path, known: &[LogId]) -> Result<(BTreeMap<LogId, Recovered>, Summary), OpenError> {
    let began = Instant::now();
    let threads: Result<Vec<_>, OpenError> = known
        .iter()
        .map(|log| {
            let (log, folder) = (*log, logs.join(log.to_string()));
            let work = move || recover_one(log, folder, Mode::Strict);
            std::thread::Builder::new().name("recover".into()).spawn(work).map_err(OpenError::Threads)
        })
        .collect();
    let (mut recovered, mut summary) = (BTreeMap::new(), Summary::default());
    for thread in threads? {
        let one = thread.join().unwrap_or_else(|_| {
            Err(OpenError::Threads(std::io::Error::other("a thread that recovered a log ended by a fault")))
        })?;
        summary.logs += 1;
        summary.bytes_read += one.bytes_read;
        summary.torn_tails += usize::from(one.tail != Tail::Clean);
        summary.entry_bytes += live_bytes(&one);
        recovered.insert(one.id, one);
    }
    summary.took = began.elapsed();
    Ok((recovered, summary))
}

/// Recovers a log for somebody who writes to it.
pub(super) fn recover_one(log: LogId, folder: PathBuf, mode: Mode) -> Result<Recovered, OpenError> {
    let disk = FileDisk::new(folder.clone());
    // Before anything is believed: what was read must not be lost by the next power cut.
    disk.sync().map_err(|cause| OpenError::Folder { path: folder.clone(), cause })?;
    let recovered = recover(&disk, log, Options { mode, canary: Canary::None });
    recovered.map_err(|cause| OpenError::Damaged { log, path: folder, cause: Box::new(cause) })
}

#[cfg(test)]
mod tests;
