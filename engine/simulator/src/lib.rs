//! Seeded schedules over the real shard and the real commit machines, with fakes at their other ends.
//!
//! A run is made by one seed: its shape (how many engines, shards, streams; how small the limits; how frequent which fault)
//! and every choice in it. There is no clock, no thread and no map without an order in here, so the same seed gives the
//! same trace, byte for byte, and one command replays a failure.
//!
//! | what | file | real or fake |
//! |---|---|---|
//! | shard, log and its recovery, cut book, port, attempt, decide, ledger | `lakehead_engine` | real |
//! | upkeep's planner, the way of a merge into the table, the proof of orphans | `lakehead_engine` | real |
//! | a process that crashes; the reactor around a shard | [`engine`], [`host`] | fake |
//! | disks that forget what was not synced | [`data_directory`], `lakehead_engine::log::fake` | fake |
//! | commit plane between the real pieces | [`plane`] | fake |
//! | table, store with faults | [`table`], [`commit`], [`store`] | fake |
//! | connections that are cut anywhere | [`network`] | fake, batches are real frames |
//! | clients | [`producer`], [`clients`], [`rows`], [`forgery`] | fake |
//! | what comes next | [`scheduler`], [`disturbance`], [`other_writers`], [`spoiling`], [`shape`] | |
//! | what happens then | [`world`], [`processes`], [`delivery`], [`routes`] | |
//! | what must hold | [`checks`], [`file_checks`], [`omniscience`], [`durable_rows`] | |
//! | what was met, written down, planted | [`faults`], [`trace`], [`wording`], [`canary`] | |
//! | many seeds | [`suite`] | |

pub mod canary;
pub mod checks;
pub mod clients;
pub mod commit;
pub mod data_directory;
pub mod delivery;
pub mod disturbance;
pub mod durable_rows;
pub mod engine;
pub mod faults;
pub mod file_checks;
pub mod forgery;
pub mod host;
pub mod network;
pub mod omniscience;
pub mod other_writers;
pub mod plane;
pub mod processes;
pub mod producer;
pub mod routes;
pub mod rows;
pub mod scheduler;
pub mod shape;
pub mod spoiling;
pub mod store;
pub mod suite;
pub mod table;
pub mod trace;
pub mod wording;
pub mod world;
