//! The one thread that does the upkeep of all tables, at the lowest priority.

use super::hands::{Cost, Hands};
use super::settings::Settings;
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

/// The least favourable of all.
const NICENESS: libc::c_int = 19;

type Work = Box<dyn FnOnce(&mut Hands) + Send>;

/// Hands work to the thread. When this is dropped, or stopped, the thread ends after the step that it is in.
pub struct Worker {
    work: Sender<Work>,
    /// The thread works as long as this is there.
    keeps: Mutex<Option<Sender<()>>>,
    pub settings: Settings,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let (work, waiting) = unbounded::<Work>();
        let (keeps, stop) = bounded::<()>(0);
        let bandwidth_bytes = settings.bandwidth_bytes;
        let run = move || work_on(&waiting, &stop, bandwidth_bytes);
        // Nobody waits for it: what it is doing may be left at any point.
        let _detached = Builder::new().name("upkeep".into()).spawn(run)?;
        Ok(Self { work, keeps: Mutex::new(Some(keeps)), settings })
    }

    /// Has `work` done when its turn comes. One that comes after the end is dropped.
    pub fn submit(&self, work: impl FnOnce(&mut Hands) + Send + 'static) {
        let _ended = self.work.send(Box::new(work));
    }

    /// Has the thread end.
    pub fn stop(&self) {
        self.keeps.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn work_on(waiting: &Receiver<Work>, stop: &Receiver<()>, bandwidth_bytes: u64) {
    be_nice();
    let mut hands = Hands::new(bandwidth_bytes, stop.clone());
    loop {
        let work = crossbeam::channel::select! {
            recv(stop) -> _ => break,
            recv(waiting) -> work => match work {
                Ok(work) => work,
                Err(_) => break,
            },
        };
        if catch_unwind(AssertUnwindSafe(|| work(&mut hands))).is_err() {
            tracing::error!("upkeep of a table ended by a fault");
        }
    }
    let Cost { bytes_read, bytes_written, cpu_ns } = hands.cost();
    tracing::info!(bytes_read, bytes_written, cpu_ms = cpu_ns / 1_000_000, "upkeep ends");
}

/// Takes what nobody else wants of the CPUs. It is no error when the system refuses.
fn be_nice() {
    #[expect(unsafe_code, reason = "the standard library has no call for a thread's priority")]
    // SAFETY: the call takes no pointers; on Linux 0 is the calling thread.
    let outcome = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if outcome != 0 {
        tracing::debug!("upkeep runs at the priority of everything else");
    }
}
