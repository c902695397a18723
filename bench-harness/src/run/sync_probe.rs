//! What the disk alone takes to sync a block, while the run goes on.
//!
//! A thread writes blocks around the page cache into a file of zeros, one every so often, and syncs each: the floor that a
//! durable ack stands on. It costs the run little: fifty small syncs a second.

use super::clock;
use super::latency::{Latencies, LatencyError};
use super::plan::SyncProbePlan;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(20);
const FILE_BYTES: u64 = 64 << 20;
const PAGE_BYTES: usize = 4_096;

/// Why the disk could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum SyncProbeError {
    #[error("cannot measure syncs in {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Latency(#[from] LatencyError),
    #[error("the thread that measures syncs ended by a fault")]
    Fault,
}

/// A probe that runs.
#[derive(Debug)]
pub struct SyncProbe {
    stop: Sender<()>,
    thread: JoinHandle<Result<Latencies, SyncProbeError>>,
}

/// A page, aligned as direct writes want it.
#[derive(Clone)]
#[repr(C, align(4096))]
struct Page([u8; PAGE_BYTES]);

impl SyncProbe {
    /// Makes the file and begins.
    pub fn start(plan: &SyncProbePlan) -> Result<Self, SyncProbeError> {
        let path = plan.folder.join(format!("sync-probe-{}", std::process::id()));
        let failed = |source| SyncProbeError::Io { path: plan.folder.clone(), source };
        let file = zeroed(&path).map_err(failed)?;
        let (stop, stopped) = channel();
        let (pages, folder) = (vec![Page([0x5A; PAGE_BYTES]); plan.block_bytes / PAGE_BYTES], plan.folder.clone());
        let work = move || {
            let measured = measure(&file, &pages, &stopped);
            let _ = fs::remove_file(&path);
            measured.map_err(|failure| match failure {
                Failure::Io(source) => SyncProbeError::Io { path: folder, source },
                Failure::Latency(error) => SyncProbeError::Latency(error),
            })
        };
        let thread = Builder::new().name("sync-probe".into()).spawn(work).map_err(failed)?;
        Ok(Self { stop, thread })
    }

    /// Ends it; gives what was measured.
    pub fn stop(self) -> Result<Latencies, SyncProbeError> {
        drop(self.stop);
        self.thread.join().unwrap_or(Err(SyncProbeError::Fault))
    }
}

enum Failure {
    Io(io::Error),
    Latency(LatencyError),
}

fn measure(file: &File, pages: &[Page], stopped: &Receiver<()>) -> Result<Latencies, Failure> {
    let mut latencies = Latencies::new().map_err(Failure::Latency)?;
    let bytes = std::mem::size_of_val(pages);
    // SAFETY: pages are bytes without padding, one after another.
    #[expect(unsafe_code, reason = "pages as the bytes that they are")]
    let block = unsafe { std::slice::from_raw_parts(pages.as_ptr().cast::<u8>(), bytes) };
    let mut offset = 0;
    loop {
        let before = clock::now();
        file.write_all_at(block, offset).and_then(|()| file.sync_data()).map_err(Failure::Io)?;
        latencies.record(clock::now() - before).map_err(Failure::Latency)?;
        offset = (offset + bytes as u64) % (FILE_BYTES - bytes as u64);
        offset -= offset % PAGE_BYTES as u64;
        if stopped.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
            return Ok(latencies);
        }
    }
}

/// A file of zeros, for direct writes: freshly allocated extents would cost a journal commit with each sync.
fn zeroed(path: &PathBuf) -> io::Result<File> {
    let zeros = vec![0; 1 << 20];
    let file = File::create(path)?;
    for at in (0..FILE_BYTES).step_by(zeros.len()) {
        file.write_all_at(&zeros, at)?;
    }
    file.sync_all()?;
    OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)
}
