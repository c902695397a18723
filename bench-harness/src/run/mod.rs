//! One measured run: open the streams, send at the given pace, wait until everything is committed.
//!
//! **Open loop**: every batch has an intended send time, fixed before the run starts, and its latency counts from there,
//! so a stall is seen by all the batches it delayed. **Closed loop**: the next batch is sent when the client takes it;
//! latency counts from that moment, and says less.
//!
//! - [`plan`]: what to send, where, how fast.
//! - [`load`]: the run as a whole.
//! - [`sender`], [`watcher`]: the two halves of a connection.
//! - [`schedule`]: intended send times.
//! - [`timeline`]: counts and latencies second by second.
//! - [`latency`]: histograms and their percentiles.
//! - [`sync_probe`]: what the disk alone takes to sync, meanwhile.
//! - [`progress`]: the line on stderr.
//! - [`clock`]: the only place that asks the time.

pub mod clock;
mod latency;
mod load;
mod plan;
mod progress;
mod schedule;
mod sender;
mod sync_probe;
#[cfg(test)]
mod tests;
mod timeline;
mod watcher;

pub use latency::LatencySummary;
pub use load::{Connection, Load, LoadError, Loaded};
pub use plan::{Extent, Pace, Plan, SyncProbePlan};
pub use timeline::Second;
