//! The commit plane's door: starts and stops its threads, takes requests.
//!
//! One small runtime serves all tables: two workers run the tables' tasks, which never block, and blocking jobs (the
//! kernel, the store) run on threads of its pool that come and go. Encoder threads are apart from both. Nothing here is
//! proportional to the number of tables but their state.

use super::context::{BLOCKING_THREADS_MAX, Context, ShardMailbox};
use super::directory::{Directory, DirectoryMessage};
use super::encode::Encoders;
use super::settings::Settings;
use crate::budget::Budget;
use crate::handover::request::Request;
use crate::table::delta::places::Places;
use crate::upkeep::Worker;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Threads that run the tables' tasks.
const WORKERS: usize = 2;
/// How long commits in flight may take to end when the plane stops.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// Why the commit plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the commit plane's threads could not be started: {0}")]
    Threads(#[from] io::Error),
}

/// The running commit plane.
pub struct CommitPlane {
    runtime: Runtime,
    context: Arc<Context>,
    requester: Requester,
}

/// Hands requests in. Clones share the plane.
#[derive(Clone)]
pub struct Requester {
    messages: UnboundedSender<DirectoryMessage>,
}

impl Requester {
    /// Hands a request in. Never blocks. After the plane has stopped nothing answers.
    pub fn submit(&self, request: Request) {
        let _stopped = self.messages.send(DirectoryMessage::Request(request));
    }
}

impl CommitPlane {
    /// Starts the threads; `shards` are the mailboxes of shards 0, 1, ...
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(settings: Settings, budget: Budget, shards: Vec<ShardMailbox>) -> Result<Self, StartError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("commit")
            .enable_all()
            .build()?;
        let encoders = Encoders::start(settings.encoders)?;
        let upkeep = settings.upkeep.clone().map(Worker::start).transpose()?;
        let kernel = Places::new(runtime.handle().clone(), settings.store.clone());
        let context = Arc::new(Context {
            settings,
            budget,
            shards,
            encoders,
            runtime: runtime.handle().clone(),
            upkeep,
            kernel,
            started: Instant::now(),
        });
        let shared = context.clone();
        let (sender, receiver) = unbounded_channel();
        let directory = Directory::new(context, sender.clone());
        drop(runtime.spawn(directory.run(receiver)));
        Ok(Self { runtime, context: shared, requester: Requester { messages: sender } })
    }

    /// Hands a request in. Never blocks.
    pub fn submit(&self, request: Request) {
        self.requester.submit(request);
    }

    /// A door for others.
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }

    /// Ends the threads. Commits in flight are finished, or abandoned at a deadline: then the table says what became of
    /// them. Whatever is not in flight is given up. Blocks; must not be called from a task.
    pub fn stop(self) {
        self.context.upkeep.iter().for_each(Worker::stop);
        let (done, stopped) = oneshot::channel();
        let sent = self.requester.messages.send(DirectoryMessage::Stop(done));
        if sent.is_ok() {
            let _abandoned = self.runtime.block_on(async { tokio::time::timeout(STOP_DEADLINE, stopped).await });
        }
        self.runtime.shutdown_timeout(Duration::from_millis(500));
    }
}

#[cfg(test)]
mod tests;
