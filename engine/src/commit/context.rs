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
use tokio::time::Instant;

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
        match self.runtime.spawn_blocking(work).await {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::error!(%error, "a step of the commit plane ended without a result");
                None
            }
        }
    }
}
