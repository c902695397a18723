//! One measured run: open the streams, send at the given pace, wait until everything is committed.
//!
//! **Open loop**: every batch has an intended send time, fixed before the run starts, and its latency counts from there,
//! so a stall is seen by all the batches it delayed. **Closed loop**: the next batch is sent when the client takes it;
//! latency counts from that moment, and says less.
//!
//! - [`plan`]: what to send, where, how fast.
//! - [`load`]: the run as a whole.
//! - [`sender`], [`watcher`]: the two halves of a connection.
//! - [`outside_reader`], [`queryable`], [`visible`]: the process that reads the table meanwhile, and what it sees.
//! - [`waiting`]: batches on their way.
//! - [`alarm`]: waiting for a batch's time.
//! - [`schedule`]: intended send times.
//! - [`sent_rows`]: a connection's own count of them, for a moment.
//! - [`timeline`]: counts and latencies second by second.
//! - [`latency`], [`recorder`]: histograms and their percentiles, and who records into them.
//! - [`sync_probe`]: what the disk alone takes to sync, meanwhile.
//! - [`progress`]: the line on stderr.
//! - [`clock`]: the only place that asks the time.

mod alarm;
pub mod clock;
mod latency;
mod load;
mod outside_reader;
mod plan;
mod progress;
mod queryable;
mod recorder;
mod schedule;
mod sender;
mod sent_rows;
mod sync_probe;
#[cfg(test)]
mod tests;
mod timeline;
mod visible;
mod waiting;
mod watcher;

pub use latency::LatencySummary;
pub use load::{Connection, Load, LoadError, Loaded};
pub use outside_reader::Read;
pub use plan::{Extent, KeepUntil, Pace, Plan, QueryablePlan, SyncProbePlan};
pub use timeline::Second;
