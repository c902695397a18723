//! The Lakehead engine.
//!
//! Two planes. The *data plane* ([`reactor`], [`shard`], [`columns`]) reads sockets and never touches a table; the *commit
//! plane* ([`commit`], [`table`], [`store`]) writes tables and never touches a socket. What crosses between them is in
//! [`handover`]; the one memory budget that spans both is [`budget`]. ARCHITECTURE.md at the root draws it.

pub mod allocator;
pub mod budget;
pub mod calendar_day;
pub mod cli;
pub mod columns;
pub mod commit;
pub mod config;
pub mod handover;
pub mod log;
pub mod log_directory;
pub mod number_map;
mod planted;
pub mod reactor;
pub mod shard;
pub mod store;
pub mod table;
pub mod upkeep;
