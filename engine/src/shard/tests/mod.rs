//! The shard's rules, one at a time. Schedules of many things at once are the simulator's.

mod opening;
mod resuming;
mod rig;
mod rows;
