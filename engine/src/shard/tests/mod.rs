//! The shard's rules, one at a time. Schedules of many things at once are the simulator's.

mod durable;
mod evolving;
mod log_rig;
mod opening;
mod rejecting;
mod resuming;
mod rig;
mod rows;
