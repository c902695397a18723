//! The threads that encode.

use super::column_job::{ColumnJob, Done, RowGroupJob};
use super::encoded_row_group::EncodedRowGroup;
use super::error::EncodeError;
use super::plan::EncodingPlan;
use crate::handover::row_group::RowGroup;
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle, current};

/// A pool of encoder threads. Dropping it lets every thread finish its column, answers what still waits with
/// [`EncodeError::Stopped`] and returns when the threads have ended.
///
/// The queue has no bound of its own: what waits in it is bounded by the memory budget, which holds every row group. The
/// threads are pinned to no core; the scheduler gives them what the reactors leave.
pub struct Encoders {
    /// `None` only while being dropped.
    jobs: Option<Sender<Job>>,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Encoders {
    /// Starts `threads` encoder threads, at least one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(threads: usize) -> io::Result<Self> {
        let (sender, receiver) = unbounded::<Job>();
        let stopping = Arc::new(AtomicBool::new(false));
        // Built up in place, so that an error drops (and thereby ends) the threads that were started.
        let mut encoders = Self { jobs: Some(sender), stopping, threads: Vec::with_capacity(threads) };
        for index in 0..threads.max(1) {
            let (jobs, stopping) = (receiver.clone(), encoders.stopping.clone());
            let thread = Builder::new().name(format!("encoder-{index}")).spawn(move || work(&jobs, &stopping))?;
            encoders.threads.push(thread);
        }
        Ok(encoders)
    }

    /// Encodes a row group by its table's plan. Never blocks. `done` is called exactly once, on an encoder thread (or on
    /// this one, when the row group does not fit the plan), and should hand over rather than work.
    pub fn encode(
        &self,
        plan: Arc<EncodingPlan>,
        row_group: RowGroup,
        done: impl FnOnce(Result<EncodedRowGroup, EncodeError>) + Send + 'static,
    ) {
        let done: Done = Box::new(done);
        for job in RowGroupJob::split(plan, row_group, done) {
            // A job that cannot be sent is dropped, which ends its row group as stopped.
            let _unsent = self.jobs.as_ref().map(|jobs| jobs.send(Job::Column(job)));
        }
    }

    /// Has an encoder thread do other work that rows need on their way. Never blocks. `done` is called with the result, or
    /// with `None` when the work panicked; not at all when the encoders are stopped before.
    pub fn run<T>(&self, work: impl FnOnce() -> T + Send + 'static, done: impl FnOnce(Option<T>) + Send + 'static) {
        let job = Job::Other(Box::new(move || done(catch_unwind(AssertUnwindSafe(work)).ok())));
        let _unsent = self.jobs.as_ref().map(|jobs| jobs.send(job));
    }

    /// Ends the threads; see the type.
    pub fn stop(self) {
        drop(self);
    }
}

/// Encodes a row group on this thread, as the encoder threads do: for whoever measures what they do.
///
/// # Errors
/// As [`Encoders::encode`] tells.
pub fn encode_here(plan: Arc<EncodingPlan>, row_group: RowGroup) -> Result<EncodedRowGroup, EncodeError> {
    let (sender, receiver) = bounded(1);
    let done: Done = Box::new(move |result| drop(sender.send(result)));
    RowGroupJob::split(plan, row_group, done).into_iter().for_each(ColumnJob::run);
    receiver.try_recv().unwrap_or(Err(EncodeError::Stopped))
}

/// What an encoder thread does.
enum Job {
    Column(ColumnJob),
    Other(Box<dyn FnOnce() + Send>),
}

fn work(jobs: &Receiver<Job>, stopping: &AtomicBool) {
    for job in jobs {
        if stopping.load(Ordering::Acquire) {
            continue;
        }
        match job {
            Job::Column(job) => job.run(),
            Job::Other(job) => job(),
        }
    }
}

impl Drop for Encoders {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // The last owner may be a callback on one of these threads: it ends by itself, after the callback.
            if thread.thread().id() != current().id() {
                let _panicked = thread.join();
            }
        }
    }
}

impl std::fmt::Debug for Encoders {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Encoders({} threads)", self.threads.len())
    }
}
