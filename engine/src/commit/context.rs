//! What all tasks of the commit plane share.

use super::encode::Encoders;
use super::settings::Settings;
use crate::budget::Budget;
use crate::handover::ShardId;
use crate::handover::answer::Answer;
use crate::table::delta::places::Places;
use crate::upkeep;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Threads that may block. More than that many tables with a store that hangs would hold up the others.
pub const BLOCKING_THREADS_MAX: usize = 256;
/// Steps that block at once. What they wait for, such as the kernel's reads of a file system, needs threads of the same pool.
const STEPS_MAX: usize = BLOCKING_THREADS_MAX - 64;
/// Leave to block; one pool is all that a process has.
static STEPS: Semaphore = Semaphore::const_new(STEPS_MAX);

/// Where a shard's answers go. Never blocks.
pub type ShardMailbox = Arc<dyn Fn(Answer) + Send + Sync>;

/// Shared by all tasks of one commit plane.
pub struct Context {
    pub settings: Settings,
    pub budget: Budget,
    pub shards: Vec<ShardMailbox>,
    pub encoders: Encoders,
    pub runtime: Handle,
    /// Nothing when tables are not kept up.
    pub upkeep: Option<upkeep::Worker>,
    /// Where tables are, with the kernel engines that read them.
    pub kernel: Arc<Places>,
    pub started: Instant,
}

impl Context {
    /// Milliseconds since the plane started.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant of a time that [`Context::now_ms`] counts.
    pub fn instant(&self, at_ms: u64) -> Instant {
        self.started + Duration::from_millis(at_ms)
    }

    /// Tells one shard.
    pub fn answer(&self, shard: ShardId, answer: Answer) {
        match self.shards.get(usize::from(shard.0)) {
            Some(mailbox) => mailbox(answer),
            None => tracing::error!(shard = shard.0, "an answer for a shard that does not exist was dropped"),
        }
    }

    /// Runs what may block on a thread that may. `None` when it panicked or the runtime stops.
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        // An error is a semaphore that was closed, which nobody does.
        let _leave = STEPS.acquire().await;
        match self.runtime.spawn_blocking(work).await {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::error!(%error, "a step of the commit plane ended without a result");
                None
            }
        }
    }
}
